package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/event"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// farAhead is how far ahead of an instance's clock the time of a change is not
// believed any more. Less may be the clock's fault; another instance's would be
// right, and both must come to the same.
const farAhead = 10 * time.Minute

// Change takes one change of a service: a backup that has not started yet
// will hold it, and waits for the changes to end; otherwise one is made. A
// change that was made while a backup went on is noted with that backup, and
// one that a later good backup holds already is dropped. Taken twice, or
// late, it has the effect of once.
func (e *Engine) Change(ctx context.Context, c event.Change) error {
	s, ok := e.Plan.ByResource(c.Service)
	if !ok {
		e.Ignored(ctx, outsidePlan)
		return nil
	}
	return e.contended(ctx, func() error { return e.changed(ctx, s, c) })
}

func (e *Engine) changed(ctx context.Context, s plan.Service, c event.Change) error {
	summary, err := e.Store.StoredSummary(ctx, s.Name)
	if err != nil {
		return err
	}
	at := c.At
	if now := e.now(); at.After(now.Add(farAhead)) {
		at = now
	}
	switch marked, err := e.markConcurrent(ctx, s, summary, at); {
	case err != nil:
		return err
	case marked:
		return e.changed(ctx, s, c) // what follows hangs on the row that changed
	}
	if summary.Waiting != "" {
		if joined, err := e.putOff(ctx, s, summary.Waiting, at); joined || err != nil {
			return err
		}
	}
	switch {
	case e.late(at): // what backed it up may have been removed
		e.Log.WarnContext(ctx, "change dropped that was made too long ago", keyService, s.Name, "change", c.What, "at", at)
		return nil
	case summary.PointBlob != "" && at.Before(summary.PointStarted.Add(-job.Skew)):
		e.Log.DebugContext(ctx, "change is in a good backup already", keyService, s.Name, "change", c.What)
		return nil
	}
	switch making, err := e.making(ctx, s, summary, at); {
	case err != nil:
		return err
	case making:
		e.Log.DebugContext(ctx, "change is in the backup that goes on", keyService, s.Name, "change", c.What)
		return nil
	}
	return e.orderChangeBackup(ctx, s, summary, c, at)
}

// making reports whether a backup goes on that was begun after at. If it
// fails, its next attempt holds the change as well; if it fails for good, that
// is announced.
func (e *Engine) making(ctx context.Context, s plan.Service, summary job.StoredSummary, at time.Time) (bool, error) {
	if !at.Before(summary.LastStarted.Add(-job.Skew)) {
		return false, nil
	}
	lease, err := e.Store.Lease(ctx, s.Name)
	if errors.Is(err, job.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	j, err := e.Store.Job(ctx, s.Name, lease.Job)
	if errors.Is(err, job.ErrNotFound) {
		return false, nil
	}
	return j.Kind == job.Backup && !j.State.Terminal(), err
}

// orderChangeBackup makes the backup that waits for the end of the changes.
func (e *Engine) orderChangeBackup(ctx context.Context, s plan.Service, summary job.StoredSummary, c event.Change, at time.Time) error {
	now := e.now()
	start := now.Add(s.Changes.Quiet)
	if soonest := summary.LastStarted.Add(s.Changes.MinInterval); start.Before(soonest) {
		start = soonest
	}
	// The event's own time names the job: instances' clocks may differ.
	j := job.NewChangeBackup(s.Name, c.ID, c.At, start, s.Rules, now)
	j.Past = summary.BackupTimes
	err := e.Store.Transit(ctx, job.Transition{Read: summary, Summary: job.SummaryMove{Waiting: &j.ID}, Job: &j})
	if errors.Is(err, job.ErrExists) {
		return nil // this very change has had its backup, or a person called that off
	}
	if err != nil {
		return fmt.Errorf("order a backup of %s after a change: %w", s.Name, err)
	}
	e.Log.InfoContext(ctx, "job created", keyJob, j.ID, keyService, s.Name, "change", c.What, keyNext, j.NotBefore)
	e.wake(ctx, j)
	return nil
}

// putOff lets a waiting backup wait for the end of the changes, of which one
// was made at the time given. A backup that is due anyway, by the schedule or
// by a person, does not wait. It reports false for one that may end before long
// for want of time: that will not hold the change.
func (e *Engine) putOff(ctx context.Context, s plan.Service, id string, at time.Time) (joined bool, err error) {
	j, err := e.Store.Job(ctx, s.Name, id)
	switch {
	case err != nil:
		return false, err
	case j.State != job.Pending:
		return false, fmt.Errorf("job %s has just begun: %w", id, job.ErrConflict)
	case !e.hasTime(j.Job, s):
		return false, nil
	}
	// Counted from the change, a copy that is delivered later puts nothing off.
	to := at.Add(s.Changes.Quiet)
	if last := j.Due.Add(s.Changes.AtMost); to.After(last) {
		to = last
	}
	// Hundreds of events a minute are no reason for hundreds of saves.
	if !j.OnChange || j.Attempt.Number > 0 || !to.After(j.NotBefore.Add(s.Changes.Quiet/10)) {
		return true, nil
	}
	err = e.decide(ctx, s.Name, id, job.PutOff{To: to})
	if errors.Is(err, job.ErrImpossible) || errors.Is(err, job.ErrEnded) {
		return false, fmt.Errorf("%w: %w", err, job.ErrConflict)
	}
	return err == nil, err
}

// tooSoon is for a backup that only changes ask for, when the one before was
// begun a shorter time ago than the plan wants.
func (e *Engine) tooSoon(ctx context.Context, j job.Job) (*job.TooSoon, error) {
	if !j.OnChange || j.Attempt.Number > 0 {
		return nil, nil
	}
	s, ok := e.Plan.Service(j.Service)
	if !ok {
		return nil, nil
	}
	summary, err := e.Store.StoredSummary(ctx, j.Service)
	if err != nil {
		return nil, err
	}
	until := summary.LastStarted.Add(s.Changes.MinInterval)
	if summary.LastStarted.IsZero() || until.Sub(e.now()) <= punctual {
		return nil, nil
	}
	return &job.TooSoon{Until: until, Reason: "the last backup was begun at " + summary.LastStarted.Format(time.RFC3339) + ", and changes ask for one every " + s.Changes.MinInterval.String() + " at most"}, nil
}
