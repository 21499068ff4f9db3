package telemetry

import (
	"context"
	"iter"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"lifeboat/internal/job"
)

// What a span says of Lifeboat's own things.
const (
	keyService  = attribute.Key("lifeboat.service")
	keyJob      = attribute.Key("lifeboat.job")
	keyRevision = attribute.Key("lifeboat.revision")
	keyState    = attribute.Key("lifeboat.state")
	keyAttempt  = attribute.Key("lifeboat.attempt")
	keyBlob     = attribute.Key("lifeboat.blob")
	keyIncident = attribute.Key("lifeboat.incident")
	keyAlert    = attribute.Key("lifeboat.alert")
	keyNotice   = attribute.Key("lifeboat.notice")
	keyWebhook  = attribute.Key("lifeboat.webhook")
	keySetting  = attribute.Key("lifeboat.setting") // an app setting's name, never its value
	keyCounter  = attribute.Key("lifeboat.counter")
	keyEpoch    = attribute.Key("lifeboat.epoch")
	keyAnswer   = attribute.Key("lifeboat.answer")
	keyRows     = attribute.Key("lifeboat.rows")
	keyLink     = attribute.Key("lifeboat.link")
)

// about is what a call is about.
type about []attribute.KeyValue

func aboutJob(j job.Job) about {
	return about{
		keyService.String(j.Service), keyJob.String(j.ID), keyRevision.Int(j.Revision),
		keyState.String(string(j.State)), keyAttempt.Int(j.Attempt.Number),
	}
}

func aboutService(s job.Service) about {
	return about{keyService.String(s.Name), semconv.AzureResourceGroupName(s.ResourceGroup)}
}

func (a about) and(more ...attribute.KeyValue) about { return append(a, more...) }

// spans makes the spans of one port's calls.
type spans struct {
	tracer trace.Tracer
	port   string
	common []attribute.KeyValue
}

func (t *Telemetry) spans(port, provider string) spans {
	s := spans{tracer: t.tracer, port: port}
	if provider != "" {
		s.common = []attribute.KeyValue{semconv.AzureResourceProviderNamespace(provider)}
	}
	return s
}

func (s spans) start(ctx context.Context, call string, a about) (context.Context, trace.Span) {
	return s.tracer.Start(ctx, s.port+" "+call,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(s.common...), trace.WithAttributes(a...))
}

// ask is one call that answers with a value.
func ask[T any](ctx context.Context, s spans, call string, a about, f func(context.Context) (T, error)) (T, error) {
	ctx, span := s.start(ctx, call, a)
	returned := false
	defer end(span, &returned)
	value, err := f(ctx)
	fail(span, err)
	returned = true
	return value, err
}

// tell is one call that answers with yes or no.
func tell(ctx context.Context, s spans, call string, a about, f func(context.Context) error) error {
	_, err := ask(ctx, s, call, a, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) })
	return err
}

// list is one listing: its span lasts until the last row was taken, with what
// the caller does in between.
func list[T any](ctx context.Context, s spans, call string, a about, f func(context.Context) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		ctx, span := s.start(ctx, call, a)
		returned, rows := false, 0
		defer end(span, &returned)
		for value, err := range f(ctx) {
			fail(span, err)
			if err == nil {
				rows++
			}
			if !yield(value, err) {
				break
			}
		}
		span.SetAttributes(keyRows.Int(rows))
		returned = true
	}
}

// end ends the span of a call; one that has not returned has panicked.
func end(span trace.Span, returned *bool) {
	if !*returned {
		span.SetStatus(codes.Error, "panic")
	}
	span.End()
}
