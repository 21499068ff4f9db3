package job

import (
	"fmt"
	"time"
)

// Event is something that was seen, heard or decided about a job. The types
// below are all there are.
type Event interface {
	// apply returns j after the event; Apply does what all events share.
	apply(j Job, rules Rules, now time.Time) (Job, error)
}

// Apply returns j after e at now: its next state, the earliest time of its
// next move and one revision more. It does not change j. It returns
// ErrEnded, ErrTooLate or ErrImpossible if e can't happen to j.
//
// A job that is past its limit and has not got further by e ends here.
func Apply(j Job, e Event, rules Rules, now time.Time) (Job, error) {
	now = now.UTC()
	if j.State.Terminal() {
		return j, fmt.Errorf("%T on job %s in %s: %w", e, j.ID, j.State, ErrEnded)
	}
	next, err := e.apply(j, rules, now)
	if err != nil {
		return j, fmt.Errorf("%T on job %s in %s: %w", e, j.ID, j.State, err)
	}
	if !next.State.Terminal() {
		limit := next.limit(rules)
		_, remark := e.(Changed) // nobody looked: the next look may find the end
		if stuck(j, next) && !now.Before(limit) && !remark {
			next = next.expire(now)
		} else if next.NotBefore.After(limit) && limit.After(now) {
			next.NotBefore = limit
		}
	}
	next.Revision = j.Revision + 1
	next.UpdatedAt = now
	next.History = next.stepped(j.State, now)
	next.NotBefore = next.NotBefore.UTC()
	return next, nil
}

// stuck reports whether a job that became next got no nearer to its end:
// being verified, and every step after it, is nearer.
func stuck(j, next Job) bool {
	return next.State.Operating() || next.State == Pending || next.State == j.State
}

// expire ends a job that has run out of time.
func (j Job) expire(now time.Time) Job {
	if j.State == Verifying && j.Attempt.Phase == Overwrite {
		return j.end(Succeeded, now).warn("the restore was not looked at again in time: see whether the target serves")
	}
	if j.State == Pruning {
		return j.end(Succeeded, now).warn("pruning was not finished in time: the next backup goes on with it")
	}
	why := fmt.Sprintf("not done by its deadline, while %s", j.State)
	if j.Reason != "" {
		why += ": " + j.Reason
	}
	j.Code, j.Message = CodeDeadlineExceeded, why
	j.Stranded = j.State.Operating()
	return j.end(Failed, now)
}

func (j Job) end(s State, now time.Time) Job {
	j.State, j.EndedAt, j.NotBefore, j.Reason = s, now, now, ""
	j.Delays, j.Misses = 0, 0
	return j
}

func (j Job) warn(text string) Job {
	for _, w := range j.Warnings {
		if w == text {
			return j
		}
	}
	j.Warnings = append(j.Warnings[:len(j.Warnings):len(j.Warnings)], text)
	return j
}

// retry gives up the current attempt and, while there are any left, waits for
// the next; otherwise the job fails with the last one's reason.
func (j Job) retry(code, message string, wait time.Duration, rules Rules, now time.Time) Job {
	j.Failures++
	j.Delays, j.Misses = 0, 0
	j.Attempt.ResumeToken = ""
	// A target that may be half overwritten is not overwritten again unasked.
	if j.Failures >= rules.Attempts || j.Attempt.Phase == Overwrite {
		j.Code, j.Message = code, message
		return j.end(Failed, now)
	}
	j.State = Pending
	j.Reason = fmt.Sprintf("attempt %d failed: %s: %s", j.Attempt.Number, code, message)
	j.NotBefore = now.Add(wait)
	return j.warn(j.Reason)
}

// looked notes a look that told something.
func (j Job) looked() Job {
	j.Delays, j.Reason = 0, ""
	return j
}

// Start is the decision to begin the next attempt.
type Start struct {
	Owner string // the invocation that will send the request
	Trace string // its W3C traceparent, if any
	// Phase, Point, Gates and Past are of a restore: which operation this is,
	// what will be on the target, why it may be, and how long restores onto
	// that took before.
	Phase  Phase
	Point  Point
	Gates  []Gate
	Past   Times
	Before Inventory
	// Warning says what could not be seen before the start, if anything.
	Warning string
}

func (e Start) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != Pending && !j.safe() {
		return j, ErrImpossible
	}
	// An intent must be able to settle before the deadline makes anybody
	// conclude from what can be seen: its owner may be about to send.
	if now.Add(rules.Settling).After(j.Deadline) {
		if now.Before(j.Deadline) {
			j.Reason = or(j.Reason, "too little time is left to start")
		}
		return j.expire(now), nil
	}
	n := j.Attempt.Number + 1
	blob := fmt.Sprintf("%s-a%d-%s.apimbackup", j.ID, n, NewTally([]string{e.Owner}).Hash[:6])
	if j.Kind == Restore {
		o := j.order()
		o.Point, o.Gates = e.Point, e.Gates
		if e.Phase == Overwrite {
			o.Attempted, blob = now, e.Point.Blob
		}
		j = j.ordered(o)
		j.Past = e.Past
	}
	j.State = Starting
	j.Attempt = Attempt{
		Phase:     e.Phase,
		Number:    n,
		Owner:     e.Owner,
		Trace:     e.Trace,
		Blob:      blob,
		StartedAt: now,
		Before:    e.Before,
	}
	j.NotBefore = now.Add(rules.Settling)
	// Delays stay: a job that is throttled start after start waits longer.
	j.Reason = ""
	if e.Warning != "" {
		j = j.warn(e.Warning)
	}
	return j, nil
}

// Busy: another job or operation has the service. Nothing was started.
type Busy struct {
	Reason     string
	RetryAfter time.Duration
}

func (e Busy) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != Pending && j.State != Starting {
		return j, ErrImpossible
	}
	wait := affordable(e.RetryAfter)
	if wait <= 0 {
		wait = rules.BusyWait
	}
	j.State, j.Reason = Pending, e.Reason
	j.NotBefore = now.Add(max(wait, rules.PollMin))
	return j, nil
}

// Accepted: Azure took the request, and ResumeToken follows the operation. What
// overwrites a target is followed for OperationDeadline, however late it was
// begun: nobody must take the target for free meanwhile.
type Accepted struct {
	ResumeToken string
	RetryAfter  time.Duration
}

func (e Accepted) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != Starting && !j.Lost() {
		return j, ErrImpossible
	}
	j.State = InProgress
	j.Attempt.ResumeToken = e.ResumeToken
	j.Attempt.RunningAt = now
	if j.Attempt.Phase == Overwrite {
		j.Deadline = later(j.Deadline, j.Attempt.StartedAt.Add(rules.OperationDeadline)).UTC()
	}
	// Whatever the past: what fails does so at once, more often than not.
	j.NotBefore = now.Add(rules.poll(e.RetryAfter))
	return j.looked(), nil
}

// Unanswered: the request was sent and may or may not have landed. The intent
// stays; evidence decides after the settling time.
type Unanswered struct{ Reason string }

func (e Unanswered) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != Starting {
		return j, ErrImpossible
	}
	j.Reason = e.Reason
	j.NotBefore = now.Add(rules.Settling)
	return j, nil
}

// Refused: Azure said a definite no that waiting does not change.
type Refused struct{ Code, Message string }

func (e Refused) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if j.State != Starting {
		return j, ErrImpossible
	}
	j.Code, j.Message = or(e.Code, CodeRefused), e.Message
	return j.end(Failed, now), nil
}

// NotLanded: as far as can be seen, the current attempt has left nothing.
// Where the service was seen Updating, that counts as an attempt that failed;
// otherwise the request never arrived, and another follows.
type NotLanded struct{ Reason string }

func (e NotLanded) apply(j Job, rules Rules, now time.Time) (Job, error) {
	switch {
	case j.Lost():
		return j.retry(CodeNotLanded, e.Reason, rules.RetryWait, rules, now), nil
	case j.State == Starting:
		j.State, j.Reason = Pending, e.Reason
		j.NotBefore = now.Add(rules.PollMin)
		return j.warn(fmt.Sprintf("attempt %d did not reach Azure: %s", j.Attempt.Number, e.Reason)), nil
	}
	return j, ErrImpossible
}

// Updating: the service is in an operation that may be the attempt's own,
// for which there is no handle.
type Updating struct{}

func (Updating) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != Starting && !j.Lost() {
		return j, ErrImpossible
	}
	j.State = InProgress
	j.Attempt.ResumeToken = ""
	j = j.looked()
	j.Reason = "the operation's handle is lost: watching the service until it is not Updating any more"
	j.NotBefore = now.Add(rules.poll(0))
	return j.warn("the operation's handle was lost: the outcome was told from the service and the blob"), nil
}

// Running: the operation is not done. ResumeToken replaces the one before.
type Running struct {
	ResumeToken string
	RetryAfter  time.Duration
}

func (e Running) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != InProgress || j.Lost() {
		return j, ErrImpossible
	}
	j.Attempt.ResumeToken = e.ResumeToken
	j.Attempt.Polls++
	j.Attempt.RunningAt = now
	j.NotBefore = now.Add(j.lookAgain(rules, e.RetryAfter, now))
	return j.looked(), nil
}

// HandleLost: the operation can't be followed by its token any more. What can
// be seen of the service and the blob decides from here on.
type HandleLost struct{ Reason string }

func (e HandleLost) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != InProgress || j.Lost() {
		return j, ErrImpossible
	}
	j.Attempt.Polls++
	j.Attempt.ResumeToken = ""
	j.Delays = 0
	j.Reason = e.Reason
	// A service may take a while to show that it is Updating.
	settled := j.Attempt.StartedAt.Add(rules.Settling)
	j.NotBefore = later(now.Add(rules.PollMin), settled)
	return j.warn("the operation's handle was lost: " + e.Reason), nil
}

// OperationSucceeded: Azure says that the operation is done.
type OperationSucceeded struct {
	Facts    Facts
	Settings map[string]string
}

func (e OperationSucceeded) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != InProgress || j.Lost() {
		return j, ErrImpossible
	}
	j.State = Verifying
	j.Attempt.ResumeToken = ""
	j.Attempt.Polls++
	j.Attempt.Took = j.took(rules, now)
	j.Attempt.Facts, j.Attempt.Settings = e.Facts, e.Settings
	j.NotBefore = now
	return j.looked(), nil
}

// OperationFailed: Azure says that the operation is done and failed.
type OperationFailed struct{ Code, Message string }

func (e OperationFailed) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != InProgress || j.Lost() {
		return j, ErrImpossible
	}
	j.Attempt.Polls++
	return j.retry(or(e.Code, CodeOperationFailed), e.Message, rules.RetryWait, rules, now), nil
}

// Evident: there is no handle, the service is not Updating, and the attempt's
// own blob is there. The operation must have ended well enough to verify.
type Evident struct {
	Facts    Facts
	Settings map[string]string
}

func (e Evident) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if j.State != Starting && !j.Lost() {
		return j, ErrImpossible
	}
	j.State = Verifying
	j.Attempt.Facts, j.Attempt.Settings = e.Facts, e.Settings
	j.NotBefore = now
	return j.looked(), nil
}

// maxMisses is how often a blob that an operation reported is looked for:
// storage is consistent, so one look would do; the others cost a minute and
// forgive a listing that lags.
const maxMisses = 3

// ArtefactMissing: the operation succeeded and the blob is not there.
type ArtefactMissing struct{}

func (ArtefactMissing) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != Verifying {
		return j, ErrImpossible
	}
	j.Misses++
	if j.Misses >= maxMisses {
		return j.retry(CodeArtefactMissing, fmt.Sprintf("Azure reported success, but blob %s is not in the container", j.Attempt.Blob), rules.RetryWait, rules, now), nil
	}
	j.Reason = fmt.Sprintf("blob %s is not there yet", j.Attempt.Blob)
	j.NotBefore = now.Add(max(rules.PollMin, backoffFirst))
	return j, nil
}

// ArtefactUnfit: the blob is there and can't be a whole backup.
type ArtefactUnfit struct{ Reason string }

func (e ArtefactUnfit) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != Verifying {
		return j, ErrImpossible
	}
	return j.retry(CodeArtefactUnfit, e.Reason, rules.RetryWait, rules, now), nil
}

// Verified: the blob is there and fit, and its sidecar is written. From the
// save of this move on there is a point.
type Verified struct {
	// Warning says what could not be recorded with the point, if anything.
	Warning string
}

func (e Verified) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if j.State != Verifying || j.Kind == Restore {
		return j, ErrImpossible
	}
	j.State = Pruning
	j.NotBefore = now
	j.Misses = 0
	j = j.looked()
	if e.Warning != "" {
		j = j.warn(e.Warning)
	}
	return j, nil
}

// Pruned: what the retention lets go is removed, as far as it can be.
type Pruned struct {
	// Warnings say what is left, and why.
	Warnings []string
}

func (e Pruned) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if j.State != Pruning {
		return j, ErrImpossible
	}
	for _, w := range e.Warnings {
		j = j.warn(w)
	}
	return j.end(Succeeded, now), nil
}

// Deferred: a look told nothing. The job stays as it is and looks again.
type Deferred struct {
	Reason     string
	RetryAfter time.Duration
}

func (e Deferred) apply(j Job, _ Rules, now time.Time) (Job, error) {
	j.Delays++
	j.Reason = e.Reason
	j.NotBefore = now.Add(max(affordable(e.RetryAfter), Backoff(j.Delays, j.ID)))
	return j, nil
}

// Throttled: Azure took no request because there are too many. It does not
// count as an attempt that failed.
type Throttled struct {
	Reason     string
	RetryAfter time.Duration
}

func (e Throttled) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if j.State != Starting {
		return j, ErrImpossible
	}
	j.State = Pending
	j.Delays++
	j.Reason = e.Reason
	j.NotBefore = now.Add(max(affordable(e.RetryAfter), Backoff(j.Delays, j.ID)))
	return j, nil
}

// Cancel: a person called the job off.
type Cancel struct{ Reason string }

func (e Cancel) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if j.State != Pending && j.State != AwaitingApproval {
		return j, ErrTooLate
	}
	j.Code, j.Message = CodeCanceled, e.Reason
	return j.end(Canceled, now), nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
