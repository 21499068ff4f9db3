package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Step makes the one move that p asks for. A nil error means that the message
// is done with, whether or not there was anything to do; an error means that
// it should be delivered again.
func (e *Engine) Step(ctx context.Context, p Prompt) error {
	e = e.notBehind(p.EnqueuedAt)
	stored, err := e.Store.Job(ctx, p.Service, p.Job)
	switch {
	case errors.Is(err, job.ErrNotFound) && !p.EnqueuedAt.IsZero() && e.late(p.EnqueuedAt):
		e.Log.WarnContext(ctx, "old prompt for a job that is not in the table dropped", keyJob, p.Job, "enqueuedAt", p.EnqueuedAt)
		return nil
	case errors.Is(err, job.ErrNotFound):
		return fmt.Errorf("prompt for job %s of service %s, which is not in the table: %w", p.Job, p.Service, err)
	case errors.Is(err, job.ErrNewerSchema):
		return e.Postpone(ctx, p, err.Error())
	case err != nil:
		return e.again(ctx, p, 0, fmt.Sprintf("job can't be read: %v", err))
	}
	if stored.State.Terminal() || p.Revision < stored.Revision {
		e.Log.DebugContext(ctx, "old prompt dropped", keyJob, p.Job, keyRevision, p.Revision, "current", stored.Revision)
		return nil
	}
	if e.Trace != nil && stored.Attempt.Trace != "" {
		e.Trace.Link(ctx, stored.Attempt.Trace)
	}
	if wait := e.early(stored.Job, p); wait > 0 {
		p.Repeats++
		return e.sent(ctx, p, e.prompt(ctx, p, e.now().Add(wait)))
	}
	return e.move(ctx, p, stored)
}

// notBehind is e with a clock that is not behind the queue's, which has shown
// enqueuedAt already. An instance that is minutes behind would otherwise send
// prompts that are due at once, and poll without a pause.
func (e *Engine) notBehind(enqueuedAt time.Time) *Engine {
	behind := enqueuedAt.Sub(e.now())
	if behind <= 0 {
		return e
	}
	ahead := *e
	ahead.Now = func() time.Time { return e.now().Add(behind) }
	return &ahead
}

// punctual is how much too early counts as in time: queues keep time in
// milliseconds and metadata in seconds.
const punctual = time.Second

// early is how long p came before its job's next move is due. Should it come
// again and again, the repeats spread out.
func (e *Engine) early(j job.Job, p Prompt) time.Duration {
	wait := j.NotBefore.Sub(e.now())
	if wait <= punctual {
		return 0
	}
	return wait + time.Duration(p.Repeats)*time.Second
}

// move looks, decides, schedules and saves.
func (e *Engine) move(ctx context.Context, p Prompt, from job.Stored) error {
	at, ok := e.Plan.Place(from.Job)
	if !ok {
		why := fmt.Sprintf("service %s is not in the plan: put it back, or let the job end by its deadline", from.Service)
		return e.advance(ctx, p, from, e.rules(from.Job), job.Deferred{Reason: why}, nil)
	}
	var event job.Event
	var point *job.Point
	look, done := looking(ctx)
	defer done()
	switch {
	case from.Choosing():
		return e.choose(ctx, p, from, at)
	case from.State == job.Pending:
		return e.start(ctx, p, from, at)
	case from.State == job.AwaitingApproval:
		// A prompt that is punctual to the second may come before the end.
		if e.now().Before(from.Restore.Approval.Expires) {
			return e.sent(ctx, p, e.prompt(ctx, p, from.Restore.Approval.Expires))
		}
		event = job.ApprovalExpired{}
	case from.State == job.Starting, from.Lost():
		event = e.evidence(look, from.Job, at)
	case from.State == job.InProgress:
		event = e.poll(look, from.Job, at)
	case from.State == job.Verifying:
		event, point = e.verify(ctx, from.Job, at)
	case from.State == job.Pruning:
		event = e.prune(look, from.Job)
	default:
		return fmt.Errorf("job %s is in state %q, which this version does not know", from.ID, from.State)
	}
	return e.advance(ctx, p, from, at.Rules, event, point)
}

// advance applies event, schedules the next prompt and saves, in this order:
// a lost save leaves an early prompt that looks again.
func (e *Engine) advance(ctx context.Context, p Prompt, from job.Stored, rules job.Rules, event job.Event, point *job.Point) error {
	return e.advanceIf(ctx, p, from, rules, event, point, nil)
}

// advanceIf advances if the service's summary still has the tag judged; nil, it
// may have changed. If it has, the job looks again.
func (e *Engine) advanceIf(ctx context.Context, p Prompt, from job.Stored, rules job.Rules, event job.Event, point *job.Point, judged *string) error {
	to, err := job.Apply(from.Job, event, rules, e.now())
	if err != nil {
		return err
	}
	if !to.State.Terminal() {
		if err := e.prompt(ctx, next(to), to.NotBefore); err != nil {
			return e.sent(ctx, p, err)
		}
	}
	move := e.moveBetween(from, to, event, point)
	move.Judged = judged
	err = e.Store.Save(ctx, move)
	switch {
	case errors.Is(err, job.ErrConflict) && judged != nil:
		return e.again(ctx, p, 0, fmt.Sprintf("job can't be saved: %v", err))
	case errors.Is(err, job.ErrConflict):
		e.Log.DebugContext(ctx, "another move won", keyJob, from.ID, keyRevision, from.Revision)
		return nil
	case err != nil && to.State.Terminal():
		return e.again(ctx, p, 0, fmt.Sprintf("job can't be saved: %v", err))
	case err != nil:
		e.Log.WarnContext(ctx, "job not saved, the next prompt looks again", keyJob, from.ID, keyError, err.Error())
		return nil
	}
	e.saved(ctx, move)
	return nil
}

// rules are j's in the plan, or the default ones if its service has left that.
func (e *Engine) rules(j job.Job) job.Rules {
	if at, ok := e.Plan.Place(j); ok {
		return at.Rules
	}
	return plan.Default().Rules
}

// moveBetween is the move that is saved when event turns from into to.
func (e *Engine) moveBetween(from job.Stored, to job.Job, event job.Event, point *job.Point) job.Move {
	s, _ := e.Plan.Service(to.Service)
	return job.Move{From: from, To: to, Event: event, Point: point, Heartbeat: s.Heartbeat != ""}
}

// next is the prompt for j's next move.
func next(j job.Job) Prompt {
	return Prompt{Service: j.Service, Job: j.ID, Revision: j.Revision}
}

// saved tells a saved move, and does what it brings with it.
func (e *Engine) saved(ctx context.Context, m job.Move) {
	e.moved(ctx, m.From.Job, m.To)
	e.follows(ctx, m)
}

// follows does what a saved move brings with it and what is made good if a
// crash takes it: Watch sends the notices and frees the lease, and a pin ends
// with its job.
func (e *Engine) follows(ctx context.Context, m job.Move) {
	if m.To.Kind == job.Restore && m.To.State.Terminal() {
		e.unpin(ctx, m.To)
	}
	if m.To.State == job.Succeeded && m.Lease() == job.TakeLease {
		e.giveUp(ctx, m.To)
	}
	if m.To.Code == job.CodeGateRefused && !m.To.Restore.Warm {
		e.blocked(ctx, m.To)
	}
	e.announce(ctx, m.Notices())
}

// giveUp frees the lease that an end without an operation took. If it can't,
// Watch does: to it the lease is an orphaned one.
func (e *Engine) giveUp(ctx context.Context, j job.Job) {
	lease, err := e.Store.Lease(ctx, j.Service)
	if err == nil && lease.Job == j.ID {
		err = e.release(ctx, lease)
	}
	if err != nil && !errors.Is(err, job.ErrNotFound) {
		e.Log.WarnContext(ctx, "lease left to the watchdog", keyJob, j.ID, keyError, err.Error())
	}
}

// moved tells one saved move in one line.
func (e *Engine) moved(ctx context.Context, from, to job.Job) {
	args := []any{
		keyJob, to.ID, keyService, to.Service, keyFrom, string(from.State), keyTo, string(to.State), keyRevision, to.Revision,
	}
	if to.Attempt.Number > 0 {
		args = append(args, keyAttempt, to.Attempt.Number, "polls", to.Attempt.Polls)
	}
	if to.Restore != nil {
		args = append(args, "source", to.Restore.Source, "point", to.Restore.Point.Blob)
	}
	if !to.State.Terminal() {
		args = append(args, keyNext, to.NotBefore.Format(time.RFC3339))
	}
	if to.Reason != "" {
		args = append(args, keyReason, to.Reason)
	}
	if to.Kind == job.Restore && to.State == job.Succeeded {
		e.restored(ctx, to)
	}
	if to.State == job.Failed {
		e.Log.ErrorContext(ctx, "job moved", append(args, keyCode, to.Code, "message", to.Message)...)
		return
	}
	if to.State == job.Canceled {
		args = append(args, keyCode, to.Code, "message", to.Message)
	}
	e.Log.InfoContext(ctx, "job moved", args...)
}
