package telemetry

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"lifeboat/internal/functions"
)

// Around is one span for one invocation (functions.Around). A forwarded
// request continues its caller's trace. Whatever else starts a function begins
// a trace of its own: a message's sender is linked, for a job that takes hours
// would make one trace of hours.
func (t *Telemetry) Around(ctx context.Context, i functions.Invocation, run func(context.Context) error) error {
	name, options := describe(i)
	options = append(options, trace.WithAttributes(
		semconv.FaaSName(i.Function), semconv.FaaSInvocationID(i.ID), semconv.FaaSColdstart(!t.warm.Swap(true)),
	))
	if i.Request != nil {
		ctx = w3c.Extract(ctx, propagation.HeaderCarrier(i.Request.Header))
	} else {
		options = append(options, trace.WithNewRoot())
	}
	ctx, span := t.tracer.Start(ctx, name, options...)
	defer span.End()
	err := run(ctx)
	fail(span, err)
	if i.Status != nil {
		answered(span, i.Status())
	}
	return err
}

// describe is a span's name, and what the conventions say of its kind.
func describe(i functions.Invocation) (string, []trace.SpanStartOption) {
	switch i.Trigger {
	case functions.ServiceBusTrigger:
		return consumer(i, semconv.MessagingSystemServiceBus, aboutMessage(i.Message)...)
	case functions.EventGridTrigger:
		return consumer(i, semconv.MessagingSystemEventGrid)
	case functions.HTTPTrigger:
		return method(i.Request) + " /api/" + i.Route, []trace.SpanStartOption{
			trace.WithSpanKind(trace.SpanKindServer),
			trace.WithAttributes(semconv.FaaSTriggerHTTP, semconv.HTTPRequestMethodKey.String(method(i.Request)), semconv.HTTPRoute("/api/"+i.Route)),
		}
	case functions.TimerTrigger:
		return i.Function, []trace.SpanStartOption{trace.WithAttributes(semconv.FaaSTriggerTimer)}
	}
	return i.Function, []trace.SpanStartOption{trace.WithAttributes(semconv.FaaSTriggerOther)}
}

func method(r *http.Request) string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

func consumer(i functions.Invocation, system attribute.KeyValue, more ...trace.SpanStartOption) (string, []trace.SpanStartOption) {
	return "process " + i.Function, append(more,
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(semconv.FaaSTriggerPubSub, system, semconv.MessagingOperationTypeProcess, semconv.MessagingOperationName("process")),
	)
}

func aboutMessage(m *functions.Message) []trace.SpanStartOption {
	if m == nil {
		return nil
	}
	attributes := []attribute.KeyValue{semconv.MessagingMessageID(m.ID), semconv.MessagingServiceBusMessageDeliveryCount(m.DeliveryCount)}
	if !m.EnqueuedAt.IsZero() {
		attributes = append(attributes, semconv.MessagingServiceBusMessageEnqueuedTime(int(m.EnqueuedAt.Unix())))
	}
	options := []trace.SpanStartOption{trace.WithAttributes(attributes...)}
	if from := read(properties(m.Properties)); from.IsValid() {
		options = append(options, trace.WithLinks(link(from, "message")))
	}
	return options
}

// properties are a message's application properties, as far as they are text.
type properties map[string]any

func (p properties) Get(key string) string {
	text, _ := p[key].(string)
	return text
}

func (p properties) Set(key, value string) { p[key] = value }

func (p properties) Keys() (keys []string) {
	for key := range p {
		keys = append(keys, key)
	}
	return keys
}

// answered is what the conventions say of a server's answer: 5xx is its
// failure, 4xx its caller's.
func answered(span trace.Span, status int) {
	span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, http.StatusText(status))
	}
}
