// Package fleet is one view of all that a plan protects, computed from stored
// rows at one moment and from nothing else. The metrics, the log and whatever
// shows people how things are say the same because they all say this. Reading
// the rows is left to the caller.
package fleet

import (
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Rows are what a view is made of; the order of each does not matter.
type Rows struct {
	Summaries []job.Summary
	Jobs      []job.Job          // all that have not ended
	Notices   []job.StoredNotice // all that are not delivered, pending or given up
	Counters  []job.Counter
}

// Fleet is how everything was at one moment.
type Fleet struct {
	// At is that moment, UTC.
	At time.Time
	// Environment is the plan's; may be empty.
	Environment string
	// Services has every service of the plan, in its order, whether or not
	// there are rows of it.
	Services []Service
	// Standbys has every standby of every service, in the plan's order. One
	// that two services share is there twice.
	Standbys []Standby
	// Load is the work on everything, on what has left the plan too.
	Load
	// NoticesPending are on their way, NoticesUndelivered were given up.
	NoticesPending, NoticesUndelivered int
	// Counters are sorted by name and label, and no two have both in common.
	Counters []job.Counter
}

// Load is the work that goes on.
type Load struct {
	// JobsInFlight is how many jobs have not ended, those that wait included.
	JobsInFlight int
	// OldestJobAge is how long ago the oldest of them was made; 0 if there is
	// none.
	OldestJobAge time.Duration
	// PollLag is how long the next move of a job has been due, the longest of
	// all; 0 while none is.
	PollLag time.Duration
}

// Service is how one protected service is. Everything but Name, Interval and
// Grace is zero for one that was never seen.
type Service struct {
	// Name is the plan's.
	Name string
	// Interval and Grace are the plan's: how far apart good backups should
	// start at most, and how much later one may be.
	Interval, Grace time.Duration
	// ProtectedSince is when the service was first seen in the plan; zero if
	// nobody looked yet.
	ProtectedSince time.Time
	// Health is judged at Fleet.At; Announced is what people were told last.
	Health, Announced job.Health

	// LastSuccess is when the newest point was verified, and LastPointStarted
	// when its backup began; both are zero if there is no point.
	LastSuccess, LastPointStarted time.Time
	// Restorable: Azure still accepts the newest point.
	Restorable bool
	// RPO is the time since LastPointStarted, all of which a restore would
	// lose; 0 unless Restorable.
	RPO time.Duration
	// RestorableUntil is when Azure stops accepting the newest point. It may
	// be over; it is zero only if there is no point.
	RestorableUntil time.Time

	// LastJob is the backup that ended last, LastEnded when, and LastStatus
	// and LastCode how; LastCode is empty for a success, and all are zero
	// while none has ended.
	LastJob    string
	LastStatus job.State
	LastCode   string
	LastEnded  time.Time
	// Waiting is the backup that has not started yet; empty if there is none.
	Waiting string
	// Load is the work on this service: its backups, and the restores of its
	// points onto a standby.
	Load

	// Incident is the open one; empty if there is none.
	Incident string
	// MaintenanceUntil is the end of a maintenance that goes on; zero
	// otherwise.
	MaintenanceUntil time.Time
}

// Standby is how one standby of one service is.
type Standby struct {
	// Name is the plan's, Source the service that it stands by for.
	Name, Source string
	// Mode is the plan's.
	Mode plan.StandbyMode
	// Readiness is as of CheckedAt, and Reason says why it is NotReady; all
	// are zero while nobody has looked.
	Readiness job.Readiness
	Reason    string
	CheckedAt time.Time
	// ServingFor is the service that the standby has replaced since
	// ServingSince, which is not Source if it is shared; both are zero while
	// it replaces none.
	ServingFor   string
	ServingSince time.Time
}

// Serving reports whether the standby has replaced its source.
func (s Standby) Serving() bool { return s.ServingFor == s.Source }

// View is what rows say of p's fleet at now.
func View(p *plan.Plan, rows Rows, now time.Time) Fleet {
	f := Fleet{At: now.UTC(), Environment: p.Environment, Counters: merged(rows.Counters)}
	summaries := make(map[string]job.Summary, len(rows.Summaries))
	for _, s := range rows.Summaries {
		summaries[s.Service] = s
	}
	loads := map[string]Load{}
	for _, j := range rows.Jobs {
		f.Load = f.Load.and(j, now)
		loads[about(j)] = loads[about(j)].and(j, now)
	}
	for _, s := range p.Services {
		f.Services = append(f.Services, service(s, summaries[s.Name], loads[s.Name], now))
		for _, standby := range s.Standbys {
			f.Standbys = append(f.Standbys, standbyOf(s.Name, standby, summaries[standby.Name]))
		}
	}
	for _, n := range rows.Notices {
		switch n.State {
		case job.DeliveryPending:
			f.NoticesPending++
		case job.Undelivered:
			f.NoticesUndelivered++
		}
	}
	return f
}
