package main

import (
	"strings"
	"testing"
)

// Nothing in an immutable container can be changed: the table alone has the
// hold, and whoever asked for it hears that.
func TestHoldInAnImmutableContainer(t *testing.T) {
	afterBackups(t, 3, func(w *world) {
		all := w.points()
		w.must(w.azure.Storage.SetImmutable("apim", true))
		golden(w.t, "hold_immutable", w.did(exitDone, "hold", "apim-weu", all[2], "--reason", "audit 2026"))
		r := decoded[holdReport](w, exitDone, "hold", "apim-weu", all[2], "--reason", "audit 2027")
		if !strings.Contains(r.Warning, "the table alone has it") || r.Point.Held != "audit 2027" {
			t.Errorf("hold = %+v", r)
		}
		if p, err := w.store().Point(w.t.Context(), "apim-weu", all[2]); err != nil || p.Held != "audit 2027" {
			t.Errorf("the row says %q, %v", p.Held, err)
		}
	})
}

// The container belongs to whoever took over, and so do its points' holds.
func TestHoldInAContainerOfAnotherTable(t *testing.T) {
	afterBackups(t, 1, func(w *world) {
		point := w.points()[0]
		w.table = "elsewhere/lifeboat"
		w.did(exitDone, "rebuild", "apim-weu", "--yes")
		w.table = "here/lifeboat"
		for _, args := range [][]string{{"hold", "apim-weu", point, "--reason", "audit"}, {"release", "apim-weu", point}} {
			if a := w.did(exitError, args...); !strings.Contains(a.stderr, "elsewhere/lifeboat") {
				t.Errorf("stderr:\n%s", a.stderr)
			}
		}
	})
}
