package recovery_test

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
)

// The rows of backups in another container stay for as long as naming that
// again would help, and stand in nobody's way afterwards.
func TestBackupsInAnotherContainerAreForgottenOnceTheyLapse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, ""), 40)
		old := w.Store.Catalogue("apim-weu")
		held := old[1].Blob
		w.Engine.Plan.Services[0].Retention = testPlan(t, keepTwo).Services[0].Retention
		moved(w, "other")
		if _, err := w.Engine.Hold(t.Context(), "apim-weu", held, "audit", "ann"); err != nil {
			t.Fatal(err)
		}
		w.Run(t.Context(), 20*24*time.Hour)
		restorable := 0
		for _, p := range old {
			_, err := w.Store.Point(t.Context(), "apim-weu", p.Blob)
			if lapsed := time.Since(p.StartedAt) > 30*24*time.Hour; err != nil && !lapsed {
				t.Errorf("point %s, which can be restored: %v", p.Blob, err)
			} else if !lapsed {
				restorable++
			}
		}
		if restorable == 0 {
			t.Error("no point was old enough to go and young enough to stay")
		}
		w.Run(t.Context(), 15*24*time.Hour)
		if _, err := w.Engine.Hold(t.Context(), "apim-weu", held, "", "ann"); err != nil {
			t.Errorf("the held point is gone: %v", err)
		}
		w.Run(t.Context(), 24*time.Hour)
		if points := w.Store.Catalogue("apim-weu"); len(points) != 2 {
			t.Errorf("%d points, want 2", len(points))
		}
		here := 0
		for _, o := range w.Azure.Operations() {
			if w.Azure.Has(o.Blob) {
				here++
			}
		}
		if here-len(old) != 2 {
			t.Errorf("%d blobs in the container that the plan names, want 2", here-len(old))
		}
		for _, p := range old {
			if !w.Azure.Has(p.Blob) {
				t.Errorf("blob %s is gone from the container that the plan no longer names", p.Blob)
			}
		}
		jobs := w.Store.Jobs("apim-weu")
		if last := jobs[len(jobs)-1]; last.State != job.Succeeded || len(last.Warnings) > 0 {
			t.Errorf("job %s is %s: %q", last.ID, last.State, last.Warnings)
		}
	})
}

// A blob that somebody's lifecycle rule deleted leaves a sidecar behind: it
// goes with the row, so that a rebuild finds what the table has.
func TestABlobThatWasDeletedUnseenIsForgottenOnceItLapses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(testPlan(t, keepTwo), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 47*time.Hour)
		lost := w.Store.Catalogue("apim-weu")[0].Blob
		w.Azure.Delete(lost)
		w.Run(t.Context(), 32*24*time.Hour)
		if _, err := w.Store.Point(t.Context(), "apim-weu", lost); !errors.Is(err, job.ErrNotFound) {
			t.Errorf("point %s: %v", lost, err)
		}
		checkCatalogue(t, w, 2)
	})
}
