package telemetry_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"lifeboat/internal/functions"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/telemetry"
)

// Every method of every port makes one span, named after it.
func TestEveryCallIsOneSpan(t *testing.T) {
	ports := []struct {
		port reflect.Type
		name string
		of   func(*recovery.Engine) any
	}{
		{reflect.TypeFor[recovery.Store](), "tablestore ", func(e *recovery.Engine) any { return e.Store }},
		{reflect.TypeFor[recovery.ARM](), "arm ", func(e *recovery.Engine) any { return e.ARM }},
		{reflect.TypeFor[recovery.Blobs](), "blobstore ", func(e *recovery.Engine) any { return e.Blobs }},
		{reflect.TypeFor[recovery.Webhooks](), "webhook ", func(e *recovery.Engine) any { return e.Hooks }},
		{reflect.TypeFor[recovery.Sender](), "", func(e *recovery.Engine) any { return e.Queue }},
	}
	for _, p := range ports {
		for m := range p.port.Methods() {
			t.Run(p.name+m.Name, func(t *testing.T) {
				traces, memory := inMemory()
				w := recoverytest.NewWorld(onePlan(t), slog.New(slog.DiscardHandler))
				traces.Wrap(w.Engine)
				call(t.Context(), reflect.ValueOf(p.of(w.Engine)).MethodByName(m.Name))
				s := only(t, memory)
				want, kind := p.name+m.Name, trace.SpanKindClient
				if m.Name == "Send" {
					want, kind = "send ", trace.SpanKindProducer
				}
				if s.Name != want || s.SpanKind != kind {
					t.Errorf("span %q of kind %s, want %q of kind %s", s.Name, s.SpanKind, want, kind)
				}
			})
		}
	}
}

// call calls method with zero values, takes what it yields, and survives what
// a fake makes of zero values.
func call(ctx context.Context, method reflect.Value) {
	defer func() { _ = recover() }()
	in := []reflect.Value{reflect.ValueOf(ctx)}
	for i := 1; i < method.Type().NumIn(); i++ {
		in = append(in, reflect.Zero(method.Type().In(i)))
	}
	for _, out := range method.Call(in) {
		if out.Kind() == reflect.Func {
			for range out.Seq2() {
			}
		}
	}
}

// fake answers what a test says. Its other methods are not called.
type fake struct {
	recovery.Store
	ctx  context.Context
	err  error
	sent job.Message
}

func (f *fake) Save(ctx context.Context, _ job.Move) error {
	f.ctx = ctx
	return f.err
}

func (f *fake) Points(context.Context, string) iter.Seq2[job.Point, error] {
	return func(yield func(job.Point, error) bool) {
		_ = yield(job.Point{Blob: "1"}, nil) && yield(job.Point{Blob: "2"}, nil) && f.err != nil && yield(job.Point{}, f.err)
	}
}

// fakeARM is to fake what ARM is to Store.
type fakeARM struct{ recovery.ARM }

func (fakeARM) Poll(context.Context, job.Service, string) (job.Progress, error) {
	panic("sig=c2VjcmV0")
}

func (fakeARM) Gateway(context.Context, job.Observed) job.GatewayState { return job.GatewayUnhealthy }

func (f *fake) Send(_ context.Context, m job.Message) error {
	f.sent = m
	return f.err
}

func (f *fake) Post(context.Context, plan.Webhook, string, string, []byte) error { return f.err }
func (f *fake) Ping(context.Context, string, job.Beat) error                     { return f.err }

func wrapped(t *telemetry.Telemetry, f *fake) *recovery.Engine {
	e := &recovery.Engine{Store: f, ARM: fakeARM{}, Queue: f, Hooks: f}
	t.Wrap(e)
	return e
}

func TestASaveSaysWhatItSaves(t *testing.T) {
	traces, memory := inMemory()
	f := &fake{}
	to := job.Job{ID: "a-backup", Service: "a", State: job.InProgress, Revision: 4, Attempt: job.Attempt{Number: 1, ResumeToken: "secret"}}
	if err := wrapped(traces, f).Store.Save(t.Context(), job.Move{To: to}); err != nil {
		t.Fatal(err)
	}
	s := only(t, memory)
	has(t, s, map[string]any{
		"lifeboat.service": "a", "lifeboat.job": "a-backup", "lifeboat.state": "InProgress", "lifeboat.revision": int64(4),
		"lifeboat.attempt": int64(1), "azure.resource_provider.namespace": "Microsoft.Tables",
	})
	if got := trace.SpanContextFromContext(f.ctx); got.SpanID() != s.SpanContext.SpanID() {
		t.Error("the call did not get its span's context")
	}
}

func TestAListingIsOneSpan(t *testing.T) {
	tests := []struct {
		name string
		err  error
		take int
		rows int64
		code codes.Code
	}{
		{"to its end", nil, 10, 2, codes.Unset},
		{"left early", nil, 1, 1, codes.Unset},
		{"that fails", job.ErrUnavailable, 10, 2, codes.Error},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			traces, memory := inMemory()
			seq := wrapped(traces, &fake{err: tt.err}).Store.Points(t.Context(), "a")
			if len(memory.GetSpans()) != 0 {
				t.Fatal("a span before anything was asked")
			}
			var last error
			taken := 0
			for _, err := range seq {
				if taken++; taken == tt.take {
					break
				}
				last = err
			}
			if !errors.Is(last, tt.err) {
				t.Errorf("error = %v, want %v", last, tt.err)
			}
			s := only(t, memory)
			has(t, s, map[string]any{"lifeboat.rows": tt.rows, "lifeboat.service": "a"})
			if s.Status.Code != tt.code {
				t.Errorf("status = %v, want %v", s.Status, tt.code)
			}
		})
	}
}

func TestAMessageCarriesItsSpan(t *testing.T) {
	traces, memory := inMemory()
	f := &fake{err: job.ErrUnavailable}
	mine := map[string]string{"resent": "1"}
	err := wrapped(traces, f).Queue.Send(t.Context(), job.Message{Queue: "job-steps", ID: "m-1", Body: []byte("body"), Properties: mine})
	if !errors.Is(err, job.ErrUnavailable) {
		t.Errorf("error = %v", err)
	}
	s := only(t, memory)
	want := "00-" + s.SpanContext.TraceID().String() + "-" + s.SpanContext.SpanID().String() + "-01"
	if f.sent.Properties["traceparent"] != want || f.sent.Properties["resent"] != "1" || string(f.sent.Body) != "body" {
		t.Errorf("sent %+v, want traceparent %s", f.sent, want)
	}
	if len(mine) != 1 {
		t.Errorf("the caller's properties became %v", mine)
	}
	has(t, s, map[string]any{
		"messaging.system": "servicebus", "messaging.operation.type": "send", "messaging.destination.name": "job-steps",
		"messaging.message.id": "m-1", "error.type": "unavailable",
	})
}

func TestAnAnswerThatIsNoErrorIsInTheSpan(t *testing.T) {
	traces, memory := inMemory()
	if got := wrapped(traces, &fake{}).ARM.Gateway(t.Context(), job.Observed{}); got != job.GatewayUnhealthy {
		t.Errorf("Gateway = %v", got)
	}
	has(t, only(t, memory), map[string]any{"lifeboat.answer": "unhealthy"})
}

func TestAPanicEndsItsSpanWithoutItsWords(t *testing.T) {
	traces, memory := inMemory()
	e := wrapped(traces, &fake{})
	func() {
		defer func() {
			if recover() != "sig=c2VjcmV0" {
				t.Error("the panic did not come through")
			}
		}()
		_, _ = e.ARM.Poll(t.Context(), job.Service{Name: "a"}, "secret token")
	}()
	s := only(t, memory)
	if s.Status.Code != codes.Error || s.Status.Description != "panic" {
		t.Errorf("status = %v", s.Status)
	}
}

// The addresses of webhooks are secrets, and so are bodies.
func TestAWebhookIsKnownByItsName(t *testing.T) {
	traces, memory := inMemory()
	e := wrapped(traces, &fake{err: errors.New("post https://hooks.example/secret: refused")})
	to := plan.Webhook{Name: "ops", URLSetting: "OPS_URL"}
	if e.Hooks.Post(t.Context(), to, "n-1", "text/plain", []byte("secret")) == nil || e.Hooks.Ping(t.Context(), "BEAT_URL", job.BeatFail) == nil {
		t.Error("an error got lost")
	}
	spans := memory.GetSpans()
	has(t, spans[0], map[string]any{"lifeboat.webhook": "ops", "lifeboat.notice": "n-1", "error.type": "_OTHER"})
	has(t, spans[1], map[string]any{"lifeboat.setting": "BEAT_URL", "lifeboat.state": "fail"})
	for _, s := range spans {
		for key, value := range attributes(s) {
			if text, ok := value.(string); ok && strings.Contains(text, "secret") {
				t.Errorf("%s: %s = %s", s.Name, key, text)
			}
		}
	}
}

func TestNoTelemetryWrapsNothing(t *testing.T) {
	var none *telemetry.Telemetry
	f := &fake{}
	e := &recovery.Engine{Store: f, ARM: fakeARM{}, Queue: f, Hooks: f}
	before := *e
	none.Wrap(e)
	if e.Store != before.Store || e.ARM != before.ARM || e.Queue != before.Queue || e.Hooks != before.Hooks || e.Trace != nil {
		t.Error("something was wrapped")
	}
	var o functions.Options
	if none.Attach(&o); o.Around != nil {
		t.Error("something was attached")
	}
	if err := none.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// A port that is not there stays so: a wrapped nil would no longer be nil.
func TestMissingPortsStayMissing(t *testing.T) {
	traces, _ := inMemory()
	e := &recovery.Engine{}
	traces.Wrap(e)
	if e.Store != nil || e.ARM != nil || e.Blobs != nil || e.Queue != nil || e.Hooks != nil {
		t.Errorf("engine = %+v", e)
	}
}
