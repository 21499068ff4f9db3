package handlers

import (
	"context"
	"fmt"
	"log/slog"

	"lifeboat/internal/functions"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

// recoveryRequest takes what people and alerts ask for. What can't be
// understood is refused until Service Bus keeps it as a dead letter; what is
// understood and not allowed is told in the log and done with, for asking
// again would not change it.
func recoveryRequest(engine *recovery.Engine, log *slog.Logger) functions.Registration {
	return functions.OnMessage("RecoveryRequest", func(ctx context.Context, m functions.Message) error {
		return unlessNewer(ctx, engine, recovery.RequestQueue, m, carryOut(ctx, engine, log, m))
	})
}

func carryOut(ctx context.Context, engine *recovery.Engine, log *slog.Logger, m functions.Message) error {
	decoded, err := request.Decode(m.Body)
	if err != nil {
		return notUnderstood(m, recovery.RequestQueue, err)
	}
	switch r := decoded.(type) {
	case request.Alert:
		return engine.Alert(ctx, r)
	case request.Request:
		r.EnqueuedAt = letter(recovery.RequestQueue, m).FirstSent()
		return refusal(ctx, log, r.ID, engine.Request(ctx, r))
	}
	return notUnderstood(m, recovery.RequestQueue, fmt.Errorf("a %T", decoded))
}
