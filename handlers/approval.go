package handlers

import (
	"context"
	"log/slog"

	"lifeboat/internal/functions"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

// approval takes people's answers to restores that wait for one.
func approval(engine *recovery.Engine, log *slog.Logger) functions.Registration {
	return functions.OnMessage("Approval", func(ctx context.Context, m functions.Message) error {
		a, err := request.DecodeApproval(m.Body)
		if err != nil {
			return unlessNewer(ctx, engine, recovery.ApprovalQueue, m, notUnderstood(m, recovery.ApprovalQueue, err))
		}
		return unlessNewer(ctx, engine, recovery.ApprovalQueue, m, refusal(ctx, log, a.ID, engine.Approval(ctx, a)))
	})
}
