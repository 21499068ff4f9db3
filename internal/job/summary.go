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

	PointBlob     string // the newest point that can be restored
	PointStarted  time.Time
	PointVerified time.Time
	PointSize     int64
	// Bereft: there was a point, and the last was withdrawn.
	Bereft bool
	// LastStarted is when a backup was last begun.
	LastStarted time.Time

	// ProtectedSince is when the service was first seen in the plan.
	ProtectedSince time.Time
	// Health is what was announced last.
	Health Health
	// Lapsing is the blob of the point of which it was announced that it is
	// about to lapse.
	Lapsing string
	// Readiness of a standby, and why it is not ready, as last looked at.
	Readiness   Readiness
	ReadyReason string
	ReadyAt     time.Time

	// Incident is the open incident about this service, if any.
	Incident string
	// MaintenanceUntil: alerts start nothing before it.
	MaintenanceUntil time.Time
	// MaintenanceAsked is when the request that said so was sent.
	MaintenanceAsked time.Time
	// FailedOver is when a failover of or onto this service was last begun,
	// and Acknowledged that a person has ended its cool-down.
	FailedOver   time.Time
	FailoverJob  string // which restore that was
	Acknowledged bool
	// ServingFor is the service that this one has replaced since ServingSince,
	// until a person says otherwise. Nothing is restored onto it.
	ServingFor   string
	ServingSince time.Time
	// Holds is the blob of the point that was restored here last.
	Holds string
	// BackupTimes and RestoreTimes are of jobs on this service that succeeded.
	BackupTimes, RestoreTimes Times

	// CleanedAt is when the rows of this partition that nobody needs any more
	// were last removed.
	CleanedAt time.Time
}

// Readiness says whether a failover onto a standby would find it fit. The zero
// value is that nobody looked yet.
type Readiness string

// The answers.
const (
	Ready    Readiness = "Ready"
	NotReady Readiness = "NotReady"
)

// SummaryMove is what a move writes into the service's summary; nil fields
// stay as they are.
type SummaryMove struct {
	ScheduledThrough *time.Time
	Waiting          *string
	Ended            *Job
	// Point is the newest restorable point from now on; the zero Point is
	// none.
	Point          *Point
	LastStarted    *time.Time
	ProtectedSince *time.Time
	Health         *Health
	Lapsing        *string
	Readiness      *Readiness
	ReadyReason    *string
	ReadyAt        *time.Time

	Incident         *string
	MaintenanceUntil *time.Time
	MaintenanceAsked *time.Time
	FailedOver       *time.Time
	FailoverJob      *string
	Acknowledged     *bool
	ServingFor       *string
	ServingSince     *time.Time
	Holds            *string

	BackupTimes, RestoreTimes *Times
	CleanedAt                 *time.Time
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
		s.PointBlob, s.PointStarted, s.PointVerified, s.PointSize = m.Point.Blob, m.Point.StartedAt, m.Point.VerifiedAt, m.Point.Size
		s.Bereft = m.Point.Blob == ""
	}
	set(&s.LastStarted, m.LastStarted)
	set(&s.ProtectedSince, m.ProtectedSince)
	set(&s.Health, m.Health)
	set(&s.Lapsing, m.Lapsing)
	set(&s.Readiness, m.Readiness)
	set(&s.ReadyReason, m.ReadyReason)
	set(&s.ReadyAt, m.ReadyAt)
	set(&s.Incident, m.Incident)
	set(&s.MaintenanceUntil, m.MaintenanceUntil)
	set(&s.MaintenanceAsked, m.MaintenanceAsked)
	set(&s.FailedOver, m.FailedOver)
	set(&s.FailoverJob, m.FailoverJob)
	set(&s.Acknowledged, m.Acknowledged)
	set(&s.ServingFor, m.ServingFor)
	set(&s.ServingSince, m.ServingSince)
	set(&s.Holds, m.Holds)
	set(&s.BackupTimes, m.BackupTimes)
	set(&s.RestoreTimes, m.RestoreTimes)
	set(&s.CleanedAt, m.CleanedAt)
	return s
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// SummaryBetween is what the transaction that turns from into to writes into
// the service's summary. It points to copies: what points into a job keeps all
// of it.
func SummaryBetween(from, to Job) SummaryMove {
	if to.Kind == Restore {
		return restoreSummary(from, to)
	}
	var m SummaryMove
	switch {
	case from.State == Pending && to.State != Pending:
		none := ""
		m.Waiting = &none
	case from.State != Pending && to.State == Pending:
		id := to.ID
		m.Waiting = &id
	}
	if from.State != Starting && to.State == Starting {
		started := to.Attempt.StartedAt
		m.LastStarted = &started
	}
	if to.State.Terminal() {
		ended := to
		m.Ended = &ended
	}
	if to.State == Succeeded {
		m.BackupTimes = to.times()
	}
	return m
}

// restoreSummary is what a restore writes into its target's summary: that a
// failover was begun, at the intent, and what the target holds, at the end.
func restoreSummary(from, to Job) SummaryMove {
	var m SummaryMove
	o := to.order()
	if to.State == Starting && from.State != Starting && to.Attempt.Phase == Overwrite {
		nothing := ""
		m.Holds = &nothing // from here on nobody knows until it is verified
		if !o.Warm {
			at, id, no := to.Attempt.StartedAt, to.ID, false
			m.FailedOver, m.FailoverJob, m.Acknowledged = &at, &id, &no
		}
	}
	if to.State == Succeeded {
		held := o.Point.Blob
		m.Holds = &held
		m.RestoreTimes = to.times()
		if !o.Warm {
			source, ended := o.Source, to.EndedAt
			m.ServingFor, m.ServingSince = &source, &ended
			if o.Attempted.IsZero() { // it was held already: the failover begins with its end
				id, no := to.ID, false
				m.FailedOver, m.FailoverJob, m.Acknowledged = &ended, &id, &no
			}
		}
	}
	return m
}
