package main

import (
	"slices"
	"strings"
	"testing"

	"lifeboat/internal/config"
	"lifeboat/internal/job"
)

// Whoever spells one table otherwise has the same claim.
func TestTableName(t *testing.T) {
	for want, spellings := range map[string][]config.Config{
		"https://state.table.core.windows.net/lifeboat": {
			{Table: "lifeboat", State: config.Endpoint{Name: "https://state.table.core.windows.net"}},
			{Table: "Lifeboat", State: config.Endpoint{Name: "https://State.table.core.windows.net/"}},
		},
		"development/lifeboat": {{Table: "lifeboat"}, {Table: "LifeBoat"}},
	} {
		for _, c := range spellings {
			if got := tableName(c); got != want {
				t.Errorf("the table %s of %q is %q, want %q", c.Table, c.State.Name, got, want)
			}
		}
	}
}

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
