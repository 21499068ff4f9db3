package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// newer lets a newer version have written the rows of a service whose keys
// begin so.
func (w *world) newer(service, key string) {
	w.t.Helper()
	n := 0
	table := w.client()
	for pages := table.NewListEntitiesPager(nil); pages.More(); {
		page, err := pages.NextPage(w.t.Context())
		w.must(err)
		for _, entity := range page.Entities {
			var row map[string]any
			w.must(json.Unmarshal(entity, &row))
			if id, _ := row["RowKey"].(string); row["PartitionKey"] != service || !strings.HasPrefix(id, key) {
				continue
			}
			changed, err := json.Marshal(map[string]any{"PartitionKey": service, "RowKey": row["RowKey"], "Schema": 99})
			w.must(err)
			_, err = table.UpdateEntity(w.t.Context(), changed, &aztables.UpdateEntityOptions{UpdateMode: aztables.UpdateModeMerge})
			w.must(err)
			n++
		}
	}
	if n == 0 {
		w.t.Fatalf("%s has no row %s", service, key)
	}
}

// What a newer version wrote is not known, which is not that nothing is backed
// up.
func TestRowsOfANewerVersion(t *testing.T) {
	afterBackups(t, 2, func(w *world) {
		unknown := func(args ...string) {
			t.Helper()
			if a := w.did(exitUnknown, args...); a.stdout != "" || !strings.Contains(a.stderr, "to do: use the version of lifeboat that the app runs") {
				t.Errorf("lifeboat %q:\n%s%s", args, a.stdout, a.stderr)
			}
		}
		w.newer("apim-weu", "service")
		unknown("status")
		unknown("status", "--json")
		unknown("points")
		var found checkLine
		for _, l := range decoded[checkReport](w, nagiosWarning, "check").Checks {
			if l.Check == "newest point" {
				found = l
			}
		}
		if found.Result != "WARN" || !strings.Contains(found.Found, "can't be told") {
			t.Errorf("check = %+v", found)
		}
		w.newer("apim-weu", "point|")
		unknown("points", "apim-weu")
	})
}

// A job of a newer version is left out and told: what is restorable is known.
func TestAJobOfANewerVersion(t *testing.T) {
	afterBackups(t, 1, func(w *world) {
		ctx, interrupt := w.for30s()
		defer interrupt()
		w.does(ctx, "backup", "apim-weu", "--direct", "--id", "one")
		w.newer("apim-weu", "job|")
		if a := w.did(exitDone, "status"); !strings.Contains(a.stderr, "left out: ") {
			t.Errorf("stderr:\n%s", a.stderr)
		}
	})
}
