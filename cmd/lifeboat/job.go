package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

func jobCommand(p *program) *cobra.Command {
	var w waiting
	command := p.operator(&cobra.Command{
		Use:     "job ID",
		Short:   "One job: who asked, what happened when, what Azure said",
		GroupID: looks,
		Long: `Job shows all that is kept of one job: who asked for it, every change of its state, the
attempt and its operation in Azure, what it left and why the retention keeps that now,
its warnings, a restore's gates, and what is not in the backup. Who asked or approved is
what the message said: nobody checks it.

Exit status: 0 the job goes on or has succeeded, 1 it failed or was canceled, 3 there is
no such job. With --wait: see lifeboat help exit-codes.`,
	}, false, func(ctx context.Context, d *desk, args []string) error { return showJob(ctx, d, args[0], w) })
	w.add(command)
	return command
}

func showJob(ctx context.Context, d *desk, id string, w waiting) error {
	find := d.job
	if w.wait {
		find = func(ctx context.Context, id string) (job.Job, error) { return d.awaited(ctx, id, w) }
	}
	j, err := find(ctx, id)
	if err != nil {
		return err
	}
	r, err := d.detail(ctx, j)
	if err != nil {
		return err
	}
	if d.flags.json {
		err = printJSON(d.stdout, r)
	} else {
		r.write(d)
	}
	if err == nil {
		err = ending(j)
	}
	return err
}

// awaited is a job at its end, or why that was not waited for.
func (d *desk) awaited(ctx context.Context, id string, w waiting) (job.Job, error) {
	ctx, cancel := w.bounded(ctx)
	defer cancel()
	j, err := d.comingJob(ctx, id)
	if err != nil {
		return j, err
	}
	return d.await(ctx, j.Service, id, waiting{})
}

// job finds a job by its id alone.
func (d *desk) job(ctx context.Context, id string) (job.Job, error) {
	for _, home := range d.plan.Homes(id) {
		stored, err := d.rows.Job(ctx, home, id)
		if errors.Is(err, job.ErrNotFound) {
			continue // another's name may begin with this one's
		}
		return stored.Job, err
	}
	return job.Job{}, noJob(id)
}

func noJob(id string) error {
	return &exit{exitUnknown, fmt.Errorf("there is no job %s of a service in the plan (%w); one that was just asked for takes a few seconds; lifeboat jobs SERVICE lists them", oneLine(id), job.ErrNotFound)}
}

// comingFor is how long a job is waited for that may have been asked for a
// moment ago.
const comingFor = 30 * time.Second

// comingJob is job, with some patience; less if ctx ends.
func (d *desk) comingJob(ctx context.Context, id string) (job.Job, error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for began := d.now(); ; {
		j, err := d.job(ctx, id)
		if err != nil && ctx.Err() != nil {
			return j, noTimeFor(ctx, id)
		}
		if !errors.Is(err, job.ErrNotFound) || len(d.plan.Homes(id)) == 0 || d.now().Sub(began) >= comingFor {
			return j, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return j, noTimeFor(ctx, id)
		}
	}
}

// noTimeFor is why ctx ended before there was a job of that id.
func noTimeFor(ctx context.Context, id string) error {
	if errors.Is(context.Cause(ctx), errTimeout) {
		return noJob(id)
	}
	return &exit{code: exitInterrupted}
}

// ending is nil unless j has ended badly.
func ending(j job.Job) error {
	if j.State == job.Failed || j.State == job.Canceled {
		return &exit{code: exitError}
	}
	return nil
}

// detail reads what belongs to j beside its row: the point that it made or
// restored, and what keeps that.
func (d *desk) detail(ctx context.Context, j job.Job) (jobReport, error) {
	r := jobReportOf(j, d.now())
	s, known := d.plan.Service(r.Service)
	point, err := d.pointFor(ctx, j, r.Service)
	if err != nil || !known || point.Blob == "" {
		if known && j.Kind == job.Backup && j.State == job.Succeeded && err == nil {
			r.Kept = &jobKept{false, []string{removedPoint}}
		}
		return r, err
	}
	p := pointOf(s, point, d.now())
	r.Point, r.NotInBackup = &p, point.Settings
	if p.PinnedBy, err = d.engine().Pins(ctx, point); err != nil {
		return r, fmt.Errorf("what needs the job's point: %w", err)
	}
	if r.Kept, err = d.kept(ctx, s, point.Blob); err != nil {
		return r, fmt.Errorf("what keeps the job's point: %w", err)
	}
	return r, nil
}

// pointFor is the point that j made, or that it restores: as it is now or,
// once it is removed, as the restore found it. The zero Point is none.
func (d *desk) pointFor(ctx context.Context, j job.Job, service string) (job.Point, error) {
	blob, otherwise := j.Attempt.Blob, job.Point{}
	if j.Restore != nil {
		blob, otherwise = j.Restore.Point.Blob, j.Restore.Point
	}
	if blob == "" {
		return job.Point{}, nil
	}
	stored, err := d.rows.Point(ctx, service, blob)
	switch {
	case errors.Is(err, job.ErrNotFound):
		return otherwise, nil
	case err != nil:
		return job.Point{}, fmt.Errorf("the job's point: %w", err)
	}
	return stored.Point, nil
}

const removedPoint = "the point has been removed"

// kept is what the retention of s says of a point now.
func (d *desk) kept(ctx context.Context, s plan.Service, blob string) (*jobKept, error) {
	if s.Retention == nil {
		return &jobKept{true, []string{"no retention in the plan: nothing is ever removed"}}, nil
	}
	verdicts, err := d.engine().Retained(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	for _, v := range verdicts {
		if v.Item.Blob == blob {
			k := &jobKept{Keep: v.Keep}
			for _, why := range v.Reasons {
				k.Reasons = append(k.Reasons, oneLine(why))
			}
			return k, nil
		}
	}
	return &jobKept{false, []string{removedPoint}}, nil
}
