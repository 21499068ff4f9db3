package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/notice"
)

// NoticePrompt asks for one attempt to deliver one notice. Like Prompt it
// carries no decision: the row is the truth.
type NoticePrompt struct {
	Service string
	Notice  string
	Attempt int // of the row that it was sent for
	// FirstSeen is when the notice came to be, and Repeats counts how often
	// this prompt was sent again without an attempt.
	FirstSeen time.Time
	Repeats   int

	// Deliveries counts this one. It comes with the delivery.
	Deliveries int
}

type noticeMessage struct {
	Schema    int       `json:"schema"`
	Service   string    `json:"service"`
	Notice    string    `json:"notice"`
	Attempt   int       `json:"attempt"`
	FirstSeen time.Time `json:"firstSeen"`
	Repeats   int       `json:"repeats,omitempty"`
}

// DecodeNoticePrompt reads the body of a message of NoticeQueue. It returns
// ErrMalformed for anything that EncodeNoticePrompt would not write, and
// job.ErrNewerSchema for a later version of it.
func DecodeNoticePrompt(body []byte) (NoticePrompt, error) {
	var m noticeMessage
	unknown := strictly(body, &m)
	if unknown != nil {
		// Only of a later version may there be more than this one knows.
		m = noticeMessage{}
		if json.Unmarshal(body, &m) != nil {
			return NoticePrompt{}, fmt.Errorf("%w: %v", ErrMalformed, unknown)
		}
	}
	if m.Schema > promptSchema {
		return NoticePrompt{}, fmt.Errorf("prompt for a notice, of schema %d: %w", m.Schema, job.ErrNewerSchema)
	}
	if unknown != nil {
		return NoticePrompt{}, fmt.Errorf("%w: %v", ErrMalformed, unknown)
	}
	if m.FirstSeen = m.FirstSeen.UTC(); !sendable(m.FirstSeen) {
		return NoticePrompt{}, fmt.Errorf("%w: firstSeen is beyond the years that a message can say", ErrMalformed)
	}
	if m.Schema != promptSchema || m.Service == "" || m.Notice == "" || m.Attempt < 0 || m.Repeats < 0 {
		return NoticePrompt{}, fmt.Errorf("%w: want schema %d, service, notice and attempt", ErrMalformed, promptSchema)
	}
	return NoticePrompt{Service: m.Service, Notice: m.Notice, Attempt: m.Attempt, FirstSeen: m.FirstSeen, Repeats: m.Repeats}, nil
}

// EncodeNoticePrompt is the body of p's message.
func EncodeNoticePrompt(p NoticePrompt) []byte {
	body, err := json.Marshal(noticeMessage{
		Schema: promptSchema, Service: p.Service, Notice: p.Notice, Attempt: p.Attempt, FirstSeen: p.FirstSeen, Repeats: p.Repeats,
	})
	if err != nil {
		panic(err) // strings, numbers and a time of this century always encode
	}
	return body
}

// announce sends the prompts of notices that have been saved. Watch sends
// those that are not.
func (e *Engine) announce(ctx context.Context, notices []job.Notice) {
	for _, n := range notices {
		if err := e.promptNotice(ctx, firstPrompt(n), n.At); err != nil {
			e.Log.WarnContext(ctx, "notice left to the watchdog", keyNotice, n.ID, keyError, err.Error())
		}
	}
}

func firstPrompt(n job.Notice) NoticePrompt {
	return NoticePrompt{Service: n.Service, Notice: n.ID, FirstSeen: n.At}
}

func (e *Engine) promptNotice(ctx context.Context, p NoticePrompt, at time.Time) error {
	err := e.Queue.Send(ctx, job.Message{
		Queue: NoticeQueue, ID: p.Notice + "/" + strconv.Itoa(p.Attempt) + "/" + e.NewID(), Body: EncodeNoticePrompt(p), NotBefore: at,
	})
	if err != nil {
		return fmt.Errorf("send a prompt for notice %s: %w", p.Notice, err)
	}
	return nil
}

// Deliver makes the one attempt that p asks for: everybody whom the notice is
// for and who does not have it yet is told. A nil error means that the message
// is done with; what could not be delivered has been scheduled again.
func (e *Engine) Deliver(ctx context.Context, p NoticePrompt) error {
	n, err := e.Store.Notice(ctx, p.Service, p.Notice)
	switch {
	case errors.Is(err, job.ErrNotFound):
		e.Log.WarnContext(ctx, "prompt for a notice that is not in the table dropped", keyNotice, p.Notice)
		return nil
	case err != nil:
		return e.deliverLater(ctx, p, job.Backoff(p.Repeats+1, p.Notice), err)
	case n.State != job.DeliveryPending || p.Attempt < n.Attempts:
		return nil
	}
	if wait := n.NotBefore.Sub(e.now()); wait > punctual {
		return e.deliverLater(ctx, p, wait, errors.New("it is not due yet"))
	}
	done, failure := e.tellAll(ctx, n)
	d := n.After(done, failure, e.Plan.Delivery, e.now())
	if d.State == job.DeliveryPending {
		again := NoticePrompt{Service: n.Service, Notice: n.ID, Attempt: d.Attempts, FirstSeen: n.At}
		if err := e.promptNotice(ctx, again, d.NotBefore); err != nil {
			e.Log.WarnContext(ctx, "notice left to the watchdog", keyNotice, n.ID, keyError, err.Error())
		}
	}
	err = e.Store.SaveNotice(ctx, n, d)
	switch {
	case errors.Is(err, job.ErrConflict):
		return nil // another delivery of this prompt has saved
	case err != nil:
		// Whoever has it gets it a second time, with the same id.
		e.Log.WarnContext(ctx, "delivery not saved, the watchdog looks again", keyNotice, n.ID, keyError, err.Error())
		return nil
	}
	e.delivered(ctx, n, d)
	return nil
}

// deliverLater sends p once more, unless that has gone on for too long: then
// Watch goes on.
func (e *Engine) deliverLater(ctx context.Context, p NoticePrompt, wait time.Duration, why error) error {
	p.Repeats++
	now := e.now()
	if now.Sub(p.FirstSeen) > e.Plan.Delivery.GiveUp+repeatFor {
		e.Log.WarnContext(ctx, "notice left to the watchdog", keyNotice, p.Notice, keyReason, why.Error())
		return nil
	}
	return e.answered(ctx, p.Deliveries, e.promptNotice(ctx, p, now.Add(wait)), "notice left to the watchdog", keyNotice, p.Notice)
}

func (e *Engine) delivered(ctx context.Context, n job.StoredNotice, d job.Delivery) {
	args := []any{keyNotice, n.ID, keyService, n.About, "type", string(n.Type), "attempt", d.Attempts, "told", d.Done}
	switch d.State {
	case job.Delivered:
		e.Log.InfoContext(ctx, "notice delivered", args...)
	case job.Undelivered:
		e.Log.ErrorContext(ctx, "notice given up", append(args, keyError, d.LastError)...)
	default:
		e.Log.WarnContext(ctx, "notice not delivered yet", append(args, keyError, d.LastError, keyNext, d.NotBefore)...)
	}
}

// heartbeat is who has a notice once the service's heartbeat was pinged.
// Webhooks can't be called that: their names have no colon.
const heartbeat = "heartbeat:"

// tellAll tells everybody who does not have n yet. It returns who has it now,
// and why the others have not.
func (e *Engine) tellAll(ctx context.Context, n job.StoredNotice) (done []string, failure string) {
	var failures []string
	tell := func(name string, call func() error) {
		if slices.Contains(n.Done, name) {
			return
		}
		if err := call(); err != nil {
			failures = append(failures, err.Error())
			return
		}
		done = append(done, name)
	}
	if !n.Type.Quiet() {
		for _, w := range e.Plan.Told(n.About) {
			tell(w.Name, func() error {
				contentType, body, err := notice.Encode(n.Notice, e.Plan.Environment, w.Form)
				if err != nil {
					return err
				}
				return e.Hooks.Post(ctx, w, n.ID, contentType, body)
			})
		}
	}
	if s, ok := e.Plan.Service(n.About); ok && s.Heartbeat != "" {
		if beat, ok := beatOf(n.Type); ok {
			tell(heartbeat, func() error { return e.ping(ctx, s.Heartbeat, n.Notice, beat) })
		}
	}
	if len(done) == 0 && len(n.Done) == 0 && len(failures) == 0 && !n.Type.Quiet() {
		e.Log.WarnContext(ctx, "notice with nobody to tell: give the plan a webhook", keyNotice, n.ID, "type", string(n.Type))
	}
	return done, strings.Join(failures, "; ")
}

func beatOf(t job.NoticeType) (job.Beat, bool) {
	switch t {
	case job.NoticeBackupStarted:
		return job.BeatStart, true
	case job.NoticeBackupSucceeded:
		return job.BeatSuccess, true
	case job.NoticeBackupFailed:
		return job.BeatFail, true
	}
	return "", false
}

// ping tells a heartbeat, unless the news is old: a start or a failure that
// comes after a later backup's success would raise a false alarm.
func (e *Engine) ping(ctx context.Context, setting string, n job.Notice, beat job.Beat) error {
	summary, err := e.Store.StoredSummary(ctx, n.Service)
	if err != nil {
		return err
	}
	if summary.LastEnded.After(n.At) {
		return nil
	}
	return e.Hooks.Ping(ctx, setting, beat)
}
