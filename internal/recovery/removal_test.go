package recovery_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
)

// A second remover that storage refuses may overtake the first at any of its
// effects, also when the first was held up before: no point comes back to life
// whose blob the first then deletes.
func TestRemoversOvertakeEachOther(t *testing.T) {
	for _, c := range []struct {
		stall time.Duration
		later int // how many effects after the stall
	}{{0, 0}, {6 * time.Minute, 0}, {6 * time.Minute, 1}} {
		for number, met := 1, true; met && !t.Failed(); number++ {
			t.Run(fmt.Sprintf("%s before effect %d, %d later", c.stall, number, c.later), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { met = removedTwice(t, number, c.stall, c.later) })
			})
		}
	}
}

// oneTooMany is a world with a point that the retention lets go.
func oneTooMany(t *testing.T) (w *recoverytest.World, oldest string) {
	w = nights(t, testPlan(t, ""), 3)
	w.Engine.Plan = testPlan(t, keepTwo)
	return w, w.Store.Catalogue("apim-weu")[0].Blob
}

func removedTwice(t *testing.T, number int, stall time.Duration, later int) (met bool) {
	w, oldest := oneTooMany(t)
	seen := 0
	w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
		for _, p := range w.Store.Catalogue("apim-weu") {
			if p.Live() && !w.Azure.Has(p.Blob) {
				t.Errorf("point %s lives without its blob", p.Blob)
			}
		}
		seen++
		if seen == number && e.Call != "blobs.Remove" { // a late request has timed out
			time.Sleep(stall)
		}
		if seen == number+later {
			met = true
			w.Azure.Protect(oldest)
			warnings, err := w.Engine.Prune(context.Background(), "apim-weu")
			t.Logf("the second remover: %q, %v", warnings, err)
			w.Azure.Unprotect(oldest)
		}
		return recoverytest.NoFault
	}
	warnings, err := w.Engine.Prune(context.Background(), "apim-weu")
	t.Logf("the first remover: %q, %v", warnings, err)
	w.Effects.Judge = nil
	w.Run(t.Context(), 24*time.Hour)
	checkCatalogue(t, w, 2)
	return met
}

// A remover that was refused, and held up, leaves alone the mark of the next.
func TestAMarkIsTakenBackByItsRemoverOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, oldest := oneTooMany(t)
		var phase atomic.Int32
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			switch {
			case e.Call == "blobs.Remove" && phase.CompareAndSwap(0, 1):
			case e.Call == "blobs.Artefact" && phase.CompareAndSwap(1, 2): // the first, refused
				time.Sleep(7 * time.Minute)
			case e.Call == "blobs.Remove": // the second
				time.Sleep(2 * time.Minute)
			}
			return recoverytest.NoFault
		}
		w.Azure.Protect(oldest)
		go w.Engine.Prune(context.Background(), "apim-weu")
		time.Sleep(6 * time.Minute)
		w.Azure.Unprotect(oldest)
		go w.Engine.Prune(context.Background(), "apim-weu")
		time.Sleep(90 * time.Second)
		if p, err := w.Store.Point(context.Background(), "apim-weu", oldest); err != nil || !p.Removing {
			t.Errorf("while the second removes it, the point's row says %t: %v", p.Removing, err)
		}
		time.Sleep(time.Hour)
		checkCatalogue(t, w, 2)
	})
}

// What storage does not let go is tried so often, not for ever: the job has to
// end within its invocation.
func TestManyImmutableBlobsDoNotHoldABackupUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const nightsBefore = 40
		w := nights(t, testPlan(t, ""), nightsBefore)
		for _, p := range w.Store.Catalogue("apim-weu") {
			w.Azure.Protect(p.Blob)
		}
		w.Engine.Plan = testPlan(t, keepTwo)
		tries := 0
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if e.Call == "blobs.Remove" {
				tries++
			}
			return recoverytest.NoFault
		}
		w.Run(t.Context(), 24*time.Hour)
		if tries != 25 {
			t.Errorf("storage was asked %d times, want 25", tries)
		}
		checkCatalogue(t, w, nightsBefore+1)
	})
}

// Storage does not let the older point go, and while its remover finds that
// out, the newest is withdrawn: the older one is the newest then, and nobody
// is told that there is none.
func TestAPointThatComesBackIsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, older, newest := withdrawing(t, hooksPlan(t, ""))
		w.Engine.Plan = hooksPlan(t, keepOne)
		w.Azure.Protect(older.Blob)
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if e.Call == "blobs.Remove" {
				w.Azure.Delete(newest.Blob)
				gone(t, w, newest.Blob)
			}
			return recoverytest.NoFault
		}
		warnings, err := w.Engine.Prune(t.Context(), "apim-weu")
		w.Effects.Judge = nil
		if len(warnings) != 1 || err != nil {
			t.Errorf("pruned with %q, %v", warnings, err)
		}
		if got := newestPoint(t, w); got != older.Blob {
			t.Errorf("the summary names %q, want %q", got, older.Blob)
		}
		w.Run(t.Context(), 10*time.Minute)
		once(t, w, job.NoticePointWithdrawn)
		if down := said(t, w, job.NoticeDown); len(down) > 0 {
			t.Errorf("said that there is none: %v", down)
		}
	})
}

// A newer point than the one that comes back stays the newest.
func TestAPointThatComesBackIsNotTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, older, newest := withdrawing(t, testPlan(t, ""))
		w.Engine.Plan = testPlan(t, keepOne)
		w.Azure.Protect(older.Blob)
		if _, err := w.Engine.Prune(t.Context(), "apim-weu"); err != nil {
			t.Error(err)
		}
		if got := newestPoint(t, w); got != newest.Blob {
			t.Errorf("the summary names %q, want %q", got, newest.Blob)
		}
	})
}
