package host

import (
	"context"
	"strings"
	"time"
)

// Queues is what the host needs of Service Bus.
type Queues interface {
	// Receive waits for a message of a queue and locks it.
	Receive(ctx context.Context, queue string) (Delivery, error)
}

// Delivery is one locked message.
type Delivery interface {
	Message() Message
	Complete() error
	Abandon() error
	Renew() (lockedUntil time.Time, err error)
}

// Message is a message as its receiver sees it.
type Message struct {
	Body             []byte
	ID               string
	LockToken        string
	LockedUntil      time.Time
	DeliveryCount    int
	SequenceNumber   int64
	EnqueuedAt       time.Time
	ExpiresAt        time.Time // zero is never
	DeadLetterSource string
	CorrelationID    string
	Subject          string
	ContentType      string
	To               string
	ReplyTo          string
	Properties       map[string]any
}

// pause is how long a receiver waits after an error.
const pause = time.Second

// receive runs up to MaxConcurrentCalls messages of a queue at once until the
// listeners stop.
func (h *Host) receive(f Function) {
	free := make(chan struct{}, h.app.Messaging.MaxConcurrentCalls)
	for h.listen.Err() == nil {
		select {
		case free <- struct{}{}:
		case <-h.listen.Done():
			return
		}
		d, err := h.options.Queues.Receive(h.listen, f.Queue)
		if err != nil {
			<-free
			h.rest(f, err)
			continue
		}
		h.running.Go(func() {
			defer func() { <-free }()
			h.deliver(f, d)
		})
	}
}

func (h *Host) rest(f Function, err error) {
	if h.listen.Err() != nil {
		return
	}
	h.options.Log.Warn("receive", "function", f.Name, "queue", f.Queue, "error", err)
	select {
	case <-time.After(pause):
	case <-h.listen.Done():
	}
}

// deliver runs one message and settles it: Complete after a success, Abandon at
// once after anything else, without a back-off. Nothing is settled after a
// crash.
func (h *Host) deliver(f Function, d Delivery) {
	m := d.Message()
	renewing, settle := context.WithCancel(h.life)
	renewed := make(chan struct{})
	go func() { defer close(renewed); h.renew(renewing, d, m.LockedUntil) }()
	in := h.invoke(f, h.posting(f, func(s sys) []byte { return messageEnvelope(f, m, h.client(), s) }))
	settle()
	<-renewed
	in.MessageID = m.ID
	if h.life.Err() == nil {
		in.Settlement = h.settle(f, d, in)
	}
	h.report(in)
}

func (h *Host) settle(f Function, d Delivery, in Invocation) Settlement {
	settlement, do := Abandoned, d.Abandon
	if in.Outcome == Succeeded {
		if !f.AutoComplete {
			return LockLost // nobody else can complete it
		}
		settlement, do = Completed, d.Complete
	}
	if err := do(); err != nil {
		h.options.Log.Warn("settle", "function", f.Name, "invocation", in.ID, "message", in.MessageID, "error", err)
		return LockLost
	}
	return settlement
}

// renew keeps a message locked for up to MaxAutoLockRenewal, renewing shortly
// before each end as the SDK's processor does.
func (h *Host) renew(ctx context.Context, d Delivery, lockedUntil time.Time) {
	end := h.options.Now().Add(h.app.Messaging.MaxAutoLockRenewal)
	for {
		left := lockedUntil.Sub(h.options.Now())
		wait := left - min(left/2, 10*time.Second)
		if wait <= 0 || h.options.Now().Add(wait).After(end) {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		var err error
		if lockedUntil, err = d.Renew(); err != nil {
			return // settling will find the lock lost
		}
	}
}

func (h *Host) client() client {
	name, _, _ := strings.Cut(h.options.Namespace, ".")
	return client{FullyQualifiedNamespace: h.options.Namespace, Identifier: name + "-" + guid()}
}
