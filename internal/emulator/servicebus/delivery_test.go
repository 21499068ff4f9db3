package servicebus

import (
	"context"
	"errors"
	"testing"
	"time"
)

// The Go API, as the Functions host's stand-in uses it.

func (l *lab) take(queue string) *Delivery {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.ctx, time.Hour)
	defer cancel()
	d, err := l.broker.Receive(ctx, queue)
	if err != nil {
		l.Fatal(err)
	}
	return d
}

func TestADeliveryIsSettledOnce(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.ok(l.broker.Send("jobs", Message{ID: "a", Body: []byte("body"), CorrelationID: "c"}))
		d := l.take("jobs")
		if d.ID != "a" || string(d.Body) != "body" || d.CorrelationID != "c" || d.DeliveryCount != 1 ||
			d.LockToken == (LockToken{}) || !d.LockedUntil.Equal(time.Now().Add(time.Minute)) {
			t.Errorf("delivery = %+v", d.Message)
		}
		until, err := d.Renew()
		if err != nil || !until.Equal(time.Now().Add(time.Minute)) {
			t.Errorf("renew = %v, %v", until, err)
		}
		l.ok(d.Complete())
		for name, again := range map[string]func() error{
			"complete": d.Complete, "abandon": d.Abandon,
			"dead-letter": func() error { return d.DeadLetter("r", "d") },
			"renew":       func() error { _, err := d.Renew(); return err },
		} {
			if err := again(); !errors.Is(err, ErrLockLost) {
				t.Errorf("%s after complete = %v, want ErrLockLost", name, err)
			}
		}
	})
}

func TestADeliveryReturnsUntilItIsDeadLettered(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.broker.AddQueue("three", QueueOptions{MaxDeliveryCount: 3, LockDuration: 10 * time.Second})
		l.ok(l.broker.Send("three", Message{ID: "a"}))
		l.ok(l.take("three").Abandon())
		l.take("three") // and let the lock lapse
		if d := l.take("three"); d.DeliveryCount != 3 {
			t.Errorf("delivery count = %d, want 3", d.DeliveryCount)
		} else {
			l.ok(d.Abandon())
		}
		d := l.take("three/$DeadLetterQueue")
		if d.DeadLetterReason != "MaxDeliveryCountExceeded" || d.DeadLetterSource != "three" {
			t.Errorf("dead letter = %+v", d.Message)
		}
		l.ok(d.Complete())

		l.ok(l.broker.Send("three", Message{ID: "b"}))
		l.ok(l.take("three").DeadLetter("because", "of this"))
		if d := l.take("THREE/$deadletterqueue"); d.DeadLetterReason != "because" || d.DeadLetterDescription != "of this" {
			t.Errorf("dead letter = %+v", d.Message)
		}
	})
}

func TestReceiveWaits(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		start := time.Now()
		l.ok(l.broker.Send("jobs", Message{ID: "a", ScheduledEnqueueTime: start.Add(36 * time.Hour)}))
		d, err := l.broker.Receive(l.ctx, "jobs")
		l.ok(err)
		if time.Since(start) != 36*time.Hour || d.State != Active || !d.EnqueuedTime.Equal(start.Add(36*time.Hour)) {
			t.Errorf("received after %v: %+v", time.Since(start), d.Message)
		}
	})
}

func TestACanceledReceiveTakesNothing(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		ctx, cancel := context.WithTimeout(l.ctx, time.Minute)
		defer cancel()
		if _, err := l.broker.Receive(ctx, "jobs"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("receive = %v, want deadline exceeded", err)
		}
		l.ok(l.broker.Send("jobs", Message{ID: "a"}))
		if _, err := l.broker.Receive(ctx, "jobs"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("receive with a dead context = %v", err)
		}
		if d := l.take("jobs"); d.DeliveryCount != 1 {
			t.Errorf("delivery %d, want 1: nobody else had it", d.DeliveryCount)
		}
		if _, err := l.broker.Receive(l.ctx, "nowhere"); !errors.Is(err, ErrQueueNotFound) {
			t.Errorf("receive from nowhere = %v, want ErrQueueNotFound", err)
		}
		if err := l.broker.Send("nowhere", Message{}); !errors.Is(err, ErrQueueNotFound) {
			t.Errorf("send to nowhere = %v, want ErrQueueNotFound", err)
		}
	})
}

func TestWhatIsSentIsACopy(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		body, properties := []byte("body"), map[string]any{"k": "v"}
		l.ok(l.broker.Send("jobs", Message{Body: body, ApplicationProperties: properties}))
		body[0], properties["k"] = 'x', "x"
		d := l.take("jobs")
		if string(d.Body) != "body" || d.ApplicationProperties["k"] != "v" {
			t.Errorf("the sender changed a sent message: %q, %v", d.Body, d.ApplicationProperties)
		}
	})
}

func TestPeekShowsEveryState(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		due := time.Now().Add(time.Hour)
		l.ok(l.broker.Send("jobs", Message{ID: "locked"}))
		l.ok(l.broker.Send("jobs", Message{ID: "active"}))
		l.ok(l.broker.Send("jobs", Message{ID: "scheduled", ScheduledEnqueueTime: due}))
		d := l.take("jobs")
		got := l.broker.Peek("jobs")
		if len(got) != 3 {
			t.Fatalf("peeked %d messages, want 3", len(got))
		}
		if m := got[0]; m.ID != "locked" || !m.LockedUntil.Equal(d.LockedUntil) || m.DeliveryCount != 1 || m.SequenceNumber != 1 {
			t.Errorf("locked message = %+v", m)
		}
		if m := got[1]; m.ID != "active" || !m.LockedUntil.IsZero() || m.DeliveryCount != 0 {
			t.Errorf("active message = %+v", m)
		}
		if m := got[2]; m.ID != "scheduled" || m.State != Scheduled || !m.ScheduledEnqueueTime.Equal(due) {
			t.Errorf("scheduled message = %+v", m)
		}
		l.counts("jobs", 2, 1, 0)
	})
}

func TestAClockThatJumps(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := New(Options{Now: func() time.Time { return now }})
	defer b.Close()
	b.AddQueue("jobs", QueueOptions{})
	if err := b.Send("jobs", Message{ID: "a", ScheduledEnqueueTime: now.Add(24 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	received := make(chan error)
	go func() {
		_, err := b.Receive(t.Context(), "jobs")
		received <- err
	}()
	now = now.Add(24 * time.Hour)
	b.Wake()
	if err := <-received; err != nil {
		t.Error(err)
	}
}
