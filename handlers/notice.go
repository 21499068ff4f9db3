package handlers

import (
	"context"

	"lifeboat/internal/functions"
	"lifeboat/internal/recovery"
)

// notice makes one attempt to deliver a notice.
func notice(engine *recovery.Engine) functions.Registration {
	return functions.OnMessage("Notice", func(ctx context.Context, m functions.Message) error {
		p, err := recovery.DecodeNoticePrompt(m.Body)
		if err != nil {
			return unlessNewer(ctx, engine, recovery.NoticeQueue, m, notUnderstood(m, recovery.NoticeQueue, err))
		}
		p.Deliveries = m.DeliveryCount
		return engine.Deliver(ctx, p)
	})
}
