package recovery

import (
	"context"
	"errors"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// changePoint changes the row of one point. change says whether there is
// anything to save; it is asked again when somebody else was faster. Whoever
// reads the service's summary before, and writes by it, notices. A point that
// can be restored again is named there, if it is the newest.
func (e *Engine) changePoint(ctx context.Context, service, blob string, change func(job.Summary, *job.Point) (changed bool, err error)) error {
	return e.contended(ctx, func() error {
		summary, err := e.Store.StoredSummary(ctx, service)
		if err != nil {
			return err
		}
		from, err := e.Store.Point(ctx, service, blob)
		if err != nil {
			return err
		}
		to := from.Point
		if changed, err := change(summary.Summary, &to); err != nil || !changed {
			return err
		}
		t := job.Transition{Read: summary, Points: []job.PointMove{{From: from, To: to}}}
		if !from.Live() && supersedes(to, summary.Summary) {
			t.Summary.Point = &to
		}
		return e.Store.Transit(ctx, t)
	})
}

// supersedes reports whether p can be restored and is newer than the point that
// its service's summary names.
func supersedes(p job.Point, known job.Summary) bool {
	return p.Live() && (known.PointBlob == "" || known.PointStarted.Before(p.StartedAt))
}

// there reports whether a point's blob is in the container.
func (e *Engine) there(ctx context.Context, s plan.Service, blob string) (bool, error) {
	_, err := e.Blobs.Artefact(ctx, s.Service, blob)
	if errors.Is(err, job.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
