package servicebus

import "time"

// One lock guards the broker: its critical sections are short, and a careful
// order of many locks would buy nothing on a developer's machine. Whoever takes
// it finds time's work done; whoever gives it back delivers what can be
// delivered, sets the timer, and wakes the connections' writers once each.

func (b *Broker) lock() {
	b.mu.Lock()
	b.now = b.options.Now()
	b.advance()
}

func (b *Broker) advance() {
	for _, e := range b.entities {
		e.advance(b.now)
	}
}

func (b *Broker) unlock() {
	for _, e := range b.entities {
		b.dispatch(e)
	}
	b.setTimer()
	for _, c := range b.touched {
		c.writer.push(c.frames)
		c.frames = c.frames[:0]
		c.touched = false
	}
	b.touched = b.touched[:0]
	b.mu.Unlock()
}

// dispatch hands ready messages to consumers in turn.
func (b *Broker) dispatch(e *entity) {
	for e.ready.first() != nil {
		c := b.nextConsumer(e)
		if c == nil {
			return
		}
		m := e.take(b.now, c.settled())
		b.stats.Received++
		c.deliver(m)
	}
}

func (b *Broker) nextConsumer(e *entity) consumer {
	for range e.consumers {
		c := e.consumers[b.turn%uint64(len(e.consumers))]
		b.turn++
		if c.wants() {
			return c
		}
	}
	return nil
}

// setTimer sees to it that advance runs when the next message is due. A timer
// that is set for an earlier time stays: it will look and be set again.
func (b *Broker) setTimer() {
	if b.closed {
		return
	}
	var next time.Time
	for _, e := range b.entities {
		if at, ok := e.nextAlarm(); ok && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if next.IsZero() || !b.alarm.IsZero() && !b.alarm.After(next) {
		return
	}
	b.stopTimer()
	b.alarm = next
	b.running.Add(1)
	// Never less than a millisecond, in case Now is coarser than the timers.
	b.timer = time.AfterFunc(max(next.Sub(b.now), time.Millisecond), b.ring)
}

func (b *Broker) stopTimer() {
	if b.timer != nil && b.timer.Stop() {
		b.running.Done()
	}
	b.timer, b.alarm = nil, time.Time{}
}

func (b *Broker) ring() {
	defer b.running.Done()
	b.Wake()
}

// Wake does at once what the time calls for. It is for clocks that jump; with
// an ordinary one it need not be called.
func (b *Broker) Wake() {
	b.lock()
	b.alarm = time.Time{} // whatever it was set for, set it anew
	b.unlock()
}
