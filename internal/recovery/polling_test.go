package recovery_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// From the sixth night on a service is polled by what the five before took, at
// no price: no later, and without a read more.
func TestPollsAreSavedOnceThePastIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(testPlan(t, ""), slog.New(slog.DiscardHandler))
		w.Azure.Duration = 31 * time.Minute
		w.Run(t.Context(), 12*time.Hour) // from noon to noon
		reads, polls := map[int]int{}, map[int]int{}
		for night := 2; night <= 8; night++ {
			before := len(w.Effects.Seen())
			w.Run(t.Context(), 24*time.Hour)
			for _, e := range w.Effects.Seen()[before:] {
				switch e.Call {
				case "store.Summary", "store.StoredSummary":
					reads[night]++
				case "arm.Poll":
					polls[night]++
				}
			}
			if reads[night] != reads[2] {
				t.Errorf("night %d reads %d summaries, the second %d", night, reads[night], reads[2])
			}
			if want := 31; night <= 5 && polls[night] != want {
				t.Errorf("night %d: %d polls, want %d", night, polls[night], want)
			}
			if night > 5 && polls[night] > 10 {
				t.Errorf("night %d: %d polls, want 10 at most", night, polls[night])
			}
		}
		operations := w.Azure.Operations()
		for i, j := range w.Store.Jobs("apim-weu") {
			if late := enteredAt(t, j, job.Verifying).Sub(operations[i].Ends); late > time.Minute {
				t.Errorf("the end of job %d was found %s late", i, late)
			}
		}
		failsAtOnce(t, w)
	})
}

// failsAtOnce lets the next night's backup fail within seconds.
func failsAtOnce(t *testing.T, w *recoverytest.World) {
	t.Helper()
	w.Azure.Spoil = func(o *recoverytest.Operation) {
		o.Code, o.Message, o.Ends = "InternalServerError", "Something went wrong.", o.Started.Add(10*time.Second)
	}
	w.Run(t.Context(), 24*time.Hour)
	jobs := w.Store.Jobs("apim-weu")
	j := jobs[len(jobs)-1]
	if j.State != job.Failed || j.Past == (job.Times{}) {
		t.Errorf("job %s is %s with past %v", j.ID, j.State, j.Past)
	}
	for i, step := range j.History {
		if step.State != job.InProgress {
			continue
		}
		if after := j.History[i+1]; after.At.Sub(step.At) > time.Minute {
			t.Errorf("a failure within seconds was found after %s", after.At.Sub(step.At))
		}
	}
	summary, err := w.Store.Summary(t.Context(), "apim-weu")
	if err != nil || len(summary.BackupTimes.Known()) != 8 {
		t.Errorf("%d times are known after eight good nights, %v", len(summary.BackupTimes.Known()), err)
	}
}

// enteredAt is when j first came into a state.
func enteredAt(t *testing.T, j job.Job, s job.State) time.Time {
	t.Helper()
	for _, step := range j.History {
		if step.State == s {
			return step.At
		}
	}
	t.Fatalf("job %s was never %s", j.ID, s)
	return time.Time{}
}

// Restores are learnt by their target. The nightly refresh of a standby goes
// by them, a failover onto it is looked at as often as Azure allows.
func TestOnlyRefreshesGoByThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(warmPlan(t, "auto", ""), slog.New(slog.DiscardHandler))
		w.Azure.Duration = 31 * time.Minute
		w.Run(t.Context(), 8*24*time.Hour)
		refresh := last(t, w)
		ended(t, w, refresh, job.Succeeded, "", 8)
		if refresh.Attempt.Polls > 10 {
			t.Errorf("the eighth refresh took %d polls", refresh.Attempt.Polls)
		}
		summary, err := w.Store.Summary(t.Context(), "apim-neu")
		if err != nil || len(summary.RestoreTimes.Known()) != 8 || len(summary.BackupTimes.Known()) != 0 {
			t.Errorf("known of apim-neu: restores %v, backups %v, %v", summary.RestoreTimes, summary.BackupTimes, err)
		}

		// The standby does not hold the newest point when the source fails.
		silence(w, "apim-weu")
		nothing := ""
		if err := w.Store.Note(t.Context(), "apim-neu", job.SummaryMove{Holds: &nothing}); err != nil {
			t.Fatal(err)
		}
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), 2*time.Hour)
		failover := last(t, w)
		ended(t, w, failover, job.Succeeded, "", 9)
		if failover.Restore.Warm || failover.Past == (job.Times{}) || failover.Attempt.Polls < 30 {
			t.Errorf("warm %t, past %v, %d polls", failover.Restore.Warm, failover.Past, failover.Attempt.Polls)
		}
	})
}

// A backup that a person or a change asks for goes by the past as well.
func TestOtherBackupsGoByThePast(t *testing.T) {
	for name, order := range map[string]func(*testing.T, *recoverytest.World){
		"a person": func(t *testing.T, w *recoverytest.World) {
			ask(t, w, request.Request{ID: "r", Kind: request.Backup, Service: "apim-weu", By: "ann"})
		},
		"a change": func(t *testing.T, w *recoverytest.World) { tell(t, w, edit(w, "api")) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := changing(t, hooksPlan(t, ""))
				w.Azure.Duration = 31 * time.Minute
				known := job.Times{30 * time.Minute, 31 * time.Minute, 30 * time.Minute, 32 * time.Minute, 31 * time.Minute}
				w.Store.Remember("apim-weu", known)
				order(t, w)
				w.Run(t.Context(), 5*time.Hour)
				jobs := w.Store.Jobs("apim-weu")
				if j := jobs[len(jobs)-1]; len(jobs) != 2 || j.State != job.Succeeded || j.Past != known || j.Attempt.Polls > 10 {
					t.Errorf("%d jobs, the last is %s with past %v after %d polls", len(jobs), j.State, j.Past, j.Attempt.Polls)
				}
			})
		})
	}
}
