package recovery_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/event"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
)

// What a standby holds may change between the last look at it and the save
// that says that it serves: another restore began and ended while the
// instance stood still. Then the gates judge again, and the point is restored.
func TestWhatIsHeldChangesBeforeTheSave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := night(t, warmPlan(t, "auto", ""))
		silence(w, "apim-weu")
		a := fired(time.Now())
		send(t, w, a)
		failover, changed, last := "", false, ""
		for _, j := range w.Store.Jobs("apim-neu") {
			if !j.Restore.Warm {
				failover = j.ID
			}
		}
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			// Such a completion asks for the lease, then the summary, then saves.
			if !changed && e.Call == "store.Save" && last == "store.StoredSummary" && onto(w, failover).State == job.Pending {
				changed = true
				other := "another"
				if err := w.Store.Note(t.Context(), "apim-neu", job.SummaryMove{Holds: &other}); err != nil {
					t.Error(err)
				}
			}
			last = e.Call
			return recoverytest.NoFault
		}
		w.Run(t.Context(), 2*time.Hour)
		j := onto(w, failover)
		if !changed || j.State != job.Succeeded || j.Restore.Attempted.IsZero() {
			t.Errorf("changed %t, %s is %s, attempted at %s", changed, j.ID, j.State, j.Restore.Attempted)
		}
	})
}

// While the target's safety backup goes on, the newest point is withdrawn, and
// the target holds the one before: nothing else needs to be done.
func TestWhatIsHeldIsEnoughAfterASafetyBackup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := night(t, warmPlan(t, "auto", ", safetyBackup: true"))
		held := w.Store.Catalogue("apim-weu")[0].Blob
		w.Run(t.Context(), 24*time.Hour)
		newest := w.Store.Catalogue("apim-weu")[0]
		if newest.Blob == held {
			newest = w.Store.Catalogue("apim-weu")[1]
		}
		if err := w.Store.Note(t.Context(), "apim-neu", job.SummaryMove{Holds: &held}); err != nil {
			t.Fatal(err)
		}
		silence(w, "apim-weu")
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), 7*time.Minute)
		failover := last(t, w)
		if failover.Attempt.Phase != job.SafetyBackup {
			t.Fatalf("%s is %s without a safety backup", failover.ID, failover.State)
		}
		w.Azure.Delete(newest.Blob)
		s, _ := w.Engine.Plan.Service("apim-weu")
		gone := event.BlobDeleted{ID: "gone", At: time.Now(), Account: s.Account, Container: s.Container, Blob: newest.Blob}
		if err := w.Engine.BlobDeleted(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		w.Run(t.Context(), 2*time.Hour)
		j := onto(w, failover.ID)
		if j.State != job.Succeeded || !j.Restore.Attempted.IsZero() || j.Restore.Point.Blob != held {
			t.Errorf("%s is %s (%s), attempted at %s, with point %s", j.ID, j.State, j.Message, j.Restore.Attempted, j.Restore.Point.Blob)
		}
		if lease, ok := w.Store.Leased("apim-neu"); ok {
			t.Errorf("lease left behind: %+v", lease)
		}
	})
}

func onto(w *recoverytest.World, id string) job.Job {
	for _, j := range w.Store.Jobs("apim-neu") {
		if j.ID == id {
			return j
		}
	}
	return job.Job{}
}
