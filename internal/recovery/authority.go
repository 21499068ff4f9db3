package recovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lifeboat/internal/job"
)

// foreignWait is how long a job waits that may not start anything because
// another Lifeboat has taken over.
const foreignWait = 5 * time.Minute

// authorised checks that this engine's table decides about the container of s,
// before anything is started or deleted. The first to ask claims it. It
// returns job.ErrForeign if another has. This narrows the window in which a
// region that comes back works beside the one that took over; it is no fence.
func (e *Engine) authorised(ctx context.Context, s job.Service) error {
	if e.Table == "" {
		return nil
	}
	return e.contended(ctx, func() error {
		a, err := e.Blobs.Authority(ctx, s)
		switch {
		case errors.Is(err, job.ErrNotFound):
			err := e.Blobs.Claim(ctx, s, job.StoredAuthority{}, job.Authority{Table: e.Table, Epoch: 1, At: e.now()})
			if errors.Is(err, job.ErrNotFound) {
				return nil // no container yet: API Management makes it with the first backup
			}
			return err
		case err != nil:
			return err
		case !e.mine(a):
			return fmt.Errorf("container %s of %s belongs to the Lifeboat whose table is %s, since %s: %w: stop this one, or take over by lifeboat rebuild",
				s.Container, s.Account, a.Table, a.At.UTC().Format(time.RFC3339), job.ErrForeign)
		}
		return nil
	})
}

// mine: a was claimed for this engine's table. Azure tells neither accounts nor
// tables apart by case, and a claim has the spelling of whoever made it.
func (e *Engine) mine(a job.StoredAuthority) bool { return strings.EqualFold(a.Table, e.Table) }

// unauthorised is what becomes of a job that may not start anything now.
func unauthorised(err error) job.Deferred {
	d := deferred(err)
	if errors.Is(err, job.ErrForeign) {
		d.RetryAfter = foreignWait
	}
	return d
}

// takeOver claims the container of s for this engine's table.
func (e *Engine) takeOver(ctx context.Context, s job.Service, by string) error {
	if e.Table == "" {
		return errors.New("this engine has no name for its table")
	}
	return e.contended(ctx, func() error {
		a, err := e.Blobs.Authority(ctx, s)
		if err != nil && !errors.Is(err, job.ErrNotFound) {
			return err
		}
		if e.mine(a) {
			return nil
		}
		return e.Blobs.Claim(ctx, s, a, job.Authority{Table: e.Table, Epoch: a.Epoch + 1, At: e.now(), By: by})
	})
}
