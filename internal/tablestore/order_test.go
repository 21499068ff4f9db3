package tablestore

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
)

// The sample is an order as it lies in rows: it must stay readable.
func TestOrderSample(t *testing.T) {
	night := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	tally := job.Tally{Count: 2, Hash: "8d8b5d2a9b9f1e03"}
	want := &job.RestoreOrder{
		Source: "apim-weu", Incident: "inc-7f3a", Request: "req-1", Wanted: "a.apimbackup",
		By: "on-call", Why: "West Europe is down", Automatic: true, Rule: "gateway-down", FiredAt: night.Add(8*time.Hour + 123*time.Millisecond), Warm: true,
		Point: job.Point{
			Service: "apim-weu", Job: "apim-weu-20260301T010000Z-backup", Attempt: 1, Blob: "a.apimbackup", Size: 7789321,
			StartedAt: night, VerifiedAt: night.Add(20 * time.Minute),
			Before: job.Inventory{APIs: tally}, After: job.Inventory{APIs: tally, Products: tally, NamedValues: tally},
			Facts: job.Facts{Tier: "Developer", Units: 1, Location: "West Europe"}, Settings: map[string]string{"virtualNetworkType": "None"},
			ConcurrentChanges: true, Held: "kept for the audit", HeldBy: "Ala", Pinned: "apim-neu-inc7f3a-restore", Removing: true, Withdrawn: night.Add(8 * time.Hour), WithdrawnWhy: "its blob was deleted",
		},
		Gates:     []job.Gate{{Name: "cool-down", Outcome: "passed", Sentence: "No failover in the last hour."}},
		Approval:  job.Approval{By: "duty manager", Why: "agreed", At: night.Add(9 * time.Hour), Expires: night.Add(10 * time.Hour)},
		Safety:    job.Artefact{Name: "b.apimbackup", Size: 7000000},
		Attempted: night.Add(9*time.Hour + time.Minute),

		GatewayURL: "https://apim-neu.azure-api.net", ManagementURL: "https://apim-neu.management.azure-api.net",
	}
	file, err := os.ReadFile("testdata/order.json")
	if err != nil {
		t.Fatal(err)
	}
	sample := strings.TrimSpace(string(file))
	if diff := cmp.Diff(sample, encodeOrder(want)); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
	got := orderIn(t, strings.Replace(sample, "{", `{"fromTheFuture":[1],`, 1))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sample (-want +got):\n%s", diff)
	}
}

func orderIn(t *testing.T, text string) *job.RestoreOrder {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	f := &fields{values: map[string]json.RawMessage{"Restore": quoted}}
	o := f.order("Restore")
	if f.err != nil {
		t.Error(f.err)
	}
	return o
}

// However much there is to say, the property stays within what a table takes.
func TestOrderFits(t *testing.T) {
	long := strings.Repeat("ż\x01\"", 50_000)
	for name, c := range map[string]struct{ gates, settings, kept int }{
		"long sentences":  {30, 30, 30},
		"countless gates": {5000, 1, 0},
	} {
		o := &job.RestoreOrder{Source: "apim-weu", By: long, Why: long, Approval: job.Approval{By: long, Why: long}, Point: job.Point{Blob: "a.apimbackup", Held: long, HeldBy: long, Settings: map[string]string{}}}
		for i := range c.gates {
			o.Gates = append(o.Gates, job.Gate{Name: fmt.Sprint("gate ", i), Sentence: long})
		}
		for i := range c.settings {
			o.Point.Settings[fmt.Sprint("setting ", i)] = long
		}
		text := encodeOrder(o)
		if len(text) > maxNested {
			t.Errorf("%s: %d bytes", name, len(text))
		}
		got := orderIn(t, text)
		if got.Source != o.Source || got.Point.Blob != o.Point.Blob || len(got.Gates) != c.kept || len(got.Point.Settings) != c.kept {
			t.Errorf("%s: kept %s, %s, %d gates, %d settings", name, got.Source, got.Point.Blob, len(got.Gates), len(got.Point.Settings))
		}
		if again := encodeOrder(got); again != text {
			t.Errorf("%s: a second save changes it", name)
		}
	}
}
