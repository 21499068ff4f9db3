package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/retention"
)

// prune ends a backup. The point exists already, so nothing that happens here
// changes the outcome: first the refreshes are made that the new point is due
// to, and then what the plan's retention lets go is removed.
func (e *Engine) prune(ctx context.Context, j job.Job) job.Event {
	if err := e.refresh(ctx, j); err != nil {
		return deferred(err)
	}
	s, ok := e.Plan.Service(j.Service)
	if !ok || s.Retention == nil {
		return job.Pruned{}
	}
	warnings, err := e.Prune(ctx, s.Name)
	if err != nil {
		return deferred(err)
	}
	return job.Pruned{Warnings: warnings}
}

// Retained judges every point of a service by the plan's retention. It
// returns ErrRefused for a service without one.
func (e *Engine) Retained(ctx context.Context, service string) ([]retention.Verdict, error) {
	s, err := e.protected(service)
	if err != nil {
		return nil, err
	}
	if s.Retention == nil {
		return nil, refused("service %s has no retention in the plan, so nothing of it is ever deleted", service)
	}
	points, err := collect("read the points of "+service, 0, e.Store.Points(ctx, service))
	if err != nil {
		return nil, err // what can't be read can't be judged, nor what it would keep
	}
	items := make([]retention.Item, len(points))
	for i, p := range points {
		pins, err := e.Pins(ctx, p)
		if err != nil {
			return nil, err
		}
		items[i] = retention.Item{Point: p, Held: p.Held != "", HoldReason: p.Held, Removing: p.Removing}
		if len(pins) > 0 {
			items[i].Pinned, items[i].PinnedBy = true, pins[0]
		}
	}
	return retention.Apply(items, *s.Retention, e.now()), nil
}

// mostRemoved bounds what one backup removes; the next goes on.
const mostRemoved = 25

// Prune removes the points of a service that its retention lets go, and
// returns what was not removed although it should be. While an incident of the
// service is open nothing is.
func (e *Engine) Prune(ctx context.Context, service string) (warnings []string, err error) {
	s, err := e.protected(service)
	if err != nil {
		return nil, err
	}
	summary, err := e.Store.StoredSummary(ctx, service)
	if err != nil {
		return nil, err
	}
	if summary.Incident != "" {
		return []string{fmt.Sprintf("nothing was pruned: incident %s is open", summary.Incident)}, nil
	}
	verdicts, err := e.Retained(ctx, service)
	if err != nil {
		return nil, err
	}
	if err := e.authorised(ctx, s.Service); err != nil {
		return nil, err
	}
	removed := 0
	for _, v := range slices.Backward(verdicts) { // oldest first
		if v.Keep || removed == mostRemoved {
			continue
		}
		warning, err := e.remove(ctx, s, v.Item.Blob)
		if err != nil {
			return warnings, err
		}
		if warning != "" {
			warnings = append(warnings, warning)
			continue
		}
		removed++
	}
	return warnings, nil
}

// remove removes one point: it is marked first, so that nobody restores it,
// and its row goes last, so that whatever is left half done is found again.
func (e *Engine) remove(ctx context.Context, s plan.Service, blob string) (warning string, err error) {
	p, err := e.Store.Point(ctx, s.Name, blob)
	if errors.Is(err, job.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	there, err := e.there(ctx, s, blob)
	if err != nil {
		return "", err
	}
	if !there && p.Live() {
		// Somebody else's doing, or the plan names another container: then
		// the row is all that tells of the backup.
		return fmt.Sprintf("%s is kept: its blob is not in container %s of %s; see whether the plan names the right one", blob, s.Container, s.Account), nil
	}
	marked, err := e.mark(ctx, s, blob, true)
	if err != nil || !marked {
		return "", err
	}
	switch err := e.Blobs.Remove(ctx, s.Service, blob); {
	case errors.Is(err, job.ErrRefused):
		return e.refusedRemoval(ctx, s, blob, err)
	case err != nil:
		return "", err
	}
	p, err = e.Store.Point(ctx, s.Name, blob)
	if err == nil {
		err = e.Store.RemovePoint(ctx, p)
	}
	if err != nil && !errors.Is(err, job.ErrNotFound) && !errors.Is(err, job.ErrConflict) {
		return "", err
	}
	e.Log.InfoContext(ctx, "point pruned", keyService, s.Name, "point", blob)
	return "", nil
}

// refusedRemoval takes the mark back from a point whose blob storage does not
// let go. If only its sidecar is left, the mark stays: nothing can be restored.
func (e *Engine) refusedRemoval(ctx context.Context, s plan.Service, blob string, why error) (warning string, err error) {
	there, err := e.there(ctx, s, blob)
	if err == nil && there {
		_, err = e.mark(ctx, s, blob, false)
	}
	return fmt.Sprintf("%s is kept: %v", blob, why), err
}

// mark says in a point's row that it is being removed, or that it is not after
// all. It reports false for a point that somebody needs by now.
func (e *Engine) mark(ctx context.Context, s plan.Service, blob string, removing bool) (marked bool, err error) {
	err = e.changePoint(ctx, s.Name, blob, func(read job.Summary, p *job.Point) (changed bool, err error) {
		pins, err := e.Pins(ctx, *p)
		if err != nil {
			return false, err
		}
		marked = !removing || p.Held == "" && len(pins) == 0 && read.PointBlob != blob && read.Incident == ""
		changed = marked && p.Removing != removing
		p.Removing = removing
		return changed, nil
	})
	if errors.Is(err, job.ErrNotFound) {
		return false, nil // another has removed it
	}
	if err != nil {
		return false, fmt.Errorf("mark point %s: %w", blob, err)
	}
	return marked, nil
}

// Hold keeps a point whatever the retention says, or lets it go again if
// reason is empty. The warning says why the table alone has it, if the point's
// sidecar could not be changed. Hold returns ErrRefused if there is no such
// point, or if it is being removed, and job.ErrForeign if another table decides
// about the container.
func (e *Engine) Hold(ctx context.Context, service, blob, reason, by string) (warning string, err error) {
	s, err := e.protected(service)
	if err != nil {
		return "", err
	}
	if err := e.authorised(ctx, s.Service); err != nil {
		return "", err
	}
	err = e.changePoint(ctx, s.Name, blob, func(_ job.Summary, p *job.Point) (changed bool, err error) {
		if p.Removing {
			return false, refused("point %s is being removed", blob)
		}
		p.Held, p.HeldBy = reason, by
		if reason == "" {
			p.HeldBy = ""
		}
		warning, err = e.amended(ctx, s, *p)
		return true, err
	})
	if errors.Is(err, job.ErrNotFound) {
		err = refused("there is no point %s of %s", blob, s.Name)
	}
	return warning, err
}
