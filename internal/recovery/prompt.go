package recovery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"lifeboat/internal/job"
)

// The queues.
const (
	StepQueue     = "job-steps"         // prompts
	RequestQueue  = "recovery-requests" // requests and alerts
	ApprovalQueue = "approvals"         // a queue of its own, so that fewer may send to it
	NoticeQueue   = "notices"           // prompts to deliver a notice
)

// Prompt asks for one look at one job. It carries no decision: the row is the
// truth.
type Prompt struct {
	Service  string
	Job      string
	Revision int // of the row that it was sent for
	// Repeats counts how often this prompt was sent again without a move,
	// and Since is when that began.
	Repeats int
	Since   time.Time

	// EnqueuedAt is when the queue made the message visible, by its own
	// clock; Deliveries counts this one. Both come with the delivery.
	EnqueuedAt time.Time
	Deliveries int
}

// promptSchema is the version of the message's form.
const promptSchema = 1

type promptMessage struct {
	Schema   int        `json:"schema"`
	Service  string     `json:"service"`
	Job      string     `json:"job"`
	Revision int        `json:"revision"`
	Repeats  int        `json:"repeats,omitempty"`
	Since    *time.Time `json:"since,omitempty"`
}

// ErrMalformed: a message that is not a prompt of a known schema.
var ErrMalformed = errors.New("malformed message")

// DecodePrompt reads the body of a message of StepQueue. It returns
// ErrMalformed for anything that EncodePrompt would not write. For a later
// version of it, it returns what it understands with job.ErrNewerSchema.
func DecodePrompt(body []byte) (Prompt, error) {
	var m promptMessage
	unknown := strictly(body, &m)
	if unknown != nil {
		// Only of a later version may there be more than this one knows.
		m = promptMessage{}
		if err := json.Unmarshal(body, &m); err != nil {
			return Prompt{}, fmt.Errorf("%w: %v", ErrMalformed, err)
		}
	}
	newer := m.Schema > promptSchema
	if unknown != nil && !newer {
		return Prompt{}, fmt.Errorf("%w: %v", ErrMalformed, unknown)
	}
	if m.Schema < 1 || m.Service == "" || m.Job == "" || m.Revision < 1 || m.Repeats < 0 {
		return Prompt{}, fmt.Errorf("%w: want schema %d, service, job and revision", ErrMalformed, promptSchema)
	}
	p := Prompt{Service: m.Service, Job: m.Job, Revision: m.Revision, Repeats: m.Repeats}
	if m.Since != nil {
		p.Since = m.Since.UTC()
	}
	if !sendable(p.Since) {
		return Prompt{}, fmt.Errorf("%w: since is beyond the years that a message can say", ErrMalformed)
	}
	if newer {
		return p, fmt.Errorf("prompt of schema %d: %w", m.Schema, job.ErrNewerSchema)
	}
	return p, nil
}

// strictly decodes body, which must be one value without fields that v does
// not have.
func strictly(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if rest := body[d.InputOffset():]; len(bytes.TrimLeft(rest, " \t\r\n")) > 0 {
		return errors.New("more than one value")
	}
	return nil
}

// sendable reports whether a message can say t: an offset can push a time that
// came in JSON beyond the years that JSON has.
func sendable(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

// Postpone sends p again later, for a version of Lifeboat that understands
// what this one does not.
func (e *Engine) Postpone(ctx context.Context, p Prompt, why string) error {
	return e.again(ctx, p, schemaWait, why)
}

// EncodePrompt is the body of p's message.
func EncodePrompt(p Prompt) []byte {
	m := promptMessage{Schema: promptSchema, Service: p.Service, Job: p.Job, Revision: p.Revision, Repeats: p.Repeats}
	if !p.Since.IsZero() {
		m.Since = &p.Since
	}
	body, err := json.Marshal(m)
	if err != nil {
		// Strings, numbers and a time of this century always encode.
		panic(err)
	}
	return body
}

// headStart is what a save gets before the prompt for the move after it, which
// is sent first, may arrive: otherwise that would look at the row as it was.
const headStart = 2 * time.Second

// prompt sends p, to arrive at the time given.
func (e *Engine) prompt(ctx context.Context, p Prompt, at time.Time) error {
	if soonest := e.now().Add(headStart); at.Before(soonest) {
		at = soonest
	}
	err := e.Queue.Send(ctx, job.Message{
		Queue:     StepQueue,
		ID:        p.Job + "/" + strconv.Itoa(p.Revision) + "/" + e.NewID(),
		Body:      EncodePrompt(p),
		NotBefore: at,
	})
	if err != nil {
		return fmt.Errorf("send a prompt for job %s: %w", p.Job, err)
	}
	return nil
}

const (
	// repeatFor is how long a prompt is sent again before it is left to
	// Watchdog, which prompts whatever is overdue.
	repeatFor = 24 * time.Hour
	// schemaWait is how long an older binary leaves a newer one's row alone.
	schemaWait = 5 * time.Minute
	// lastDeliveries is how many failed deliveries of one message are enough
	// to leave the job to Watchdog. It is well below the queue's own limit.
	lastDeliveries = 5
	// sulk is how long an invocation waits before it says no, because the
	// queue delivers again at once.
	sulk = 10 * time.Second
)

// again sends p once more, to arrive after wait and later each time, and so
// settles the message that brought it.
func (e *Engine) again(ctx context.Context, p Prompt, wait time.Duration, why string) error {
	now := e.now()
	if p.Since.IsZero() {
		p.Since = now
	}
	p.Repeats++
	if now.Sub(p.Since) > repeatFor {
		e.Log.WarnContext(ctx, "prompt left to the watchdog", keyJob, p.Job, keyReason, why, "since", p.Since)
		return nil
	}
	wait = max(wait, job.Backoff(p.Repeats, p.Job))
	e.Log.WarnContext(ctx, "prompt repeated", keyJob, p.Job, keyReason, why, "repeats", p.Repeats, keyNext, now.Add(wait))
	return e.sent(ctx, p, e.prompt(ctx, p, now.Add(wait)))
}

// sent turns a failure to send into an answer: no, after a moment, so that
// the queue delivers again; or, when that did not help for a while, yes,
// because Watchdog prompts every overdue job and a dead letter helps nobody.
func (e *Engine) sent(ctx context.Context, p Prompt, err error) error {
	return e.answered(ctx, p.Deliveries, err, "prompt left to the watchdog", keyJob, p.Job)
}

// answered is sent for any message that Watch sends again if need be.
func (e *Engine) answered(ctx context.Context, deliveries int, err error, left string, about ...any) error {
	if err == nil {
		return nil
	}
	if deliveries >= lastDeliveries {
		e.Log.WarnContext(ctx, left, append(about, keyReason, err.Error())...)
		return nil
	}
	pause(ctx, sulk)
	return err
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
