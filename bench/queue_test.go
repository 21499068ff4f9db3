package bench

import (
	"container/heap"
	"context"
	"time"

	"lifeboat/internal/job"
)

// queue holds messages in the order in which they are due, however many.
type queue struct {
	due  dueOrder
	sent int
	now  func() time.Time
}

// Send implements recovery.Sender.
func (q *queue) Send(_ context.Context, m job.Message) error {
	q.sent++
	heap.Push(&q.due, due{at: later(m.NotBefore, q.now()), number: q.sent, message: m})
	return nil
}

// next is when the first message is due; false if there is none.
func (q *queue) next() (time.Time, bool) {
	if len(q.due) == 0 {
		return time.Time{}, false
	}
	return q.due[0].at, true
}

func (q *queue) take() job.Message { return heap.Pop(&q.due).(due).message }

type due struct {
	at      time.Time
	number  int
	message job.Message
}

type dueOrder []due

func (o dueOrder) Len() int      { return len(o) }
func (o dueOrder) Swap(i, j int) { o[i], o[j] = o[j], o[i] }
func (o *dueOrder) Push(x any)   { *o = append(*o, x.(due)) }
func (o dueOrder) Less(i, j int) bool {
	if o[i].at.Equal(o[j].at) {
		return o[i].number < o[j].number
	}
	return o[i].at.Before(o[j].at)
}

func (o *dueOrder) Pop() any {
	last := (*o)[len(*o)-1]
	*o = (*o)[:len(*o)-1]
	return last
}
