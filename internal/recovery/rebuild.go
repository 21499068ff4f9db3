package recovery

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Rebuilt says what a rebuild found.
type Rebuilt struct {
	Service string
	Points  int // that can be restored
	Added   int // of all, those that the table did not have
	// Withdrawn are those whose blob is gone, or that had been withdrawn.
	Withdrawn int
	// Warnings name sidecars that can't be understood, and copies.
	Warnings []string
}

// Rebuild makes the catalogue of a service again from its container alone, and
// claims that for this engine's table: from then on an app with another table
// starts and deletes nothing there. It adds what the table lacks and changes
// nothing that it has, so it may run as often as it likes. What only the table
// knew is gone: jobs, incidents, which standby serves.
func (e *Engine) Rebuild(ctx context.Context, service, by string) (Rebuilt, error) {
	r := Rebuilt{Service: service}
	s, err := e.protected(service)
	if err != nil {
		return r, err
	}
	// First, so that nobody else adds to what is read.
	if err := e.takeOver(ctx, s.Service, by); err != nil {
		return r, fmt.Errorf("claim container %s of %s: %w", s.Container, s.Account, err)
	}
	points, err := e.recorded(ctx, s, &r)
	if err != nil {
		return r, err
	}
	for _, p := range points {
		if original := originalOf(p, points); original != "" {
			r.Warnings = append(r.Warnings, fmt.Sprintf("backup %s is left out: its sidecar names job %s and its start, as that of %s does: a copy can be removed", p.Blob, p.Job, original))
			continue
		}
		if e.forgotten(s, p) {
			continue
		}
		added, err := e.addPoint(ctx, s, p)
		if err != nil {
			return r, fmt.Errorf("add point %s: %w", p.Blob, err)
		}
		if added {
			r.Added++
		}
		if p.Live() {
			r.Points++
		} else {
			r.Withdrawn++
		}
	}
	e.Log.WarnContext(ctx, "catalogue rebuilt", keyService, s.Name, "points", r.Points, "added", r.Added, "withdrawn", r.Withdrawn, "by", by)
	return r, nil
}

// recorded are the points that the container of s tells of, as they are now.
// It warns in r of those that can't be understood.
func (e *Engine) recorded(ctx context.Context, s plan.Service, r *Rebuilt) (points []job.Point, err error) {
	for p, err := range e.Blobs.Recorded(ctx, s.Service) {
		switch {
		case errors.Is(err, job.ErrUnreadable):
			r.Warnings = append(r.Warnings, err.Error())
		case err != nil:
			return nil, fmt.Errorf("read what container %s of %s records of %s: %w: run it again", s.Container, s.Account, s.Name, err)
		default:
			points = append(points, p)
		}
	}
	for i, p := range points {
		if points[i], err = e.checked(ctx, s, p); err != nil {
			return nil, err
		}
	}
	return points, nil
}

// originalOf is the blob that stands in the catalogue in place of p's, or "": a
// row is found by job and start, so that of a backup and the copies that people
// made of it, with its sidecar, there is room for one.
func originalOf(p job.Point, points []job.Point) string {
	for _, other := range points {
		if other.Blob != p.Blob && other.Job == p.Job && other.StartedAt.Equal(p.StartedAt) && preferred(other, p) {
			return other.Blob
		}
	}
	return ""
}

// preferred reports whether a is the one to keep of two with the same row: what
// can be restored, then what has a name that its job gives.
func preferred(a, b job.Point) bool {
	if a.Live() != b.Live() {
		return a.Live()
	}
	named, other := strings.HasPrefix(a.Blob, a.Job+"-"), strings.HasPrefix(b.Blob, b.Job+"-")
	if named != other {
		return named
	}
	return a.Blob < b.Blob
}

// checked is a recorded point, withdrawn if its blob is not there.
func (e *Engine) checked(ctx context.Context, s plan.Service, p job.Point) (job.Point, error) {
	if !p.Live() {
		return p, nil
	}
	there, err := e.there(ctx, s, p.Blob)
	if err == nil && !there {
		p.Withdrawn, p.WithdrawnWhy = e.now(), "its blob was gone when the catalogue was rebuilt"
	}
	return p, err
}

// forgotten reports whether p was withdrawn so long ago that its row would be
// removed.
func (e *Engine) forgotten(s plan.Service, p job.Point) bool {
	if e.Plan.History <= 0 {
		return false
	}
	row := []job.Finished{{Point: &job.StoredPoint{Point: p}}}
	needs := job.Needs{Retained: map[string]bool{s.Name: s.Retention != nil}}
	return len(job.Expired(row, needs, e.now().Add(-e.Plan.History))) > 0
}

// addPoint inserts a point that the table lacks, and names it in the service's
// summary if it is the newest that can be restored.
func (e *Engine) addPoint(ctx context.Context, s plan.Service, p job.Point) (added bool, err error) {
	err = e.contended(ctx, func() error {
		summary, err := e.Store.StoredSummary(ctx, s.Name)
		if err != nil {
			return err
		}
		_, err = e.Store.Point(ctx, s.Name, p.Blob)
		if err == nil {
			return nil
		}
		if !errors.Is(err, job.ErrNotFound) {
			return err
		}
		t := job.Transition{Read: summary, Added: []job.Point{p}}
		if supersedes(p, summary.Summary) {
			t.Summary.Point = &p
		}
		if err := e.Store.Transit(ctx, t); err != nil {
			return err
		}
		added = true
		return nil
	})
	return added, err
}
