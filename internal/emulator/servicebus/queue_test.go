package servicebus

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/Azure/go-amqp"
)

var epoch = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func content(id string) *amqp.Message { return Message{ID: id, Body: []byte(id)}.toAMQP() }

// ids lists the messages of a queue by sequence number.
func ids(q *queue) string {
	var out []string
	for _, e := range q.peek(0, len(q.entries)) {
		out = append(out, e.id())
	}
	return fmt.Sprint(out)
}

func wantIDs(t *testing.T, what string, q *queue, want ...string) {
	t.Helper()
	if got := ids(q); got != fmt.Sprint(want) {
		t.Errorf("%s: %s holds %s, want %v", what, q.name, got, want)
	}
}

func mustTake(t *testing.T, q *queue, now time.Time, want string) *entry {
	t.Helper()
	e := q.take(now, false)
	if e == nil || e.id() != want {
		t.Fatalf("take = %v, want %s", e, want)
	}
	return e
}

func TestALockedMessageIsNobodyElses(t *testing.T) {
	q := newQueue("q", QueueOptions{})
	q.enqueue(epoch, content("a"))
	e := mustTake(t, q, epoch, "a")
	if other := q.take(epoch, false); other != nil {
		t.Errorf("took %s twice", other.id())
	}
	if err := q.complete(e.token); err != nil {
		t.Error(err)
	}
	wantIDs(t, "after complete", q)
}

func TestALapsedLockIsAFailedDelivery(t *testing.T) {
	q := newQueue("q", QueueOptions{LockDuration: time.Minute})
	q.enqueue(epoch, content("a"))
	q.enqueue(epoch, content("b"))
	e := mustTake(t, q, epoch, "a")
	token := e.token

	if at, ok := q.nextAlarm(); !ok || !at.Equal(epoch.Add(time.Minute)) {
		t.Errorf("next alarm = %v, %v, want when the lock lapses", at, ok)
	}
	q.advance(epoch.Add(time.Minute - 1))
	if e.failures != 0 {
		t.Error("the lock lapsed early")
	}
	q.advance(epoch.Add(time.Minute))
	if e.failures != 1 {
		t.Errorf("failures = %d after the lock lapsed, want 1", e.failures)
	}
	if err := q.complete(token); !errors.Is(err, ErrLockLost) {
		t.Errorf("complete with a lapsed lock = %v, want ErrLockLost", err)
	}
	mustTake(t, q, epoch.Add(time.Minute), "a") // back in its old place
}

func TestRenewalMovesTheLocksEnd(t *testing.T) {
	q := newQueue("q", QueueOptions{LockDuration: time.Minute})
	q.enqueue(epoch, content("a"))
	e := mustTake(t, q, epoch, "a")
	until, err := q.renew(epoch.Add(50*time.Second), e.token)
	if err != nil || !until.Equal(epoch.Add(110*time.Second)) {
		t.Fatalf("renew = %v, %v, want 110 s after the start", until, err)
	}
	q.advance(epoch.Add(109 * time.Second))
	if err := q.complete(e.token); err != nil {
		t.Errorf("complete under a renewed lock: %v", err)
	}
}

func TestTooManyDeliveriesEndInTheDeadLetterQueue(t *testing.T) {
	q := newQueue("q", QueueOptions{MaxDeliveryCount: 3})
	q.enqueue(epoch, content("a"))
	for range 3 {
		e := mustTake(t, q, epoch, "a")
		if err := q.abandon(epoch, e.token, map[string]any{"note": "no", "nothing": nil}); err != nil {
			t.Fatal(err)
		}
	}
	wantIDs(t, "after 3 deliveries", q)
	wantIDs(t, "after 3 deliveries", q.deadLetters, "a")
	m := q.deadLetters.peek(0, 1)[0].message()
	if m.DeadLetterReason != "MaxDeliveryCountExceeded" || m.DeadLetterSource != "q" || m.DeliveryCount != 3 {
		t.Errorf("dead letter = reason %q, source %q, %d deliveries", m.DeadLetterReason, m.DeadLetterSource, m.DeliveryCount)
	}
	if got := fmt.Sprint(m.ApplicationProperties["note"]); got != "no" {
		t.Errorf("abandoned property = %q, want no", got)
	}

	dead := mustTake(t, q.deadLetters, epoch, "a")
	if err := q.deadLetters.abandon(epoch, dead.token, nil); err != nil || dead.failures != 3 {
		t.Errorf("abandon in the dead-letter queue = %v, %d failures, want still 3", err, dead.failures)
	}
}

func TestScheduledMessagesJoinTheEnd(t *testing.T) {
	q := newQueue("q", QueueOptions{})
	scheduled := Message{ID: "later", ScheduledEnqueueTime: epoch.Add(time.Hour)}.toAMQP()
	first := q.enqueue(epoch, scheduled)
	q.enqueue(epoch, content("now"))
	q.advance(epoch.Add(time.Hour - 1))
	if q.count(Scheduled) != 1 {
		t.Error("the scheduled message was early")
	}
	q.advance(epoch.Add(time.Hour))
	wantIDs(t, "an hour later", q, "now", "later")
	e := q.peek(0, 2)[1]
	if e.sequence <= first || e.enqueuedSequence != first || !e.enqueuedAt.Equal(epoch.Add(time.Hour)) {
		t.Errorf("activated as %d (first %d) at %v, want a new number and time", e.sequence, e.enqueuedSequence, e.enqueuedAt)
	}
}

func TestOnlyScheduledMessagesCanBeCanceled(t *testing.T) {
	q := newQueue("q", QueueOptions{})
	n := q.enqueue(epoch, Message{ID: "later", ScheduledEnqueueTime: epoch.Add(time.Hour)}.toAMQP())
	active := q.enqueue(epoch, content("now"))
	if err := q.cancel([]int64{n, active}); !errors.Is(err, errMessageNotFound) {
		t.Errorf("cancel of an active message = %v, want not found", err)
	}
	wantIDs(t, "after a refused cancel", q, "later", "now")
	if err := q.cancel([]int64{n}); err != nil {
		t.Error(err)
	}
	wantIDs(t, "after cancel", q, "now")
}

func TestDuplicatesAreDroppedWithinTheWindow(t *testing.T) {
	q := newQueue("q", QueueOptions{DuplicateDetection: time.Minute})
	n := q.enqueue(epoch, content("a"))
	if again := q.enqueue(epoch.Add(time.Minute-1), content("a")); again != n {
		t.Errorf("duplicate got number %d, want the original's %d", again, n)
	}
	wantIDs(t, "within the window", q, "a")
	q.enqueue(epoch.Add(time.Minute), content("a"))
	wantIDs(t, "after the window", q, "a", "a")
}

func TestExpiry(t *testing.T) {
	const hour = time.Hour
	cases := []struct {
		name         string
		options      QueueOptions
		ttl          time.Duration
		gone         bool // at the hour
		deadLettered bool
	}{
		{name: "a message without a time to live stays"},
		{name: "a message's own time to live", ttl: hour, gone: true},
		{name: "the queue's", options: QueueOptions{TTL: hour}, gone: true},
		{name: "the shorter one counts", options: QueueOptions{TTL: hour}, ttl: 2 * hour, gone: true},
		{name: "a dead letter if the queue says so", options: QueueOptions{DeadLetterOnExpiry: true}, ttl: hour, gone: true, deadLettered: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			q := newQueue("q", c.options)
			q.enqueue(epoch, Message{ID: "a", TimeToLive: c.ttl}.toAMQP())
			q.advance(epoch.Add(hour - 1))
			wantIDs(t, "before the hour", q, "a")
			q.advance(epoch.Add(hour))
			if gone := len(q.entries) == 0; gone != c.gone {
				t.Errorf("gone after an hour = %v, want %v", gone, c.gone)
			}
			if dead := len(q.deadLetters.entries) == 1; dead != c.deadLettered {
				t.Errorf("dead-lettered = %v, want %v", dead, c.deadLettered)
			}
		})
	}
}

func TestALockedMessageExpiresWhenItComesBack(t *testing.T) {
	q := newQueue("q", QueueOptions{LockDuration: 5 * time.Minute})
	q.enqueue(epoch, Message{ID: "a", TimeToLive: time.Minute}.toAMQP())
	e := mustTake(t, q, epoch, "a")
	q.advance(epoch.Add(2 * time.Minute))
	wantIDs(t, "while it is locked", q, "a")
	if err := q.abandon(epoch.Add(2*time.Minute), e.token, nil); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "after it was abandoned", q)
}
