package recovery

import (
	"context"
	"time"

	"lifeboat/internal/job"
)

const (
	// afterLook is what a move keeps of its time for what comes after its look:
	// to schedule and save what came of it, or to send a request.
	afterLook = mostRequest + 15*time.Second
	// mostRequest is how much of its time a move must have left to send one.
	mostRequest = time.Minute
	// glance bounds what Watch gives to one orphaned lease, or to one standby.
	glance = 30 * time.Second
)

// AnswerTime is how much longer than its context a move may take, to save the
// answer to a request: nobody else has the handle of the operation.
const AnswerTime = 30 * time.Second

// looking is ctx for a look: it ends while the move has time to say so.
// Whatever of it can't be seen by then is deferred.
func looking(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end.Add(-min(afterLook, time.Until(end)/2)))
}

// hurried says why there is too little time left to send a request and save
// its answer, or "".
func hurried(ctx context.Context, r job.Rules) string {
	end, ok := ctx.Deadline()
	if left := time.Until(end); ok && left < min(sendTimeout(r), mostRequest) {
		return "what comes before the request took so long that " + left.Truncate(time.Second).String() + " were left to send it"
	}
	return ""
}

// outlasting is ctx with time left to save what can't be had again, whatever
// has become of ctx.
func outlasting(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now().Add(AnswerTime)
	if given, ok := ctx.Deadline(); ok && given.After(end) {
		end = given
	}
	return context.WithDeadline(context.WithoutCancel(ctx), end)
}
