package recovery_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

// A second instance, whose clock may be ahead, makes the same move in the
// middle of each effect of the first. Whoever wins, the story ends the same
// and nothing is requested twice.
func TestSecondInstanceAnywhere(t *testing.T) {
	for _, skew := range []time.Duration{0, 3 * time.Minute} {
		for _, s := range stories() {
			t.Run(fmt.Sprintf("%s, %s ahead", s.name, skew), func(t *testing.T) {
				var effects []recoverytest.Effect
				synctest.Test(t, func(t *testing.T) { effects = firstNight(live(t, s, nil).Effects.Seen()) })
				for _, e := range sampled(effects) {
					t.Run(fmt.Sprint(e.Number), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { intrude(t, s, e.Number, skew) })
					})
				}
			})
		}
	}
}

func intrude(t *testing.T, s story, number int, skew time.Duration) {
	w := recoverytest.NewWorld(testPlan(t, s.plan), slog.New(slog.DiscardHandler))
	if s.setup != nil {
		s.setup(w)
	}
	other := *w.Engine
	other.Now = func() time.Time { return time.Now().Add(skew) }
	inside := false
	w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
		if e.Number != number || inside {
			return recoverytest.NoFault
		}
		inside = true
		for _, j := range w.Store.Jobs("apim-weu") {
			// The queue's clock is the other instance's own.
			p := recovery.Prompt{Service: j.Service, Job: j.ID, Revision: j.Revision, EnqueuedAt: other.Now()}
			if err := other.Step(t.Context(), p); err != nil {
				t.Errorf("second instance: %v", err)
			}
		}
		return recoverytest.NoFault
	}
	w.Run(t.Context(), 12*time.Hour)
	check(t, s, w)
	for _, o := range w.Azure.Operations() {
		if o.Service != "apim-weu" {
			t.Errorf("operation on %s", o.Service)
		}
	}
	if got := len(w.Azure.Operations()); got > s.posts {
		t.Errorf("%d operations, want at most %d", got, s.posts)
	}
}

// The answer of a request that took long must not get lost when the row moved
// on meanwhile.
func TestALateAnswerIsAppliedToTheNewerRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(testPlan(t, ""), slog.New(slog.DiscardHandler))
		moved := false
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			jobs := w.Store.Jobs("apim-weu")
			if moved || len(jobs) == 0 || jobs[0].State != job.Starting || len(w.Azure.Operations()) == 0 {
				return recoverytest.NoFault
			}
			moved = true
			// Long after, another instance finds the intent and the service Updating.
			other := *w.Engine
			other.Now = func() time.Time { return time.Now().Add(6 * time.Minute) }
			if err := other.Step(context.Background(), recovery.Prompt{Service: "apim-weu", Job: jobs[0].ID, Revision: jobs[0].Revision}); err != nil {
				t.Error(err)
			}
			if now := w.Store.Jobs("apim-weu")[0]; !now.Lost() {
				t.Errorf("job is %s, want it to follow without a handle", now.State)
			}
			return recoverytest.NoFault
		}
		w.Run(t.Context(), 3*time.Minute+job.Jitter(10*time.Minute, "apim-weu", time.Now()))
		if !moved {
			t.Fatal("the second instance did not get its chance")
		}
		if now := w.Store.Jobs("apim-weu")[0]; now.Attempt.ResumeToken == "" {
			t.Errorf("job in %s has no handle: the answer was lost", now.State)
		}
		w.Run(t.Context(), time.Hour)
		check(t, stories()[0], w)
	})
}

// Storage is down for an hour, then ARM, then the queue: jobs end late, none
// is lost, nothing becomes a dead letter.
func TestAnHourWithout(t *testing.T) {
	for _, port := range []string{"store.", "arm.", "blobs.", "queue."} {
		for _, begin := range []time.Duration{0, 12 * time.Minute} {
			t.Run(fmt.Sprintf("%s from %s", port, begin), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					from := time.Now().Add(begin)
					s := story{want: job.Succeeded, posts: 2}
					w := live(t, s, func(e recoverytest.Effect) recoverytest.Fault {
						since := time.Since(from)
						if since >= 0 && since < time.Hour && len(e.Call) > len(port) && e.Call[:len(port)] == port {
							return recoverytest.FailInstead
						}
						return recoverytest.NoFault
					})
					check(t, s, w)
					if got := len(w.Azure.Operations()); got != 1 {
						t.Errorf("%d operations, want 1", got)
					}
				})
			})
		}
	}
}

// An instance that is minutes behind the queue's clock must not poll without
// a pause, nor send prompts in circles.
func TestAnInstanceBehindTheQueuePollsAtTheSamePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stories()[0]
		w := recoverytest.NewWorld(testPlan(t, ""), slog.New(slog.DiscardHandler))
		w.Engine.Now = func() time.Time { return time.Now().Add(-3 * time.Minute) }
		w.Run(t.Context(), 12*time.Hour)
		check(t, s, w)
		jobs := w.Store.Jobs("apim-weu")
		for _, j := range jobs {
			if j.Attempt.Polls > 12 {
				t.Errorf("%d polls for a backup of ten minutes", j.Attempt.Polls)
			}
		}
		if sent := w.Queue.Sent(); sent > 20*len(jobs) {
			t.Errorf("%d messages for %d jobs", sent, len(jobs))
		}
	})
}

// The next occurrence while a backup runs waits for it; those that come while
// one waits already join it.
func TestOccurrencesDuringABackupWaitAndJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(testPlan(t, "    schedule: 0 0 * * * *\n    interval: 1h\n"), slog.New(slog.DiscardHandler))
		w.Azure.Duration = 150 * time.Minute
		w.Run(t.Context(), 150*time.Minute)
		if got := len(w.Store.Jobs("apim-weu")); got != 2 {
			t.Errorf("%d jobs after 2.5 hours, want one that runs and one that waits", got)
		}
		w.Run(t.Context(), 10*time.Hour)
		oneAtATime(t, w.Azure.Operations())
		requests := 0
		for _, e := range w.Effects.Seen() {
			if e.Call == "arm.StartBackup" {
				requests++
			}
		}
		if operations := len(w.Azure.Operations()); requests != operations {
			t.Errorf("%d requests for %d operations: the lease should have held the others back", requests, operations)
		}
		for i, j := range w.Store.Jobs("apim-weu") {
			if j.State == job.Failed {
				t.Errorf("job %d: %s: %s", i, j.Code, j.Message)
			}
		}
		if summary, err := w.Store.Summary(t.Context(), "apim-weu"); err != nil || time.Since(summary.ScheduledThrough) > 65*time.Minute {
			t.Errorf("scheduled through %s, %v", summary.ScheduledThrough, err)
		}
	})
}

// An invocation that is held up between the time of its intent and its save
// must not send: to others the intent has settled by then.
func TestAnIntentThatIsSavedLateIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(testPlan(t, ""), slog.New(slog.DiscardHandler))
		held := false
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			jobs := w.Store.Jobs("apim-weu")
			if !held && e.Call == "queue.Send" && len(jobs) == 1 && !time.Now().Before(jobs[0].NotBefore) {
				held = true
				time.Sleep(5 * time.Minute)
			}
			if e.Call == "arm.StartBackup" && jobs[0].Attempt.Number == 1 {
				t.Error("an intent of five minutes ago was sent")
			}
			return recoverytest.NoFault
		}
		w.Run(t.Context(), 2*time.Hour)
		if !held {
			t.Fatal("no invocation was held up")
		}
		check(t, stories()[0], w)
	})
}
