package telemetry_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"lifeboat/internal/functions"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/telemetry"
)

// collector keeps what it is sent.
type collector struct {
	*httptest.Server
	mu       sync.Mutex
	status   int
	requests []*http.Request
	traces   []*tracepb.TracesData
}

func newCollector(t testing.TB) *collector {
	c := &collector{status: http.StatusOK}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := plain(r)
		var data tracepb.TracesData
		if err == nil {
			err = proto.Unmarshal(body, &data)
		}
		if err != nil {
			t.Errorf("request: %v", err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.requests, c.traces = append(c.requests, r), append(c.traces, &data)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(c.status)
	}))
	t.Cleanup(c.Close)
	return c
}

func plain(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	unpacked, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(unpacked)
}

func env(pairs ...string) func(string) string {
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return all[name] }
}

// export makes one invocation with one call in it, and lets go of it.
func export(t *testing.T, getenv func(string) string, log *slog.Logger) {
	t.Helper()
	traces, err := telemetry.Setup(t.Context(), getenv, "abc123", log)
	if err != nil {
		t.Fatal(err)
	}
	e := &recovery.Engine{Store: &fake{}}
	traces.Wrap(e)
	i := functions.Invocation{Function: "JobStep", Trigger: functions.ServiceBusTrigger, Message: &functions.Message{Properties: map[string]any{"traceparent": sender}}}
	err = traces.Around(t.Context(), i, func(ctx context.Context) error {
		return errors.Join(e.Store.Save(ctx, job.Move{To: job.Job{ID: "a-backup", Service: "a"}}), job.ErrUnavailable)
	})
	if !errors.Is(err, job.ErrUnavailable) {
		t.Errorf("Around returned %v", err)
	}
	if err := traces.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSpansArriveByOTLP(t *testing.T) {
	for _, compression := range []string{"", "gzip", "none"} {
		t.Run("compression "+compression, func(t *testing.T) {
			c := newCollector(t)
			export(t, env(
				"OTEL_EXPORTER_OTLP_ENDPOINT", c.URL+"/base", "OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, x-team = ops",
				"OTEL_EXPORTER_OTLP_COMPRESSION", compression, "OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod,service.name=other",
			), slog.New(slog.DiscardHandler))
			if len(c.requests) != 1 {
				t.Fatalf("%d requests, want 1", len(c.requests))
			}
			r := c.requests[0]
			if r.Method != http.MethodPost || r.URL.Path != "/base/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
				t.Errorf("%s %s of type %s", r.Method, r.URL, r.Header.Get("Content-Type"))
			}
			if r.Header.Get("Api-Key") != "a b" || r.Header.Get("X-Team") != "ops" {
				t.Errorf("headers = %v", r.Header)
			}
			checkSent(t, c.traces[0])
		})
	}
}

func checkSent(t *testing.T, data *tracepb.TracesData) {
	t.Helper()
	of := data.GetResourceSpans()[0]
	resource := map[string]string{}
	for _, kv := range of.GetResource().GetAttributes() {
		resource[kv.GetKey()] = kv.GetValue().GetStringValue()
	}
	if resource["service.name"] != "other" || resource["service.version"] != "abc123" || resource["deployment.environment.name"] != "prod" {
		t.Errorf("resource = %v", resource)
	}
	spans := of.GetScopeSpans()[0].GetSpans()
	if len(spans) != 2 {
		t.Fatalf("%d spans, want 2", len(spans))
	}
	call, invocation := spans[0], spans[1]
	if call.GetName() != "tablestore Save" || call.GetKind() != tracepb.Span_SPAN_KIND_CLIENT || !bytes.Equal(call.GetParentSpanId(), invocation.GetSpanId()) {
		t.Errorf("call = %v", call)
	}
	if invocation.GetName() != "process JobStep" || invocation.GetKind() != tracepb.Span_SPAN_KIND_CONSUMER || len(invocation.GetParentSpanId()) != 0 ||
		invocation.GetStatus().GetCode() != tracepb.Status_STATUS_CODE_ERROR || len(invocation.GetLinks()) != 1 {
		t.Errorf("invocation = %v", invocation)
	}
}

func TestSpansArriveOverTLS(t *testing.T) {
	sent := make(chan struct{}, 1)
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent <- struct{}{} }))
	defer s.Close()
	trusted := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	export(t, env("OTEL_EXPORTER_OTLP_ENDPOINT", s.URL, "OTEL_EXPORTER_OTLP_CERTIFICATE", trusted), slog.New(slog.DiscardHandler))
	if len(sent) != 1 {
		t.Error("nothing arrived")
	}
}

func TestTheSamplerIsObeyed(t *testing.T) {
	for sampler, want := range map[string]int{"": 1, "always_on": 1, "always_off": 0, "parentbased_always_off": 0} {
		c := newCollector(t)
		export(t, env("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL, "OTEL_TRACES_SAMPLER", sampler), slog.New(slog.DiscardHandler))
		if len(c.requests) != want {
			t.Errorf("%q: %d requests, want %d", sampler, len(c.requests), want)
		}
	}
}

// Traces are told of once while they are lost, and never with what may be a
// secret: the headers, the address.
func TestSpansThatDoNotArrive(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusTemporaryRedirect, 0} {
		c := newCollector(t)
		c.status = status
		if status == 0 {
			c.Close()
		}
		var log bytes.Buffer
		endpoint := strings.Replace(c.URL, "http://", "http://user:planted@", 1) + "/v1/traces?key=planted"
		export(t, env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint, "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "api-key=planted"),
			slog.New(slog.NewJSONHandler(&log, nil)))
		if n := strings.Count(log.String(), "traces don't arrive"); n != 1 || strings.Contains(log.String(), "planted") {
			t.Errorf("%d: log = %s", status, &log)
		}
		for _, r := range c.requests {
			if r.URL.Path != "/v1/traces" {
				t.Errorf("%d: went on to %s", status, r.URL.Path)
			}
		}
	}
}

func TestTracesThatArriveAgainAreTold(t *testing.T) {
	c := newCollector(t)
	c.status = http.StatusBadGateway
	var log bytes.Buffer
	traces, err := telemetry.Setup(t.Context(), env("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL), "v", slog.New(slog.NewJSONHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{http.StatusBadGateway, http.StatusBadGateway, http.StatusOK} {
		c.status = status
		if err := traces.Around(t.Context(), functions.Invocation{Function: "Watchdog", Trigger: functions.TimerTrigger}, ran); err != nil {
			t.Fatal(err)
		}
		traces.Flush(t)
	}
	if err := traces.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if strings.Count(log.String(), "traces don't arrive") != 1 || !strings.Contains(log.String(), `"msg":"traces arrive again","lost":2`) {
		t.Errorf("log = %s", &log)
	}
}

// The last spans leave when the process is asked to stop, and not later than
// it can wait.
func TestShutdownWaitsNoLongerThanItsContext(t *testing.T) {
	stuck := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stuck }))
	defer s.Close()
	defer close(stuck)
	traces, err := telemetry.Setup(t.Context(), env("OTEL_EXPORTER_OTLP_ENDPOINT", s.URL), "v", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := traces.Around(t.Context(), functions.Invocation{Function: "Watchdog", Trigger: functions.TimerTrigger}, ran); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if err := traces.Shutdown(ctx); err == nil {
		t.Error("no error")
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
}
