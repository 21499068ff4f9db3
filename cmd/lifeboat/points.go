package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

func pointsCommand(p *program) *cobra.Command {
	return p.operator(&cobra.Command{
		Use:     "points [SERVICE]",
		Short:   "What can be restored, newest first; of all: the newest of each",
		GroupID: looks,
		Long: `Points lists the verified backups of a service, newest first: what a restore can use,
how old it is, until when Azure accepts it, who holds it and which restore needs it.
Without a name it lists the newest of each service, without holds, and without whether
the service was changed while it was backed up.`,
	}, false, points)
}

// pointsReport is what points prints.
type pointsReport struct {
	At     time.Time    `json:"at"`
	Points []pointBrief `json:"points"`
}

type pointBrief struct {
	Service         string     `json:"service"`
	Point           string     `json:"point"` // for restore --point
	Job             string     `json:"job,omitempty"`
	Started         *time.Time `json:"started"`
	Verified        *time.Time `json:"verified"`
	RestorableUntil *time.Time `json:"restorableUntil"`
	Restorable      bool       `json:"restorable"`
	Size            int64      `json:"sizeBytes"`
	Tier            string     `json:"tier,omitempty"`
	Location        string     `json:"location,omitempty"`
	APIs            *int       `json:"apis,omitempty"`
	Changed         *bool      `json:"concurrentChanges,omitempty"` // nil: not looked at
	Withdrawn       *time.Time `json:"withdrawn,omitempty"`
	WithdrawnWhy    string     `json:"withdrawnWhy,omitempty"`
	Held            string     `json:"held,omitempty"` // why a person keeps it
	HeldBy          string     `json:"heldBy,omitempty"`
	PinnedBy        []string   `json:"pinnedBy,omitempty"` // the restores that need it
	Removing        bool       `json:"removing,omitempty"` // pruning has begun to remove it
}

func points(ctx context.Context, d *desk, args []string) error {
	r := pointsReport{At: d.now().UTC(), Points: []pointBrief{}}
	var err error
	if len(args) == 1 {
		r.Points, err = d.pointsOf(ctx, args[0], r)
	} else {
		r.Points, err = d.newestPoints(ctx, r)
	}
	if err != nil {
		return err
	}
	if d.flags.json {
		return printJSON(d.stdout, r)
	}
	d.listPoints(r)
	return nil
}

func (d *desk) pointsOf(ctx context.Context, name string, r pointsReport) ([]pointBrief, error) {
	s, err := d.service(name)
	if err != nil {
		return nil, err
	}
	found, err := every(d.rows.Points(ctx, name))
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		b := pointOf(s, p, r.At)
		if b.PinnedBy, err = d.engine().Pins(ctx, p); err != nil {
			return nil, err
		}
		r.Points = append(r.Points, b)
	}
	return r.Points, err
}

// newestPoints are those of the summaries.
func (d *desk) newestPoints(ctx context.Context, r pointsReport) ([]pointBrief, error) {
	summaries, err := every(d.rows.Summaries(ctx))
	if err != nil {
		return nil, err
	}
	for _, summary := range summaries {
		if s, ok := d.plan.Service(summary.Service); ok && summary.PointBlob != "" {
			b := pointOf(s, job.Point{
				Blob: summary.PointBlob, Size: summary.PointSize, StartedAt: summary.PointStarted, VerifiedAt: summary.PointVerified,
			}, r.At)
			b.Changed = nil // a summary does not say
			r.Points = append(r.Points, b)
		}
	}
	slices.SortFunc(r.Points, func(a, b pointBrief) int {
		return cmp.Or(timeOf(b.Started).Compare(timeOf(a.Started)), cmp.Compare(a.Service, b.Service))
	})
	return r.Points, err
}

func pointOf(s plan.Service, p job.Point, now time.Time) pointBrief {
	until := p.RestorableUntil(s.RestorableFor)
	b := pointBrief{
		Service: s.Name, Point: p.Blob, Job: p.Job, Started: at(p.StartedAt), Verified: at(p.VerifiedAt),
		RestorableUntil: at(until), Restorable: p.Live() && now.Before(until), Size: p.Size,
		Tier: p.Facts.Tier, Location: p.Facts.Location, Changed: &p.ConcurrentChanges,
		Withdrawn: at(p.Withdrawn), WithdrawnWhy: oneLine(p.WithdrawnWhy),
		Held: oneLine(p.Held), HeldBy: oneLine(p.HeldBy), Removing: p.Removing,
	}
	if p.After.APIs.Known() {
		b.APIs = &p.After.APIs.Count
	}
	return b
}

func (d *desk) listPoints(r pointsReport) {
	if len(r.Points) == 0 {
		d.print("No points: nothing has been backed up yet.\n")
		return
	}
	t := newTable("point", "service", "begun (UTC)", "restorable until (UTC)", "size", "tier", "location", "note")
	for _, p := range r.Points {
		t.add(p.Point, p.Service, when(timeOf(p.Started), r.At), p.until(r.At, when), size(p.Size), cmp.Or(p.Tier, "-"), cmp.Or(p.Location, "-"), p.note())
	}
	t.write(d.stdout, d.colors)
}

func (p pointBrief) until(now time.Time, when func(t, now time.Time) string) string {
	switch {
	case p.Withdrawn != nil:
		return "withdrawn " + ago(*p.Withdrawn, now)
	case p.Removing:
		return "being removed"
	case !p.Restorable:
		return "lapsed " + ago(*p.RestorableUntil, now)
	}
	return when(*p.RestorableUntil, now)
}

func (p pointBrief) note() string {
	var notes []string
	if p.Changed != nil && *p.Changed {
		notes = append(notes, "changed while it was backed up")
	}
	if p.Withdrawn != nil {
		notes = append(notes, p.WithdrawnWhy)
	}
	if p.Held != "" {
		notes = append(notes, "held by "+cmp.Or(p.HeldBy, "somebody")+": "+p.Held)
	}
	if len(p.PinnedBy) > 0 {
		notes = append(notes, "pinned by "+some(p.PinnedBy, "and"))
	}
	return cmp.Or(strings.Join(notes, "; "), "-")
}
