package job

import "time"

// Stored is a job as it was read, with the tag that a save must match.
type Stored struct {
	Job
	ETag string
}

// StoredLease is a lease as it was read.
type StoredLease struct {
	Lease
	ETag string
}

// Move is one atomic write to one service's partition: the job as it was read
// and as it shall be, and with it whatever must change at the same moment.
type Move struct {
	From Stored
	To   Job
	// Event is what turned From into To.
	Event Event
	// Point is what this move makes restorable, if anything.
	Point *Point
	// Judged is the tag of the service's summary that this move rests on: it
	// is saved only if that has not changed, or, if the tag is empty, if there
	// is none. Nil: it rests on none. It counts only for a move that writes
	// into the summary.
	Judged *string
	// Heartbeat: somebody wants the notices of starts and successes too.
	Heartbeat bool
}

// Notices are what m announces.
func (m Move) Notices() []Notice {
	var notices []Notice
	for _, n := range NoticesBetween(m.From.Job, m.To) {
		if m.Heartbeat || !n.Type.Quiet() {
			notices = append(notices, n)
		}
	}
	return notices
}

// Lease is what m does to the service's lease.
func (m Move) Lease() LeaseMove { return LeaseBetween(m.From.Job, m.To) }

// Summary is what m writes into the service's summary.
func (m Move) Summary() SummaryMove {
	s := SummaryBetween(m.From.Job, m.To)
	s.Point = m.Point
	return s
}

// HeldLease is the lease row that m's job has after m.
func (m Move) HeldLease() Lease {
	return Lease{
		Service:     m.To.Service,
		Job:         m.To.ID,
		Orphaned:    m.To.Stranded || m.To.State.Terminal(),
		ResumeToken: m.To.Attempt.ResumeToken,
	}
}

// Message is something for a queue to deliver, not before NotBefore and
// possibly more than once. ID is for people and for tracing; nothing depends
// on a queue that drops duplicates.
type Message struct {
	Queue     string
	ID        string
	Body      []byte
	NotBefore time.Time // zero: at once
	// Properties are application properties beside the body.
	Properties map[string]string
}
