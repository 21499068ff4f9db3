package handlers

import (
	"context"

	"lifeboat/internal/functions"
	"lifeboat/internal/recovery"
)

// Messages that their queue has given up come from its dead-letter sub-queue,
// where nobody counts deliveries: see recovery.DeadLetter.

func deadStep(engine *recovery.Engine) functions.Registration {
	return onDeadLetter("DeadStep", recovery.StepQueue, engine.DeadStep)
}

func deadRequest(engine *recovery.Engine) functions.Registration {
	return onDeadLetter("DeadRequest", recovery.RequestQueue, engine.DeadRequest)
}

func deadApproval(engine *recovery.Engine) functions.Registration {
	return onDeadLetter("DeadApproval", recovery.ApprovalQueue, engine.DeadApproval)
}

func deadNotice(engine *recovery.Engine) functions.Registration {
	return onDeadLetter("DeadNotice", recovery.NoticeQueue, engine.DeadNotice)
}

func onDeadLetter(name, queue string, take func(context.Context, recovery.DeadLetter) error) functions.Registration {
	return functions.OnMessage(name, func(ctx context.Context, m functions.Message) error {
		return take(ctx, letter(queue, m))
	})
}

// letter is m as package recovery takes what a queue has given up.
func letter(queue string, m functions.Message) recovery.DeadLetter {
	d := recovery.DeadLetter{
		Queue: queue, ID: m.ID, Sequence: m.SequenceNumber, Body: m.Body, EnqueuedAt: m.EnqueuedAt, Properties: map[string]string{},
	}
	for name, value := range m.Properties {
		if text, ok := value.(string); ok {
			d.Properties[name] = text
		}
	}
	d.Reason = d.Properties["DeadLetterReason"]
	if why := d.Properties["DeadLetterErrorDescription"]; why != "" {
		d.Reason += ": " + why
	}
	return d
}
