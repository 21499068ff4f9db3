package recovery

import (
	"context"
	"errors"
	"fmt"

	"lifeboat/internal/event"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// BlobDeleted takes the news that a blob is gone. If it was a point's, and it
// is gone indeed, the point is withdrawn and that is announced.
func (e *Engine) BlobDeleted(ctx context.Context, b event.BlobDeleted) error {
	s, ok := e.Plan.Holding(b.Account, b.Container, b.Blob)
	if !ok {
		e.Ignored(ctx, blobNotOurs)
		return nil
	}
	there, err := e.there(ctx, s, b.Blob)
	if err != nil {
		return err
	}
	if there {
		e.Log.InfoContext(ctx, "deleted blob is there again", keyService, s.Name, "blob", b.Blob)
		return nil
	}
	return e.contended(ctx, func() error { return e.withdraw(ctx, s, b) })
}

func (e *Engine) withdraw(ctx context.Context, s plan.Service, b event.BlobDeleted) error {
	summary, err := e.Store.StoredSummary(ctx, s.Name)
	if err != nil {
		return err
	}
	from, err := e.Store.Point(ctx, s.Name, b.Blob)
	if errors.Is(err, job.ErrNotFound) {
		return e.noPoint(ctx, s, summary, b.Blob)
	}
	if err == nil && !from.Withdrawn.IsZero() {
		return e.settle(ctx, s, b.Blob)
	}
	if err != nil || !from.Live() {
		return err
	}
	to := from.Point
	to.Withdrawn, to.WithdrawnWhy = e.now(), "its blob was deleted at "+b.At.UTC().Format("2006-01-02T15:04:05Z")+", not by Lifeboat"
	err = e.amend(ctx, s.Service, to.Blob, func(says *job.Point) { says.Withdrawn, says.WithdrawnWhy = to.Withdrawn, to.WithdrawnWhy })
	if err != nil {
		return err
	}
	t := job.Transition{Read: summary, Points: []job.PointMove{{From: from, To: to}}}
	newest, err := e.newestWithout(ctx, s, to.Blob)
	if err != nil {
		return err
	}
	if summary.PointBlob == to.Blob {
		t.Summary.Point = &newest
	}
	facts := job.NoticeFacts{Point: to.Blob, Message: to.WithdrawnWhy, Since: newest.StartedAt}
	if newest.Blob != "" {
		facts.Until = newest.RestorableUntil(s.RestorableFor)
	}
	n := job.ServiceNotice(s.Name, s.Name, job.NoticePointWithdrawn, to.Withdrawn, facts)
	n.ID = to.Blob + ":" + string(n.Type) // it happens once to a point, and to several at one moment
	t.Notices = []job.Notice{n}
	if err := e.Store.Transit(ctx, t); err != nil {
		return fmt.Errorf("withdraw point %s: %w", to.Blob, err)
	}
	e.Log.ErrorContext(ctx, "point withdrawn", keyService, s.Name, "point", to.Blob, keyReason, to.WithdrawnWhy)
	e.announce(ctx, t.Notices)
	return nil
}

// noPoint takes the news that a blob is gone which is no point: an attempt's
// that became none, or that is about to become one.
func (e *Engine) noPoint(ctx context.Context, s plan.Service, read job.StoredSummary, blob string) error {
	lease, err := e.Store.Lease(ctx, s.Name)
	if err == nil {
		var j job.Stored
		if j, err = e.Store.Job(ctx, s.Name, lease.Job); err == nil && j.State == job.Verifying && j.Attempt.Blob == blob {
			return fmt.Errorf("blob %s was deleted while job %s verifies it: %w", blob, j.ID, job.ErrConflict)
		}
	}
	if err != nil && !errors.Is(err, job.ErrNotFound) {
		return err
	}
	if err := e.still(ctx, read); err != nil {
		return err
	}
	e.Ignored(ctx, blobNotOurs)
	return nil
}

// newestWithout is the newest live point of s beside one, or the zero Point.
func (e *Engine) newestWithout(ctx context.Context, s plan.Service, blob string) (job.Point, error) {
	for p, err := range e.Store.Points(ctx, s.Name) {
		if err != nil {
			return job.Point{}, err
		}
		if p.Live() && p.Blob != blob {
			return p, nil
		}
	}
	return job.Point{}, nil
}
