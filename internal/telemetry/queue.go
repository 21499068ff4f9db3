package telemetry

import (
	"context"
	"maps"

	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// queue is recovery.Sender with a span for each message, which the message
// carries to whoever takes it.
type queue struct {
	next   recovery.Sender
	tracer trace.Tracer
}

func (q queue) Send(ctx context.Context, m job.Message) error {
	ctx, span := q.tracer.Start(ctx, "send "+m.Queue, trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
		semconv.MessagingSystemServiceBus, semconv.MessagingOperationTypeSend, semconv.MessagingOperationName("send"),
		semconv.MessagingDestinationName(m.Queue), semconv.MessagingMessageID(m.ID),
		semconv.AzureResourceProviderNamespace("Microsoft.ServiceBus"),
	))
	returned := false
	defer end(span, &returned)
	m.Properties = maps.Clone(m.Properties) // the caller may send it again
	if m.Properties == nil {
		m.Properties = map[string]string{}
	}
	w3c.Inject(ctx, propagation.MapCarrier(m.Properties))
	err := q.next.Send(ctx, m)
	fail(span, err)
	returned = true
	return err
}
