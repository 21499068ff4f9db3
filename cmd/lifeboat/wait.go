package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/job"
)

// waiting are the flags of commands that can wait for a job's end.
type waiting struct {
	wait    bool
	timeout time.Duration
}

func (w *waiting) add(command *cobra.Command) {
	command.Flags().BoolVar(&w.wait, "wait", false, "wait for the job's end, and show how it goes; Ctrl-C leaves it running")
	command.Flags().DurationVar(&w.timeout, "timeout", 0, "with --wait: give up after this `TIME`, such as 30m; exit code 4 if a person must approve, 3 otherwise")
}

const (
	lookEvery = 2 * time.Second // at the job's row
	drawEvery = time.Second
	// unmadeAfter is when to doubt that the app will make a job, and blindFor
	// how long its row may be unreadable before that ends the wait.
	unmadeAfter = time.Minute
	blindFor    = 2 * time.Minute
)

// watch is the wait for one job.
type watch struct {
	*desk
	progress
	home, id string
	began    time.Time
	job      job.Job // as last read; no ID before the first
	usual    time.Duration
	blind    time.Time // since when it can't be read
	doubted  bool
}

// await waits for the end of a job, which may not be there yet, and shows its
// progress. Errors are of the wait: how the job ended is in the job.
func (d *desk) await(ctx context.Context, home, id string, w waiting) (job.Job, error) {
	if w.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, w.timeout, errTimeout)
		defer cancel()
	}
	v := &watch{desk: d, progress: progress{w: d.stderr, live: d.live}, home: home, id: id, began: d.now()}
	defer v.clear()
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	var looked time.Time
	for {
		if now := d.now(); now.Sub(looked) >= lookEvery {
			looked = now
			err := v.look(ctx)
			if ctx.Err() != nil {
				return v.job, v.gaveUp(ctx)
			}
			if err != nil {
				return v.job, err
			}
			if v.job.State.Terminal() {
				return v.job, nil
			}
		}
		v.draw()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return v.job, v.gaveUp(ctx)
		}
	}
}

var errTimeout = errors.New("timeout")

// gaveUp is why the wait ended before the job.
func (v *watch) gaveUp(ctx context.Context) error {
	v.clear()
	again := fmt.Sprintf("lifeboat job %s --wait", v.id)
	if !errors.Is(context.Cause(ctx), errTimeout) {
		v.note("lifeboat: the job goes on without you; to watch it again: %s\n", again)
		return &exit{code: exitInterrupted}
	}
	if v.job.State == job.AwaitingApproval {
		return &exit{exitPerson, fmt.Errorf("job %s waits for a person: lifeboat approve %s, or reject", v.id, v.id)}
	}
	return unknown("job %s has not ended; it goes on: %s", v.id, again)
}

// look reads the job. It gives up on a row that stays unreadable.
func (v *watch) look(ctx context.Context) error {
	stored, err := v.rows.Job(ctx, v.home, v.id)
	now := v.now()
	switch {
	case err == nil:
		if v.job.ID == "" {
			v.usual = v.usualTime(ctx, stored.Job)
		}
		v.job, v.blind = stored.Job, time.Time{}
		return nil
	case errors.Is(err, job.ErrNotFound):
		v.blind = time.Time{}
		if v.job.ID != "" {
			return unknown("job %s is gone from the table: somebody removed its row", v.id)
		}
		if !v.doubted && now.Sub(v.began) > unmadeAfter {
			v.doubted = true
			v.clear()
			v.note("lifeboat: the app has not made the job yet: see whether the function app runs, and its dead letters on queue recovery-requests\n")
		}
		return nil
	case errors.Is(err, job.ErrNewerSchema):
		return err
	}
	if v.blind.IsZero() {
		v.blind = now
	}
	if now.Sub(v.blind) > blindFor {
		return err
	}
	v.reason = oneLine(err.Error())
	return nil
}

// lastFew is how many jobs say what is usual.
const lastFew = job.KeptJobs

// usualTime is the median of what the last few jobs like j took, 0 if there
// are none. That it can't be told is no reason to stop.
func (d *desk) usualTime(ctx context.Context, j job.Job) time.Duration {
	var took []time.Duration
	for other, err := range d.rows.Jobs(ctx, j.Service) {
		if err != nil || len(took) == lastFew {
			break
		}
		if other.State == job.Succeeded && other.Kind == j.Kind && sourceOf(other) == sourceOf(j) && !begun(other).IsZero() {
			took = append(took, other.EndedAt.Sub(begun(other)))
		}
	}
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	if n := len(took); n%2 == 0 {
		return (took[n/2-1] + took[n/2]) / 2
	}
	return took[len(took)/2]
}

// sourceOf is whose configuration j is about.
func sourceOf(j job.Job) string {
	if j.Restore != nil {
		return j.Restore.Source
	}
	return j.Service
}
