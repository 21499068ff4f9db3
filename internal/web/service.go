package web

import (
	"cmp"
	"slices"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Window is how far back a service's page looks.
const Window = 30 * 24 * time.Hour

// Past is what has been read of one service's last Window; the order does not
// matter, and what is older is left out of the view.
type Past struct {
	Points []job.Point
	// Jobs are the service's own and those of its standbys. Without them only
	// Points tell of the past, and those may have been pruned.
	Jobs   []job.Job
	NoJobs bool // they can't be listed
	// Incomplete: some of the points or jobs could not be read.
	Incomplete bool
}

// ServiceView is one service with its last days.
type ServiceView struct {
	At          time.Time  `json:"at"`
	Environment string     `json:"environment,omitempty"`
	Incomplete  bool       `json:"incomplete,omitempty"` // as in View
	Answer      Answer     `json:"answer"`
	Service     Service    `json:"service"`
	Jobs        []Job      `json:"jobs"` // that have not ended
	Incidents   []Incident `json:"incidents"`
	Timeline    Timeline   `json:"timeline"`
	Points      []Point    `json:"points"` // newest first
	Past        []Job      `json:"past"`   // that have ended, newest first
}

// Point is one verified backup.
type Point struct {
	Blob              string    `json:"blob"`
	Job               string    `json:"job"`
	Size              int64     `json:"size"`
	StartedAt         time.Time `json:"startedAt"`
	VerifiedAt        time.Time `json:"verifiedAt"`
	RestorableUntil   time.Time `json:"restorableUntil"`
	Restorable        bool      `json:"restorable"`
	ConcurrentChanges bool      `json:"concurrentChanges,omitempty"`
	WithdrawnAt       time.Time `json:"withdrawnAt,omitzero"`
	WithdrawnWhy      string    `json:"withdrawnWhy,omitempty"`
}

// About is the view of one service of k's plan; k may have the rows of others.
// It returns false if the plan does not have it.
func About(k Known, name string, past Past) (ServiceView, bool) {
	p, ok := k.Plan.Service(name)
	if !ok {
		return ServiceView{}, false
	}
	all := k.Plan
	k.Plan = &plan.Plan{Environment: k.Plan.Environment, Services: []plan.Service{p}}
	k.Incidents = slices.DeleteFunc(slices.Clone(k.Incidents), func(i job.Incident) bool { return i.Service != name })
	past = past.within(k.Now, name)
	for _, j := range past.Jobs {
		known := slices.ContainsFunc(k.Rows.Jobs, func(other job.Job) bool { return other.ID == j.ID })
		if !j.State.Terminal() && !known {
			k.Rows.Jobs = append(k.Rows.Jobs[:len(k.Rows.Jobs):len(k.Rows.Jobs)], j)
		}
	}
	k.Rows.Jobs = slices.DeleteFunc(slices.Clone(k.Rows.Jobs), func(j job.Job) bool { return about(j) != name })
	k.Incomplete = k.Incomplete || past.Incomplete
	whole := overview(k, all)
	v := ServiceView{
		At: whole.At, Environment: whole.Environment, Incomplete: whole.Incomplete, Answer: whole.Answer,
		Service: whole.Services[0], Jobs: whole.Jobs, Incidents: whole.Incidents,
		Timeline: timeline(past, p.Interval+p.Grace, since(k.Rows.Summaries, name), k.Now),
		Points:   []Point{}, Past: []Job{},
	}
	for _, point := range past.Points {
		if !point.StartedAt.Before(k.Now.Add(-Window)) {
			v.Points = append(v.Points, pointOf(point, p.RestorableFor, k.Now))
		}
	}
	for _, j := range past.Jobs {
		if j.State.Terminal() {
			v.Past = append(v.Past, jobOf(j, k.Now))
		}
	}
	tidy(&v)
	return v, true
}

// about is the protected service that j is about.
func about(j job.Job) string {
	if j.Restore != nil {
		return j.Restore.Source
	}
	return j.Service
}

func since(summaries []job.Summary, name string) time.Time {
	for _, s := range summaries {
		if s.Service == name {
			return s.ProtectedSince
		}
	}
	return time.Time{}
}

// within is p with the newest first and without the jobs of other services
// and those that ended before the window. Points before it stay: the newest of
// them tells whether the window begins with a gap.
func (p Past) within(now time.Time, service string) Past {
	from := now.Add(-Window)
	p.Points, p.Jobs = slices.Clone(p.Points), slices.Clone(p.Jobs)
	p.Jobs = slices.DeleteFunc(p.Jobs, func(j job.Job) bool {
		return about(j) != service || j.State.Terminal() && j.EndedAt.Before(from)
	})
	slices.SortFunc(p.Points, func(a, b job.Point) int { return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(b.Job, a.Job)) })
	slices.SortFunc(p.Jobs, func(a, b job.Job) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID)) })
	return p
}

func pointOf(p job.Point, limit time.Duration, now time.Time) Point {
	return Point{
		Blob: p.Blob, Job: p.Job, Size: p.Size, StartedAt: p.StartedAt, VerifiedAt: p.VerifiedAt,
		RestorableUntil: p.RestorableUntil(limit), Restorable: p.Live() && now.Before(p.RestorableUntil(limit)),
		ConcurrentChanges: p.ConcurrentChanges, WithdrawnAt: p.Withdrawn, WithdrawnWhy: p.WithdrawnWhy,
	}
}
