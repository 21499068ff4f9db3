package recovery_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"lifeboat/internal/job"
)

// A hold that the container can't keep holds all the same, and says so.
func TestAHoldThatTheTableAloneHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, keepTwo), 2)
		held := w.Store.Catalogue("apim-weu")[0].Blob
		w.Azure.SpoilSidecar(held, fmt.Errorf("BlobImmutableDueToPolicy: %w", job.ErrRefused))
		warning, err := w.Engine.Hold(t.Context(), "apim-weu", held, "audit", "ann")
		if err != nil || !strings.Contains(warning, "BlobImmutableDueToPolicy") {
			t.Errorf("Hold = %q, %v", warning, err)
		}
		if p, err := w.Store.Point(t.Context(), "apim-weu", held); err != nil || p.Held != "audit" {
			t.Errorf("the row says %q, %v", p.Held, err)
		}
	})
}

// The region that came back holds nothing of the one that took over.
func TestAHoldInAContainerOfAnotherTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, testPlan(t, keepTwo), 2)
		held := w.Store.Catalogue("apim-weu")[0].Blob
		if _, err := lost(t, w).Engine.Rebuild(t.Context(), "apim-weu", "ann"); err != nil {
			t.Fatal(err)
		}
		w.Engine.Table = "here"
		if _, err := w.Engine.Hold(t.Context(), "apim-weu", held, "audit", "ann"); !errors.Is(err, job.ErrForeign) {
			t.Errorf("Hold = %v, want %v", err, job.ErrForeign)
		}
		if p, _ := w.Store.Point(t.Context(), "apim-weu", held); p.Held != "" {
			t.Errorf("the row says %q", p.Held)
		}
		if sidecar, _ := w.Azure.Sidecar(held); sidecar.Held != "" {
			t.Errorf("the sidecar says %q", sidecar.Held)
		}
	})
}
