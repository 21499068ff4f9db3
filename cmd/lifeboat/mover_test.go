package main

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// Two operators, and the app: one POST.
func TestManyMoveOneJob(t *testing.T) {
	for name, app := range map[string]bool{"two operators": false, "two operators and the app": true} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, worldPlan, !app, func(w *world) {
				first := w.goes(w.t.Context(), "backup", "apim-weu", "--direct", "--id", "one")
				if app {
					w.did(exitDone, "backup", "apim-weu", "--id", "one")
				}
				second := w.goes(w.t.Context(), "backup", "apim-weu", "--direct", "--id", "one")
				third := w.goes(w.t.Context(), "resume", recovery.RequestedBackup("apim-weu", "one"))
				for _, a := range []outcome{first(), second()} {
					if a.code != exitDone {
						t.Errorf("exit code %d\n%s", a.code, a.stderr)
					}
				}
				if a := third(); a.code != exitDone && a.code != exitUnknown { // it may have come before the job
					t.Errorf("resume: exit code %d\n%s", a.code, a.stderr)
				}
				if n := w.posts("apim-weu"); n != 1 {
					t.Errorf("%d POSTs, want 1", n)
				}
				if !app { // which has a schedule, too
					w.onlyJob("apim-weu")
				}
			})
		})
	}
}

// Ctrl-C lets the move under way end and says what becomes of the job.
func TestCtrlCInDirectAndResume(t *testing.T) {
	for name, after := range map[string]time.Duration{"before the start": time.Second, "in the request": 2900 * time.Millisecond, "while Azure works": 2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, worldPlan, true, func(w *world) {
				w.noBus()
				w.azure.Tap.Inject(wire.Fault{
					Service: emulator.ServiceARM, Kind: wire.Slow, Delay: 5 * time.Second,
					Match: func(r *http.Request) bool { return r.Method == http.MethodPost },
				})
				ctx, interrupt := context.WithCancel(w.t.Context())
				time.AfterFunc(after, interrupt)
				a := w.does(ctx, "backup", "apim-weu", "--direct", "--id", "one")
				id := recovery.RequestedBackup("apim-weu", "one")
				if a.code != exitInterrupted || !strings.Contains(a.stderr, "nobody moves the job on now") || !strings.Contains(a.stderr, "lifeboat resume "+id) || strings.Contains(a.stderr, "goes on without you") {
					t.Errorf("exit code %d\n%s", a.code, a.stderr)
				}
				stands := w.onlyJob("apim-weu")
				time.Sleep(20 * time.Minute)
				if now := w.onlyJob("apim-weu"); now.Revision != stands.Revision || now.State == job.Starting {
					t.Errorf("the job was %s and is %s: somebody moved it, or its request was left", stands.State, now.State)
				}
				w.did(exitDone, "resume", id)
				w.did(exitDone, "resume", id) // it has ended
				if n := w.posts("apim-weu"); n != 1 {
					t.Errorf("%d POSTs, want 1", n)
				}
			})
		})
	}
}

// The process died between the POST and the save of its answer: evidence
// decides, and nothing is asked for twice.
func TestDirectAfterACrashBetweenPostAndSave(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		w.noBus()
		remove := w.azure.Tap.Inject(wire.Fault{
			Service: emulator.ServiceARM, Kind: wire.After, Delay: 0, Times: 1, Status: http.StatusBadGateway,
			Match: func(r *http.Request) bool { return r.Method == http.MethodPost },
		})
		defer remove()
		var died sync.Once
		ctx, die := context.WithCancel(w.t.Context())
		w.azure.Tap.Inject(wire.Fault{
			Service: emulator.ServiceTable, Kind: wire.Instead, Status: http.StatusForbidden,
			Match: func(*http.Request) bool {
				if w.posts("apim-weu") == 0 {
					return false
				}
				died.Do(die)
				return true
			},
		})
		w.does(ctx, "backup", "apim-weu", "--direct", "--id", "one")
		w.azure.Tap.Heal()
		if j := w.onlyJob("apim-weu"); j.State != job.Starting {
			t.Fatalf("the job is %s, want its intent alone", j.State)
		}
		w.did(exitDone, "backup", "apim-weu", "--direct")
		if n := w.posts("apim-weu"); n != 1 {
			t.Errorf("%d POSTs, want 1", n)
		}
	})
}

// A job that died with the app holds the standby: it is moved to its end
// first.
func TestDirectMovesWhoeverIsInTheWay(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		w.noBus()
		w.did(exitDone, "backup", "apim-weu", "--direct")
		ctx, interrupt := context.WithCancel(w.t.Context())
		time.AfterFunc(30*time.Second, interrupt)
		w.does(ctx, "backup", "apim-weu", "--direct", "--id", "left")
		left := recovery.RequestedBackup("apim-weu", "left")
		time.Sleep(time.Hour)
		w.did(exitDone, "backup", "apim-weu", "--direct", "--id", "next")
		j, err := w.store().Job(w.t.Context(), "apim-weu", left)
		if err != nil || j.State != job.Succeeded || w.posts("apim-weu") != 3 {
			t.Errorf("the job in the way is %s, %v; %d POSTs", j.State, err, w.posts("apim-weu"))
		}
	})
}

// A prompt that can't be followed ends the command, some time.
func TestAJobThatCantBeMoved(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		w.noBus()
		now := time.Now()
		j := job.NewBackup("apim-weu", now, now, job.Rules{Deadline: time.Hour}, now)
		j.State = "Levitating"
		w.must(w.store().Create(w.t.Context(), j, job.SummaryMove{}))
		if a := w.did(exitUnknown, "resume", j.ID); !strings.Contains(a.stderr, "can't be moved") || !strings.Contains(a.stderr, "Levitating") {
			t.Errorf("stderr:\n%s", a.stderr)
		}
	})
}
