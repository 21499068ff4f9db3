package servicebus

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is what a random history of a queue must agree with.
type model struct {
	queue  *queue
	now    time.Time
	sent   int
	gone   int // completed or canceled
	tokens map[LockToken]bool
}

// TestNothingIsLostOrDoubled drives a queue through random histories. Every
// message is in exactly one place until somebody took it away for good.
func TestNothingIsLostOrDoubled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{queue: newQueue("q", QueueOptions{MaxDeliveryCount: 3}), now: epoch, tokens: map[LockToken]bool{}}
		t.Repeat(map[string]func(*rapid.T){
			"send":     m.send,
			"take":     m.take,
			"settle":   m.settle,
			"deferred": m.takeDeferred,
			"wait": func(t *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
				m.queue.advance(m.now)
				m.queue.deadLetters.advance(m.now)
			},
			"cancel": func(t *rapid.T) {
				n := int64(rapid.IntRange(0, m.sent).Draw(t, "number"))
				if m.queue.cancel([]int64{n}) == nil {
					m.gone++
				}
			},
			"": m.check,
		})
	})
}

func (m *model) send(t *rapid.T) {
	message := Message{ID: fmt.Sprint(m.sent)}
	if rapid.Bool().Draw(t, "scheduled") {
		message.ScheduledEnqueueTime = m.now.Add(time.Minute)
	}
	m.queue.enqueue(m.now, message.toAMQP())
	m.sent++
}

func (m *model) either(t *rapid.T) *queue {
	if rapid.Bool().Draw(t, "dead letters") {
		return m.queue.deadLetters
	}
	return m.queue
}

func (m *model) take(t *rapid.T) {
	from := m.either(t)
	if e := from.take(m.now, false); e != nil {
		if m.tokens[e.token] {
			t.Fatalf("token of %s was used before", e.id())
		}
		m.tokens[e.token] = true
	}
}

func (m *model) takeDeferred(t *rapid.T) {
	n := int64(rapid.IntRange(0, 2*m.sent).Draw(t, "number"))
	e := m.queue.entries[n]
	deferred := e != nil && e.state == Deferred && !e.locked()
	if _, err := m.queue.takeDeferred(m.now, []int64{n}, false); (err == nil) != deferred {
		t.Fatalf("take deferred %d = %v, deferred is %v", n, err, deferred)
	}
}

func (m *model) settle(t *rapid.T) {
	q := m.either(t)
	for _, e := range q.peek(0, len(q.entries)) {
		if !e.locked() {
			continue
		}
		token := e.token
		var err error
		switch rapid.IntRange(0, 4).Draw(t, "outcome") {
		case 0:
			err = q.complete(token)
			m.gone++
		case 1:
			err = q.abandon(m.now, token, nil)
		case 2:
			err = q.deferMessage(token, nil)
		case 3:
			err = q.deadLetter(token, "reason", "", nil)
		case 4:
			err = q.release(token)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
}

func (m *model) check(t *rapid.T) {
	q, dead := m.queue, m.queue.deadLetters
	if stored := len(q.entries) + len(dead.entries); stored != m.sent-m.gone {
		t.Fatalf("%d messages stored, want %d sent less %d gone", stored, m.sent, m.gone)
	}
	seen := map[string]bool{}
	for _, q := range []*queue{q, dead} {
		ready, locked := 0, 0
		for n, e := range q.entries {
			if n != e.sequence || seen[e.id()] {
				t.Fatalf("message %s is stored as %d, has number %d, seen before: %v", e.id(), n, e.sequence, seen[e.id()])
			}
			seen[e.id()] = true
			if e.readyAt > 0 {
				ready++
			}
			if e.locked() {
				locked++
				if e.readyAt > 0 || q.locks[e.token] != e || e.lockedUntil.Before(m.now) {
					t.Fatalf("message %s is locked and ready, or locked by nobody, or for too long", e.id())
				}
			}
			if (e.alarmedAt > 0) == e.dueAt().IsZero() {
				t.Fatalf("message %s: due at %v, watched: %v", e.id(), e.dueAt(), e.alarmedAt > 0)
			}
		}
		if ready != q.ready.Len() || locked != len(q.locks) {
			t.Fatalf("%s: %d ready, %d in order; %d locked, %d locks", q.name, ready, q.ready.Len(), locked, len(q.locks))
		}
	}
}
