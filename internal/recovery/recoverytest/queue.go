package recoverytest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// Queue holds messages until they are due.
type Queue struct {
	effects *Effects

	mu       sync.Mutex
	messages []job.Message
	sent     int
}

// NewQueue is an empty queue whose calls are effects of e.
func NewQueue(e *Effects) *Queue { return &Queue{effects: e} }

// errNoRole: the app's identity may only read there.
var errNoRole = errors.New("unauthorized: the app may not send to " + recovery.ApprovalQueue)

// Send implements recovery.Sender. Like Azure it takes no approval from the app.
func (q *Queue) Send(_ context.Context, m job.Message) error {
	return q.effects.do("queue", "Send", unchanged, func() error {
		if m.Queue == recovery.ApprovalQueue {
			return errNoRole
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		q.messages = append(q.messages, m)
		q.sent++
		return nil
	})
}

// Sent counts the messages that were accepted.
func (q *Queue) Sent() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.sent
}

// Take removes and returns the messages that are due at now, in the order in
// which they became due.
func (q *Queue) Take(now time.Time) []job.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	var due []job.Message
	q.messages = slices.DeleteFunc(q.messages, func(m job.Message) bool {
		if m.NotBefore.After(now) {
			return false
		}
		due = append(due, m)
		return true
	})
	slices.SortStableFunc(due, func(a, b job.Message) int { return a.NotBefore.Compare(b.NotBefore) })
	return due
}

// Waiting are the messages that nobody took yet.
func (q *Queue) Waiting() []job.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.messages)
}

// Next is when the next message is due; false if there is none.
func (q *Queue) Next() (time.Time, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.messages) == 0 {
		return time.Time{}, false
	}
	first := q.messages[0].NotBefore
	for _, m := range q.messages[1:] {
		if m.NotBefore.Before(first) {
			first = m.NotBefore
		}
	}
	return first, true
}
