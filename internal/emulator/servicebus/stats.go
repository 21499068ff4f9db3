package servicebus

// Stats counts what happened since the broker was made. Operations of both
// AMQP clients and the Go API count.
type Stats struct {
	Connections  uint64 // opened
	Open         int    // connections open now
	Sent         uint64 // messages, those of batches one by one
	Scheduled    uint64 // by schedule-message
	Canceled     uint64
	Received     uint64 // deliveries begun
	Completed    uint64
	Abandoned    uint64
	DeadLettered uint64 // by receivers
	Deferred     uint64
	Released     uint64
	Renewed      uint64
	Lapsed       uint64 // locks that expired
	Peeked       uint64 // messages
}

// Settlements is the sum of the outcomes that receivers chose.
func (s Stats) Settlements() uint64 {
	return s.Completed + s.Abandoned + s.DeadLettered + s.Deferred + s.Released
}

// Stats returns the counts so far.
func (b *Broker) Stats() Stats {
	b.lock()
	defer b.unlock()
	s := b.stats
	s.Open = len(b.conns)
	for _, e := range b.entities {
		s.Lapsed += e.lapsed
	}
	return s
}

// settled counts an operation on a locked message.
func (s *Stats) settled(kind OpKind) {
	switch kind {
	case OpComplete:
		s.Completed++
	case OpAbandon:
		s.Abandoned++
	case OpDeadLetter:
		s.DeadLettered++
	case OpDefer:
		s.Deferred++
	case OpRelease:
		s.Released++
	case OpRenew:
		s.Renewed++
	}
}
