package recoverytest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
)

var (
	source = job.Service{Name: "apim-weu"}
	target = job.Service{Name: "apim-neu"}
)

// operate starts an operation and waits for its end.
func operate(t *testing.T, a *recoverytest.Azure, start func(context.Context, job.Service, string) (job.Started, error), s job.Service, blob string) (job.Progress, error) {
	t.Helper()
	started, err := start(t.Context(), s, blob)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := a.Poll(t.Context(), s, started.ResumeToken); err != nil || p.Done {
		t.Fatalf("poll at the start: %+v, %v", p, err)
	}
	if o, err := a.Observe(t.Context(), s); err != nil || !o.InTransition() {
		t.Errorf("service during its operation: %+v, %v", o, err)
	}
	time.Sleep(a.Duration)
	return a.Poll(t.Context(), s, started.ResumeToken)
}

func count(t *testing.T, a *recoverytest.Azure, s job.Service) job.Inventory {
	t.Helper()
	i, err := a.Count(t.Context(), s, job.Resources{APIs: true, Products: true, NamedValues: true})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func inAzure(t *testing.T, f func(*testing.T, *recoverytest.Azure)) {
	synctest.Test(t, func(t *testing.T) { f(t, recoverytest.NewAzure(new(recoverytest.Effects), time.Now)) })
}

func TestARestoreBringsBackWhatTheBackupSaw(t *testing.T) {
	inAzure(t, func(t *testing.T, a *recoverytest.Azure) {
		saved := count(t, a, source)
		if saved == count(t, a, target) {
			t.Fatal("two services hold the same from the start")
		}
		a.Spoil = func(o *recoverytest.Operation) { // an edit during the backup
			a.Spoil = nil
			go a.Change("apim-weu", func(i *recoverytest.Instance) { i.Content.APIs = append(i.Content.APIs, "late") })
		}
		if p, err := operate(t, a, a.StartBackup, source, "a.apimbackup"); err != nil || !p.Done {
			t.Fatalf("backup: %+v, %v", p, err)
		}
		if count(t, a, source) == saved {
			t.Error("the edit did not happen")
		}
		a.Change("apim-neu", func(i *recoverytest.Instance) { i.Settings = map[string]string{"name": "own"} })
		p, err := operate(t, a, a.StartRestore, target, "a.apimbackup")
		if err != nil || !p.Done || p.Settings["name"] != "own" {
			t.Fatalf("restore: %+v, %v", p, err)
		}
		if diff := cmp.Diff(saved, count(t, a, target)); diff != "" {
			t.Errorf("restored content (-want +got):\n%s", diff)
		}
		kinds := []job.Kind{a.Operations()[0].Kind, a.Operations()[1].Kind}
		if want := []job.Kind{job.Backup, job.Restore}; !cmp.Equal(kinds, want) {
			t.Errorf("operations %v, want %v", kinds, want)
		}
	})
}

func TestARestoreThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*recoverytest.Azure)
		message string
		changed bool
	}{
		"no such backup":      {func(a *recoverytest.Azure) {}, "Cannot restore: backup not found", false},
		"a backup of 30 days": {func(a *recoverytest.Azure) { a.Put("apim-weu", "a"); time.Sleep(a.Limit) }, "Cannot restore: backup expired", false},
		"another tier": {func(a *recoverytest.Azure) {
			a.Put("apim-weu", "a")
			a.Change("apim-neu", func(i *recoverytest.Instance) { i.Facts.Tier = "Premium" })
		}, "Cannot restore: current SKU is 'Premium', backup SKU is 'Developer'", false},
		"an outage": {func(a *recoverytest.Azure) {
			a.Put("apim-weu", "a")
			a.Spoil = func(o *recoverytest.Operation) { o.Code, o.Message = "RestoreFailed", "Outage" }
		}, "Outage", false},
		"an outage half way": {func(a *recoverytest.Azure) {
			a.Put("apim-weu", "a")
			a.Spoil = func(o *recoverytest.Operation) {
				o.Code, o.Message, o.Partial, o.Content.Products = "RestoreFailed", "Outage", true, nil
			}
		}, "Outage", true},
	} {
		t.Run(name, func(t *testing.T) {
			inAzure(t, func(t *testing.T, a *recoverytest.Azure) {
				c.prepare(a)
				before := count(t, a, target)
				_, err := operate(t, a, a.StartRestore, target, "a")
				var said *job.AzureError
				if !errors.Is(err, job.ErrOperationFailed) || !errors.As(err, &said) || said.Code != "RestoreFailed" || said.Message != c.message {
					t.Errorf("restore: %v, want %q", err, c.message)
				}
				if changed := count(t, a, target) != before; changed != c.changed {
					t.Errorf("target changed: %t, want %t", changed, c.changed)
				}
			})
		})
	}
}

func TestGatewayAndSilence(t *testing.T) {
	inAzure(t, func(t *testing.T, a *recoverytest.Azure) {
		seen, err := a.Observe(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		gateway := func(o job.Observed, want job.GatewayState) {
			t.Helper()
			if got := a.Gateway(t.Context(), o); got != want {
				t.Errorf("gateway %q is %s, want %s", o.GatewayURL, got, want)
			}
		}
		gateway(seen, job.GatewayHealthy)
		gateway(job.Observed{}, job.GatewayUnreachable)
		a.Change("apim-weu", func(i *recoverytest.Instance) { i.Gateway, i.State = job.GatewayUnhealthy, "Failed" })
		gateway(seen, job.GatewayUnhealthy)
		if o, err := a.Observe(t.Context(), source); err != nil || o.ProvisioningState != "Failed" {
			t.Errorf("service is %s, %v, want Failed", o.ProvisioningState, err)
		}
		a.Change("apim-weu", func(i *recoverytest.Instance) { i.Silent = true })
		gateway(seen, job.GatewayUnreachable)
		if _, err := a.Observe(t.Context(), source); !errors.Is(err, job.ErrUnavailable) {
			t.Errorf("look at a silent service: %v", err)
		}
		if _, err := a.StartBackup(t.Context(), source, "b"); !errors.Is(err, job.ErrUnanswered) || len(a.Operations()) > 0 {
			t.Errorf("request to a silent service: %v, %d operations", err, len(a.Operations()))
		}
		if _, err := a.Observe(t.Context(), target); err != nil {
			t.Errorf("the other service: %v", err)
		}
	})
}

func TestAccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := new(recoverytest.Effects)
		a := recoverytest.NewAzure(e, time.Now)
		access := func(want job.GrantState) {
			t.Helper()
			if got := a.Access(t.Context(), target); got.State != want || (got.Reason == "") != (want == job.Granted) {
				t.Errorf("access is %+v, want %s", got, want)
			}
		}
		access(job.Granted)
		a.Change("apim-neu", func(i *recoverytest.Instance) { i.Grant = job.Grant{State: job.NotGranted, Reason: "grant it"} })
		access(job.NotGranted)
		a.Change("apim-neu", func(i *recoverytest.Instance) { i.Silent = true })
		access(job.GrantUnknown)
		a.Change("apim-neu", func(i *recoverytest.Instance) { i.Silent, i.Grant = false, job.Grant{} })
		e.Judge = func(recoverytest.Effect) recoverytest.Fault { return recoverytest.FailInstead }
		access(job.GrantUnknown)
	})
}

func TestAProtectedBlobStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := new(recoverytest.Effects)
		a := recoverytest.NewAzure(e, time.Now)
		a.Put("apim-weu", "a.apimbackup")
		a.Protect("a.apimbackup")
		if err := a.Remove(t.Context(), source, "a.apimbackup"); !errors.Is(err, job.ErrRefused) || !a.Has("a.apimbackup") {
			t.Errorf("remove a protected blob: %v, want a refusal; it is there: %t", err, a.Has("a.apimbackup"))
		}
		if seen := e.Seen(); len(seen) != 1 || seen[0].Call != "blobs.Remove" {
			t.Errorf("effects %v, want one, blobs.Remove", seen)
		}
		e.Judge = func(recoverytest.Effect) recoverytest.Fault { return recoverytest.FailInstead }
		a.Unprotect("a.apimbackup")
		if err := a.Remove(t.Context(), source, "a.apimbackup"); !errors.Is(err, recoverytest.ErrInjected) || !a.Has("a.apimbackup") {
			t.Errorf("remove under a fault: %v; the blob is there: %t", err, a.Has("a.apimbackup"))
		}
		e.Judge = nil
		if err := a.Remove(t.Context(), source, "a.apimbackup"); err != nil || a.Has("a.apimbackup") {
			t.Errorf("remove: %v; the blob is there: %t", err, a.Has("a.apimbackup"))
		}
		a.Put("apim-weu", "b.apimbackup")
		a.Protect("b.apimbackup")
		a.Delete("b.apimbackup") // the world is not asked
		if err := a.Remove(t.Context(), source, "b.apimbackup"); err != nil {
			t.Errorf("remove a protected blob that is gone: %v", err)
		}
	})
}

func TestADeletedBlobLeavesItsSidecar(t *testing.T) {
	inAzure(t, func(t *testing.T, a *recoverytest.Azure) {
		a.Put("apim-weu", "a.apimbackup")
		if _, err := a.Record(t.Context(), source, job.Point{Blob: "a.apimbackup", Size: 7}); err != nil {
			t.Fatal(err)
		}
		a.Delete("a.apimbackup")
		if _, err := a.Artefact(t.Context(), source, "a.apimbackup"); !errors.Is(err, job.ErrNotFound) || a.Has("a.apimbackup") {
			t.Errorf("the blob: %v, want that it is gone", err)
		}
		if err := a.Amend(t.Context(), source, "a.apimbackup", recoverytest.Later(job.Point{WithdrawnWhy: "gone"})); err != nil {
			t.Error(err)
		}
		if p, ok := a.Sidecar("a.apimbackup"); !ok || p.Size != 7 || p.WithdrawnWhy != "gone" {
			t.Errorf("sidecar %+v, %t", p, ok)
		}
		if _, ok := a.Sidecar("b.apimbackup"); ok {
			t.Error("a sidecar that nobody wrote")
		}
	})
}
