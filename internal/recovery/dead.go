package recovery

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/request"
)

// DeadLetter is a message that its queue has given up. Nobody counts its
// deliveries any more, so every path of the methods that take one ends in a
// yes, or in a no after a pause.
type DeadLetter struct {
	Queue      string // that it was sent to
	ID         string
	Sequence   int64 // of the queue; makes it one of its kind
	Body       []byte
	Reason     string // Service Bus's own words
	EnqueuedAt time.Time
	Properties map[string]string
}

// The application properties of a message that is sent again after it was a
// dead letter.
const (
	resentProperty    = "lifeboat-resent"     // how often
	firstSeenProperty = "lifeboat-first-seen" // RFC 3339
)

// DeadStep takes a prompt that was given up. Its job looks again, later, with
// the reason kept, and ends by its deadline if that does not help.
func (e *Engine) DeadStep(ctx context.Context, d DeadLetter) error {
	e.count1(ctx, countDeadLetters, d.Queue)
	p, err := DecodePrompt(d.Body)
	if errors.Is(err, job.ErrNewerSchema) {
		return e.Postpone(ctx, p, err.Error())
	}
	if err != nil {
		return e.deadNotice(ctx, d, "", err)
	}
	stored, err := e.Store.Job(ctx, p.Service, p.Job)
	switch {
	case errors.Is(err, job.ErrNotFound) && !d.EnqueuedAt.IsZero() && e.late(d.EnqueuedAt):
		return nil // cleaned up, long after its end
	case errors.Is(err, job.ErrNotFound):
		return e.deadNotice(ctx, d, p.Service, fmt.Errorf("job %s is not in the table", p.Job))
	case err != nil:
		return e.again(ctx, p, 0, err.Error())
	case stored.State.Terminal() || p.Revision < stored.Revision:
		return nil // the job has gone on without it
	case stored.NotBefore.Sub(e.now()) > punctual:
		return e.sent(ctx, p, e.prompt(ctx, p, stored.NotBefore)) // it has missed nothing
	}
	return e.advance(ctx, p, stored, e.rules(stored.Job), job.Deferred{Reason: "Service Bus gave its message up: " + d.Reason}, nil)
}

// DeadRequest takes a request or an alert that was given up. What can be
// carried out is, now or later, for a day, and so is what a newer version may
// understand; the rest is told to people.
func (e *Engine) DeadRequest(ctx context.Context, d DeadLetter) error {
	e.count1(ctx, countDeadLetters, d.Queue)
	message, err := request.Decode(d.Body)
	if errors.Is(err, request.ErrNewer) {
		return e.afterDead(ctx, d, "", err) // for a version that understands it
	}
	if err != nil {
		return e.deadNotice(ctx, d, "", err)
	}
	service := ""
	switch m := message.(type) {
	case request.Request:
		m.EnqueuedAt, _ = d.history(e.now())
		service, err = m.Service, e.Request(ctx, m)
	case request.Alert:
		if s, ok := e.ruled(m.Rule); ok {
			service = s.Name
		}
		err = e.Alert(ctx, m)
	}
	return e.afterDead(ctx, d, service, err)
}

// DeadApproval takes an approval that was given up: it is carried out if it can
// be, for a day. One that comes too late is refused by its job, and one that only
// a newer version understands is told to people at once, who can approve again.
func (e *Engine) DeadApproval(ctx context.Context, d DeadLetter) error {
	err := e.deadApproval(ctx, d)
	if err == nil {
		e.count1(ctx, countDeadLetters, d.Queue) // once, however long it stays
	}
	return err
}

func (e *Engine) deadApproval(ctx context.Context, d DeadLetter) error {
	a, err := request.DecodeApproval(d.Body)
	if err != nil {
		return e.deadNotice(ctx, d, "", err)
	}
	return e.afterDead(ctx, d, "", e.Approval(ctx, a))
}

// DeadNotice takes a prompt for a notice that was given up. The notice's row
// is there, or it is not worth another one; Watch prompts what is pending.
func (e *Engine) DeadNotice(ctx context.Context, d DeadLetter) error {
	e.count1(ctx, countDeadLetters, d.Queue)
	if _, err := DecodeNoticePrompt(d.Body); err != nil && !errors.Is(err, job.ErrNewerSchema) {
		return e.deadNotice(ctx, d, "", err)
	}
	e.Log.WarnContext(ctx, "notice left to the watchdog", "message", d.ID, keyReason, d.Reason)
	return nil
}

// PostponeMessage sends a request again later, for a version of Lifeboat that
// understands what this one does not: for a day, after which people are told. d
// has not died yet; delivered at once and again, it would. An approval stays
// where it is.
func (e *Engine) PostponeMessage(ctx context.Context, d DeadLetter, why error) error {
	return e.afterDead(ctx, d, "", why)
}

// afterDead goes on after one more try: done, refused for good, or to be
// tried again later.
func (e *Engine) afterDead(ctx context.Context, d DeadLetter, service string, err error) error {
	if err == nil {
		e.Log.InfoContext(ctx, "dead letter carried out after all", "message", d.ID, "queue", d.Queue)
		return nil
	}
	firstSeen, resent := d.history(e.now())
	if errors.Is(err, ErrRefused) || e.now().Sub(firstSeen) > repeatFor {
		return e.deadNotice(ctx, d, service, err)
	}
	if d.Queue == ApprovalQueue {
		return e.stay(ctx, d, e.now().Sub(firstSeen), err)
	}
	again := job.Message{
		Queue: d.Queue, ID: d.ID, Body: d.Body, NotBefore: e.now().Add(job.Backoff(resent+1, d.ID)),
		Properties: map[string]string{resentProperty: strconv.Itoa(resent + 1), firstSeenProperty: firstSeen.Format(time.RFC3339Nano)},
	}
	e.Log.WarnContext(ctx, "message sent again", "message", d.ID, "queue", d.Queue, keyError, err.Error(), keyNext, again.NotBefore)
	if err := e.Queue.Send(ctx, again); err != nil {
		pause(ctx, sulk)
		return fmt.Errorf("send message %s to %s again: %w", d.ID, d.Queue, err)
	}
	return nil
}

// longSulk is well below the deadline of an invocation.
const longSulk = time.Minute

// stay leaves an approval where it is, to be delivered again after a moment, a
// longer one as it gets older: the app must not send to ApprovalQueue.
func (e *Engine) stay(ctx context.Context, d DeadLetter, age time.Duration, why error) error {
	pause(ctx, min(max(age/10, sulk), longSulk))
	return fmt.Errorf("approval %s can't be carried out yet and stays in queue %s: %w", d.ID, d.Queue, why)
}

// FirstSent is when a message was sent for the first time, by its queue's
// clock: one that is sent again is as old as it was.
func (d DeadLetter) FirstSent() time.Time {
	first, err := time.Parse(time.RFC3339, d.Properties[firstSeenProperty])
	if err != nil || first.After(d.EnqueuedAt) {
		return d.EnqueuedAt
	}
	return first
}

// history is when a message was first seen and how often it was sent again.
// Whoever may send requests could forge both, to no gain.
func (d DeadLetter) history(now time.Time) (firstSeen time.Time, resent int) {
	resent, _ = strconv.Atoi(d.Properties[resentProperty]) // 0 if it says nothing
	firstSeen, err := time.Parse(time.RFC3339, d.Properties[firstSeenProperty])
	if err != nil {
		firstSeen = d.EnqueuedAt
	}
	if firstSeen.IsZero() || firstSeen.After(now) {
		firstSeen = now
	}
	return firstSeen, max(resent, 0)
}

// deadNotice tells people of a message that nothing can be done with. Only
// when that is written down the message is let go.
func (e *Engine) deadNotice(ctx context.Context, d DeadLetter, service string, why error) error {
	reason := request.Excerpt([]byte(problem(why)))
	n := job.Notice{
		ID:   job.NoService + ":" + job.NewTally([]string{d.Queue, d.ID, strconv.FormatInt(d.Sequence, 10)}).Hash + ":" + string(job.NoticeDeadMessage),
		Type: job.NoticeDeadMessage, Service: job.NoService, At: e.now(),
		Facts: job.NoticeFacts{Queue: d.Queue, Code: d.Reason, Message: reason, Excerpt: request.Excerpt(d.Body)},
	}
	if s, ok := e.Plan.Service(service); ok {
		n.About = s.Name
	}
	err := e.Store.AddNotice(ctx, n)
	if err != nil && !errors.Is(err, job.ErrExists) {
		pause(ctx, sulk)
		return fmt.Errorf("keep dead letter %s of %s: %w", d.ID, d.Queue, err)
	}
	e.Log.ErrorContext(ctx, "dead letter", "message", d.ID, "queue", d.Queue, keyReason, d.Reason, keyError, reason)
	e.announce(ctx, []job.Notice{n})
	return nil
}

// problem is what is wrong with a message, without the excerpt that the error
// of a malformed one has of its own.
func problem(err error) string {
	var malformed *request.MalformedError
	if errors.As(err, &malformed) {
		return fmt.Sprintf("%v: %s", request.ErrMalformed, malformed.Problem)
	}
	return err.Error()
}
