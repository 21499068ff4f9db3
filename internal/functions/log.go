package functions

import (
	"context"
	"log/slog"
)

// The keys under which a log line says which invocation it belongs to. The
// host doesn't tie a custom handler's output to an invocation.
const (
	InvocationKey = "invocation"
	FunctionKey   = "function"
)

type invocationKey struct{}

type running struct{ id, function string }

func withInvocation(ctx context.Context, id, function string) context.Context {
	return context.WithValue(ctx, invocationKey{}, running{id, function})
}

// InvocationID returns the host's id of the invocation that ctx belongs to, or
// "" outside of one.
func InvocationID(ctx context.Context) string {
	r, _ := ctx.Value(invocationKey{}).(running)
	return r.id
}

// LogHandler returns next with the invocation's id and function on every
// record that is logged with an invocation's context.
func LogHandler(next slog.Handler) slog.Handler { return logHandler{next} }

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, record slog.Record) error {
	if r, ok := ctx.Value(invocationKey{}).(running); ok {
		record = record.Clone()
		record.AddAttrs(slog.String(InvocationKey, r.id), slog.String(FunctionKey, r.function))
	}
	return h.Handler.Handle(ctx, record)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name)}
}
