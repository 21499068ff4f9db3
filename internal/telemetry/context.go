package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"lifeboat/internal/recovery"
)

var _ recovery.Tracer = (*Telemetry)(nil)

// w3c writes and reads traceparent and tracestate.
var w3c propagation.TraceContext

const traceparent = "traceparent"

// Traceparent implements recovery.Tracer.
func (t *Telemetry) Traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	w3c.Inject(ctx, carrier)
	return carrier[traceparent]
}

// Link implements recovery.Tracer. A traceparent that is none links nothing.
func (t *Telemetry) Link(ctx context.Context, parent string) {
	if from := read(propagation.MapCarrier{traceparent: parent}); from.IsValid() {
		trace.SpanFromContext(ctx).AddLink(link(from, "intent"))
	}
}

// read is what carrier says, and nothing that a context would add.
func read(carrier propagation.TextMapCarrier) trace.SpanContext {
	return trace.SpanContextFromContext(w3c.Extract(context.Background(), carrier))
}

// link tells what from is to the span that links to it.
func link(from trace.SpanContext, what string) trace.Link {
	return trace.Link{SpanContext: from, Attributes: []attribute.KeyValue{keyLink.String(what)}}
}
