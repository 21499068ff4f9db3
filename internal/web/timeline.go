package web

import (
	"cmp"
	"slices"
	"time"

	"lifeboat/internal/job"
)

// Timeline is what happened to one service between two times.
type Timeline struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Backups []Event   `json:"backups"` // oldest first, as all the rest
	// Gaps are the times in which the newest backup was older than the goal.
	Gaps     []Event `json:"gaps"`
	Restores []Event `json:"restores"`
	Days     []Day   `json:"days"` // UTC
	// PointsOnly: past jobs could not be listed, so failed backups and
	// restores are missing, and a pruned backup looks like a gap.
	PointsOnly bool `json:"pointsOnly,omitempty"`
	// Incomplete: some points or past jobs could not be read, so there may be
	// more backups and restores, and gaps are not told.
	Incomplete bool `json:"incomplete,omitempty"`
}

// Event is one thing that took some time.
type Event struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Job and State are of backups and restores; Refresh is of a restore that
	// was no failover.
	Job     string `json:"job,omitempty"`
	State   string `json:"state,omitempty"`
	Refresh bool   `json:"refresh,omitempty"`
}

// Day is one day in numbers. What lasted into the next counts by its end, a
// gap by its share.
type Day struct {
	Date      string  `json:"date"`
	Good      int     `json:"good"`
	Failed    int     `json:"failed"`
	Gap       Seconds `json:"gapSeconds"`
	Restores  int     `json:"restores"`
	Refreshes int     `json:"refreshes"`
}

func timeline(p Past, goal time.Duration, since, now time.Time) Timeline {
	now = now.UTC()
	t := Timeline{From: now.Add(-Window), To: now, Backups: []Event{}, Gaps: []Event{}, Restores: []Event{}, PointsOnly: p.NoJobs, Incomplete: p.Incomplete}
	good := verified(p)
	if !p.Incomplete { // what was not read would look like one
		t.Gaps = append(t.Gaps, gaps(good, goal, since, t.From, t.To)...)
	}
	for _, e := range good {
		if !e.To.Before(t.From) {
			t.Backups = append(t.Backups, e)
		}
	}
	for _, j := range p.Jobs {
		e := Event{From: began(j), To: until(j, now), Job: j.ID, State: string(j.State)}
		switch {
		case j.Restore != nil && (j.State.HoldsLease() || j.State.Terminal()):
			e.Refresh = j.Restore.Warm
			t.Restores = append(t.Restores, e)
		case j.Kind == job.Backup && j.State == job.Failed:
			t.Backups = append(t.Backups, e)
		}
	}
	slices.SortFunc(t.Backups, byTime)
	slices.SortFunc(t.Restores, byTime)
	t.Days = days(t)
	return t
}

func byTime(a, b Event) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Job, b.Job)) }

// verified are the good backups, oldest first: the points that were not
// withdrawn, and the jobs whose point has been pruned.
func verified(p Past) []Event {
	var good []Event
	seen := map[string]bool{}
	for _, point := range p.Points {
		seen[point.Job] = true
		if point.Live() {
			good = append(good, Event{From: point.StartedAt, To: point.VerifiedAt, Job: point.Job, State: string(job.Succeeded)})
		}
	}
	for _, j := range p.Jobs {
		if j.Kind == job.Backup && j.State == job.Succeeded && !seen[j.ID] {
			good = append(good, Event{From: began(j), To: j.EndedAt, Job: j.ID, State: string(j.State)})
		}
	}
	slices.SortFunc(good, byTime)
	return good
}

// gaps are the times within from and to in which the newest good backup was
// older than goal. A backup counts from its end on, by the age of its start.
// Where none is known from before from, one that began just then is assumed,
// or, if the service was first seen later, at since.
func gaps(good []Event, goal time.Duration, since, from, to time.Time) []Event {
	var all []Event
	newest := later(since, from)
	add := func(end time.Time) {
		start, end := later(newest.Add(goal), from), earlier(end, to)
		if start.Before(end) {
			all = append(all, Event{From: start, To: end})
		}
	}
	if since.IsZero() {
		if len(good) == 0 {
			return nil // nobody has looked at the service yet
		}
		newest = good[0].From
	}
	for _, e := range good {
		if e.From.After(from) {
			add(e.To)
		}
		newest = e.From
	}
	add(to)
	return all
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// days are all the days of t, oldest first.
func days(t Timeline) []Day {
	const day = 24 * time.Hour
	var all []Day
	for at := t.From.Truncate(day); at.Before(t.To); at = at.Add(day) {
		d := Day{Date: at.Format(time.DateOnly)}
		in := func(e Event) bool { return !e.To.Before(at) && e.To.Before(at.Add(day)) }
		for _, e := range t.Backups {
			switch {
			case !in(e):
			case e.State == string(job.Succeeded):
				d.Good++
			default:
				d.Failed++
			}
		}
		for _, e := range t.Restores {
			switch {
			case !in(e):
			case e.Refresh:
				d.Refreshes++
			default:
				d.Restores++
			}
		}
		for _, e := range t.Gaps {
			start := e.From
			if start.Before(at) {
				start = at
			}
			d.Gap += secondsOf(max(earlier(e.To, at.Add(day)).Sub(start), 0))
		}
		all = append(all, d)
	}
	return all
}
