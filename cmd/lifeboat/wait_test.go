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
	"lifeboat/internal/recovery"
)

// Ctrl-C ends the wait and not the job.
func TestCtrlCLeavesTheJobRunning(t *testing.T) {
	inWorld(t, worldPlan, false, func(w *world) {
		ctx, interrupt := context.WithCancel(w.t.Context())
		time.AfterFunc(time.Minute, interrupt)
		a := w.does(ctx, "backup", "apim-weu", "--id", "one", "--wait")
		if a.code != exitInterrupted || !strings.Contains(a.stderr, "goes on without you") {
			t.Errorf("exit code %d\n%s", a.code, a.stderr)
		}
		if j := decoded[jobReport](w, exitDone, "job", recovery.RequestedBackup("apim-weu", "one"), "--wait"); j.State != job.Succeeded {
			t.Errorf("the job is %s", j.State)
		}
	})
}

func TestAJobThatFailsIsAnExitCode(t *testing.T) {
	inWorld(t, worldPlan, false, func(w *world) {
		w.did(exitDone, "backup", "apim-weu", "--wait")
		w.azure.ARM.Mutate("apim-neu", func(s *arm.Service) { s.SKU = "Premium" })
		a := w.did(exitError, "restore", "apim-weu", "--yes", "--wait")
		if !strings.Contains(a.stdout, "GateRefused") || !strings.Contains(a.stdout, "sameTier") {
			t.Errorf("no gate is named:\n%s", a.stdout)
		}
	})
}

// The message is there, the app is not.
func TestWaitingForAnAppThatDoesNotAnswer(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		a := w.did(exitUnknown, "backup", "apim-weu", "--wait", "--timeout", "3m")
		if !strings.Contains(a.stderr, "whether the function app runs") || !strings.Contains(a.stderr, "has not ended") {
			t.Errorf("stderr:\n%s", a.stderr)
		}
		if active, _, _ := w.azure.Broker.Counts(emulator.RequestQueue); active != 1 {
			t.Errorf("%d requests on the queue", active)
		}
	})
}

// A storage account that is away for a while does not end the wait; one that
// stays away does.
func TestWaitingThroughAnOutageOfTheTable(t *testing.T) {
	for name, tt := range map[string]struct {
		outage time.Duration
		code   int
	}{"a minute": {time.Minute, exitDone}, "an hour": {time.Hour, exitUnknown}} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, worldPlan, false, func(w *world) {
				time.AfterFunc(30*time.Second, func() {
					remove := w.azure.Tap.Inject(wire.Fault{Service: emulator.ServiceTable, Kind: wire.Instead})
					time.AfterFunc(tt.outage, remove)
				})
				a := w.did(tt.code, "backup", "apim-weu", "--wait")
				if !strings.Contains(a.stderr, "can't be read for") {
					t.Errorf("nothing is said of the outage:\n%s", a.stderr)
				}
				w.azure.Tap.Heal()
			})
		})
	}
}

// With --direct nobody else moves the job: however long the table is away,
// the command stays, says so, and goes on.
func TestDirectThroughAnOutageOfTheTable(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		w.noBus()
		time.AfterFunc(30*time.Second, func() {
			time.AfterFunc(20*time.Minute, w.azure.Tap.Inject(wire.Fault{Service: emulator.ServiceTable, Kind: wire.Instead}))
		})
		a := w.did(exitDone, "backup", "apim-weu", "--direct", "--id", "one")
		for _, want := range []string{"the table can't be read since 2000-01-01 00:00 UTC: ", "HTTP 503", "moved on as soon as it can be", "can't be read for 15 min"} {
			if !strings.Contains(a.stderr, want) {
				t.Errorf("%q is not said:\n%s", want, a.stderr)
			}
		}
		if n := strings.Count(a.stderr, "the table can't be read since"); n != 1 {
			t.Errorf("said %d times in full", n)
		}
		if j := w.onlyJob("apim-weu"); j.State != job.Succeeded || w.posts("apim-weu") != 1 {
			t.Errorf("the job is %s after %d POSTs", j.State, w.posts("apim-weu"))
		}
	})
}

// Whatever ends the wait of a job's only mover, the way back is told; and an
// account that has lost its right is not waited for.
func TestDirectSaysHowToTakeItUp(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		flags  []string
		within time.Duration
	}{
		"a right that was taken away": {http.StatusForbidden, nil, 3 * time.Minute},
		"an outage and a timeout":     {http.StatusServiceUnavailable, []string{"--timeout", "10m"}, 11 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, worldPlan, true, func(w *world) {
				w.noBus()
				time.AfterFunc(30*time.Second, func() {
					w.azure.Tap.Inject(wire.Fault{Service: emulator.ServiceTable, Kind: wire.Instead, Status: tt.status})
				})
				began := time.Now()
				a := w.did(exitUnknown, append([]string{"backup", "apim-weu", "--direct", "--id", "one"}, tt.flags...)...)
				if waited := time.Since(began); waited > tt.within {
					t.Errorf("waited %s", waited)
				}
				id := recovery.RequestedBackup("apim-weu", "one")
				if strings.Count(a.stderr, "lifeboat resume "+id) != 1 || !strings.Contains(a.stderr, "nobody moves the job on now") {
					t.Errorf("stderr:\n%s", a.stderr)
				}
				w.azure.Tap.Heal()
				w.did(exitDone, "resume", id)
				if n := w.posts("apim-weu"); n != 1 {
					t.Errorf("%d POSTs", n)
				}
			})
		})
	}
}

// A job whose row is gone can't be taken up.
func TestDirectAfterTheRowWasRemoved(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		w.noBus()
		time.AfterFunc(30*time.Second, func() {
			w.must(w.azure.Storage.DeleteTable(emulator.StateTable))
			w.must(w.azure.Storage.CreateTable(emulator.StateTable))
		})
		if a := w.did(exitUnknown, "backup", "apim-weu", "--direct"); !strings.Contains(a.stderr, "somebody removed its row") || strings.Contains(a.stderr, "lifeboat resume") {
			t.Errorf("stderr:\n%s", a.stderr)
		}
	})
}

// How long it usually takes comes from the job itself.
func TestProgressSaysWhatIsUsual(t *testing.T) {
	now := time.Date(2026, 3, 1, 1, 20, 0, 0, time.UTC)
	j := job.Job{State: job.InProgress, NotBefore: now.Add(time.Minute), Attempt: job.Attempt{Number: 1, StartedAt: now.Add(-12 * time.Minute)}}
	if got := (&watch{job: j}).line(now); strings.Contains(got, "usually") {
		t.Errorf("without a past: %q", got)
	}
	j.Past = job.Times{9 * time.Minute, time.Hour, 8 * time.Minute}
	if got := (&watch{job: j}).line(now); !strings.Contains(got, "12 min elapsed, usually 9 min, next look") {
		t.Errorf("with a past: %q", got)
	}
}

// On a terminal one line is overwritten; elsewhere a line is a change, and one
// a minute shows that it goes on.
func TestProgress(t *testing.T) {
	now := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		live bool
		want string
	}{
		"a terminal": {true, "\r\x1b[Ka\r\x1b[Kb\r\x1b[Kc\r\x1b[Kd\r\x1b[K"},
		"a file":     {false, "job: a\njob: c\njob: d\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			p := progress{w: &out, live: tt.live}
			p.show("one", "job", "a", now)
			p.show("one", "job", "b", now.Add(time.Second))
			p.show("two", "job", "c", now.Add(2*time.Second))
			p.show("two", "job", "d", now.Add(2*time.Second+plainEvery))
			p.clear()
			p.clear() // once is enough
			if out.String() != tt.want {
				t.Errorf("%q, want %q", out.String(), tt.want)
			}
		})
	}
}

// A job that was asked for a moment ago is waited for; one that nobody asked
// for is not.
func TestAJobThatIsNotThereYet(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		now := time.Now()
		j := job.NewBackup("apim-weu", now, now, job.Rules{}, now)
		time.AfterFunc(10*time.Second, func() {
			j.State, j.EndedAt = job.Succeeded, time.Now()
			w.must(w.store().Create(w.t.Context(), j, job.SummaryMove{}))
		})
		w.did(exitDone, "job", j.ID, "--wait")
		w.did(exitUnknown, "job", "apim-weu-reqaa-backup", "--wait")
		if waited := time.Since(now); waited > time.Minute {
			t.Errorf("waited %s", waited)
		}
		now = time.Now()
		w.did(exitUnknown, "job", "apim-weu-reqaa-backup", "--wait", "--timeout", "5s")
		if waited := time.Since(now); waited > 6*time.Second {
			t.Errorf("waited %s, with a timeout of 5 s", waited)
		}
		ctx, interrupt := context.WithCancel(w.t.Context())
		time.AfterFunc(5*time.Second, interrupt)
		if a := w.does(ctx, "job", "apim-weu-reqaa-backup", "--wait"); a.code != exitInterrupted || strings.Contains(a.stderr, "context canceled") {
			t.Errorf("after Ctrl-C: exit code %d\n%s", a.code, a.stderr)
		}
	})
}
