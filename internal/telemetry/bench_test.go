package telemetry_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"lifeboat/handlers"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/telemetry"
)

// BenchmarkPoll is the move that happens most, from envelope to envelope:
// without a word of traces, with none asked for, and with them on their way to
// a collector.
func BenchmarkPoll(b *testing.B) {
	b.Run("untraced", func(b *testing.B) {
		poll(b, func(e *recovery.Engine, log *slog.Logger) http.Handler { return handlers.New(e, log) })
	})
	b.Run("off", func(b *testing.B) { benchmarkPoll(b, env()) })
	b.Run("on", func(b *testing.B) { benchmarkPoll(b, env("OTEL_EXPORTER_OTLP_ENDPOINT", newCollector(b).URL)) })
	b.Run("sampled out", func(b *testing.B) {
		benchmarkPoll(b, env("OTEL_EXPORTER_OTLP_ENDPOINT", newCollector(b).URL, "OTEL_TRACES_SAMPLER", "always_off"))
	})
}

func benchmarkPoll(b *testing.B, getenv func(string) string) {
	poll(b, func(e *recovery.Engine, log *slog.Logger) http.Handler {
		traces, err := telemetry.Setup(b.Context(), getenv, "v", log)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = traces.Shutdown(context.WithoutCancel(b.Context())) })
		traces.Wrap(e)
		return handlers.New(e, log, traces.Attach)
	})
}

func poll(b *testing.B, app func(*recovery.Engine, *slog.Logger) http.Handler) {
	p, err := plan.Parse("bench.yaml", []byte("version: 1\nservices: {a: {resourceId: "+resourceID+"a, storageAccount: abc, container: abc, jitter: 0s, deadline: 9000d, operationDeadline: 9000d}}\n"))
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	w := recoverytest.NewWorld(p, log)
	h := app(w.Engine, log)
	now := time.Now()
	w.Engine.Now = func() time.Time { return now }
	w.Azure.Duration = 9000 * 24 * time.Hour
	invoke(b, h, "BackupSchedule", timer)
	step := func() {
		due, _ := w.Queue.Next()
		if due.After(now) {
			now = due
		}
		for _, m := range w.Queue.Take(now) {
			deliver(b, h, m)
		}
	}
	for w.Store.Jobs("a")[0].State != job.InProgress {
		step()
	}
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}
