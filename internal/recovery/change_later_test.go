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

// The only point is deleted after a later backup failed: nothing can be restored.
func TestTheOnlyPointIsDeletedAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, "    attempts: 1\n"))
		w.Azure.Spoil = func(o *recoverytest.Operation) { o.Code = "X" }
		ask(t, w, request.Request{ID: "b", Kind: request.Backup, Service: "apim-weu"})
		w.Run(t.Context(), time.Hour)
		blob := w.Store.Catalogue("apim-weu")[0].Blob
		w.Azure.Delete(blob)
		gone(t, w, blob)
		w.Run(t.Context(), time.Hour)
		once(t, w, job.NoticeDown)
	})
}

// An occurrence must not wait for a change backup that waits for minInterval.
func TestAnOccurrenceDoesNotWaitForMinInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(hooksPlan(t, "    changes: {minInterval: 20h}\n    attempts: 1\n"), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 22*time.Hour)
		tell(t, w, edit(w, "a"))
		w.Azure.Spoil = func(o *recoverytest.Operation) { o.Code = "X" }
		w.Run(t.Context(), time.Hour) // its backup fails at 22:10
		w.Azure.Spoil = nil
		tell(t, w, edit(w, "b")) // waits until 18:10 of the next day
		w.Run(t.Context(), 40*time.Hour)
		if late := said(t, w, job.NoticeLate); len(late) != 0 {
			t.Errorf("late at %s though the schedule was free to work: %s", late[0].At, started(w))
		}
	})
}

// A copy of the change whose backup a person canceled.
func TestACopyAfterACancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, ""))
		c := edit(w, "first")
		tell(t, w, c)
		for _, j := range w.Store.Jobs("apim-weu") {
			if j.OnChange {
				ask(t, w, request.Request{ID: "c", Kind: request.Cancel, Job: j.ID, By: "ann"})
			}
		}
		w.Run(t.Context(), time.Hour)
		tell(t, w, c)
		w.Run(t.Context(), 2*time.Hour)
		if got := started(w); len(got) != 1 {
			t.Errorf("backups at %v", got)
		}
	})
}

// Instances' clocks differ, and both take the same change: it is one job.
func TestAChangeIsOneJobWhateverTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(testPlan(t, ""), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 2*time.Hour)
		c := changed(time.Now(), "c")
		behind := *w.Engine
		behind.Now = func() time.Time { return time.Now().Add(-3 * time.Minute) }
		if err := behind.Change(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		jobs := len(w.Store.Jobs("apim-weu"))
		for _, j := range w.Store.Jobs("apim-weu") {
			if j.OnChange {
				ask(t, w, request.Request{ID: "off", Kind: request.Cancel, Job: j.ID, By: "ann"})
			}
		}
		if err := w.Engine.Change(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if got := len(w.Store.Jobs("apim-weu")); got != jobs {
			t.Errorf("%d jobs after a second delivery, want %d", got, jobs)
		}
	})
}

// Clocks differ: a change between two backups may have been made during both.
func TestAChangeBetweenTwoBackups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, ""))
		ask(t, w, request.Request{ID: "r1", Kind: request.Backup, Service: "apim-weu", By: "ann"})
		for len(w.Store.Catalogue("apim-weu")) < 2 {
			w.Run(t.Context(), 10*time.Second)
		}
		ask(t, w, request.Request{ID: "r2", Kind: request.Backup, Service: "apim-weu", By: "ann"})
		w.Run(t.Context(), time.Hour)
		points := w.Store.Catalogue("apim-weu")[1:]
		if len(points) != 2 || points[1].StartedAt.Sub(points[0].VerifiedAt) > job.Skew {
			t.Fatalf("want two backups close to each other, got %+v", points)
		}
		tell(t, w, changed(points[0].VerifiedAt.Add(job.Skew/2), "new"))
		for _, p := range w.Store.Catalogue("apim-weu")[1:] {
			if says, _ := w.Azure.Sidecar(p.Blob); !p.ConcurrentChanges || !says.ConcurrentChanges {
				t.Errorf("%s: the row says %t, the sidecar %t", p.Blob, p.ConcurrentChanges, says.ConcurrentChanges)
			}
		}
	})
}

// The backup that waits for a change has stood still until its time is over:
// the next change does not end with it.
func TestAChangeDoesNotJoinWhatHasNoTimeLeft(t *testing.T) {
	for name, still := range map[string]time.Duration{"none": 9 * time.Hour, "not enough": 7 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := changing(t, hooksPlan(t, ""))
				tell(t, w, edit(w, "first"))
				time.Sleep(still)
				second := edit(w, "second")
				tell(t, w, second)
				w.Azure.Lock("apim-weu", 90*time.Minute)
				w.Run(t.Context(), 5*time.Hour)
				holdsAll(t, w)
				if starts := started(w); len(starts) < 2 || starts[len(starts)-1].Before(second.At) {
					t.Errorf("backups at %s, and the last change was made at %s", starts, second.At)
				}
			})
		})
	}
}
