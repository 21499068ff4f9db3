package servicebus

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/Azure/go-amqp"
)

// Errors that callers of a Delivery or of the broker can test for.
var (
	ErrLockLost        = errors.New("the lock supplied is invalid: it expired, or the message is gone")
	ErrQueueNotFound   = errors.New("no such queue")
	ErrClosed          = errors.New("the broker is closed")
	errMessageNotFound = errors.New("no message with that sequence number in that state")
)

// QueueOptions are a queue's settings. Zero values are Azure's defaults.
type QueueOptions struct {
	LockDuration       time.Duration // 1 minute if zero
	MaxDeliveryCount   int           // 10 if zero
	DuplicateDetection time.Duration // the window; off if zero
	TTL                time.Duration // of messages; forever if zero
	DeadLetterOnExpiry bool          // or drop them
}

func (o QueueOptions) withDefaults() QueueOptions {
	if o.LockDuration == 0 {
		o.LockDuration = time.Minute
	}
	if o.MaxDeliveryCount == 0 {
		o.MaxDeliveryCount = 10
	}
	return o
}

// queue holds messages and knows the rules of their life. It has no clock, no
// lock and no goroutine: every method that needs the time is told.
type queue struct {
	name        string
	options     QueueOptions
	deadLetters *queue // nil in a dead-letter queue

	sequence *int64 // the last one given out; shared with the dead-letter queue
	entries  map[int64]*entry
	locks    map[LockToken]*entry
	ready    *order
	alarms   *order
	history  history
	lapsed   uint64 // locks that expired
}

const deadLetterSuffix = "/$DeadLetterQueue"

func newQueue(name string, o QueueOptions) *queue {
	q := emptyQueue(name, o.withDefaults(), new(int64))
	q.deadLetters = emptyQueue(name+deadLetterSuffix, q.options, q.sequence)
	q.history.window = q.options.DuplicateDetection
	return q
}

func emptyQueue(name string, o QueueOptions, sequence *int64) *queue {
	return &queue{
		name: name, options: o, sequence: sequence,
		entries: map[int64]*entry{}, locks: map[LockToken]*entry{},
		ready: bySequence(), alarms: byAlarm(),
	}
}

// reconfigure changes the settings. What is locked or has an expiry keeps it.
func (q *queue) reconfigure(o QueueOptions) {
	q.options = o.withDefaults()
	q.deadLetters.options = q.options
	q.history.window = q.options.DuplicateDetection
}

func (q *queue) nextSequence() int64 {
	*q.sequence++
	return *q.sequence
}

// enqueue stores a message, which the queue now owns, and returns its sequence
// number. A duplicate is dropped and answered with the original's number.
func (q *queue) enqueue(now time.Time, content *amqp.Message) int64 {
	if content.Properties == nil {
		content.Properties = &amqp.MessageProperties{}
	}
	if idText(content.Properties.MessageID) == "" {
		// Clients can't settle a message without an id.
		content.Properties.MessageID = amqp.UUID(newToken()).String()
	}
	e := &entry{content: content}
	if original, ok := q.history.duplicate(now, e.id()); ok {
		return original
	}
	e.enqueuedAt, e.sequence = now, q.nextSequence()
	e.enqueuedSequence = e.sequence
	q.history.remember(sighting{ID: e.id(), At: now, Sequence: e.sequence})
	e.scheduledFor, _ = content.Annotations[scheduledAnnotation].(time.Time)
	if e.scheduledFor.After(now) {
		e.state = Scheduled
	} else {
		e.expiresAt = q.expiry(e, now)
	}
	q.put(e)
	return e.sequence
}

// expiry is when e expires if it became active now.
func (q *queue) expiry(e *entry, now time.Time) time.Time {
	ttl := q.options.TTL
	if h := e.content.Header; h != nil && h.TTL > 0 && (ttl == 0 || h.TTL < ttl) {
		ttl = h.TTL
	}
	if ttl == 0 {
		return time.Time{}
	}
	return now.Add(ttl)
}

// put stores e or, if it is stored, finds its new place after a change.
func (q *queue) put(e *entry) {
	q.entries[e.sequence] = e
	q.ready.set(e, e.state == Active && !e.locked())
	e.alarm = e.dueAt()
	q.alarms.set(e, !e.alarm.IsZero())
}

func (q *queue) remove(e *entry) {
	q.unlock(e)
	delete(q.entries, e.sequence)
	q.ready.set(e, false)
	q.alarms.set(e, false)
}

func (q *queue) unlock(e *entry) {
	delete(q.locks, e.token)
	e.token, e.lockedUntil = LockToken{}, time.Time{}
}

// take locks the next message for a receiver, or removes it if it is not to be
// settled. It returns nil if there is none.
func (q *queue) take(now time.Time, settled bool) *entry {
	e := q.ready.first()
	if e == nil {
		return nil
	}
	q.hand(now, e, settled)
	return e
}

// takeDeferred does the same for deferred messages, all or none.
func (q *queue) takeDeferred(now time.Time, sequences []int64, settled bool) ([]*entry, error) {
	var taken []*entry
	for _, n := range sequences {
		e := q.entries[n]
		if e == nil || e.state != Deferred || e.locked() {
			return nil, errMessageNotFound
		}
		taken = append(taken, e)
	}
	for _, e := range taken {
		q.hand(now, e, settled)
	}
	return taken, nil
}

func (q *queue) hand(now time.Time, e *entry, settled bool) {
	if settled {
		q.remove(e)
		return
	}
	e.token, e.lockedUntil = newToken(), now.Add(q.options.LockDuration)
	q.locks[e.token] = e
	q.put(e)
}

func newToken() (t LockToken) {
	for i := 0; i < len(t); i += 8 {
		n := rand.Uint64()
		for j := range 8 {
			t[i+j] = byte(n >> (8 * j))
		}
	}
	return t
}

// cancel removes scheduled messages, all or none.
func (q *queue) cancel(sequences []int64) error {
	for _, n := range sequences {
		if e := q.entries[n]; e == nil || e.state != Scheduled {
			return errMessageNotFound
		}
	}
	for _, n := range sequences {
		if e := q.entries[n]; e != nil {
			q.remove(e)
		}
	}
	return nil
}

// peek returns up to limit messages in whatever state, by sequence number from
// the given one on.
func (q *queue) peek(from int64, limit int) []*entry {
	var found []*entry
	for _, n := range slices.Sorted(maps.Keys(q.entries)) {
		if len(found) >= limit {
			break
		}
		if n >= from {
			found = append(found, q.entries[n])
		}
	}
	return found
}

// count returns how many messages are in the state, locked ones included.
func (q *queue) count(s State) int {
	n := 0
	for _, e := range q.entries {
		if e.state == s {
			n++
		}
	}
	return n
}
