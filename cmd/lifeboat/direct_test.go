package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
)

// noBus takes Service Bus out of the settings and out of the world.
func (w *world) noBus() {
	delete(w.env, "ServiceBusConnection")
	w.azure.Broker.Close()
}

// posts counts the operations that ARM was asked for on a service.
func (w *world) posts(service string) int {
	return w.azure.Tap.Count(func(r wire.Request) bool {
		return r.Service == emulator.ServiceARM && r.Method == http.MethodPost && strings.Contains(r.Path+"/", "/service/"+service+"/")
	})
}

// apiNames are what a service holds.
func (w *world) apiNames(service string) (names []string) {
	for _, a := range w.azure.ARM.Content(service).APIs {
		names = append(names, a.Name)
	}
	return names
}

func (w *world) sameContent(a, b string) {
	w.t.Helper()
	if strings.Join(w.apiNames(a), " ") != strings.Join(w.apiNames(b), " ") {
		w.t.Errorf("%s holds %v, and %s %v", a, w.apiNames(a), b, w.apiNames(b))
	}
}

// onlyJob is the one job of a service.
func (w *world) onlyJob(service string) job.Job {
	w.t.Helper()
	var all []job.Job
	for j, err := range w.store().Jobs(w.t.Context(), service) {
		w.must(err)
		all = append(all, j)
	}
	if len(all) != 1 {
		w.t.Fatalf("%s has %d jobs, want 1", service, len(all))
	}
	return all[0]
}

// goes starts a command that another person runs at the same time.
func (w *world) goes(ctx context.Context, args ...string) (ended func() outcome) {
	done := make(chan outcome, 1)
	go func() { done <- w.does(ctx, args...) }()
	return func() outcome { return <-done }
}

// A backup, and a restore through its gates and somebody else's approval,
// without Service Bus and without an app.
func TestDirectWithoutServiceBus(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		w.noBus()
		golden(w.t, "direct_backup", w.did(exitDone, "backup", "apim-weu", "--direct", "--id", "one", "--reason", "the app is gone"))
		if !w.outlives.Load() {
			t.Error("a move can end with the reader of what is said")
		}
		time.Sleep(time.Hour)
		ended := w.goes(w.t.Context(), "restore", "apim-weu", "--direct", "--id", "down", "--yes", "--by", "bob@contoso.example", "--reason", "region is down")
		id := recovery.RequestedRestore("apim-neu", "down")
		time.Sleep(time.Minute + 300*time.Millisecond)
		w.did(exitError, "approve", id, "--direct", "--yes", "--by", "bob@contoso.example")
		golden(w.t, "direct_approve", w.did(exitDone, "approve", id, "--direct", "--yes", "--id", "yes-1", "--reason", "agreed"))
		a := ended()
		golden(w.t, "direct_restore", a)
		if a.code != exitDone || w.posts("apim-neu") != 1 {
			t.Errorf("exit code %d, %d POSTs", a.code, w.posts("apim-neu"))
		}
		w.sameContent("apim-weu", "apim-neu")
		golden(w.t, "direct_ack", w.did(exitDone, "ack", "apim-weu", "--direct", "--id", "ack-1", "--outcome", "failback"))
		if s, err := w.store().Summary(w.t.Context(), "apim-neu"); err != nil || s.ServingFor != "" {
			t.Errorf("the standby serves for %q, %v", s.ServingFor, err)
		}
		w.did(exitDone, "maintenance", "apim-weu", "on", "--direct")
		if s, err := w.store().Summary(w.t.Context(), "apim-weu"); err != nil || s.MaintenanceUntil.IsZero() {
			t.Errorf("no maintenance: %v", err)
		}
	})
}

// Rejected and canceled jobs end at once, and --direct says what the gates say.
func TestDirectThatEndsBadly(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		w.noBus()
		w.did(exitDone, "backup", "apim-weu", "--direct")
		for _, word := range []string{"reject", "cancel"} {
			ended := w.goes(w.t.Context(), "restore", "apim-weu", "--direct", "--id", word, "--yes", "--by", "bob")
			time.Sleep(time.Minute + 300*time.Millisecond)
			w.did(exitDone, word, recovery.RequestedRestore("apim-neu", word), "--direct", "--reason", "no")
			if a := ended(); a.code != exitError || !strings.Contains(a.stdout, "Canceled") {
				t.Errorf("%s: exit code %d\n%s", word, a.code, a.stdout)
			}
		}
		w.azure.ARM.Mutate("apim-neu", func(s *arm.Service) { s.SKU = "Premium" })
		if a := w.did(exitError, "restore", "apim-weu", "--direct", "--yes"); !strings.Contains(a.stdout, "sameTier") {
			t.Errorf("no gate is named:\n%s", a.stdout)
		}
		if n := w.posts("apim-neu"); n != 0 {
			t.Errorf("%d POSTs", n)
		}
		w.off = 10 * time.Minute
		w.did(exitError, "backup", "apim-weu", "--direct")
	})
}

// What is open is taken up, by whoever, and nothing is made twice.
func TestDirectTakesUpWhatIsOpen(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		w.noBus()
		now := time.Now()
		j := job.NewBackup("apim-weu", now, now, job.Rules{Deadline: 4 * time.Hour}, now)
		w.must(w.store().Create(w.t.Context(), j, job.SummaryMove{Waiting: &j.ID}))
		a := w.did(exitDone, "backup", "apim-weu", "--direct")
		if !strings.Contains(a.stderr, j.ID+" is open already") {
			t.Errorf("stderr:\n%s", a.stderr)
		}
		if got := w.onlyJob("apim-weu"); got.State != job.Succeeded || w.posts("apim-weu") != 1 {
			t.Errorf("job %s is %s after %d POSTs", got.ID, got.State, w.posts("apim-weu"))
		}

		ctx, interrupt := context.WithCancel(w.t.Context())
		time.AfterFunc(30*time.Second, interrupt)
		if a := w.does(ctx, "restore", "apim-weu", "--direct", "--yes", "--by", "bob"); a.code != exitInterrupted {
			t.Fatalf("exit code %d\n%s", a.code, a.stderr)
		}
		id := w.onlyJob("apim-neu").ID
		w.did(exitError, "restore", "apim-weu", "--direct", "--yes", "--by", "bob", "--point", w.points()[0]+"x")
		w.did(exitPerson, "restore", "apim-weu", "--direct", "--yes", "--by", "bob", "--timeout", "1m")
		w.did(exitDone, "approve", id, "--direct", "--yes", "--wait")
		if got := w.onlyJob("apim-neu"); got.State != job.Succeeded || w.posts("apim-neu") != 1 {
			t.Errorf("job %s is %s after %d POSTs", got.ID, got.State, w.posts("apim-neu"))
		}
	})
}

// The table is lost, and all that it told; the container is enough.
func TestDirectRestoreWithRebuild(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		w.noBus()
		w.table = "elsewhere/lifeboat"
		w.did(exitDone, "backup", "apim-weu", "--direct", "--id", "good")
		point := w.points()[0]
		w.must(w.azure.Storage.DeleteTable(emulator.StateTable))
		time.Sleep(time.Hour)
		if a := w.did(exitUnknown, "restore", "apim-weu", "--direct", "--yes"); !strings.Contains(a.stderr, "--direct --rebuild") {
			t.Errorf("nothing is said of --rebuild:\n%s", a.stderr)
		}
		w.did(exitUsage, "restore", "apim-weu", "--rebuild", "--yes")
		w.stdin = person{strings.NewReader("rebuild\napim-neu\n")}
		ended := w.goes(w.t.Context(), "restore", "apim-weu", "--direct", "--rebuild", "--id", "lost", "--by", "bob")
		time.Sleep(time.Minute + 300*time.Millisecond)
		w.stdin = nil
		id := recovery.RequestedRestore("apim-neu", "lost")
		w.did(exitDone, "approve", id, "--direct", "--yes", "--id", "yes-1")
		a := ended()
		golden(w.t, "direct_rebuild", a)
		if got := w.points(); len(got) != 1 || got[0] != point || w.posts("apim-neu") != 1 {
			t.Errorf("points %q, want %q; %d POSTs", got, point, w.posts("apim-neu"))
		}
		w.sameContent("apim-weu", "apim-neu")
	})
}

// What a move brings into being is not moved here, and that is said.
func TestDirectLeavesOtherJobs(t *testing.T) {
	warm := strings.Replace(worldPlan, "apim-neu}}\n", "apim-neu, mode: warm}}\n", 1)
	inWorld(t, warm, true, func(w *world) {
		w.noBus()
		a := w.did(exitDone, "backup", "apim-weu", "--direct")
		j := w.onlyJob("apim-neu")
		if j.State != job.Pending || !strings.Contains(a.stderr, "lifeboat resume "+j.ID) {
			t.Errorf("job %s is %s\n%s", j.ID, j.State, a.stderr)
		}
		w.did(exitDone, "resume", j.ID)
		w.sameContent("apim-weu", "apim-neu")
	})
}

// A notice of a job that was moved here is in the table, for the app.
func TestDirectWritesNotices(t *testing.T) {
	inWorld(t, worldPlan+"webhooks: {ops: {form: slack, urlSetting: OPS_WEBHOOK}}\n", true, func(w *world) {
		w.noBus()
		w.azure.ARM.FailNext("apim-weu", arm.Fault{Fail: &arm.Failure{Code: "Broken", Message: "no"}}, arm.Fault{Fail: &arm.Failure{Code: "Broken", Message: "no"}}, arm.Fault{Fail: &arm.Failure{Code: "Broken", Message: "no"}})
		w.did(exitError, "backup", "apim-weu", "--direct")
		n := 0
		for notice, err := range w.store().Notices(w.t.Context()) {
			w.must(err)
			if notice.State == job.DeliveryPending {
				n++
			}
		}
		if n == 0 {
			t.Error("no notice waits for the app")
		}
	})
}

// An operator's own settings need no Service Bus with --direct, and do without.
func TestDirectNeedsNoServiceBusSettings(t *testing.T) {
	env := settings(t, worldPlan)
	delete(env, "ServiceBusConnection")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"backup", "apim-weu"}, "ServiceBusConnection__fullyQualifiedNamespace"},
		{[]string{"backup", "apim-xyz", "--direct"}, "not a service in the plan"},
	} {
		var stdout, stderr bytes.Buffer
		run(t.Context(), tt.args, func(name string) string { return env[name] }, &stdout, &stderr)
		if !strings.Contains(stderr.String(), tt.want) {
			t.Errorf("%q: %s", tt.args, &stderr)
		}
	}
}

// A refresh is not what a person means who asks for a restore, and neither is
// another source's.
func TestOpenRestore(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		p, err := plan.Parse("world.yaml", []byte(worldPlan))
		w.must(err)
		d := &desk{program: &program{now: time.Now}, reached: &reached{rows: w.store()}, plan: p}
		for cause, o := range map[string]job.RestoreOrder{
			"warm": {Source: "apim-weu", Warm: true}, "other": {Source: "apim-sea"},
		} {
			w.must(w.store().Create(w.t.Context(), job.NewRestore("apim-neu", cause, o, job.Rules{}, time.Now()), job.SummaryMove{}))
		}
		if j, ok, err := d.openRestore(w.t.Context(), p.Services[0], "apim-neu", restoring{}); ok || err != nil {
			t.Errorf("found %s, %v", j.ID, err)
		}
	})
}

// The last word about maintenance counts, also if the clock of whoever says it
// is behind the one of the word before.
func TestMaintenanceByAClockThatIsBehind(t *testing.T) {
	inWorld(t, worldPlan, false, func(w *world) {
		stands := func() job.Summary {
			t.Helper()
			s, err := w.store().Summary(w.t.Context(), "apim-weu")
			w.must(err)
			return s
		}
		w.did(exitDone, "maintenance", "apim-weu", "on")
		time.Sleep(10 * time.Second)
		on := stands()
		if on.MaintenanceUntil.IsZero() {
			t.Fatal("no maintenance")
		}
		w.ahead = -90 * time.Second
		w.did(exitDone, "maintenance", "apim-weu", "off", "--direct")
		off := stands()
		if !off.MaintenanceUntil.IsZero() {
			t.Errorf("maintenance until %s", off.MaintenanceUntil)
		}
		if !off.MaintenanceAsked.After(on.MaintenanceAsked) {
			t.Errorf("asked at %s: a copy of the word of %s undoes it", off.MaintenanceAsked, on.MaintenanceAsked)
		}
		w.did(exitDone, "maintenance", "apim-weu", "on")
		time.Sleep(10 * time.Second)
		if stands().MaintenanceUntil.IsZero() {
			t.Error("a later word of the queue was dropped")
		}
	})
}
