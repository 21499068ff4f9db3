package job

import (
	"cmp"
	"slices"
	"time"
)

// Finished is a row of something that is over; exactly one field is set. A
// point is over when it has been withdrawn.
type Finished struct {
	Job      *Stored
	Notice   *StoredNotice
	Incident *StoredIncident
	Alert    *StoredAlert
	Point    *StoredPoint
}

// StoredAlert is what is kept of an alert, as it was read.
type StoredAlert struct {
	AlertRecord
	ETag string
}

// Needs is what goes on, and so what rows that are over are still asked for.
type Needs struct {
	// Jobs are the ids of jobs that something names.
	Jobs map[string]bool
	// Incidents are those that are open, or that a restore in flight is about.
	Incidents map[string]bool
	// Retained are the services whose retention removes withdrawn points, and
	// their sidecars with them.
	Retained map[string]bool
}

// KeptJobs is how many of the last good jobs of each like stay however old
// they are, so that what last worked can be looked at.
const KeptJobs = 5

// Expired are those of rows, all of one partition, that were over before a
// time and that nobody needs. If there are more rows of the partition than
// these, none that should stay is among them.
func Expired(rows []Finished, needs Needs, before time.Time) []Finished {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Finished) int { return cmp.Compare(b.ended().Unix(), a.ended().Unix()) })
	good := map[like]int{}
	var expired []Finished
	for _, r := range rows {
		if !r.ended().Before(before) {
			continue
		}
		lately := false
		if r.Job != nil && r.Job.State == Succeeded {
			of := likeOf(r.Job.Job)
			good[of]++
			lately = good[of] <= KeptJobs
		}
		if !lately && !r.needed(needs) {
			expired = append(expired, r)
		}
	}
	return expired
}

// like is what jobs do: the same, of the same source.
type like struct {
	kind   Kind
	source string
}

func likeOf(j Job) like { return like{j.Kind, j.order().Source} }

// ended is when r was over; never, in the far future, for what is not.
func (r Finished) ended() time.Time {
	never := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	over := func(is bool, at time.Time) time.Time {
		if !is || at.IsZero() {
			return never
		}
		return at
	}
	switch {
	case r.Job != nil:
		return over(r.Job.State.Terminal(), r.Job.EndedAt)
	case r.Notice != nil:
		return over(r.Notice.State == Delivered || r.Notice.State == Undelivered, later(r.Notice.At, r.Notice.NotBefore))
	case r.Incident != nil:
		return over(!r.Incident.Open(), r.Incident.ResolvedAt)
	case r.Alert != nil:
		// One whose end was never told is over with its incident.
		return over(!r.Alert.FiredAt.IsZero() || !r.Alert.ResolvedAt.IsZero(), later(r.Alert.FiredAt, r.Alert.ResolvedAt))
	case r.Point != nil:
		return over(!r.Point.Withdrawn.IsZero(), r.Point.Withdrawn)
	}
	return never
}

func (r Finished) needed(needs Needs) bool {
	switch {
	case r.Job != nil:
		return needs.Jobs[r.Job.ID] || needs.Incidents[r.Job.order().Incident]
	case r.Incident != nil:
		return needs.Incidents[r.Incident.ID]
	case r.Alert != nil:
		return needs.Incidents[r.Alert.Incident]
	case r.Point != nil:
		return needs.Retained[r.Point.Service] || r.Point.Held != "" || r.Point.Removing
	}
	return false
}
