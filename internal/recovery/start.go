package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// sendWindow is how long the invocation that makes an intent may take until
// it sends the request, and sendTimeout how long the request may take. Both
// together are well below the settling time, after which others conclude from
// what they see.
func sendWindow(r job.Rules) time.Duration  { return r.Settling / 5 }
func sendTimeout(r job.Rules) time.Duration { return r.Settling / 5 }

// start begins a backup: it takes an inventory and makes the intent.
func (e *Engine) start(ctx context.Context, p Prompt, from job.Stored, at plan.Place) error {
	if soon, err := e.tooSoon(ctx, from.Job); err != nil || soon != nil {
		if err != nil {
			return e.again(ctx, p, 0, err.Error())
		}
		return e.advance(ctx, p, from, at.Rules, *soon, nil)
	}
	before, warning, err := e.count(ctx, from.Job, at, job.Resources{APIs: true, NamedValues: true})
	if err != nil {
		return e.advance(ctx, p, from, at.Rules, deferred(err), nil)
	}
	return e.begin(ctx, p, from, at, job.Start{Before: before, Warning: warning}, nil)
}

// begin writes the intent ahead, sends the request if the intent is this
// invocation's own, and saves the answer. The intent rests on the summary with
// the tag judged; nil, on none.
func (e *Engine) begin(ctx context.Context, p Prompt, from job.Stored, at plan.Place, decision job.Start, judged *string) error {
	if err := e.authorised(ctx, at.Service); err != nil {
		return e.advance(ctx, p, from, at.Rules, unauthorised(err), nil)
	}
	if why := hurried(ctx, at.Rules); why != "" {
		return e.advance(ctx, p, from, at.Rules, job.Deferred{Reason: why}, nil)
	}
	decision.Owner = e.NewID()
	if e.Trace != nil {
		decision.Trace = e.Trace.Traceparent(ctx)
	}
	// Others count the settling time from the intent's own, which is made here.
	begun := time.Now()
	intent, err := job.Apply(from.Job, decision, at.Rules, e.now())
	if err != nil {
		return err
	}
	if !intent.State.Terminal() {
		if err := e.prompt(ctx, next(intent), intent.NotBefore); err != nil {
			return e.sent(ctx, p, err)
		}
	}
	move := e.moveBetween(from, intent, decision, nil)
	move.Judged = judged
	err = e.Store.Save(ctx, move)
	switch {
	case errors.Is(err, job.ErrLeased):
		return e.advance(ctx, p, from, at.Rules, job.Busy{Reason: "another job operates on the service"}, nil)
	case errors.Is(err, job.ErrConflict) && !e.owns(ctx, intent):
		if judged != nil {
			return e.again(ctx, p, 0, fmt.Sprintf("intent can't be saved: %v", err))
		}
		e.Log.DebugContext(ctx, "another move won", keyJob, from.ID, keyRevision, from.Revision)
		return nil
	case err != nil && !errors.Is(err, job.ErrConflict) && !e.owns(ctx, intent):
		e.Log.WarnContext(ctx, "intent not saved, the next prompt looks again", keyJob, from.ID, keyError, err.Error())
		return nil
	}
	e.moved(ctx, from.Job, intent)
	// Last: nothing may come between the intent and its request.
	defer e.follows(ctx, move)
	if intent.State.Terminal() {
		return nil
	}
	if took := time.Since(begun); took > sendWindow(at.Rules) {
		e.Log.WarnContext(ctx, "intent left to evidence: making it took too long", keyJob, from.ID, "took", took.String())
		return nil
	}
	return e.answer(ctx, intent, at.Rules, e.request(ctx, intent, at))
}

// owns reports whether a save whose answer was lost did happen, and was ours:
// a client that repeats it itself hears of a conflict with its own first try.
func (e *Engine) owns(ctx context.Context, intent job.Job) bool {
	saved, err := e.Store.Job(ctx, intent.Service, intent.ID)
	return err == nil && saved.Revision == intent.Revision && saved.Attempt.Owner == intent.Attempt.Owner
}

// request sends the one request of an attempt and says what came of it.
func (e *Engine) request(ctx context.Context, intent job.Job, at plan.Place) job.Event {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout(at.Rules))
	defer cancel()
	send := e.ARM.StartBackup
	if intent.Attempt.Phase == job.Overwrite {
		send = e.ARM.StartRestore
	}
	started, err := send(ctx, at.Service, intent.Attempt.Blob)
	switch {
	case err == nil:
		return job.Accepted(started)
	case errors.Is(err, job.ErrBusy):
		return job.Busy{Reason: err.Error(), RetryAfter: retryAfter(err)}
	case errors.Is(err, job.ErrThrottled), errors.Is(err, job.ErrUnsent):
		return job.Throttled{Reason: err.Error(), RetryAfter: retryAfter(err)}
	case errors.Is(err, job.ErrRefused):
		code, message := words(err)
		return job.Refused{Code: code, Message: message}
	default:
		return job.Unanswered{Reason: err.Error()}
	}
}

// answerTries is how often an answer is tried to be saved: it is the only
// copy of the operation's handle.
const answerTries = 5

// wakeTime bounds the prompt that goes before an answer: the handle matters
// more, and Watch repeats the prompt.
const wakeTime = 10 * time.Second

// answer saves what came of a request, even if its invocation's time is over
// or somebody has ended it. If the row has moved meanwhile, the answer is
// applied to the newer row of the same attempt. An answer that can't be saved
// is lost, and evidence will have to do.
func (e *Engine) answer(ctx context.Context, intent job.Job, rules job.Rules, event job.Event) error {
	ctx, done := outlasting(ctx)
	defer done()
	var last error
	for try := range answerTries {
		if try > 0 {
			pause(ctx, time.Second<<(try-1))
		}
		saved, err := e.Store.Job(ctx, intent.Service, intent.ID)
		if err != nil {
			last = err
			continue
		}
		settled, err := e.applyAnswer(ctx, saved, intent, rules, event)
		if settled {
			return nil
		}
		last = err
	}
	e.Log.WarnContext(ctx, "answer not saved, evidence will decide", keyJob, intent.ID, keyAttempt, intent.Attempt.Number, keyError, fmt.Sprint(last))
	return nil
}

func (e *Engine) applyAnswer(ctx context.Context, saved job.Stored, intent job.Job, rules job.Rules, event job.Event) (done bool, err error) {
	if saved.Attempt.Number != intent.Attempt.Number || saved.Attempt.Owner != intent.Attempt.Owner {
		e.Log.ErrorContext(ctx, "answer came after its attempt was given up", keyJob, saved.ID, keyAttempt, intent.Attempt.Number)
		return true, nil
	}
	to, err := job.Apply(saved.Job, event, rules, e.now())
	switch {
	case errors.Is(err, job.ErrEnded):
		return e.follow(ctx, saved, event)
	case err != nil:
		// Read back after a save whose answer was lost: it is in already.
		return true, nil
	}
	if !to.State.Terminal() {
		soon, sent := context.WithTimeout(ctx, wakeTime)
		e.wake(soon, to)
		sent()
	}
	move := e.moveBetween(saved, to, event, nil)
	if err := e.Store.Save(ctx, move); err != nil {
		return false, err
	}
	e.saved(ctx, move)
	return true, nil
}

// follow gives the handle of an operation to the lease that its job, ended by
// the deadline, left behind.
func (e *Engine) follow(ctx context.Context, saved job.Stored, event job.Event) (done bool, err error) {
	accepted, ok := event.(job.Accepted)
	if !ok || !saved.Stranded {
		return true, nil
	}
	err = e.Store.Follow(ctx, saved.Service, saved.ID, accepted.ResumeToken)
	return err == nil || errors.Is(err, job.ErrNotFound), err
}
