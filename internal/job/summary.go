package job

import "time"

// Summary is the one row per service that the schedule and the fleet's view
// read instead of every job.
type Summary struct {
	Service string
	// ScheduledThrough is the latest occurrence that has a job or was
	// covered by one that had not started yet.
	ScheduledThrough time.Time
	// Waiting is the backup that has not started yet, if any: a new
	// occurrence joins it.
	Waiting string

	LastJob   string // the backup that ended last
	LastState State
	LastCode  string
	LastEnded time.Time

	PointBlob    string // the newest point
	PointStarted time.Time
	PointSize    int64
}

// SummaryMove is what a move writes into the service's summary; nil fields
// stay as they are.
type SummaryMove struct {
	ScheduledThrough *time.Time
	Waiting          *string
	Ended            *Job
	Point            *Point
}

// Empty reports whether m changes nothing.
func (m SummaryMove) Empty() bool { return m == SummaryMove{} }

// Apply is s after m.
func (m SummaryMove) Apply(s Summary) Summary {
	if m.ScheduledThrough != nil {
		s.ScheduledThrough = *m.ScheduledThrough
	}
	if m.Waiting != nil {
		s.Waiting = *m.Waiting
	}
	if m.Ended != nil {
		s.LastJob, s.LastState, s.LastCode, s.LastEnded = m.Ended.ID, m.Ended.State, m.Ended.Code, m.Ended.EndedAt
	}
	if m.Point != nil {
		s.PointBlob, s.PointStarted, s.PointSize = m.Point.Blob, m.Point.StartedAt, m.Point.Size
	}
	return s
}

// SummaryBetween is what the transaction that turns from into to writes into
// the service's summary.
func SummaryBetween(from, to Job) SummaryMove {
	var m SummaryMove
	switch {
	case from.State == Pending && to.State != Pending:
		none := ""
		m.Waiting = &none
	case from.State != Pending && to.State == Pending:
		m.Waiting = &to.ID
	}
	if to.State.Terminal() {
		m.Ended = &to
	}
	return m
}
