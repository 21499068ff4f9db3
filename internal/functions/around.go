package functions

import (
	"context"
	"net/http"
)

// Around runs one invocation and returns what it returned. It may look at the
// invocation before and after, and give it another context.
type Around func(ctx context.Context, i Invocation, run func(context.Context) error) error

// Invocation is one run of a function, as an Around sees it.
type Invocation struct {
	ID       string // the host's; "" if it gave none
	Function string
	Trigger  Trigger
	// Message is what a serviceBusTrigger delivers; nil for the others.
	Message *Message
	// Request is what an httpTrigger forwards, without its key, and Route
	// where it goes; Status is what it was answered, once it has run. A
	// panic's answer is a 500.
	Request *http.Request
	Route   string
	Status  func() int
}

// around runs an invocation, inside Options.Around where there is one.
func (h *Handler) around(ctx context.Context, i Invocation, run func(context.Context) error) error {
	if h.options.Around == nil {
		return run(ctx)
	}
	return h.options.Around(ctx, i, run)
}
