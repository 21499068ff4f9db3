package telemetry

import (
	"context"
	"errors"
	"regexp"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"lifeboat/internal/job"
)

// kinds are the errors that have a name. An answer is what the caller asked
// for and goes on from: such a call has not failed.
var kinds = []struct {
	err    error
	name   string
	answer bool
}{
	{job.ErrNotFound, "not_found", true},
	{job.ErrExists, "exists", true},
	{job.ErrConflict, "conflict", true},
	{job.ErrLeased, "leased", true},
	{job.ErrNewerSchema, "newer_schema", false},
	{job.ErrUnsent, "unsent", false},
	{job.ErrBusy, "busy", false},
	{job.ErrThrottled, "throttled", false},
	{job.ErrRefused, "refused", false},
	{job.ErrUnanswered, "unanswered", false},
	{job.ErrOperationFailed, "operation_failed", false},
	{job.ErrHandleLost, "handle_lost", false},
	{job.ErrUnavailable, "unavailable", false},
	{context.DeadlineExceeded, "timeout", false},
	{context.Canceled, "canceled", false},
}

// azureCode is what Azure's error codes look like.
var azureCode = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,63}$`)

// fail marks the span of a call that returned err. An error's text is in the
// log, where secrets are kept out of it; here there is only its kind.
func fail(span trace.Span, err error) {
	if err == nil {
		return
	}
	name, failed := semconv.ErrorTypeOther.Value.AsString(), true
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			name, failed = k.name, !k.answer
			break
		}
	}
	var azure *job.AzureError
	description := name
	if errors.As(err, &azure) {
		if azure.Status != 0 {
			span.SetAttributes(semconv.HTTPResponseStatusCode(azure.Status))
		}
		if azureCode.MatchString(azure.Code) {
			name = azure.Code
		}
	}
	span.SetAttributes(semconv.ErrorTypeKey.String(name))
	if failed {
		span.SetStatus(codes.Error, description)
	}
}
