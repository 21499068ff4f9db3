package main

import (
	"context"
	"errors"
	"fmt"
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
	command.Flags().BoolVar(&w.wait, "wait", false, "wait for the job's end, and show how it goes; Ctrl-C leaves it running, or with --direct where it stands")
	w.addTimeout(command)
}

// addTimeout is for commands that wait in any case.
func (w *waiting) addTimeout(command *cobra.Command) {
	command.Flags().DurationVar(&w.timeout, "timeout", 0, "when waiting: give up after this `TIME`, such as 30m; exit code 4 if a person must approve, 3 otherwise")
}

// bounded is ctx for as long as is waited.
func (w waiting) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if w.timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, w.timeout, errTimeout)
}

const (
	lookEvery = 2 * time.Second // at the job's row
	drawEvery = time.Second
	// unmadeAfter is when to doubt that the app will make a job, and blindFor
	// how long its row may be unreadable before that ends the wait, or where
	// this process is the job's only mover, is told in full.
	unmadeAfter = time.Minute
	blindFor    = 2 * time.Minute
)

// watch is the wait for one job.
type watch struct {
	*desk
	progress
	home, id string
	began    time.Time
	job      job.Job   // as last read; no ID before the first
	blind    time.Time // since when it can't be read
	told     bool      // that it can't be, in full
	doubted  bool
	asked    bool
}

// await waits for the end of a job, which may not be there yet, and shows its
// progress. Errors are of the wait: how the job ended is in the job.
func (d *desk) await(ctx context.Context, home, id string, w waiting) (job.Job, error) {
	ctx, cancel := w.bounded(ctx)
	defer cancel()
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

var (
	errTimeout = errors.New("timeout")
	errGone    = errors.New("somebody removed its row")
)

// gaveUp is why the wait ended before the job.
func (v *watch) gaveUp(ctx context.Context) error {
	v.clear()
	cause := context.Cause(ctx)
	if no := new(immovable); errors.As(cause, &no) {
		return unknown("job %s can't be moved: %w", v.id, no)
	}
	switch late := errors.Is(cause, errTimeout); {
	case !late && v.direct:
		return &exit{code: exitInterrupted}
	case !late:
		v.note("lifeboat: the job goes on without you; to watch it again: lifeboat job %s --wait\n", v.id)
		return &exit{code: exitInterrupted}
	case v.job.State == job.AwaitingApproval && v.direct:
		return &exit{exitPerson, fmt.Errorf("job %s waits for a person: lifeboat approve %s --direct, or reject", v.id, v.id)}
	case v.job.State == job.AwaitingApproval:
		return &exit{exitPerson, fmt.Errorf("job %s waits for a person: lifeboat approve %s, or reject", v.id, v.id)}
	case v.direct:
		return unknown("job %s has not ended", v.id)
	}
	return unknown("job %s has not ended; it goes on: lifeboat job %s --wait", v.id, v.id)
}

// look reads the job. It gives up on a row that stays unreadable; with --direct
// only where that is not an outage.
func (v *watch) look(ctx context.Context) error {
	stored, err := v.rows.Job(ctx, v.home, v.id)
	now := v.now()
	switch {
	case err == nil:
		v.job, v.blind, v.told = stored.Job, time.Time{}, false
		v.sayWhoMoves()
		return nil
	case errors.Is(err, job.ErrNotFound):
		v.blind, v.told = time.Time{}, false
		if v.job.ID != "" {
			return unknown("job %s is gone from the table: %w", v.id, errGone)
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
	v.reason = oneLine(err.Error())
	switch lasts := now.Sub(v.blind) > blindFor; {
	case lasts && (!v.direct || denied(err)):
		return err
	case lasts:
		v.sayBlind()
	}
	return nil
}

// sayBlind tells, once in an outage, what it is and that the wait goes on: the
// job's only mover stays until it can move again.
func (v *watch) sayBlind() {
	if v.told {
		return
	}
	v.told = true
	v.clear()
	v.note("lifeboat: the table can't be read since %s UTC: %s\nlifeboat: job %s is moved on as soon as it can be; Ctrl-C ends that\n", clock(v.blind), v.reason, v.id)
}

// sayWhoMoves tells, once, that a job waits for somebody else than who watches
// and moves it.
func (v *watch) sayWhoMoves() {
	if v.direct && v.job.State == job.AwaitingApproval && !v.asked {
		v.asked = true
		v.clear()
		v.note("lifeboat: somebody else must approve it, in another terminal: lifeboat approve %s --direct\n", v.id)
	}
}

// sourceOf is whose configuration j is about.
func sourceOf(j job.Job) string {
	if j.Restore != nil {
		return j.Restore.Source
	}
	return j.Service
}
