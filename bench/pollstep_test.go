// Package bench measures what the documentation says of Lifeboat's speed and
// size. Figures come from here only: `make bench`.
package bench

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lifeboat/handlers"
	"lifeboat/internal/functions"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

const subscription = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/"

var recorded = sync.OnceValues(func() ([]byte, error) {
	return os.ReadFile("../internal/functions/testdata/servicebus_binary.json")
})

// envelope is a JobStep invocation as the Functions host writes it: the
// recorded one of a queue trigger, with p in it.
func envelope(b *testing.B, p recovery.Prompt, enqueued time.Time) string {
	b.Helper()
	data, err := recorded()
	var call struct{ Data, Metadata map[string]any }
	if err == nil {
		err = json.Unmarshal(data, &call)
	}
	if err != nil {
		b.Fatal(err)
	}
	call.Data["msg"] = recovery.EncodePrompt(p) // []byte encodes as base64
	call.Metadata["EnqueuedTimeUtc"] = enqueued.UTC().Format("2006-01-02T15:04:05")
	body, err := json.Marshal(call)
	if err != nil {
		b.Fatal(err)
	}
	return string(body)
}

// pollWorld is the function app over ports in memory, with one operation in
// flight that never ends. Its clock stands at the next look.
type pollWorld struct {
	*recoverytest.World
	handler http.Handler
	now     time.Time
}

func newPollWorld(b *testing.B) *pollWorld {
	b.Helper()
	p, err := plan.Parse("bench.yaml", []byte("version: 1\nservices: {a: {resourceId: "+subscription+"a, storageAccount: abc, container: abc, jitter: 0s, deadline: 80d, operationDeadline: 80d}}\n"))
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(functions.LogHandler(slog.NewJSONHandler(discard{}, nil)))
	w := &pollWorld{World: recoverytest.NewWorld(p, log), now: time.Now()}
	w.handler = handlers.New(w.Engine, log)
	w.Engine.Now = func() time.Time { return w.now }
	w.Azure.Duration = 9000 * 24 * time.Hour
	if err := w.Engine.Schedule(b.Context()); err != nil {
		b.Fatal(err)
	}
	for w.job().State != job.InProgress {
		w.serve(b, w.invocation(b))
	}
	return w
}

func (w *pollWorld) job() job.Job { return w.Store.Jobs("a")[0] }

// invocation is the next one, when it is due.
func (w *pollWorld) invocation(b *testing.B) string {
	b.Helper()
	j := w.job()
	w.now = later(w.now, j.NotBefore)
	return envelope(b, recovery.Prompt{Service: "a", Job: j.ID, Revision: j.Revision}, w.now)
}

// moved checks that the invocation did what it was to do.
func (w *pollWorld) moved(b *testing.B) {
	b.Helper()
	if p := w.Queue.Take(w.now.Add(time.Hour)); len(p) == 0 {
		b.Fatal("nothing was scheduled")
	}
}

// serve runs one invocation without a network and says how long it took.
func (w *pollWorld) serve(b *testing.B, body string) time.Duration {
	b.Helper()
	request := httptest.NewRequest(http.MethodPost, "/JobStep", strings.NewReader(body))
	recorder := httptest.NewRecorder()
	begun := time.Now()
	w.handler.ServeHTTP(recorder, request)
	took := time.Since(begun)
	if recorder.Code != http.StatusOK {
		b.Fatalf("answer %d: %s", recorder.Code, recorder.Body)
	}
	w.moved(b)
	return took
}

// BenchmarkPollStep is the handler's own time for one poll: envelope in,
// decision, envelope out, over ports in memory. Its allocations are those of
// the stand-ins as well.
func BenchmarkPollStep(b *testing.B) {
	w := newPollWorld(b)
	var all []time.Duration
	var cpu time.Duration
	var memory uint64
	for b.Loop() {
		body := w.invocation(b)
		usage, bytes := cpuTime(b), allocated()
		all = append(all, w.serve(b, body))
		cpu += cpuTime(b) - usage
		memory += allocated() - bytes
	}
	report(b, "", all)
	b.ReportMetric(float64(cpu.Microseconds())/float64(len(all)), "cpu-µs")
	b.ReportMetric(float64(memory)/float64(len(all))/1024, "alloc-KiB")
}

// report gives the middle and the slow end of a distribution.
func report(b *testing.B, name string, all []time.Duration) (p50, p99 float64) {
	slices.Sort(all)
	at := func(q float64) float64 { return float64(all[int(q*float64(len(all)-1))].Nanoseconds()) / 1e6 }
	p50, p99 = at(0.50), at(0.99)
	b.ReportMetric(p50, name+"p50-ms")
	b.ReportMetric(p99, name+"p99-ms")
	return p50, p99
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
