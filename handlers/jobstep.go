package handlers

import (
	"context"
	"errors"
	"log/slog"

	"lifeboat/internal/functions"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// jobStep makes the one move that a prompt asks for. A message that is no
// prompt is refused until Service Bus keeps it as a dead letter: evidence.
func jobStep(engine *recovery.Engine, log *slog.Logger) functions.Registration {
	return functions.OnMessage("JobStep", func(ctx context.Context, m functions.Message) error {
		prompt, err := recovery.DecodePrompt(m.Body)
		prompt.EnqueuedAt, prompt.Deliveries = m.EnqueuedAt, m.DeliveryCount
		if errors.Is(err, job.ErrNewerSchema) {
			return engine.Postpone(ctx, prompt, err.Error())
		}
		if err != nil {
			return notUnderstood(m, recovery.StepQueue, err)
		}
		if m.DeliveryCount > 1 {
			log.WarnContext(ctx, "message delivered again", "message", m.ID, "delivery", m.DeliveryCount)
		}
		return engine.Step(ctx, prompt)
	})
}
