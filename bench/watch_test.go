package bench

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/emulator"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/tablestore"
)

// BenchmarkWatch is one run of the watchdog over a fleet whose backups are in
// order, with the requests that it sends to the table.
func BenchmarkWatch(b *testing.B) {
	for _, services := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(services), func(b *testing.B) {
			azure := emulator.New(emulator.Options{})
			defer azure.Close()
			table, err := azure.TableClient(&aztables.ClientOptions{})
			if err != nil {
				b.Fatal(err)
			}
			p := fleetOf(b, services)
			w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
			engine := &recovery.Engine{
				Plan: p, Store: tablestore.New(table), ARM: w.Azure, Blobs: w.Azure, Queue: w.Queue, Hooks: w.Hooks,
				Log: slog.New(slog.NewJSONHandler(discard{}, nil)), NewID: func() string { return "id" }, Parallel: 8,
			}
			now := time.Now()
			for _, s := range p.Services {
				point := job.Point{Blob: s.Name + "-point", StartedAt: now.Add(-time.Hour), VerifiedAt: now}
				if err := engine.Store.Note(b.Context(), s.Name, job.SummaryMove{Point: &point, ProtectedSince: &now}); err != nil {
					b.Fatal(err)
				}
			}
			before := azure.Tap.Totals()[emulator.ServiceTable]
			for b.Loop() {
				if err := engine.Watch(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(azure.Tap.Totals()[emulator.ServiceTable]-before)/float64(b.N), "table-requests")
		})
	}
}

func fleetOf(b *testing.B, services int) *plan.Plan {
	b.Helper()
	var text strings.Builder
	text.WriteString("version: 1\ndefaults: {storageAccount: stbackups, container: apim}\nservices:\n")
	for i := range services {
		fmt.Fprintf(&text, "  apim-%04d: {resourceId: %sapim-%04d}\n", i, subscription, i)
	}
	p, err := plan.Parse("fleet.yaml", []byte(text.String()))
	if err != nil {
		b.Fatal(err)
	}
	return p
}
