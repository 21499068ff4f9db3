package recovery_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/recovery/recoverytest"
)

// An instance stands still before it writes into a sidecar what it has read of
// a point, and meanwhile somebody holds the point and another instance makes the
// same change: the sidecar says all of it, so that a rebuilt catalogue does.
func TestASidecarThatIsWrittenLateSaysWhatTheRowSays(t *testing.T) {
	for _, what := range []string{"blob deleted", "service changed"} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, p, _ := withdrawing(t, hooksPlan(t, ""))
				say := func() {
					retried(t, w, func() error { return w.Engine.Change(t.Context(), changed(p.StartedAt.Add(time.Second), "c")) })
				}
				if what == "blob deleted" {
					w.Azure.Delete(p.Blob)
					say = func() { gone(t, w, p.Blob) }
				}
				held := false
				w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
					if e.Call == "blobs.Amend" && !held {
						held = true
						if _, err := w.Engine.Hold(t.Context(), "apim-weu", p.Blob, "audit", "ann"); err != nil {
							t.Error(err)
						}
						say()
					}
					return recoverytest.NoFault
				}
				say()
				w.Effects.Judge = nil
				row := w.Store.Catalogue("apim-weu")[0]
				says, _ := w.Azure.Sidecar(p.Blob)
				if !held || row.Held != "audit" || says.Held != row.Held || says.ConcurrentChanges != row.ConcurrentChanges || !says.Withdrawn.Equal(row.Withdrawn) {
					t.Errorf("the sidecar says held %q, changes %t, withdrawn %s, and the row %q, %t, %s",
						says.Held, says.ConcurrentChanges, says.Withdrawn, row.Held, row.ConcurrentChanges, row.Withdrawn)
				}
			})
		})
	}
}

// The same, and the instance fails right after it has written: what it is about
// is not the hold, which stays.
func TestASidecarThatIsWrittenLateKeepsAHold(t *testing.T) {
	for _, first := range []bool{true, false} { // whether the change has not been noted before
		synctest.Test(t, func(t *testing.T) {
			w, _, p := withdrawing(t, hooksPlan(t, ""))
			say := func() error { return w.Engine.Change(t.Context(), changed(p.StartedAt.Add(time.Second), "c")) }
			if !first {
				retried(t, w, say)
			}
			held := false
			w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
				if e.Call == "blobs.Amend" && !held {
					held = true
					if _, err := w.Engine.Hold(t.Context(), "apim-weu", p.Blob, "audit", "ann"); err != nil {
						t.Error(err)
					}
					w.Effects.Judge = func(recoverytest.Effect) recoverytest.Fault { return recoverytest.FailInstead }
				}
				return recoverytest.NoFault
			}
			failure := say()
			w.Effects.Judge = nil
			if says, _ := w.Azure.Sidecar(p.Blob); !held || failure == nil || says.Held != "audit" {
				t.Errorf("held up: %t, which came to %v; the sidecar says held %q", held, failure, says.Held)
			}
		})
	}
}

// Two instances whose clocks differ come to the same about a change that has
// just been made: here one of them writes into the sidecar, fails, and the other
// takes the change.
func TestInstancesWithDifferentClocksSayTheSameOfAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
		for len(w.Store.Catalogue("apim-weu")) == 0 {
			w.Run(t.Context(), time.Minute)
		}
		p := w.Store.Catalogue("apim-weu")[0]
		time.Sleep(time.Until(p.VerifiedAt.Add(2 * time.Minute)))
		behind := *w.Engine
		behind.Now = func() time.Time { return time.Now().Add(-3 * time.Minute) }
		c := changed(time.Now(), "c")
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if e.Call == "store.Transit" {
				return recoverytest.FailInstead
			}
			return recoverytest.NoFault
		}
		if err := behind.Change(t.Context(), c); err == nil {
			t.Fatal("nothing failed")
		}
		w.Effects.Judge = nil
		if err := w.Engine.Change(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		row := w.Store.Catalogue("apim-weu")[0]
		if says, _ := w.Azure.Sidecar(p.Blob); says.ConcurrentChanges != row.ConcurrentChanges || row.ConcurrentChanges {
			t.Errorf("changed after the backup: the sidecar says %t, the row %t", says.ConcurrentChanges, row.ConcurrentChanges)
		}
	})
}

// A change that was noted before is told again, right after a withdrawal was
// written into the sidecar and before the row has it: nothing of that is taken
// back.
func TestASidecarIsAheadOfItsRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, p := withdrawing(t, hooksPlan(t, ""))
		say := func() {
			retried(t, w, func() error { return w.Engine.Change(t.Context(), changed(p.StartedAt.Add(time.Second), "c")) })
		}
		say()
		w.Azure.Delete(p.Blob)
		told := false
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if e.Call == "store.Transit" && !told {
				told = true
				say()
			}
			return recoverytest.NoFault
		}
		gone(t, w, p.Blob)
		w.Effects.Judge = nil
		row := w.Store.Catalogue("apim-weu")[1]
		says, _ := w.Azure.Sidecar(p.Blob)
		if !told || row.Withdrawn.IsZero() || !says.Withdrawn.Equal(row.Withdrawn) || says.WithdrawnWhy != row.WithdrawnWhy || !says.ConcurrentChanges {
			t.Errorf("told: %t; the sidecar says changes %t, withdrawn %s, and the row %t, %s", told, says.ConcurrentChanges, says.Withdrawn, row.ConcurrentChanges, row.Withdrawn)
		}
	})
}
