package telemetry

import (
	"context"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
)

// hooks is recovery.Webhooks with a span for each call. A webhook is known by
// its name in the plan, a heartbeat by that of its setting.
type hooks struct {
	next  recovery.Webhooks
	spans spans
}

func (s hooks) Post(ctx context.Context, to plan.Webhook, id, contentType string, body []byte) error {
	return tell(ctx, s.spans, "Post", about{keyWebhook.String(to.Name), keyNotice.String(id)}, func(ctx context.Context) error {
		return s.next.Post(ctx, to, id, contentType, body)
	})
}

func (s hooks) Ping(ctx context.Context, setting string, b job.Beat) error {
	return tell(ctx, s.spans, "Ping", about{keySetting.String(setting), keyState.String(string(b))}, func(ctx context.Context) error {
		return s.next.Ping(ctx, setting, b)
	})
}
