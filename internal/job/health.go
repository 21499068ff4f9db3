package job

import "time"

// Health says whether a service's backups keep up. The zero value is well.
type Health string

// What may be wrong.
const (
	Late Health = "Late"
	Down Health = "Down"
)

// Cadence is what a service's backups must keep up with.
type Cadence struct {
	Interval, Grace time.Duration
	RestorableFor   time.Duration
}

// HealthAt is s's health at now, judged by the start of its newest restorable
// point, or, for a service that never had one, by when it was first seen.
func (s Summary) HealthAt(c Cadence, now time.Time) Health {
	since := s.PointStarted
	if s.PointBlob == "" {
		if s.Bereft {
			return Down
		}
		since = s.ProtectedSince
	} else if !now.Before(since.Add(c.RestorableFor)) {
		return Down
	}
	switch age := now.Sub(since); {
	case since.IsZero():
		return ""
	case age > 2*c.Interval+c.Grace:
		return Down
	case age > c.Interval+c.Grace:
		return Late
	}
	return ""
}

// Transition is one atomic write to one service's partition that hangs on its
// summary: all of it is written, if the summary is as it was read, or nothing.
type Transition struct {
	Read    StoredSummary
	Summary SummaryMove
	// Job is made, if not nil.
	Job *Job
	// Points change, each if it is as it was read.
	Points []PointMove
	// Added are new points; one that is there already is a conflict.
	Added   []Point
	Notices []Notice
}

// StoredPoint is a point as it was read.
type StoredPoint struct {
	Point
	ETag string
}

// PointMove is a point as it was read and as it shall be.
type PointMove struct {
	From StoredPoint
	To   Point
}

// Counter counts something since the tables were made. A crash may lose a
// count; nothing is decided by it.
type Counter struct {
	Name  string // such as dead_letters
	Label string // such as the queue
	Value int64
}
