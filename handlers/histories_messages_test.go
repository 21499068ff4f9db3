package handlers_test

import (
	"time"

	"lifeboat/internal/emulator/servicebus"
)

// longestHold is how long a message is kept back for one that may not come.
const longestHold = time.Hour

// delay lets a message come later than it should. The sender believes that it
// was taken as it is.
func (f *fates) delay(op servicebus.Op, by time.Duration) {
	m := op.Message
	m.ScheduledEnqueueTime = due(m).Add(by)
	f.put(op.Queue, m)
}

func due(m servicebus.Message) time.Time {
	if now := time.Now(); m.ScheduledEnqueueTime.Before(now) {
		return now
	}
	return m.ScheduledEnqueueTime
}

// hold keeps a message back until the next one of its queue.
func (f *fates) hold(op servicebus.Op) {
	f.release(op)
	f.mu.Lock()
	f.held[op.Queue] = op.Message
	f.mu.Unlock()
	time.AfterFunc(longestHold, func() { f.release(servicebus.Op{Kind: op.Kind, Queue: op.Queue}) })
}

// release puts what is held behind op.
func (f *fates) release(op servicebus.Op) {
	if op.Kind != servicebus.OpSend && op.Kind != servicebus.OpSchedule {
		return
	}
	f.mu.Lock()
	m, ok := f.held[op.Queue]
	delete(f.held, op.Queue)
	f.mu.Unlock()
	if !ok {
		return
	}
	after := due(op.Message).Add(time.Millisecond)
	if due(m).Before(after) {
		m.ScheduledEnqueueTime = after
	}
	f.put(op.Queue, m)
}

func (f *fates) put(queue string, m servicebus.Message) {
	if err := f.broker.Send(queue, m); err != nil {
		panic(err) // a message of the handler's, on its way to its queue
	}
}
