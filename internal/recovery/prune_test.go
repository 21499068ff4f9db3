package recovery_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
)

const keepTwo = "    retention: {keepLast: 2, daily: 0, weekly: 0, keepWithin: 0s, minKeep: 1}\n"

const keepOne = "    retention: {keepLast: 1, daily: 0, weekly: 0, keepWithin: 0s, minKeep: 1}\n"

// nights is a world in which apim-weu has been backed up so often.
func nights(t *testing.T, p *plan.Plan, n int) *recoverytest.World {
	w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
	w.Copies = 2
	w.Run(t.Context(), time.Duration(n)*24*time.Hour-time.Hour)
	return w
}

// checkCatalogue expects so many points, each with blob and sidecar, and no
// other blob.
func checkCatalogue(t *testing.T, w *recoverytest.World, want int) {
	t.Helper()
	points := w.Store.Catalogue("apim-weu")
	if len(points) != want {
		t.Errorf("%d points, want %d", len(points), want)
	}
	kept := map[string]bool{}
	for _, p := range points {
		kept[p.Blob] = true
		if !p.Live() || !w.Azure.Has(p.Blob) {
			t.Errorf("point %s: live %t, blob there %t", p.Blob, p.Live(), w.Azure.Has(p.Blob))
		}
	}
	for _, o := range w.Azure.Operations() {
		if _, ok := w.Azure.Sidecar(o.Blob); (ok || w.Azure.Has(o.Blob)) && !kept[o.Blob] {
			t.Errorf("blob %s, or its sidecar, is there without a point", o.Blob)
		}
	}
}

func TestOldPointsArePruned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, keepTwo), 6)
		checkCatalogue(t, w, 2)
		for _, j := range w.Store.Jobs("apim-weu") {
			if j.State != job.Succeeded || len(j.Warnings) > 0 {
				t.Errorf("job %s is %s: %q", j.ID, j.State, j.Warnings)
			}
		}
	})
}

func TestNothingIsPrunedWithoutARetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { checkCatalogue(t, nights(t, testPlan(t, ""), 6), 6) })
}

func TestAHeldPointStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, keepTwo), 2)
		held := w.Store.Catalogue("apim-weu")[0].Blob
		if _, err := w.Engine.Hold(t.Context(), "apim-weu", held, "audit", "ann"); err != nil {
			t.Fatal(err)
		}
		if sidecar, _ := w.Azure.Sidecar(held); sidecar.Held != "audit" {
			t.Errorf("the sidecar says %q", sidecar.Held)
		}
		w.Run(t.Context(), 4*24*time.Hour)
		checkCatalogue(t, w, 3)
		if _, err := w.Engine.Hold(t.Context(), "apim-weu", held, "", "ann"); err != nil {
			t.Fatal(err)
		}
		w.Run(t.Context(), 24*time.Hour)
		checkCatalogue(t, w, 2)
	})
}

// A blob that storage does not let go stays a point that can be restored.
func TestAnImmutableBlobIsKeptWithAWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, keepTwo), 2)
		w.Azure.Protect(w.Store.Catalogue("apim-weu")[0].Blob)
		w.Run(t.Context(), 2*24*time.Hour)
		checkCatalogue(t, w, 3)
		jobs := w.Store.Jobs("apim-weu")
		if last := jobs[len(jobs)-1]; last.State != job.Succeeded || !strings.Contains(fmt.Sprint(last.Warnings), "is kept") {
			t.Errorf("job %s is %s with %q", last.ID, last.State, last.Warnings)
		}
	})
}

// Where the blob is not, the row is all that tells of it.
func TestAPointWithoutItsBlobIsNotPruned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, keepTwo), 2)
		lost := w.Store.Catalogue("apim-weu")[0].Blob
		w.Azure.Delete(lost)
		w.Run(t.Context(), 2*24*time.Hour)
		if _, err := w.Store.Point(context.Background(), "apim-weu", lost); err != nil {
			t.Errorf("point %s: %v", lost, err)
		}
		jobs := w.Store.Jobs("apim-weu")
		if last := jobs[len(jobs)-1]; !strings.Contains(fmt.Sprint(last.Warnings), "right one") {
			t.Errorf("warnings: %q", last.Warnings)
		}
	})
}

// An incident freezes pruning, and a restore pins its point.
func TestAnIncidentFreezesPruning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, keepTwo), 2)
		id := "inc1"
		if err := w.Store.Note(t.Context(), "apim-weu", job.SummaryMove{Incident: &id}); err != nil {
			t.Fatal(err)
		}
		w.Run(t.Context(), 3*24*time.Hour)
		checkCatalogue(t, w, 5)
	})
}

// Whatever befalls any effect of a night that prunes, the nights after it
// leave exactly what the retention keeps.
func TestCrashWhilePruning(t *testing.T) {
	run := func(t *testing.T, number int, fault recoverytest.Fault) int {
		w := nights(t, testPlan(t, keepTwo), 3)
		first := len(w.Effects.Seen())
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if e.Number-first == number {
				return fault
			}
			return recoverytest.NoFault
		}
		w.Run(t.Context(), 3*time.Hour)
		calls := len(firstNight(w.Effects.Seen()[first:]))
		w.Run(t.Context(), 45*time.Hour)
		checkCatalogue(t, w, 2)
		if len(w.Dead) > 0 {
			t.Errorf("dead letters: %s", w.Dead[0].Body)
		}
		return calls
	}
	calls := 0
	synctest.Test(t, func(t *testing.T) { calls = run(t, 0, recoverytest.NoFault) })
	t.Logf("%d effects", calls)
	for _, fault := range recoverytest.Faults() {
		for number := 1; number <= calls; number++ {
			t.Run(fmt.Sprintf("%s %d", fault, number), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { run(t, number, fault) })
			})
		}
	}
}

// A restore and a pruning that want the same point at the same moment: the
// one that marks it first has it.
func TestAPinnedPointIsNotPruned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := failoverPlan(t, "auto", "")
		w, alert := incident(t, p, nil)
		send(t, w, alert)
		w.Run(t.Context(), 12*time.Minute)
		j := last(t, w)
		if j.State.Terminal() || j.Restore.Point.Blob == "" {
			t.Fatalf("the restore is %s", j.State)
		}
		point, err := w.Store.Point(context.Background(), "apim-weu", j.Restore.Point.Blob)
		if err != nil || point.Pinned != j.ID {
			t.Errorf("the point of %s is pinned by %q: %v", j.ID, point.Pinned, err)
		}
		w.Run(t.Context(), 5*time.Hour)
		point, err = w.Store.Point(context.Background(), "apim-weu", j.Restore.Point.Blob)
		if err != nil || point.Pinned != "" {
			t.Errorf("the point is still pinned by %q: %v", point.Pinned, err)
		}
	})
}
