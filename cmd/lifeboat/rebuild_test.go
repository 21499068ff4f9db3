package main

import (
	"slices"
	"strings"
	"testing"

	"lifeboat/internal/job"
)

// The rows of the points are gone; the container tells of all of them.
func TestRebuild(t *testing.T) {
	afterBackups(t, 3, func(w *world) {
		w.table = "development/lifeboat"
		all := w.points()
		for _, blob := range all {
			p, err := w.store().Point(t.Context(), "apim-weu", blob)
			w.must(err)
			w.must(w.store().RemovePoint(t.Context(), p))
		}
		w.must(w.store().Note(t.Context(), "apim-weu", job.SummaryMove{Point: &job.Point{}}))
		w.stdin = person{strings.NewReader("rebuild\n")}
		golden(w.t, "rebuild", w.did(exitDone, "rebuild", "apim-weu", "--by", "ann@contoso.example"))
		if got := w.points(); !slices.Equal(got, all) {
			t.Errorf("points %q, want %q", got, all)
		}
		if authority, _, err := w.azure.Storage.GetBlob("apim", "lifeboat.authority.json"); err != nil || !strings.Contains(string(authority), "ann@contoso.example") {
			t.Errorf("the authority says, %v: %s", err, authority)
		}
		golden(w.t, "rebuild_again", w.did(exitDone, "rebuild", "apim-weu", "--yes"))
	})
}

func TestRebuildAsksFirst(t *testing.T) {
	afterBackups(t, 1, func(w *world) {
		if w.did(exitUsage, "rebuild"); len(w.points()) != 1 {
			t.Error("points were lost")
		}
		if _, _, err := w.azure.Storage.GetBlob("apim", "lifeboat.authority.json"); err == nil {
			t.Error("the container was claimed")
		}
	})
}
