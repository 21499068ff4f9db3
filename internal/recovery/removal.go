package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// remove removes one point: it is marked first, so that nobody restores it,
// and its row goes last, so that whatever is left half done is found again.
//
// A mark is one remover's for the settling time, and well within it lies all
// that this remover asks of storage. So whoever takes its own mark back knows
// that no other request is on its way to the blob.
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
	if !there && p.Live() && e.now().Before(p.RestorableUntil(s.RestorableFor)) {
		// Somebody else's doing, or the plan names another container: then
		// the row is all that tells of the backup. Once nobody can restore that
		// any more, the row goes; a blob elsewhere stays where it is.
		return fmt.Sprintf("%s is kept: its blob is not in container %s of %s; see whether the plan names the right one", blob, s.Container, s.Account), nil
	}
	begun, remover := time.Now(), e.NewID()
	marked, err := e.mark(ctx, s, blob, remover)
	if err != nil || !marked {
		return "", err
	}
	if took := time.Since(begun); took > sendWindow(s.Rules) {
		return "", fmt.Errorf("remove point %s: to mark it took %s, which is too long", blob, took)
	}
	switch err := e.removeBlob(ctx, s, blob); {
	case errors.Is(err, job.ErrRefused):
		return e.refusedRemoval(ctx, s, blob, remover, err)
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
	e.Log.InfoContext(ctx, "point pruned", keyService, s.Name, "point", blob, "blobWasThere", there)
	return "", nil
}

func (e *Engine) removeBlob(ctx context.Context, s plan.Service, blob string) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout(s.Rules))
	defer cancel()
	return e.Blobs.Remove(ctx, s.Service, blob)
}

// refusedRemoval takes remover's mark back from a point whose blob storage does
// not let go. If only its sidecar is left, the mark stays: nothing can be
// restored.
func (e *Engine) refusedRemoval(ctx context.Context, s plan.Service, blob, remover string, why error) (warning string, err error) {
	there, err := e.there(ctx, s, blob)
	if err == nil && there {
		err = e.unmark(ctx, s, blob, remover)
	}
	return fmt.Sprintf("%s is kept: %v", blob, why), err
}

// mark says in a point's row that remover removes it. It reports false for a
// point that somebody needs by now, and fails while the mark is another's.
func (e *Engine) mark(ctx context.Context, s plan.Service, blob, remover string) (marked bool, err error) {
	err = e.changePoint(ctx, s.Name, blob, func(read job.Summary, p *job.Point) (changed bool, err error) {
		if p.Removing && p.Remover == remover {
			return false, nil // saved before, and the answer was lost
		}
		if since := e.now().Sub(p.RemovingSince); p.Removing && since.Abs() < s.Rules.Settling {
			return false, fmt.Errorf("a removal that began at %s may still go on: try again after %s", p.RemovingSince.UTC().Format(time.RFC3339), p.RemovingSince.Add(s.Rules.Settling).UTC().Format(time.RFC3339))
		}
		pins, err := e.Pins(ctx, *p)
		if err != nil {
			return false, err
		}
		if marked = p.Held == "" && len(pins) == 0 && read.PointBlob != blob && read.Incident == ""; marked {
			p.Removing, p.Remover, p.RemovingSince = true, remover, e.now()
		}
		return marked, nil
	})
	if errors.Is(err, job.ErrNotFound) {
		return false, nil // another has removed it
	}
	if err != nil {
		return false, fmt.Errorf("mark point %s: %w", blob, err)
	}
	return marked, nil
}

// unmark takes remover's mark back, unless another has it by now.
func (e *Engine) unmark(ctx context.Context, s plan.Service, blob, remover string) error {
	err := e.changePoint(ctx, s.Name, blob, func(_ job.Summary, p *job.Point) (changed bool, err error) {
		if !p.Removing || p.Remover != remover {
			return false, nil
		}
		p.Removing, p.Remover, p.RemovingSince = false, "", time.Time{}
		return true, nil
	})
	if err != nil && !errors.Is(err, job.ErrNotFound) {
		return fmt.Errorf("take the mark back from point %s: %w", blob, err)
	}
	return nil
}
