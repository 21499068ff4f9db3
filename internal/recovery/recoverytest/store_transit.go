package recoverytest

import (
	"context"
	"errors"
	"fmt"

	"lifeboat/internal/job"
)

var errPartitions = errors.New("rows of two services can't change together")

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
			p.jobs[t.Job.ID] = job.Stored{Job: copyJob(*t.Job), ETag: s.tag()}
		}
		for _, m := range t.Points {
			p.points[p.point(m.To)] = job.StoredPoint{Point: copyPoint(m.To), ETag: s.tag()}
		}
		s.announce(p, t.Notices)
		return nil
	})
}

// allows is why t can't be made, if anything.
func (p *partition) allows(service string, t job.Transition) error {
	tag := ""
	if p.summary != nil {
		tag = p.summary.ETag
	}
	if tag != t.Read.ETag {
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
	for _, n := range t.Notices {
		if n.Service != service {
			return errPartitions
		}
	}
	return p.free(t.Notices)
}
