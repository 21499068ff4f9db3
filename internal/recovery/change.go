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

// The counters.
const (
	countIgnored     = "events_ignored"    // by reason
	countDeadLetters = "dead_letters"      // by queue
	countRepairs     = "watchdog_repairs"  // by service
	countBlocked     = "failovers_blocked" // by source/gate
	outsidePlan      = "OutsidePlan"
	blobNotOurs      = "BlobNotOurs"
)

// Ignored counts an event that means nothing to Lifeboat.
func (e *Engine) Ignored(ctx context.Context, reason string) {
	e.count1(ctx, countIgnored, reason)
}

// count1 adds one to a counter. Nothing is decided by a counter, so a failure
// is only worth a log line.
func (e *Engine) count1(ctx context.Context, name, label string) {
	if err := e.Store.Count(ctx, name, label, 1); err != nil {
		e.Log.WarnContext(ctx, "not counted", "counter", name, "label", label, keyError, err.Error())
	}
}

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

// contended repeats take while others change what it read.
func (e *Engine) contended(ctx context.Context, take func() error) (err error) {
	for try := range conflictTries {
		pause(ctx, time.Duration(try*try)*10*time.Millisecond)
		if err = take(); !errors.Is(err, job.ErrConflict) {
			break
		}
	}
	return err
}

func (e *Engine) changed(ctx context.Context, s plan.Service, c event.Change) error {
	summary, err := e.Store.StoredSummary(ctx, s.Name)
	if err != nil {
		return err
	}
	at := c.At
	if now := e.now(); at.After(now) {
		at = now
	}
	switch marked, err := e.markConcurrent(ctx, s, summary, at); {
	case err != nil:
		return err
	case marked:
		return e.changed(ctx, s, c) // what follows hangs on the row that changed
	}
	switch {
	case summary.Waiting != "":
		return e.putOff(ctx, s, summary.Waiting, at)
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
	j := job.NewChangeBackup(s.Name, c.ID, at, start, s.Rules, now)
	err := e.Store.Transit(ctx, job.Transition{Read: summary, Summary: job.SummaryMove{Waiting: &j.ID, ChangedAt: &at}, Job: &j})
	if errors.Is(err, job.ErrExists) {
		return nil // this very change has had its backup, or a person called that off
	}
	if err != nil {
		return fmt.Errorf("order a backup of %s after a change: %w", s.Name, err)
	}
	e.Log.InfoContext(ctx, "job created", keyJob, j.ID, keyService, s.Name, "change", c.What, keyNext, j.NotBefore)
	if err := e.prompt(ctx, next(j), j.NotBefore); err != nil {
		e.Log.WarnContext(ctx, "prompt left to the watchdog", keyJob, j.ID, keyReason, err.Error())
	}
	return nil
}

// putOff lets a waiting backup wait for the end of the changes, of which one
// was made at the time given. A backup that is due anyway, by the schedule or
// by a person, does not wait.
func (e *Engine) putOff(ctx context.Context, s plan.Service, id string, at time.Time) error {
	j, err := e.Store.Job(ctx, s.Name, id)
	if err != nil {
		return err
	}
	if j.State != job.Pending {
		return fmt.Errorf("job %s has just begun: %w", id, job.ErrConflict)
	}
	// Counted from the change, a copy that is delivered later puts nothing off.
	to := at.Add(s.Changes.Quiet)
	if last := j.Due.Add(s.Changes.AtMost); to.After(last) {
		to = last
	}
	// Hundreds of events a minute are no reason for hundreds of saves.
	if !j.OnChange || j.Attempt.Number > 0 || !to.After(j.NotBefore.Add(s.Changes.Quiet/10)) {
		return nil
	}
	err = e.decide(ctx, s.Name, id, job.PutOff{To: to})
	if errors.Is(err, job.ErrImpossible) || errors.Is(err, job.ErrEnded) {
		return fmt.Errorf("%w: %w", err, job.ErrConflict)
	}
	return err
}

// markConcurrent notes a change with the backup, in flight or done, that was
// taken while it was made. It reports whether that was not noted before.
func (e *Engine) markConcurrent(ctx context.Context, s plan.Service, summary job.StoredSummary, at time.Time) (marked bool, err error) {
	if summary.PointStarted.Before(summary.LastStarted) && !at.Before(summary.LastStarted.Add(-job.Skew)) {
		if marked, err = e.markAttempt(ctx, s, summary); marked || err != nil {
			return marked, err
		}
	}
	newest := job.Point{StartedAt: summary.PointStarted, VerifiedAt: summary.PointVerified}
	if summary.PointBlob == "" || at.After(newest.VerifiedAt.Add(job.Skew)) {
		return false, nil
	}
	if newest.During(at) {
		return e.markPoint(ctx, s, summary, summary.PointBlob)
	}
	return e.markOlder(ctx, s, summary, at)
}

func (e *Engine) markAttempt(ctx context.Context, s plan.Service, summary job.StoredSummary) (marked bool, err error) {
	lease, err := e.Store.Lease(ctx, s.Name)
	if err == nil {
		err = e.decide(ctx, s.Name, lease.Job, job.Changed{})
	}
	if errors.Is(err, job.ErrImpossible) || errors.Is(err, job.ErrEnded) || errors.Is(err, job.ErrNotFound) {
		return false, e.still(ctx, summary) // noted already, or past: the point is asked next
	}
	return err == nil, err
}

// still is a conflict if a summary has changed since it was read: an attempt
// may have become a point that it does not name.
func (e *Engine) still(ctx context.Context, read job.StoredSummary) error {
	now, err := e.Store.StoredSummary(ctx, read.Service)
	if err == nil && now.ETag != read.ETag {
		return fmt.Errorf("summary of %s: %w", read.Service, job.ErrConflict)
	}
	return err
}

func (e *Engine) markOlder(ctx context.Context, s plan.Service, summary job.StoredSummary, at time.Time) (marked bool, err error) {
	for p, err := range e.Store.Points(ctx, s.Name) {
		if err != nil {
			return false, err
		}
		if p.During(at) && !p.ConcurrentChanges {
			return e.markPoint(ctx, s, summary, p.Blob)
		}
	}
	return false, nil
}

func (e *Engine) markPoint(ctx context.Context, s plan.Service, summary job.StoredSummary, blob string) (marked bool, err error) {
	p, err := e.Store.Point(ctx, s.Name, blob)
	if err != nil || p.ConcurrentChanges {
		return false, err
	}
	to := p.Point
	to.ConcurrentChanges = true
	if err := e.amend(ctx, s, to); err != nil {
		return false, err
	}
	if err := e.Store.Transit(ctx, job.Transition{Read: summary, Points: []job.PointMove{{From: p, To: to}}}); err != nil {
		return false, fmt.Errorf("note with point %s that the service was changed: %w", p.Blob, err)
	}
	e.Log.WarnContext(ctx, "service was changed while it was backed up", keyService, s.Name, "point", p.Blob)
	return true, nil
}

// amend writes a point's sidecar first, because the catalogue can be rebuilt
// from it. One that is gone, or that may not be changed, leaves the row alone
// to say it.
func (e *Engine) amend(ctx context.Context, s plan.Service, p job.Point) error {
	err := e.Blobs.Amend(ctx, s.Service, p)
	if errors.Is(err, job.ErrNotFound) || errors.Is(err, job.ErrRefused) {
		e.Log.WarnContext(ctx, "sidecar not amended", keyService, s.Name, "point", p.Blob, keyError, err.Error())
		return nil
	}
	return err
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
