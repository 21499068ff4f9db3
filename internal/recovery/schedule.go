package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Schedule gives every service whose newest occurrence has no job yet one.
// Occurrences that were missed before that are covered by the same job.
func (e *Engine) Schedule(ctx context.Context) error {
	summaries, unread := e.summaries(ctx)
	known := byService(summaries)
	now := e.now()
	var work []func() error
	for i := range e.Plan.Services {
		s := &e.Plan.Services[i]
		if unread != nil && known(s.Name).Service == "" {
			continue // what could not be read may be its summary
		}
		due, ok := s.Schedule.Latest(now)
		if !ok || !due.After(known(s.Name).ScheduledThrough) {
			continue
		}
		work = append(work, func() error { return e.occur(ctx, *s, known(s.Name), due) })
	}
	return errors.Join(e.all(work), unread)
}

// all does all work, up to Parallel pieces at a time, and joins the errors:
// one service's trouble must not stop the others.
func (e *Engine) all(work []func() error) error {
	errs := make([]error, len(work))
	if e.Parallel <= 1 {
		for i, do := range work {
			errs[i] = do()
		}
		return errors.Join(errs...)
	}
	var group errgroup.Group
	group.SetLimit(e.Parallel)
	for i, do := range work {
		group.Go(func() error {
			errs[i] = do()
			return nil
		})
	}
	_ = group.Wait() // the functions return nil
	return errors.Join(errs...)
}

// occur makes the job of one occurrence, or lets a backup that has not started
// yet cover it.
func (e *Engine) occur(ctx context.Context, s plan.Service, summary job.Summary, due time.Time) error {
	if summary.Waiting != "" {
		joined, err := e.cover(ctx, s, summary.Waiting, startTime(s, due, e.now()))
		if err == nil && joined {
			err = e.Store.Note(ctx, s.Name, job.SummaryMove{ScheduledThrough: &due})
		}
		if err != nil {
			return fmt.Errorf("let job %s cover the occurrence at %s: %w", summary.Waiting, due.Format(time.RFC3339), err)
		}
		if joined {
			e.Log.InfoContext(ctx, "occurrence joined a waiting job", keyService, s.Name, keyJob, summary.Waiting, "due", due)
			return nil
		}
	}
	now := e.now()
	j := job.NewBackup(s.Name, due, startTime(s, due, now), s.Rules, now)
	j.Past = summary.BackupTimes
	made, err := e.create(ctx, j, job.SummaryMove{ScheduledThrough: &due, Waiting: &j.ID})
	if made {
		e.Log.InfoContext(ctx, "job created", keyJob, j.ID, keyService, s.Name, "due", due, keyNext, j.NotBefore)
	}
	return err
}

// cover reports whether the backup id, which has not started yet, stands for an
// occurrence whose own backup would start at to. One that waits for a quiet time
// after changes starts at to as well, if that is sooner. One that has ended can't
// stand for it, nor one that may end before long for want of time.
func (e *Engine) cover(ctx context.Context, s plan.Service, id string, to time.Time) (bool, error) {
	j, err := e.Store.Job(ctx, s.Name, id)
	if err != nil {
		return false, err
	}
	if j.OnChange && j.State == job.Pending && j.Attempt.Number == 0 {
		err := e.decide(ctx, s.Name, id, job.Hastened{To: to})
		switch {
		case errors.Is(err, job.ErrEnded):
			return false, nil
		case errors.Is(err, job.ErrImpossible):
			return true, nil // it has begun just now
		}
		return err == nil, err
	}
	return !j.State.Terminal() && (j.State != job.Pending || e.hasTime(j.Job, s)), nil
}

// hasTime reports whether a backup that waits has enough time left to stand for
// what comes now. Another may end before it has begun.
func (e *Engine) hasTime(j job.Job, s plan.Service) bool {
	return j.Deadline.Sub(e.now()) >= s.Rules.Deadline/2
}

// create inserts a job and sends its first prompt. It reports whether the job
// is new: the same cause twice is the same job, and no error.
func (e *Engine) create(ctx context.Context, j job.Job, m job.SummaryMove) (made bool, err error) {
	err = e.Store.Create(ctx, j, m)
	if errors.Is(err, job.ErrExists) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("create job %s: %w", j.ID, err)
	}
	e.wake(ctx, j)
	return true, nil
}

// wake sends the prompt for the next move of a job that has been saved.
func (e *Engine) wake(ctx context.Context, j job.Job) {
	if err := e.prompt(ctx, next(j), j.NotBefore); err != nil {
		e.Log.WarnContext(ctx, "prompt left to the watchdog", keyJob, j.ID, keyReason, err.Error())
	}
}

// startTime spreads the backups of a night. One that is late already starts
// soon, but after an outage all of them are late, so they are spread again, by
// no more than they are late.
func startTime(s plan.Service, due, now time.Time) time.Time {
	at := due.Add(job.Jitter(s.Jitter, s.Name, due))
	if late := now.Sub(at); late > 0 {
		return now.Add(job.Jitter(min(s.Jitter, late), s.Name, due))
	}
	return at
}
