package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector is an OTLP endpoint over HTTP (otlptrace.Client). The project's
// own client would bring gRPC with it, for messages that it never sends.
type collector struct {
	settings settings
	client   *http.Client
}

func newCollector(s settings) *collector {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = s.trust
	// One that died without a word would take a quarter of an hour's traces.
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
	return &collector{s, &http.Client{
		Transport: transport,
		Timeout:   s.timeout,
		// A redirect would take the headers, which are secrets, elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (c *collector) Start(context.Context) error { return nil }

func (c *collector) Stop(context.Context) error {
	c.client.CloseIdleConnections()
	return nil
}

// answerLimit bounds what is read of an answer.
const answerLimit = 64 << 10

// UploadTraces sends spans once: those that don't arrive are lost, for the
// next ones are on their way and nothing depends on them.
func (c *collector) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// TracesData is ExportTraceServiceRequest by another name, without gRPC.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return fmt.Errorf("encode traces: %w", err)
	}
	request, err := c.request(ctx, body)
	if err != nil {
		return err
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return fmt.Errorf("send traces to %s: %w", c.settings.endpoint.Host, bare(err))
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, answerLimit)) // so that the connection can be used again
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("send traces to %s: HTTP %d", c.settings.endpoint.Host, answer.StatusCode)
	}
	return nil
}

func (c *collector) request(ctx context.Context, body []byte) (*http.Request, error) {
	if c.settings.gzip {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(body); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		body = packed.Bytes()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.settings.endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("send traces to %s: %w", c.settings.endpoint.Host, bare(err))
	}
	for name, values := range c.settings.headers {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	if c.settings.gzip {
		request.Header.Set("Content-Encoding", "gzip")
	}
	return request, nil
}

// bare is err without the URL, which may hold a key.
func bare(err error) error {
	var with *url.Error
	if errors.As(err, &with) {
		return with.Err
	}
	return err
}

// exporter says once that spans don't arrive, and once that they do again. The
// SDK would say it on stderr, each time, which the host takes for errors.
type exporter struct {
	sdk.SpanExporter
	log  *slog.Logger
	lost int
}

// ExportSpans is never called twice at the same time.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	switch {
	case err != nil:
		if e.lost == 0 {
			e.log.WarnContext(ctx, "traces don't arrive", "error", err.Error())
		}
		e.lost += len(spans)
	case e.lost > 0:
		e.log.InfoContext(ctx, "traces arrive again", "lost", e.lost)
		e.lost = 0
	}
	return nil
}
