package handlers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"lifeboat/internal/functions"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

// notUnderstood refuses a message until Service Bus keeps it as a dead letter.
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

// unlessNewer is err, unless a newer version wrote the message or a row that it
// is about: then the message waits for that.
func unlessNewer(ctx context.Context, engine *recovery.Engine, queue string, m functions.Message, err error) error {
	if errors.Is(err, job.ErrNewerSchema) || errors.Is(err, request.ErrNewer) {
		return engine.PostponeMessage(ctx, letter(queue, m), err)
	}
	return err
}

// refuse answers a request of HTTP.
func refuse(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, reason+"\n") // the caller has gone if this fails
}
