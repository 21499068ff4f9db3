package servicebus

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Delivery is a message locked by Receive. It must be settled before its lock
// lapses; otherwise the message is delivered again. The methods return
// ErrLockLost if the lock is gone.
type Delivery struct {
	Message
	broker *Broker
	entity *entity
}

// Receive waits for a message and locks it. queue may end in
// "/$DeadLetterQueue". It returns ErrQueueNotFound, ErrClosed or the context's
// error.
func (b *Broker) Receive(ctx context.Context, queue string) (*Delivery, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("receive from %s: %w", queue, err)
	}
	w, err := b.await(queue)
	if err != nil {
		return nil, fmt.Errorf("receive from %s: %w", queue, err)
	}
	select {
	case d := <-w.delivered:
		return d, nil
	case <-b.closing:
		err = ErrClosed
	case <-ctx.Done():
		err = ctx.Err()
	}
	if d := w.giveUp(); d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("receive from %s: %w", queue, err)
}

// waiter is one call of Receive. It takes one message and leaves.
type waiter struct {
	broker    *Broker
	entity    *entity
	delivered chan *Delivery // has room for that one
}

func (b *Broker) await(queue string) (*waiter, error) {
	b.lock()
	defer b.unlock()
	if b.closed {
		return nil, ErrClosed
	}
	e, err := b.entity(queue)
	if err != nil {
		return nil, err
	}
	w := &waiter{broker: b, entity: e, delivered: make(chan *Delivery, 1)}
	e.join(w)
	return w, nil
}

func (w *waiter) wants() bool   { return true }
func (w *waiter) settled() bool { return false }

func (w *waiter) deliver(e *entry) {
	w.entity.leave(w)
	w.delivered <- &Delivery{Message: e.message(), broker: w.broker, entity: w.entity}
}

// giveUp stops waiting. It returns what was delivered meanwhile.
func (w *waiter) giveUp() *Delivery {
	w.broker.lock()
	defer w.broker.unlock()
	w.entity.leave(w)
	select {
	case d := <-w.delivered:
		return d
	default:
		return nil
	}
}

func (e *entity) join(c consumer) { e.consumers = append(e.consumers, c) }

func (e *entity) leave(c consumer) {
	if at := slices.Index(e.consumers, c); at >= 0 {
		e.consumers = slices.Delete(e.consumers, at, at+1)
	}
}

// Complete removes the message.
func (d *Delivery) Complete() error {
	return d.settle(OpComplete, func() error { return d.entity.complete(d.LockToken) })
}

// Abandon gives the message back at once and counts a failed delivery.
func (d *Delivery) Abandon() error {
	return d.settle(OpAbandon, func() error { return d.entity.abandon(d.broker.now, d.LockToken, nil) })
}

// DeadLetter moves the message to the dead-letter queue.
func (d *Delivery) DeadLetter(reason, description string) error {
	return d.settle(OpDeadLetter, func() error { return d.entity.deadLetter(d.LockToken, reason, description, nil) })
}

// Renew restarts the lock's duration and returns its new end.
func (d *Delivery) Renew() (time.Time, error) {
	var until time.Time
	err := d.settle(OpRenew, func() (err error) {
		until, err = d.entity.renew(d.broker.now, d.LockToken)
		return err
	})
	return until, err
}

func (d *Delivery) settle(kind OpKind, do func() error) error {
	d.broker.lock()
	defer d.broker.unlock()
	if err := do(); err != nil {
		return fmt.Errorf("%s message %d of %s: %w", kind, d.SequenceNumber, d.entity.name, err)
	}
	d.broker.stats.settled(kind)
	return nil
}
