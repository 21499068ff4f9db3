package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/job"
)

// overdueAfter is how long a move may be late before Watch prompts its job.
// With a run every five minutes a lost message is repaired within ten.
const overdueAfter = 2 * time.Minute

// Watch repairs what nothing else will: it prompts every job whose next move
// is overdue, with the row's own revision, frees the leases of ended jobs once
// their operations have ended, and completes what an alert left half made. It
// may run as often as it likes.
func (e *Engine) Watch(ctx context.Context) error {
	return errors.Join(e.promptOverdue(ctx), e.freeOrphans(ctx), e.completeIncidents(ctx))
}

// completeIncidents makes the restores that open incidents are due.
func (e *Engine) completeIncidents(ctx context.Context) error {
	var errs []error
	for incident, err := range e.Store.Incidents(ctx) {
		if err != nil {
			errs = append(errs, fmt.Errorf("read open incidents: %w", err))
			continue
		}
		if source, ok := e.Plan.Service(incident.Service); ok {
			errs = append(errs, e.respond(ctx, source, incident.ID))
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) promptOverdue(ctx context.Context) error {
	now := e.now()
	var errs []error
	for j, err := range e.Store.Overdue(ctx, now.Add(-overdueAfter)) {
		if err != nil {
			errs = append(errs, fmt.Errorf("read overdue jobs: %w", err))
			continue
		}
		if err := e.prompt(ctx, next(j), now); err != nil {
			// The queue will not be better for the next one.
			return errors.Join(append(errs, err)...)
		}
		e.Log.WarnContext(ctx, "overdue job prompted", keyJob, j.ID, keyService, j.Service, "since", j.NotBefore)
	}
	return errors.Join(errs...)
}

func (e *Engine) freeOrphans(ctx context.Context) error {
	var errs []error
	for lease, err := range e.Store.Orphans(ctx) {
		if err != nil {
			errs = append(errs, fmt.Errorf("read orphaned leases: %w", err))
			continue
		}
		if err := e.freeOrphan(ctx, lease); err != nil {
			errs = append(errs, fmt.Errorf("free the lease that job %s left on %s: %w", lease.Job, lease.Service, err))
		}
	}
	return errors.Join(errs...)
}

// freeOrphan releases a lease when its operation has provably ended.
func (e *Engine) freeOrphan(ctx context.Context, lease job.StoredLease) error {
	s, ok := e.anyService(lease.Service)
	if !ok {
		return errors.New("the service is not in the plan: put it back until the lease is free")
	}
	if lease.ResumeToken != "" {
		progress, err := e.ARM.Poll(ctx, s, lease.ResumeToken)
		switch {
		case err == nil && !progress.Done:
			return nil
		case err == nil, errors.Is(err, job.ErrOperationFailed):
			return e.release(ctx, lease)
		case !errors.Is(err, job.ErrHandleLost):
			return err
		}
	}
	service, err := e.ARM.Observe(ctx, s)
	if err != nil {
		return err
	}
	if service.InTransition() {
		return nil
	}
	return e.release(ctx, lease)
}

// anyService finds what the plan calls name: a service, or a standby of one.
func (e *Engine) anyService(name string) (job.Service, bool) {
	if s, ok := e.Plan.Service(name); ok {
		return s.Service, true
	}
	for _, s := range e.Plan.Services {
		if standby, ok := s.Standby(name); ok {
			return standby.Service, true
		}
	}
	return job.Service{}, false
}

func (e *Engine) release(ctx context.Context, lease job.StoredLease) error {
	err := e.Store.Release(ctx, lease)
	if errors.Is(err, job.ErrConflict) || errors.Is(err, job.ErrNotFound) {
		return nil
	}
	if err == nil {
		e.Log.InfoContext(ctx, "orphaned lease freed", keyService, lease.Service, keyJob, lease.Job)
	}
	return err
}
