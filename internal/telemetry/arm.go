package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// arm is recovery.ARM with a span for each call.
type arm struct {
	next  recovery.ARM
	spans spans
}

func (s arm) StartBackup(ctx context.Context, to job.Service, blob string) (job.Started, error) {
	return ask(ctx, s.spans, "StartBackup", aboutService(to).and(keyBlob.String(blob)), func(ctx context.Context) (job.Started, error) {
		return s.next.StartBackup(ctx, to, blob)
	})
}

func (s arm) StartRestore(ctx context.Context, to job.Service, blob string) (job.Started, error) {
	return ask(ctx, s.spans, "StartRestore", aboutService(to).and(keyBlob.String(blob)), func(ctx context.Context) (job.Started, error) {
		return s.next.StartRestore(ctx, to, blob)
	})
}

func (s arm) Poll(ctx context.Context, of job.Service, resumeToken string) (job.Progress, error) {
	return ask(ctx, s.spans, "Poll", aboutService(of), func(ctx context.Context) (job.Progress, error) {
		return s.next.Poll(ctx, of, resumeToken)
	})
}

func (s arm) Observe(ctx context.Context, of job.Service) (job.Observed, error) {
	return ask(ctx, s.spans, "Observe", aboutService(of), func(ctx context.Context) (job.Observed, error) {
		return s.next.Observe(ctx, of)
	})
}

func (s arm) Count(ctx context.Context, of job.Service, kinds job.Resources) (job.Inventory, error) {
	return ask(ctx, s.spans, "Count", aboutService(of), func(ctx context.Context) (job.Inventory, error) {
		return s.next.Count(ctx, of, kinds)
	})
}

func (s arm) Gateway(ctx context.Context, o job.Observed) job.GatewayState {
	state, _ := ask(ctx, s.spans, "Gateway", nil, func(ctx context.Context) (job.GatewayState, error) {
		state := s.next.Gateway(ctx, o)
		trace.SpanFromContext(ctx).SetAttributes(keyAnswer.String(string(state)))
		return state, nil
	})
	return state
}

func (s arm) Access(ctx context.Context, of job.Service) job.Grant {
	state, _ := ask(ctx, s.spans, "Access", aboutService(of), func(ctx context.Context) (job.Grant, error) {
		state := s.next.Access(ctx, of)
		trace.SpanFromContext(ctx).SetAttributes(keyAnswer.String(string(state.State)))
		return state, nil
	})
	return state
}
