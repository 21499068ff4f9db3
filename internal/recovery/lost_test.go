package recovery_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// spoilRestores lets f change every restore, and no backup.
func spoilRestores(w *recoverytest.World, f func(*recoverytest.Operation)) {
	w.Azure.Spoil = func(o *recoverytest.Operation) {
		if o.Kind == job.Restore {
			f(o)
		}
	}
}

func TestARestoreThatFailsIsNotRepeated(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		spoilRestores(w, func(o *recoverytest.Operation) {
			o.Code, o.Message = "RestoreFailed", "Something went wrong."
		})
		send(t, w, a)
		w.Run(t.Context(), 4*time.Hour)
		ended(t, w, last(t, w), job.Failed, "RestoreFailed", 1)
		if got := last(t, w).Message; got != "Something went wrong." {
			t.Errorf("message %q, want Azure's words", got)
		}
		if lease, ok := w.Store.Leased("apim-neu"); ok {
			t.Errorf("lease left behind: %+v", lease)
		}
		send(t, w, again(1)) // joins the incident, which has had its attempt
		w.Run(t.Context(), 2*time.Hour)
		if incidents := w.Store.AllIncidents("apim-weu"); len(incidents) != 1 || len(restores(w)) != 1 {
			t.Errorf("%d incidents, %d restores", len(incidents), len(restores(w)))
		}
		w.Engine.Plan.Services[0].Failover.Cooldown = 0
		ask(t, w, request.Request{ID: "r", Kind: request.Restore, Service: "apim-weu", By: "ann"})
		w.Run(t.Context(), time.Hour)
		refusedBy(t, w, "firstAttempt", 1)
		acknowledge(t, w, request.None)
		ask(t, w, request.Request{ID: "s", Kind: request.Restore, Service: "apim-weu", By: "ann"})
		w.Run(t.Context(), time.Hour)
		ended(t, w, last(t, w), job.Failed, "RestoreFailed", 2)
	})
}

// What became of a restore whose handle is lost is told from the target.
func TestALostHandle(t *testing.T) {
	lost := map[string]func(*recoverytest.Operation){
		"a 202 without Location": func(o *recoverytest.Operation) { o.WithoutHandle = true },
		"a forgotten operation":  func(o *recoverytest.Operation) { o.Forgotten = true },
	}
	for name, lose := range lost {
		for content, c := range map[string]struct {
			spoil func(*recoverytest.Operation)
			state job.State
			code  string
		}{
			"that matches":      {func(*recoverytest.Operation) {}, job.Succeeded, ""},
			"that is as it was": {func(o *recoverytest.Operation) { o.Code = "RestoreFailed" }, job.Failed, job.CodeNotLanded},
			"that is partial": {func(o *recoverytest.Operation) {
				o.Code, o.Partial, o.Content.Products = "RestoreFailed", true, nil
			}, job.Failed, job.CodeOutcomeUnknown},
		} {
			t.Run(name+" and content "+content, func(t *testing.T) {
				inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
					spoilRestores(w, func(o *recoverytest.Operation) { lose(o); c.spoil(o) })
					send(t, w, a)
					w.Run(t.Context(), 6*time.Hour)
					ended(t, w, last(t, w), c.state, c.code, 1)
				})
			})
		}
	}
}

// Where the target held the same before, its content tells nothing.
func TestALostHandleThatNothingCanExplain(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		w.Azure.Change("apim-neu", func(i *recoverytest.Instance) {
			i.Content = recoverytest.Content{APIs: []string{"echo", "orders of apim-weu"}, Products: []string{"starter"}}
		})
		spoilRestores(w, func(o *recoverytest.Operation) { o.Forgotten = true })
		send(t, w, a)
		w.Run(t.Context(), 4*time.Hour)
		ended(t, w, last(t, w), job.Failed, job.CodeOutcomeUnknown, 1)
	})
}

// A request that provably never arrived is made again.
func TestARequestThatNeverArrived(t *testing.T) {
	for _, fault := range []recoverytest.Fault{recoverytest.DieBefore, recoverytest.FailInstead} {
		t.Run(string(fault), func(t *testing.T) {
			inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
				once := false
				w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
					if e.Call != "arm.StartRestore" || once {
						return recoverytest.NoFault
					}
					once = true
					return fault
				}
				send(t, w, a)
				w.Run(t.Context(), 2*time.Hour)
				restored(t, w)
			})
		})
	}
}

func TestTheSafetyBackupComesFirst(t *testing.T) {
	inBubble(t, "auto", ", safetyBackup: true", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		held := w.Azure.Instance("apim-neu").Content.Inventory()
		send(t, w, a)
		w.Run(t.Context(), 3*time.Hour)
		restored(t, w)
		all := w.Azure.Operations()
		safety := all[len(all)-2]
		if safety.Kind != job.Backup || safety.Service != "apim-neu" || safety.Content.Inventory() != held || !w.Azure.Has(safety.Blob) {
			t.Errorf("before the restore: %+v", safety)
		}
		if got := last(t, w).Restore.Safety.Name; got != safety.Blob {
			t.Errorf("safety backup recorded as %q, want %q", got, safety.Blob)
		}
		if got := len(w.Store.Catalogue("apim-neu")); got != 0 {
			t.Errorf("%d points of the standby", got)
		}
	})
}

func TestASafetyBackupThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*recoverytest.Operation)
		code  string
	}{
		"in Azure":          {func(o *recoverytest.Operation) { o.Code, o.Message = "BackupFailed", "No access." }, "BackupFailed"},
		"without a blob":    {func(o *recoverytest.Operation) { o.NoBlob = true }, job.CodeArtefactMissing},
		"with an empty one": {func(o *recoverytest.Operation) { o.Size = 0 }, job.CodeArtefactUnfit},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, "auto", ", safetyBackup: true", func(t *testing.T, w *recoverytest.World, a request.Alert) {
				w.Azure.Spoil = c.spoil
				send(t, w, a)
				w.Run(t.Context(), 6*time.Hour)
				ended(t, w, last(t, w), job.Failed, c.code, 0)
			})
		})
	}
}

// While the safety backup runs the alert may resolve: then nothing is
// overwritten.
func TestResolvedDuringTheSafetyBackup(t *testing.T) {
	inBubble(t, "auto", ", safetyBackup: true", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		send(t, w, a)
		w.Run(t.Context(), 8*time.Minute)
		send(t, w, resolved(a))
		w.Run(t.Context(), 2*time.Hour)
		refusedBy(t, w, "stillOpen", 0)
		if !strings.Contains(last(t, w).Message, "resolved") {
			t.Errorf("message %q", last(t, w).Message)
		}
	})
}

// A target that holds what it held before proves nothing where the backup may
// hold just that: the service was changed while it was taken.
func TestALostHandleOfAPointThatWasChangedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(failoverPlan(t, "auto", ""), slog.New(slog.DiscardHandler))
		was := w.Azure.Instance("apim-weu").Content
		w.Azure.Change("apim-neu", func(i *recoverytest.Instance) { i.Content = was })
		w.Azure.Spoil = func(o *recoverytest.Operation) {
			time.AfterFunc(time.Minute, func() {
				w.Azure.Change("apim-weu", func(i *recoverytest.Instance) { i.Content.APIs = append(i.Content.APIs, "new") })
			})
		}
		w.Run(t.Context(), 2*time.Hour)
		silence(w, "apim-weu")
		w.Azure.Spoil = func(o *recoverytest.Operation) { o.WithoutHandle = true }
		w.Azure.Duration = 2 * time.Minute // it ends before anybody looks
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), 4*time.Hour)
		ended(t, w, last(t, w), job.Failed, job.CodeOutcomeUnknown, 1)
	})
}
