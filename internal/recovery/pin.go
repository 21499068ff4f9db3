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

// pin keeps a restore's point from being pruned, from before a person is asked
// or the intent is saved until the restore has ended.
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

// Pins are the restores that need p and have not ended. The row may name
// others: a pin that was left behind ends with its job. One whose job this
// version can't read counts as needed.
func (e *Engine) Pins(ctx context.Context, p job.Point) (pins []string, err error) {
	for _, id := range strings.Fields(p.Pinned) {
		needed, err := e.unended(ctx, id)
		if err != nil {
			return nil, err
		}
		if needed {
			pins = append(pins, id)
		}
	}
	return pins, nil
}

// unended reports whether there is a job of that id which has not ended.
func (e *Engine) unended(ctx context.Context, id string) (bool, error) {
	for _, home := range e.Plan.Homes(id) {
		j, err := e.Store.Job(ctx, home, id)
		switch {
		case errors.Is(err, job.ErrNotFound):
			continue // another's name may begin with this one's
		case errors.Is(err, job.ErrNewerSchema):
			return true, nil
		}
		return err == nil && !j.State.Terminal(), err
	}
	return false, nil
}

// pinsBut are the pins of p without that of one restore.
func pinsBut(p job.Point, restore string) []string {
	return slices.DeleteFunc(strings.Fields(p.Pinned), func(id string) bool { return id == restore })
}
