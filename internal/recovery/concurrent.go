package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// markConcurrent notes a change with the backup, in flight or done, that was
// taken while it was made. It reports whether that was not noted before.
func (e *Engine) markConcurrent(ctx context.Context, s plan.Service, summary job.StoredSummary, at time.Time) (marked bool, err error) {
	if summary.PointStarted.Before(summary.LastStarted) && !at.Before(summary.LastStarted.Add(-job.Skew)) {
		if marked, err = e.markAttempt(ctx, s, summary); marked || err != nil {
			return marked, err
		}
	}
	newest := job.Point{StartedAt: summary.PointStarted, VerifiedAt: summary.PointVerified}
	if summary.PointBlob == "" || at.After(newest.VerifiedAt.Add(job.Skew)) {
		return false, nil
	}
	if newest.During(at) {
		if marked, err = e.markPoint(ctx, s, summary.PointBlob); marked || err != nil {
			return marked, err
		}
	}
	return e.markOlder(ctx, s, at) // clocks differ: it may have been made during two
}

func (e *Engine) markAttempt(ctx context.Context, s plan.Service, summary job.StoredSummary) (marked bool, err error) {
	lease, err := e.Store.Lease(ctx, s.Name)
	if err == nil {
		err = e.decide(ctx, s.Name, lease.Job, job.Changed{})
	}
	if errors.Is(err, job.ErrImpossible) || errors.Is(err, job.ErrEnded) || errors.Is(err, job.ErrNotFound) {
		return false, e.still(ctx, summary) // noted already, or past: the point is asked next
	}
	return err == nil, err
}

// still is a conflict if a summary has changed since it was read: an attempt
// may have become a point that it does not name.
func (e *Engine) still(ctx context.Context, read job.StoredSummary) error {
	now, err := e.Store.StoredSummary(ctx, read.Service)
	if err == nil && now.ETag != read.ETag {
		return fmt.Errorf("summary of %s: %w", read.Service, job.ErrConflict)
	}
	return err
}

func (e *Engine) markOlder(ctx context.Context, s plan.Service, at time.Time) (marked bool, err error) {
	for p, err := range e.Store.Points(ctx, s.Name) {
		if err != nil {
			return false, err
		}
		if p.During(at) && !p.ConcurrentChanges {
			return e.markPoint(ctx, s, p.Blob)
		}
	}
	return false, nil
}

func (e *Engine) markPoint(ctx context.Context, s plan.Service, blob string) (marked bool, err error) {
	err = e.changePoint(ctx, s.Name, blob, func(_ job.Summary, p *job.Point) (changed bool, err error) {
		if marked = !p.ConcurrentChanges; !marked {
			return false, nil
		}
		p.ConcurrentChanges = true
		return true, e.amend(ctx, s.Service, blob, changedMeanwhile)
	})
	if err != nil {
		return false, fmt.Errorf("note with point %s that the service was changed: %w", blob, err)
	}
	if !marked {
		return false, e.settle(ctx, s, blob)
	}
	e.Log.WarnContext(ctx, "service was changed while it was backed up", keyService, s.Name, "point", blob)
	return true, nil
}

// settle makes a point's sidecar say what its row says: of two that made the
// same change, one may have been the last in the sidecar and the other the
// first in the row. It adds only, for another may have written into the sidecar
// what it is about to write into the row.
func (e *Engine) settle(ctx context.Context, s plan.Service, blob string) error {
	return e.contended(ctx, func() error {
		row, err := e.Store.Point(ctx, s.Name, blob)
		if errors.Is(err, job.ErrNotFound) {
			return nil // pruned
		}
		if err != nil {
			return err
		}
		err = e.amend(ctx, s.Service, blob, func(says *job.Point) {
			says.ConcurrentChanges = says.ConcurrentChanges || row.ConcurrentChanges
			if !row.Withdrawn.IsZero() {
				says.Withdrawn, says.WithdrawnWhy = row.Withdrawn, row.WithdrawnWhy
			}
		})
		if err != nil {
			return err
		}
		now, err := e.Store.Point(ctx, s.Name, blob)
		if err == nil && now.ETag != row.ETag {
			return fmt.Errorf("point %s: %w", blob, job.ErrConflict)
		}
		return err
	})
}

// changedMeanwhile notes in a sidecar that the service was changed while it was
// backed up.
func changedMeanwhile(says *job.Point) { says.ConcurrentChanges = true }

// amend changes a point's sidecar first, because the catalogue can be rebuilt
// from it. One that is gone, or that may not be changed, leaves the row alone
// to say it. Each change is of what it is about only: an instance that others
// overtook takes nothing back of what they wrote.
func (e *Engine) amend(ctx context.Context, s job.Service, blob string, change func(*job.Point)) error {
	_, err := e.amended(ctx, s, blob, change)
	return err
}

// amended is amend that says why the row alone has it; "" if the sidecar has
// it too.
func (e *Engine) amended(ctx context.Context, s job.Service, blob string, change func(*job.Point)) (why string, err error) {
	err = e.Blobs.Amend(ctx, s, blob, change)
	if errors.Is(err, job.ErrNotFound) || errors.Is(err, job.ErrRefused) {
		e.Log.WarnContext(ctx, "sidecar not amended", keyService, s.Name, "point", blob, keyError, err.Error())
		return err.Error(), nil
	}
	return "", err
}
