package web

import (
	"maps"
	"slices"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// JobView is all there is to say of one job. What continues its operation in
// Azure is not in it: that is as good as a key.
type JobView struct {
	At          time.Time `json:"at"`
	Environment string    `json:"environment,omitempty"`
	Job         Job       `json:"job"`
	Deadline    time.Time `json:"deadline,omitzero"`
	Due         time.Time `json:"due,omitzero"`
	OnChange    bool      `json:"onChange,omitempty"`
	AskedBy     string    `json:"askedBy,omitempty"` // who asked for a backup, as asserted; a restore's is in Restore
	AskedWhy    string    `json:"askedWhy,omitempty" text:"long"`
	Blob        string    `json:"blob,omitempty"` // of the present attempt
	StartedAt   time.Time `json:"startedAt,omitzero"`
	Looks       int       `json:"looks,omitempty"` // at the present operation
	Stranded    bool      `json:"stranded,omitempty"`
	Trace       string    `json:"trace,omitempty"`
	Warnings    []string  `json:"warnings" text:"long"`
	History     []Step    `json:"history"` // oldest first
	// Message is Azure's own words, or Lifeboat's, longer than in Job.
	Message string    `json:"message,omitempty" text:"long"`
	Reason  string    `json:"reason,omitempty" text:"long"` // likewise
	Point   *Artefact `json:"point,omitempty"`              // that a backup made, or a restore restores
	Restore *Order    `json:"restore,omitempty"`
}

// Step is one change of a job's state.
type Step struct {
	State   string    `json:"state"`
	At      time.Time `json:"at"`
	After   Seconds   `json:"afterSeconds"` // since the job was made
	Attempt int       `json:"attempt,omitempty"`
	Note    string    `json:"note,omitempty" text:"long"`
}

// Artefact is a point with what was counted in it.
type Artefact struct {
	Point
	Tier     string    `json:"tier,omitempty"`
	Location string    `json:"location,omitempty"`
	Counts   []Counted `json:"counts"`
	Settings []Setting `json:"settings"` // of the service, that the backup leaves out
}

// Counted is how many resources of a kind there were before and after the
// backup; -1 where nobody counted.
type Counted struct {
	Kind   string `json:"kind"`
	Before int    `json:"before"`
	After  int    `json:"after"`
}

// Setting is one setting of a service.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Order is what a restore was asked to do, by whom, and what the gates said.
type Order struct {
	Source     string    `json:"source"`
	By         string    `json:"by,omitempty"` // as asserted
	Why        string    `json:"why,omitempty" text:"long"`
	Automatic  bool      `json:"automatic,omitempty"`
	Rule       string    `json:"rule,omitempty"`
	FiredAt    time.Time `json:"firedAt,omitzero"`
	Incident   string    `json:"incident,omitempty"`
	Gates      []Gate    `json:"gates"`
	ApprovedBy string    `json:"approvedBy,omitempty"` // as asserted
	ApprovedAt time.Time `json:"approvedAt,omitzero"`
	Expires    time.Time `json:"approvalExpires,omitzero"`
	Attempted  time.Time `json:"attempted,omitzero"`
	Safety     string    `json:"safetyBackup,omitempty"` // its blob
	Gateway    string    `json:"gateway,omitempty"`
	Management string    `json:"management,omitempty"`
}

// Detail is the view of j. point is what a backup left, if it is known.
func Detail(p *plan.Plan, j job.Job, point *job.Point, now time.Time) JobView {
	v := JobView{
		At: now.UTC(), Environment: p.Environment, Job: jobOf(j, now), Due: j.Due, OnChange: j.OnChange, AskedBy: j.Asked.By, AskedWhy: j.Asked.Why, Blob: j.Attempt.Blob,
		StartedAt: j.Attempt.StartedAt, Looks: j.Attempt.Polls, Stranded: j.Stranded, Trace: j.Attempt.Trace,
		Warnings: []string{}, History: []Step{}, Message: j.Message, Reason: j.Reason,
	}
	if !j.State.Terminal() {
		v.Deadline = j.Deadline
	}
	v.Warnings = append(v.Warnings, j.Warnings...)
	for _, s := range j.History {
		v.History = append(v.History, Step{State: string(s.State), At: s.At, After: secondsOf(s.At.Sub(j.CreatedAt)), Attempt: s.Attempt, Note: s.Note})
	}
	limit := 30 * 24 * time.Hour
	if s, ok := p.Service(about(j)); ok {
		limit = s.RestorableFor
	}
	if j.Restore != nil {
		v.Restore = orderOf(*j.Restore)
		if j.Restore.Point.Blob != "" {
			point = &j.Restore.Point
		}
	}
	if point != nil {
		v.Point = artefactOf(*point, limit, now)
	}
	tidy(&v)
	return v
}

func orderOf(o job.RestoreOrder) *Order {
	return &Order{
		Source: o.Source, By: o.By, Why: o.Why, Automatic: o.Automatic, Rule: o.Rule, FiredAt: o.FiredAt,
		Incident: o.Incident, Gates: append([]Gate{}, gatesOf(o.Gates)...),
		ApprovedBy: o.Approval.By, ApprovedAt: o.Approval.At, Expires: o.Approval.Expires, Attempted: o.Attempted,
		Safety: o.Safety.Name, Gateway: o.GatewayURL, Management: o.ManagementURL,
	}
}

func artefactOf(p job.Point, limit time.Duration, now time.Time) *Artefact {
	a := &Artefact{Point: pointOf(p, limit, now), Tier: p.Facts.Tier, Location: p.Facts.Location, Counts: []Counted{}, Settings: []Setting{}}
	for _, c := range []struct {
		kind          string
		before, after job.Tally
	}{
		{"APIs", p.Before.APIs, p.After.APIs}, {"products", p.Before.Products, p.After.Products}, {"named values", p.Before.NamedValues, p.After.NamedValues},
	} {
		if c.before.Known() || c.after.Known() {
			a.Counts = append(a.Counts, Counted{Kind: c.kind, Before: tally(c.before), After: tally(c.after)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Settings)) {
		a.Settings = append(a.Settings, Setting{Name: name, Value: p.Settings[name]})
	}
	return a
}

func tally(t job.Tally) int {
	if !t.Known() {
		return -1
	}
	return t.Count
}
