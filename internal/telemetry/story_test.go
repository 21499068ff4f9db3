package telemetry_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"lifeboat/handlers"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

// deliver posts m to h as the Functions host does.
func deliver(t testing.TB, h http.Handler, m job.Message) {
	t.Helper()
	function := map[string]string{recovery.StepQueue: "JobStep", recovery.NoticeQueue: "Notice"}[m.Queue]
	invoke(t, h, function, map[string]any{
		"Data": map[string]any{"m": m.Body},
		"Metadata": map[string]any{
			"MessageId": `"` + m.ID + `"`, "DeliveryCount": "1", "ApplicationProperties": m.Properties,
			"EnqueuedTimeUtc": time.Now().UTC().Format("2006-01-02T15:04:05"),
		},
	})
}

func invoke(t testing.TB, h http.Handler, function string, envelope any) {
	t.Helper()
	body, err := json.Marshal(envelope)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/"+function, strings.NewReader(string(body))))
	if w.Code != http.StatusOK {
		t.Fatalf("%s answered %d: %s", function, w.Code, w.Body)
	}
}

var timer = map[string]any{"Data": map[string]any{"timer": map[string]any{}}}

// backUp makes all the moves of one backup and returns its spans.
func backUp(t *testing.T) tracetest.SpanStubs {
	traces, memory := inMemory()
	log := slog.New(slog.DiscardHandler)
	w := recoverytest.NewWorld(onePlan(t), log)
	traces.Wrap(w.Engine)
	h := handlers.New(w.Engine, log, traces.Attach)
	invoke(t, h, "BackupSchedule", timer)
	for range 100 {
		at, ok := w.Queue.Next()
		if !ok {
			break
		}
		time.Sleep(time.Until(at))
		for _, m := range w.Queue.Take(time.Now()) {
			deliver(t, h, m)
		}
	}
	if jobs := w.Store.Jobs("a"); len(jobs) != 1 || jobs[0].State != job.Succeeded {
		t.Fatalf("jobs: %+v", jobs)
	}
	return memory.GetSpans()
}

// children are the names of the spans below s.
func children(spans tracetest.SpanStubs, s tracetest.SpanStub) (all []string) {
	for _, c := range spans {
		if c.Parent.SpanID() == s.SpanContext.SpanID() {
			all = append(all, c.Name)
		}
	}
	return all
}

// A backup's story can be read from its spans: each step links to the span
// that sent its message, and every step after the intent to the one that made
// it.
func TestABackupHangsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spans := backUp(t)
		var steps tracetest.SpanStubs
		sends := map[string]bool{}
		for _, s := range spans {
			switch {
			case s.Name == "process JobStep":
				steps = append(steps, s)
			case s.SpanKind == trace.SpanKindProducer:
				sends[id(s)] = true
			}
			if s.SpanKind == trace.SpanKindClient && !s.Parent.IsValid() {
				t.Errorf("%s belongs to no invocation", s.Name)
			}
		}
		intent, polls := "", 0
		for _, s := range steps {
			if from := linked(s, "message"); len(from) != 1 || !sends[from[0]] || s.Parent.IsValid() {
				t.Errorf("step links to %v, parent %v; want a send", from, s.Parent)
			}
			calls := children(spans, s)
			if intent == "" {
				if got := linked(s, "intent"); len(got) != 0 {
					t.Errorf("a step before the intent links to %v", got)
				}
			} else if got := linked(s, "intent"); len(calls) > 1 && !slices.Equal(got, []string{intent}) { // one read drops an old prompt
				t.Errorf("step with %v links to %v, want the intent %s", calls, got, intent)
			}
			if slices.Contains(calls, "arm StartBackup") {
				intent = id(s)
			}
			if slices.Contains(calls, "arm Poll") {
				polls++
			}
		}
		if intent == "" || polls < 2 {
			t.Errorf("intent %q, %d polls in %v", intent, polls, names(spans))
		}
	})
}
