package servicebus

import (
	"fmt"
	"time"
)

// Settlement: how a locked message leaves its receiver's hands. Every method
// returns ErrLockLost if the token locks nothing.

// complete removes the message.
func (q *queue) complete(token LockToken) error {
	e, ok := q.locks[token]
	if !ok {
		return ErrLockLost
	}
	q.remove(e)
	return nil
}

// abandon gives the message back and counts a failed delivery.
func (q *queue) abandon(now time.Time, token LockToken, properties map[string]any) error {
	e, ok := q.locks[token]
	if !ok {
		return ErrLockLost
	}
	e.modify(properties)
	q.fail(now, e)
	return nil
}

// release gives the message back as if it had never been delivered.
func (q *queue) release(token LockToken) error {
	e, ok := q.locks[token]
	if !ok {
		return ErrLockLost
	}
	q.unlock(e)
	q.put(e)
	return nil
}

// deferMessage sets the message aside until somebody asks for its number.
func (q *queue) deferMessage(token LockToken, properties map[string]any) error {
	e, ok := q.locks[token]
	if !ok {
		return ErrLockLost
	}
	e.modify(properties)
	e.state = Deferred
	q.unlock(e)
	q.put(e)
	return nil
}

// deadLetter moves the message to the dead-letter queue.
func (q *queue) deadLetter(token LockToken, reason, description string, properties map[string]any) error {
	e, ok := q.locks[token]
	if !ok {
		return ErrLockLost
	}
	e.modify(properties)
	q.bury(e, reason, description)
	return nil
}

// renew restarts the lock's duration.
func (q *queue) renew(now time.Time, token LockToken) (time.Time, error) {
	e, ok := q.locks[token]
	if !ok {
		return time.Time{}, ErrLockLost
	}
	e.lockedUntil = now.Add(q.options.LockDuration)
	q.put(e)
	return e.lockedUntil, nil
}

// fail ends a delivery that was not settled well. A dead-letter queue does not
// count them.
func (q *queue) fail(now time.Time, e *entry) {
	q.unlock(e)
	if q.deadLetters == nil {
		q.put(e)
		return
	}
	e.failures++
	if e.failures >= q.options.MaxDeliveryCount {
		q.bury(e, "MaxDeliveryCountExceeded",
			fmt.Sprintf("Message could not be consumed after %d delivery attempts.", e.failures))
		return
	}
	q.put(e)
	if !e.expiresAt.IsZero() && !now.Before(e.expiresAt) {
		q.expire(e)
	}
}

// bury moves e to the dead-letter queue, where it keeps its number and no
// longer expires. A message that is there already stays.
func (q *queue) bury(e *entry, reason, description string) {
	properties := map[string]any{}
	if reason != "" {
		properties[reasonProperty] = reason
	}
	if description != "" {
		properties[descriptionProperty] = description
	}
	e.modify(properties)
	q.remove(e)
	e.state = Active
	if q.deadLetters == nil {
		q.put(e)
		return
	}
	e.expiresAt, e.deadLetterSource = time.Time{}, q.name
	q.deadLetters.put(e)
}

// advance does what time alone does: scheduled messages become active, locks
// lapse, messages expire.
func (q *queue) advance(now time.Time) {
	for e := q.alarms.first(); e != nil && !now.Before(e.alarm); e = q.alarms.first() {
		switch {
		case e.locked():
			q.lapsed++
			q.fail(now, e)
		case e.state == Scheduled:
			q.activate(now, e)
		default:
			q.expire(e)
		}
	}
}

// activate appends a scheduled message to the queue, as if it were sent now.
func (q *queue) activate(now time.Time, e *entry) {
	q.remove(e)
	e.state, e.sequence, e.enqueuedAt = Active, q.nextSequence(), now
	e.expiresAt = q.expiry(e, now)
	q.put(e)
}

func (q *queue) expire(e *entry) {
	if q.options.DeadLetterOnExpiry && q.deadLetters != nil {
		q.bury(e, "TTLExpiredException", "The message expired and was dead lettered.")
		return
	}
	q.remove(e)
}

// nextAlarm is when advance will next have something to do.
func (q *queue) nextAlarm() (time.Time, bool) {
	e := q.alarms.first()
	if e == nil {
		return time.Time{}, false
	}
	return e.alarm, true
}
