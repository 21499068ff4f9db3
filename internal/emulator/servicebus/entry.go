package servicebus

import (
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/Azure/go-amqp"

	"lifeboat/internal/emulator/servicebus/wire"
)

// entry is a message in a queue. content is what the sender sent; it may be
// shared and is replaced, never changed.
type entry struct {
	content *amqp.Message

	state            State
	sequence         int64
	enqueuedSequence int64
	enqueuedAt       time.Time
	scheduledFor     time.Time
	expiresAt        time.Time
	failures         int // deliveries that ended in abandonment or a lapsed lock
	token            LockToken
	lockedUntil      time.Time
	deadLetterSource string

	alarm              time.Time // when the queue must look at it next, zero is never
	readyAt, alarmedAt int       // places in the queue's heaps
}

func (e *entry) locked() bool { return !e.lockedUntil.IsZero() }

// id is the message id, for duplicate detection.
func (e *entry) id() string { return idText(e.content.Properties.MessageID) }

// dueAt is when time alone will change the entry, zero if never.
func (e *entry) dueAt() time.Time {
	switch {
	case e.locked():
		return e.lockedUntil
	case e.state == Scheduled:
		return e.scheduledFor
	}
	return e.expiresAt
}

// modify sets application properties. Nil values are left out: they can't be
// asked for, and clients trip over them.
func (e *entry) modify(properties map[string]any) {
	if len(properties) == 0 {
		return
	}
	content := *e.content
	content.ApplicationProperties = maps.Clone(content.ApplicationProperties)
	if content.ApplicationProperties == nil {
		content.ApplicationProperties = map[string]any{}
	}
	for k, v := range properties {
		if v != nil {
			content.ApplicationProperties[k] = v
		}
	}
	e.content = &content
}

// message is the entry as the Go API shows it.
func (e *entry) message() Message {
	m := fromAMQP(e.content)
	m.ApplicationProperties = maps.Clone(m.ApplicationProperties)
	m.State, m.SequenceNumber, m.EnqueuedSequenceNumber = e.state, e.sequence, e.enqueuedSequence
	m.EnqueuedTime, m.ScheduledEnqueueTime, m.ExpiresAt = e.enqueuedAt, e.scheduledFor, e.expiresAt
	m.DeliveryCount = e.failures
	if e.locked() {
		m.DeliveryCount++
		m.LockedUntil, m.LockToken = e.lockedUntil, e.token
	}
	m.DeadLetterSource = e.deadLetterSource
	return m
}

// encode writes the message as a receiver gets it. withToken adds the lock
// token as an annotation, for answers that have no delivery tag.
func (e *entry) encode(withToken bool) ([]byte, error) {
	header := wire.Header{Durable: true, Priority: 4, DeliveryCount: uint32(e.failures)}
	if h := e.content.Header; h != nil {
		header.Durable, header.Priority = h.Durable, h.Priority
		header.TTL = uint32(min(h.TTL.Milliseconds(), math.MaxUint32))
	}
	out := *e.content
	out.Header, out.DeliveryAnnotations = nil, nil
	if withToken {
		out.DeliveryAnnotations = amqp.Annotations{"x-opt-lock-token": amqp.UUID(e.token)}
	}
	out.Annotations = e.annotations()
	b, err := out.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encode message %d: %w", e.sequence, err)
	}
	return append(wire.AppendHeader(make([]byte, 0, len(b)+headerRoom), header), b...), nil
}

// headerRoom is more than a header needs.
const headerRoom = 40

// annotations are the sender's, with the broker's own in place of whatever the
// sender wrote under their names: clients assert their types without looking.
func (e *entry) annotations() amqp.Annotations {
	out := amqp.Annotations{}
	for k, v := range e.content.Annotations {
		if name, ok := k.(string); ok && !brokerAnnotations[name] {
			out[name] = v
		}
	}
	out["x-opt-sequence-number"] = e.sequence
	out["x-opt-enqueue-sequence-number"] = e.enqueuedSequence
	out["x-opt-enqueued-time"] = e.enqueuedAt
	out["x-opt-message-state"] = int32(e.state)
	if e.locked() {
		out["x-opt-locked-until"] = e.lockedUntil
	}
	if !e.scheduledFor.IsZero() {
		out[scheduledAnnotation] = e.scheduledFor
	}
	if e.deadLetterSource != "" {
		out["x-opt-deadletter-source"] = e.deadLetterSource
	}
	return out
}

var brokerAnnotations = map[string]bool{
	"x-opt-sequence-number":         true,
	"x-opt-enqueue-sequence-number": true,
	"x-opt-enqueued-time":           true,
	"x-opt-message-state":           true,
	"x-opt-locked-until":            true,
	"x-opt-deadletter-source":       true,
	scheduledAnnotation:             true,
}
