package recovery_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
)

// lost is w after its table is gone: an app in another region, over the same
// Azure, with an empty one.
func lost(t *testing.T, w *recoverytest.World) *recoverytest.World {
	t.Helper()
	other := recoverytest.NewWorld(w.Engine.Plan, w.Engine.Log)
	other.Azure = w.Azure
	other.Engine.ARM, other.Engine.Blobs, other.Engine.Table = w.Azure, w.Azure, "elsewhere"
	return other
}

// I8: the catalogue rebuilt from the container equals the catalogue.
func TestTheCatalogueCanBeRebuilt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, "    retention: {keepLast: 3, daily: 0, weekly: 0, keepWithin: 0s, minKeep: 1}\n"), 5)
		points := w.Store.Catalogue("apim-weu")
		if _, err := w.Engine.Hold(t.Context(), "apim-weu", points[0].Blob, "audit", "ann"); err != nil {
			t.Fatal(err)
		}
		want := w.Store.Catalogue("apim-weu")
		other := lost(t, w)
		for range 2 {
			if _, err := other.Engine.Rebuild(t.Context(), "apim-weu", "ann"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, other.Store.Catalogue("apim-weu")); diff != "" {
				t.Errorf("rebuilt (-was +is):\n%s", diff)
			}
		}
		summary, err := other.Store.Summary(t.Context(), "apim-weu")
		if err != nil || summary.PointBlob != want[len(want)-1].Blob {
			t.Errorf("the newest point is %q, want %q: %v", summary.PointBlob, want[len(want)-1].Blob, err)
		}
	})
}

// A rebuild that is interrupted anywhere is completed by the next.
func TestARebuildThatIsInterrupted(t *testing.T) {
	run := func(t *testing.T, number int, fault recoverytest.Fault) int {
		w := nights(t, testPlan(t, ""), 3)
		other := lost(t, w)
		first := len(w.Effects.Seen()) // the container's
		begun := len(other.Effects.Seen())
		judge := func(offset int) func(recoverytest.Effect) recoverytest.Fault {
			return func(e recoverytest.Effect) recoverytest.Fault {
				if e.Number-offset == number {
					return fault
				}
				return recoverytest.NoFault
			}
		}
		w.Effects.Judge, other.Effects.Judge = judge(first), judge(begun)
		rebuild := func() error { _, err := other.Engine.Rebuild(t.Context(), "apim-weu", "ann"); return err }
		other.Survive(rebuild)
		calls := max(len(w.Effects.Seen())-first, len(other.Effects.Seen())-begun)
		w.Effects.Judge, other.Effects.Judge = nil, nil
		if err := rebuild(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w.Store.Catalogue("apim-weu"), other.Store.Catalogue("apim-weu")); diff != "" {
			t.Errorf("rebuilt (-was +is):\n%s", diff)
		}
		return calls
	}
	calls := 0
	synctest.Test(t, func(t *testing.T) { calls = run(t, 0, recoverytest.NoFault) })
	for _, fault := range recoverytest.Faults() {
		for number := 1; number <= calls; number++ {
			t.Run(fmt.Sprintf("%s %d", fault, number), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { run(t, number, fault) })
			})
		}
	}
}

// The region that comes back starts and deletes nothing; the one that took
// over goes on.
func TestWhoeverTookOverDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, keepTwo), 3)
		other := lost(t, w)
		if _, err := other.Engine.Rebuild(t.Context(), "apim-weu", "ann"); err != nil {
			t.Fatal(err)
		}
		posts := len(w.Azure.Operations())
		w.Run(t.Context(), 24*time.Hour)
		if got := len(w.Azure.Operations()); got != posts {
			t.Errorf("the old region sent %d requests", got-posts)
		}
		if _, err := w.Engine.Prune(t.Context(), "apim-weu"); !errors.Is(err, job.ErrForeign) {
			t.Errorf("the old region may prune: %v", err)
		}
		other.Run(t.Context(), 24*time.Hour)
		// Its empty table knows of no occurrence: it makes the last one good.
		if got := len(w.Azure.Operations()); got != posts+2 {
			t.Errorf("%d requests by the new region, want 2", got-posts)
		}
		checkLive(t, other)
	})
}

// An operator may have spelt the table otherwise than the app does.
func TestATableIsTheSameInAnySpelling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, keepTwo), 2)
		w.Engine.Table = "https://State.table.core.windows.net/Lifeboat"
		if _, err := w.Engine.Rebuild(t.Context(), "apim-weu", "ann"); err != nil {
			t.Fatal(err)
		}
		where := w.Engine.Plan.Services[0].Service
		claim, err := w.Azure.Authority(t.Context(), where)
		if err != nil || claim.Table != w.Engine.Table {
			t.Fatalf("claimed for %q, %v", claim.Table, err)
		}
		w.Engine.Table = "https://state.table.core.windows.net/lifeboat"
		posts := len(w.Azure.Operations())
		w.Run(t.Context(), 24*time.Hour)
		if len(w.Azure.Operations()) == posts {
			t.Error("nothing was started")
		}
		if _, err := w.Engine.Prune(t.Context(), "apim-weu"); err != nil {
			t.Errorf("Prune = %v", err)
		}
		if _, err := w.Engine.Rebuild(t.Context(), "apim-weu", "bob"); err != nil {
			t.Fatal(err)
		}
		if now, err := w.Azure.Authority(t.Context(), where); err != nil || now != claim {
			t.Errorf("the claim is %+v, %v, want %+v", now, err, claim)
		}
	})
}

func checkLive(t *testing.T, w *recoverytest.World) {
	t.Helper()
	for _, p := range w.Store.Catalogue("apim-weu") {
		if p.Live() && !w.Azure.Has(p.Blob) {
			t.Errorf("point %s without its blob", p.Blob)
		}
	}
}

// What can't be read at all is no empty catalogue; one bad sidecar is told.
func TestARebuildTellsWhatItCouldNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, ""), 2)
		bad := w.Store.Catalogue("apim-weu")[0].Blob
		other := lost(t, w)
		w.Azure.SpoilSidecar(bad, errors.New("HTTP 503"))
		if _, err := other.Engine.Rebuild(t.Context(), "apim-weu", "ann"); err == nil {
			t.Error("a list that broke off is taken for whole")
		}
		w.Azure.SpoilSidecar(bad, fmt.Errorf("not JSON: %w", job.ErrUnreadable))
		r, err := other.Engine.Rebuild(t.Context(), "apim-weu", "ann")
		if err != nil || len(r.Warnings) != 1 || r.Points != 1 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// A blob that is gone makes a withdrawn point; there is nothing to restore.
func TestARebuildDoesNotBelieveASidecarAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, ""), 2)
		gone := w.Store.Catalogue("apim-weu")[1].Blob
		w.Azure.Delete(gone)
		other := lost(t, w)
		r, err := other.Engine.Rebuild(t.Context(), "apim-weu", "ann")
		if err != nil || r.Points != 1 || r.Withdrawn != 1 || r.Added != 2 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// Who copies a backup and its sidecar under another name has not made a point,
// and does not keep the others out. If the original is gone, the copy is what
// can be restored.
func TestARebuildFindsOneOfABackupAndItsCopies(t *testing.T) {
	for _, copied := range []string{"apim-weu-0-copy.apimbackup", "apim-weu-z-copy.apimbackup"} {
		for _, moved := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				w := nights(t, testPlan(t, ""), 2)
				want := w.Store.Catalogue("apim-weu")
				kept, left := want[0].Blob, copied
				twin := want[0]
				twin.Blob = copied
				w.Azure.Put("apim-weu", copied)
				if _, err := w.Azure.Record(t.Context(), w.Engine.Plan.Services[0].Service, twin); err != nil {
					t.Fatal(err)
				}
				if moved {
					w.Azure.Delete(kept)
					kept, left, want[0] = left, kept, twin
				}
				other := lost(t, w)
				for range 2 {
					r, err := other.Engine.Rebuild(t.Context(), "apim-weu", "ann")
					if err != nil || r.Points != 2 || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], kept) || !strings.Contains(r.Warnings[0], left) {
						t.Errorf("%+v, %v", r, err)
					}
					got := other.Store.Catalogue("apim-weu")
					slices.SortFunc(got, func(a, b job.Point) int { return a.StartedAt.Compare(b.StartedAt) })
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("rebuilt (-was +is):\n%s", diff)
					}
				}
			})
		}
	}
}
