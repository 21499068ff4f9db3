// Package telemetry traces invocations and every call out with OpenTelemetry,
// and sends the spans by OTLP where the standard environment variables ask for
// it. Where they don't, there is no Telemetry and nothing is wrapped. A span
// holds names and numbers only: no body, no address of a webhook, no text of
// an error.
package telemetry

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"lifeboat/internal/functions"
	"lifeboat/internal/recovery"
)

// The host may kill the process at any time, so spans leave soon and in small
// batches. A collector that does not keep up loses them: nothing waits for it.
const (
	sendEvery = time.Second
	batchSize = 128
	queueSize = 2048
)

// Telemetry makes spans. A nil one makes none and wraps nothing.
type Telemetry struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	warm     atomic.Bool // an invocation has been seen
}

// Setup returns nil if the environment asks for no traces. Otherwise it sends
// them in the background until Shutdown, and says in log when that ceases to
// work and when it works again. Its error names every setting that can't be
// used, and shows none that may be a secret.
func Setup(ctx context.Context, getenv func(string) string, version string, log *slog.Logger) (*Telemetry, error) {
	if !wanted(getenv) {
		return nil, nil
	}
	s, err := readSettings(getenv)
	if err != nil {
		return nil, err
	}
	sender, err := otlptrace.New(ctx, newCollector(s))
	if err != nil {
		return nil, err
	}
	return New(sdk.NewTracerProvider(
		sdk.WithSampler(s.sampler),
		sdk.WithResource(resource.NewSchemaless(append(s.resource, semconv.ServiceVersion(version))...)),
		sdk.WithBatcher(&exporter{SpanExporter: sender, log: log},
			sdk.WithBatchTimeout(sendEvery), sdk.WithMaxExportBatchSize(batchSize), sdk.WithMaxQueueSize(queueSize), sdk.WithExportTimeout(s.timeout)),
		sdk.WithoutPanicRecording(), // what a panic says may be a secret
	)), nil
}

// New makes its spans with p.
func New(p *sdk.TracerProvider) *Telemetry {
	return &Telemetry{provider: p, tracer: p.Tracer("lifeboat", trace.WithSchemaURL(semconv.SchemaURL))}
}

// Shutdown sends what has not been sent.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Attach lets t see every invocation of a handler that is made with o.
func (t *Telemetry) Attach(o *functions.Options) {
	if t != nil {
		o.Around = t.Around
	}
}

// Wrap lets t see every call that e makes, and makes it e's Tracer. It must
// come before e's first call.
func (t *Telemetry) Wrap(e *recovery.Engine) {
	if t == nil {
		return
	}
	e.Trace = t
	if e.Store != nil {
		e.Store = store{e.Store, t.spans("tablestore", "Microsoft.Tables")}
	}
	if e.ARM != nil {
		e.ARM = arm{e.ARM, t.spans("arm", "Microsoft.ApiManagement")}
	}
	if e.Blobs != nil {
		e.Blobs = blobs{e.Blobs, t.spans("blobstore", "Microsoft.Storage")}
	}
	if e.Queue != nil {
		e.Queue = queue{e.Queue, t.tracer}
	}
	if e.Hooks != nil {
		e.Hooks = hooks{e.Hooks, t.spans("webhook", "")}
	}
}
