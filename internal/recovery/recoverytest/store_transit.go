package recoverytest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lifeboat/internal/job"
)

var errPartitions = errors.New("rows of two services can't change together")

// maxChanges is how many rows a transaction of a table may change.
const maxChanges = 100

// Transit implements recovery.Store.
func (s *Store) Transit(_ context.Context, t job.Transition) error {
	return s.do("Transit", func() error {
		service := t.Read.Service
		p := s.partition(service)
		if err := p.allows(service, t); err != nil {
			return fmt.Errorf("transition of service %s: %w", service, err)
		}
		summary := job.Summary{Service: service}
		if p.summary != nil {
			summary = p.summary.Summary
		}
		p.summary = &job.StoredSummary{Summary: t.Summary.Apply(summary), ETag: s.tag()}
		if t.Job != nil {
			p.jobs[t.Job.ID] = &job.Stored{Job: copyJob(*t.Job), ETag: s.tag()}
		}
		for _, m := range t.Points {
			p.points[p.point(m.To)] = job.StoredPoint{Point: copyPoint(m.To), ETag: s.tag()}
		}
		for _, added := range t.Added {
			p.points = append(p.points, job.StoredPoint{Point: copyPoint(added), ETag: s.tag()})
		}
		s.announce(p, t.Notices)
		return nil
	})
}

// fits is an error if t has more rows than a transaction.
func fits(t job.Transition) error {
	rows := 1 + len(t.Points) + len(t.Added) + len(t.Notices) // 1 for the summary
	if t.Job != nil {
		rows++
	}
	if rows > maxChanges {
		return fmt.Errorf("%d changes, and a transaction has at most %d", rows, maxChanges)
	}
	return nil
}

// allows is why t can't be made, if anything.
func (p *partition) allows(service string, t job.Transition) error {
	if err := fits(t); err != nil {
		return err
	}
	if p.summaryTag() != t.Read.ETag {
		return fmt.Errorf("summary: %w", job.ErrConflict)
	}
	if t.Job != nil {
		if t.Job.Service != service {
			return errPartitions
		}
		if _, ok := p.jobs[t.Job.ID]; ok {
			return fmt.Errorf("job %s: %w", t.Job.ID, job.ErrExists)
		}
	}
	for _, m := range t.Points {
		if m.To.Service != service {
			return errPartitions
		}
		if i := p.point(m.To); i < 0 || p.points[i].ETag != m.From.ETag {
			return fmt.Errorf("point of job %s: %w", m.To.Job, job.ErrConflict)
		}
	}
	for i, added := range t.Added {
		if added.Service != service {
			return errPartitions
		}
		if slices.ContainsFunc(t.Added[:i], func(other job.Point) bool { return sameRow(added, other) }) ||
			slices.ContainsFunc(t.Points, func(m job.PointMove) bool { return sameRow(added, m.To) }) {
			return fmt.Errorf("the point of job %s would change twice", added.Job)
		}
		if p.point(added) >= 0 {
			return fmt.Errorf("point of job %s is there: %w", added.Job, job.ErrConflict)
		}
	}
	for _, n := range t.Notices {
		if n.Service != service {
			return errPartitions
		}
	}
	return p.free(t.Notices)
}
