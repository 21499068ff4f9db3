package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lifeboat/internal/job"
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

// mostRemoved bounds what one backup removes, and mostKept how many blobs that
// storage does not let go it tries; the next goes on. Points come oldest first,
// and the blobs of younger ones are immutable for longer.
const mostRemoved, mostKept = 25, 25

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
		if v.Keep {
			continue
		}
		if removed == mostRemoved || len(warnings) == mostKept {
			break
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
		warning, err = e.amended(ctx, s.Service, blob, func(says *job.Point) { says.Held, says.HeldBy = p.Held, p.HeldBy })
		return true, err
	})
	if errors.Is(err, job.ErrNotFound) {
		err = refused("there is no point %s of %s", blob, s.Name)
	}
	return warning, err
}
