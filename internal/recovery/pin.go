package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// pin keeps a restore's point from being pruned until the restore has ended.
// It returns job.ErrNotFound if there is nothing to restore from any more.
func (e *Engine) pin(ctx context.Context, source plan.Service, blob, restore string) error {
	return e.changePins(ctx, source, blob, func(p *job.Point) error {
		if !p.Live() {
			return fmt.Errorf("point %s is no more: %w", blob, job.ErrNotFound)
		}
		p.Pinned = strings.Join(append(pinsBut(*p, restore), restore), " ")
		return nil
	})
}

// unpin lets a restore's point go. A pin that is left behind is recognised by
// its job's end.
func (e *Engine) unpin(ctx context.Context, j job.Job) {
	source, ok := e.Plan.Service(j.Restore.Source)
	if !ok || j.Restore.Point.Blob == "" {
		return
	}
	err := e.changePins(ctx, source, j.Restore.Point.Blob, func(p *job.Point) error {
		p.Pinned = strings.Join(pinsBut(*p, j.ID), " ")
		return nil
	})
	if err != nil && !errors.Is(err, job.ErrNotFound) {
		e.Log.WarnContext(ctx, "pin left behind", keyJob, j.ID, "point", j.Restore.Point.Blob, keyError, err.Error())
	}
}

func (e *Engine) changePins(ctx context.Context, source plan.Service, blob string, change func(*job.Point) error) error {
	return e.changePoint(ctx, source.Name, blob, func(_ job.Summary, p *job.Point) (changed bool, err error) {
		before := p.Pinned
		err = change(p)
		return p.Pinned != before, err
	})
}

// pinned is a restore that has not ended and needs p, or "".
func (e *Engine) pinned(ctx context.Context, p job.Point) (string, error) {
	for _, id := range strings.Fields(p.Pinned) {
		for _, home := range Homes(e.Plan, id) {
			j, err := e.Store.Job(ctx, home, id)
			if errors.Is(err, job.ErrNotFound) {
				continue // another's name may begin with this one's
			}
			if err != nil {
				return "", err
			}
			if !j.State.Terminal() {
				return id, nil
			}
		}
	}
	return "", nil
}

// pinsBut are the pins of p without that of one restore.
func pinsBut(p job.Point, restore string) []string {
	return slices.DeleteFunc(strings.Fields(p.Pinned), func(id string) bool { return id == restore })
}
