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

// After --timeout it takes a second Ctrl-C to stop a move in the middle.
func TestTimeoutInTheMiddleOfAMove(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		w.noBus()
		w.azure.Tap.Inject(wire.Fault{
			Service: emulator.ServiceARM, Kind: wire.Slow, Delay: 5 * time.Second,
			Match: func(r *http.Request) bool { return r.Method == http.MethodPost },
		})
		a := w.did(exitUnknown, "backup", "apim-weu", "--direct", "--timeout", "2900ms")
		if !strings.Contains(a.stderr, "Ctrl-C, pressed twice, stops it in the middle") {
			t.Errorf("stderr:\n%s", a.stderr)
		}
		if j := w.onlyJob("apim-weu"); j.State != job.InProgress {
			t.Errorf("the job is %s", j.State)
		}
	})
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
		if a := w.did(exitUnknown, "resume", j.ID); !strings.Contains(a.stderr, "can't be moved") || !strings.Contains(a.stderr, "Levitating") || !strings.Contains(a.stderr, "lifeboat resume "+j.ID) {
			t.Errorf("stderr:\n%s", a.stderr)
		}
	})
}

// warmPlan is worldPlan with a standby that is kept warm, and no approval.
var warmPlan = strings.NewReplacer("apim-neu}}\n", "apim-neu, mode: warm}}\n", "mode: approve", "mode: auto").Replace(worldPlan)

// A job that died with the app, and then ran out of time, leaves the standby's
// lease orphaned: no watchdog frees it, so whoever wants the standby does.
func TestDirectFreesAnOrphanedLease(t *testing.T) {
	inWorld(t, warmPlan, true, func(w *world) {
		w.noBus()
		w.did(exitDone, "backup", "apim-weu", "--direct")
		refresh := w.onlyJob("apim-neu").ID
		ctx, interrupt := context.WithCancel(w.t.Context())
		time.AfterFunc(time.Minute, interrupt)
		w.does(ctx, "resume", refresh)
		if j := w.onlyJob("apim-neu"); j.State != job.InProgress {
			t.Fatalf("the refresh is %s", j.State)
		}
		time.Sleep(5 * time.Hour) // Azure's operation ends, and so does the job's time
		polls := func(r wire.Request) bool { return r.Fault == wire.Instead }
		remove := w.azure.Tap.Inject(wire.Fault{
			Service: emulator.ServiceARM, Kind: wire.Instead, Status: http.StatusServiceUnavailable,
			Match: func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/operationresults/") },
		})
		time.AfterFunc(10*time.Minute, remove)
		w.did(exitDone, "restore", "apim-weu", "--direct", "--yes", "--timeout", "1h")
		if j, err := w.store().Job(w.t.Context(), "apim-neu", refresh); err != nil || j.Code != job.CodeDeadlineExceeded {
			t.Errorf("the refresh ended with code %q, %v", j.Code, err)
		}
		if n := w.azure.Tap.Count(polls); n < 10 || n > 30 {
			t.Errorf("%d polls failed in ten minutes", n)
		}
		if n := w.posts("apim-neu"); n != 2 {
			t.Errorf("%d POSTs, want the refresh's and the restore's", n)
		}
		w.sameContent("apim-weu", "apim-neu")
	})
}
