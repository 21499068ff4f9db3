// Package bench measures what the documentation says of Lifeboat's speed and
// size. Figures come from here only: `go test -run ^$ -bench . ./bench`.
package bench

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat/handlers"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

const subscription = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/"

// envelope is a JobStep invocation as the Functions host writes it.
func envelope(b *testing.B, p recovery.Prompt, enqueued time.Time) string {
	b.Helper()
	body, err := json.Marshal(map[string]any{
		"Data": map[string]any{"message": recovery.EncodePrompt(p)}, // []byte encodes as base64
		"Metadata": map[string]any{
			"MessageId": `"m"`, "DeliveryCount": "1", "SequenceNumber": "1",
			"EnqueuedTimeUtc": enqueued.UTC().Format("2006-01-02T15:04:05"), "ApplicationProperties": map[string]any{},
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	return string(body)
}

// BenchmarkPollStep is the handler's own time for one poll: envelope in,
// decision, envelope out, over ports in memory.
func BenchmarkPollStep(b *testing.B) {
	p, err := plan.Parse("bench.yaml", []byte("version: 1\nservices: {a: {resourceId: "+subscription+"a, storageAccount: abc, container: abc, jitter: 0s, deadline: 9000d, operationDeadline: 9000d}}\n"))
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(discard{}, nil))
	w := recoverytest.NewWorld(p, log)
	handler := handlers.New(w.Engine, log)
	now := time.Now()
	w.Engine.Now = func() time.Time { return now }
	w.Azure.Duration = 9000 * 24 * time.Hour
	if err := w.Engine.Schedule(b.Context()); err != nil {
		b.Fatal(err)
	}
	step := func() time.Duration {
		j := w.Store.Jobs("a")[0]
		now = later(now, j.NotBefore)
		request := httptest.NewRequest(http.MethodPost, "/JobStep", strings.NewReader(envelope(b, recovery.Prompt{Service: "a", Job: j.ID, Revision: j.Revision}, now)))
		recorder := httptest.NewRecorder()
		begun := time.Now()
		handler.ServeHTTP(recorder, request)
		took := time.Since(begun)
		if recorder.Code != http.StatusOK {
			b.Fatalf("answer %d: %s", recorder.Code, recorder.Body)
		}
		if p := w.Queue.Take(now.Add(time.Hour)); len(p) == 0 {
			b.Fatal("nothing was scheduled")
		}
		return took
	}
	for w.Store.Jobs("a")[0].State != job.InProgress {
		step()
	}
	var all []time.Duration
	for b.Loop() {
		all = append(all, step())
	}
	report(b, all)
}

// report gives the middle and the slow end of a distribution.
func report(b *testing.B, all []time.Duration) {
	slices.Sort(all)
	at := func(q float64) float64 { return float64(all[int(q*float64(len(all)-1))].Nanoseconds()) / 1e6 }
	b.ReportMetric(at(0.50), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
