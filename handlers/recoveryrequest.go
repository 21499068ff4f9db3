package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"lifeboat/internal/functions"
	"lifeboat/internal/job"
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

// unlessNewer is err, unless a newer version wrote the message or a row that it
// is about: then the message waits for that.
func unlessNewer(ctx context.Context, engine *recovery.Engine, queue string, m functions.Message, err error) error {
	if errors.Is(err, job.ErrNewerSchema) || errors.Is(err, request.ErrNewer) {
		return engine.PostponeMessage(ctx, letter(queue, m), err)
	}
	return err
}

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

func notUnderstood(m functions.Message, queue string, err error) error {
	return fmt.Errorf("message %s on %s can't be understood and will become a dead letter: %w", m.ID, queue, err)
}

// refusal tells a refused request and lets its message go.
func refusal(ctx context.Context, log *slog.Logger, id string, err error) error {
	if !errors.Is(err, recovery.ErrRefused) {
		return err
	}
	log.WarnContext(ctx, "request refused", "request", id, "reason", err.Error())
	return nil
}
