package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"lifeboat/internal/functions"
	"lifeboat/internal/job"
)

const (
	senderTrace = "0af7651916cd43dd8448eb211c80319c"
	senderSpan  = "b7ad6b7169203331"
	sender      = "00-" + senderTrace + "-" + senderSpan + "-01"
)

func ran(context.Context) error { return nil }

func TestMessageIsLinkedToItsSender(t *testing.T) {
	traces, memory := inMemory()
	i := functions.Invocation{ID: "i-1", Function: "JobStep", Trigger: functions.ServiceBusTrigger, Message: &functions.Message{
		ID: "m-1", DeliveryCount: 3, EnqueuedAt: time.Unix(1700000000, 0), Body: []byte("body"),
		Properties: map[string]any{"traceparent": sender, "tracestate": "a=b", "other": 7.0},
	}}
	// What the host's own request belongs to is not what the message does.
	inside := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}}))
	if err := traces.Around(inside, i, ran); err != nil {
		t.Fatal(err)
	}
	s := only(t, memory)
	if s.Name != "process JobStep" || s.SpanKind != trace.SpanKindConsumer || s.Parent.IsValid() || s.Status.Code != codes.Unset {
		t.Errorf("span = %s, kind %s, parent %v, status %v", s.Name, s.SpanKind, s.Parent, s.Status)
	}
	has(t, s, map[string]any{
		"faas.name": "JobStep", "faas.trigger": "pubsub", "faas.invocation_id": "i-1", "faas.coldstart": true,
		"messaging.system": "servicebus", "messaging.operation.type": "process", "messaging.message.id": "m-1",
		"messaging.servicebus.message.delivery_count": int64(3), "messaging.servicebus.message.enqueued_time": int64(1700000000),
	})
	if got := linked(s, "message"); len(got) != 1 || got[0] != senderTrace+"/"+senderSpan {
		t.Errorf("links to %v", got)
	}
	if got := s.Links[0].SpanContext.TraceState().String(); got != "a=b" {
		t.Errorf("tracestate = %q", got)
	}
}

// Anybody may write a property.
func TestTraceparentThatIsNone(t *testing.T) {
	for _, value := range []any{nil, 7.0, "", "hello", "00-" + senderTrace, "00-00000000000000000000000000000000-" + senderSpan + "-01", strings.Repeat("0", 100000)} {
		traces, memory := inMemory()
		i := functions.Invocation{Function: "JobStep", Trigger: functions.ServiceBusTrigger, Message: &functions.Message{Properties: map[string]any{"traceparent": value}}}
		if err := traces.Around(t.Context(), i, func(ctx context.Context) error {
			if text, ok := value.(string); ok {
				traces.Link(ctx, text)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if s := only(t, memory); len(s.Links) != 0 {
			t.Errorf("%.60v: links %v", value, s.Links)
		}
	}
}

func TestTriggers(t *testing.T) {
	tests := []struct {
		trigger functions.Trigger
		name    string
		kind    trace.SpanKind
		want    map[string]any
	}{
		{functions.TimerTrigger, "Fn", trace.SpanKindInternal, map[string]any{"faas.trigger": "timer", "messaging.system": nil}},
		{functions.EventGridTrigger, "process Fn", trace.SpanKindConsumer, map[string]any{"faas.trigger": "pubsub", "messaging.system": "eventgrid"}},
		{functions.ServiceBusTrigger, "process Fn", trace.SpanKindConsumer, map[string]any{"faas.trigger": "pubsub", "messaging.system": "servicebus"}},
		{"queueTrigger", "Fn", trace.SpanKindInternal, map[string]any{"faas.trigger": "other"}},
	}
	for _, tt := range tests {
		traces, memory := inMemory()
		if err := traces.Around(t.Context(), functions.Invocation{Function: "Fn", Trigger: tt.trigger}, ran); err != nil {
			t.Fatal(err)
		}
		s := only(t, memory)
		if s.Name != tt.name || s.SpanKind != tt.kind {
			t.Errorf("%s: %s, kind %s", tt.trigger, s.Name, s.SpanKind)
		}
		has(t, s, tt.want)
	}
}

func TestRequestContinuesItsCallersTrace(t *testing.T) {
	for status, code := range map[int]codes.Code{202: codes.Unset, 400: codes.Unset, 503: codes.Error} {
		traces, memory := inMemory()
		r := httptest.NewRequest("POST", "/api/alert?q=private", nil)
		r.Header.Set("Traceparent", sender)
		i := functions.Invocation{Function: "AlertHook", Trigger: functions.HTTPTrigger, Request: r, Route: "alert", Status: func() int { return status }}
		if err := traces.Around(t.Context(), i, ran); err != nil {
			t.Fatal(err)
		}
		s := only(t, memory)
		if s.Name != "POST /api/alert" || s.SpanKind != trace.SpanKindServer || s.Parent.SpanID().String() != senderSpan || s.SpanContext.TraceID().String() != senderTrace {
			t.Errorf("span = %s, kind %s, parent %v", s.Name, s.SpanKind, s.Parent)
		}
		if s.Status.Code != code {
			t.Errorf("%d: status %v, want %v", status, s.Status, code)
		}
		has(t, s, map[string]any{"faas.trigger": "http", "http.request.method": "POST", "http.route": "/api/alert", "http.response.status_code": int64(status)})
		if strings.Contains(fmt.Sprint(s), "private") {
			t.Error("the query is in the span")
		}
	}
}

func TestOnlyTheFirstInvocationIsCold(t *testing.T) {
	traces, memory := inMemory()
	for range 3 {
		if err := traces.Around(t.Context(), functions.Invocation{Function: "Watchdog", Trigger: functions.TimerTrigger}, ran); err != nil {
			t.Fatal(err)
		}
	}
	for n, s := range memory.GetSpans() {
		has(t, s, map[string]any{"faas.coldstart": n == 0})
	}
}

// A failure is told by its kind: what an error says may be a secret.
func TestFailuresWithoutTheirWords(t *testing.T) {
	const secret = "sig=c2VjcmV0"
	tests := []struct {
		err    error
		typ    string
		code   codes.Code
		status any
	}{
		{fmt.Errorf("open https://x?%s: %w", secret, job.ErrUnavailable), "unavailable", codes.Error, nil},
		{errors.New(secret), "_OTHER", codes.Error, nil},
		{context.DeadlineExceeded, "timeout", codes.Error, nil},
		{&job.AzureError{Kind: job.ErrBusy, Status: 409, Code: "ServiceLocked", Message: secret}, "ServiceLocked", codes.Error, int64(409)},
		{&job.AzureError{Kind: job.ErrRefused, Status: 400, Code: "see " + secret}, "refused", codes.Error, int64(400)},
		{fmt.Errorf("read: %w", job.ErrNotFound), "not_found", codes.Unset, nil},
		{job.ErrConflict, "conflict", codes.Unset, nil},
	}
	for _, tt := range tests {
		traces, memory := inMemory()
		err := traces.Around(t.Context(), functions.Invocation{Function: "JobStep", Trigger: functions.ServiceBusTrigger}, func(context.Context) error { return tt.err })
		if !errors.Is(err, tt.err) {
			t.Errorf("Around returned %v, want %v", err, tt.err)
		}
		s := only(t, memory)
		if s.Status.Code != tt.code {
			t.Errorf("%v: status %v, want %v", tt.err, s.Status, tt.code)
		}
		has(t, s, map[string]any{"error.type": tt.typ, "http.response.status_code": tt.status})
		if strings.Contains(fmt.Sprint(s.Status, s.Attributes, s.Events), secret) {
			t.Errorf("%v: the span has its words", tt.err)
		}
	}
}
