package recovery

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Watch repairs what nothing else will, and says what nobody else would: it
// prompts every job whose next move is overdue, with the row's own revision,
// and every notice; completes what an alert left half made; announces services
// that are late, down or well again, points about to lapse, and standbys that
// are not ready; and frees the leases of ended jobs once their operations have
// ended. Once a day it tells that a newer version wrote rows which this one
// leaves alone. At last it removes the rows of what was over long ago. It works
// from what is stored, reads each kind of row of all services at once, and may
// run as often as it likes.
func (e *Engine) Watch(ctx context.Context) error {
	rows, unread := e.unsettled(ctx)
	err := errors.Join(
		unread, e.promptOverdue(ctx, rows.Jobs), e.promptNotices(ctx, rows.Notices), e.completeIncidents(ctx), e.watchFleet(ctx, rows, unread == nil),
	)
	// Late: Azure may take its time, and nobody is to be told later for that.
	// An orphan's lease is in the way of backups, a standby's state is only said.
	err = errors.Join(err, e.freeOrphans(ctx), e.watchStandbys(ctx, rows))
	if unread == nil { // a row that could not be read may say what is needed
		err = errors.Join(err, e.clean(ctx, rows))
	}
	if left := newer(err); len(left) > 0 {
		err = errors.Join(err, e.outdated(ctx, left))
	}
	return err
}

// watchFleet judges every service, and, if all was read, tells the state of each
// and of each standby in one line: alerts rest on those, and half of the rows
// would make a false one.
func (e *Engine) watchFleet(ctx context.Context, rows fleet.Rows, whole bool) error {
	known := byService(rows.Summaries)
	var work []func() error
	for i := range e.Plan.Services {
		s := &e.Plan.Services[i]
		work = append(work, func() error { return e.watchHealth(ctx, *s, known(s.Name)) })
	}
	err := e.all(work)
	if !whole || !e.Log.Enabled(ctx, slog.LevelInfo) {
		return err
	}
	view := fleet.View(e.Plan, rows, e.now())
	e.Log.InfoContext(ctx, "fleet watched", view.LogArgs()...)
	for _, s := range view.Services {
		e.Log.InfoContext(ctx, "service watched", s.LogArgs()...)
	}
	for _, s := range view.Standbys {
		e.Log.InfoContext(ctx, "standby watched", s.LogArgs()...)
	}
	return err
}

// summaries reads the summary of every service.
func (e *Engine) summaries(ctx context.Context) ([]job.Summary, error) {
	room := 1 // for what belongs to no service
	for i := range e.Plan.Services {
		room += 1 + len(e.Plan.Services[i].Standbys)
	}
	return collect("read the services' summaries", room, e.Store.Summaries(ctx))
}

// byService finds the summary of a service; the zero Summary if there is none.
func byService(summaries []job.Summary) func(service string) job.Summary {
	places := make(map[string]int, len(summaries)) // a summary is large
	for i := range summaries {
		places[summaries[i].Service] = i
	}
	return func(service string) job.Summary {
		if i, ok := places[service]; ok {
			return summaries[i]
		}
		return job.Summary{}
	}
}

// Rows reads what a view of the whole fleet is made of. With an error it
// returns what could be read.
func (e *Engine) Rows(ctx context.Context) (fleet.Rows, error) {
	rows, err := e.unsettled(ctx)
	var uncounted error
	rows.Counters, uncounted = collect("read counters", 0, e.Store.Counters(ctx))
	return rows, errors.Join(err, uncounted)
}

// unsettled is Rows without the counters, by which nothing is decided.
func (e *Engine) unsettled(ctx context.Context) (rows fleet.Rows, err error) {
	var errs [3]error
	rows.Summaries, errs[0] = e.summaries(ctx)
	rows.Jobs, errs[1] = collect("read unfinished jobs", 0, e.Store.Unfinished(ctx))
	rows.Notices, errs[2] = collect("read undelivered notices", 0, e.Store.Notices(ctx))
	return rows, errors.Join(errs[:]...)
}

// collect reads all, of which there are about room.
func collect[T any](doing string, room int, all iter.Seq2[T, error]) (found []T, err error) {
	found = slices.Grow(found, room)
	var errs []error
	for x, err := range all {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", doing, err))
			continue
		}
		found = append(found, x)
	}
	return found, errors.Join(errs...)
}

// completeIncidents makes the restores that open incidents are due.
func (e *Engine) completeIncidents(ctx context.Context) error {
	var errs []error
	for incident, err := range e.Store.Incidents(ctx) {
		if err != nil {
			errs = append(errs, fmt.Errorf("read open incidents: %w", err))
			continue
		}
		if source, ok := e.Plan.Service(incident.Service); ok {
			errs = append(errs, e.respond(ctx, source, incident.ID))
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) promptOverdue(ctx context.Context, jobs []job.Job) error {
	now := e.now()
	var failed unsent
	for _, j := range jobs {
		if failed.enough(ctx) {
			break
		}
		if now.Sub(j.NotBefore) <= e.overdueAfter(j) {
			continue
		}
		if !failed.sent(func() error { return e.prompt(ctx, next(j), now) }) {
			continue
		}
		e.count1(ctx, countRepairs, j.Service)
		e.Log.WarnContext(ctx, "overdue job prompted", keyJob, j.ID, keyService, j.Service, "since", j.NotBefore)
	}
	return failed.err()
}

// overdueAfter is how late a move of j may be. With a run every five minutes
// and the plan's default, a lost message is repaired within ten.
func (e *Engine) overdueAfter(j job.Job) time.Duration {
	name := j.Service
	if j.Restore != nil {
		name = j.Restore.Source
	}
	s, ok := e.Plan.Service(name)
	if !ok {
		s = plan.Default()
	}
	return s.OverdueAfter
}

func (e *Engine) promptNotices(ctx context.Context, notices []job.StoredNotice) error {
	now, after := e.now(), plan.Default().OverdueAfter
	var failed unsent
	for _, n := range notices {
		if failed.enough(ctx) {
			break
		}
		if n.State != job.DeliveryPending || now.Sub(n.NotBefore) <= after {
			continue
		}
		p := firstPrompt(n.Notice)
		p.Attempt = n.Attempts
		if !failed.sent(func() error { return e.promptNotice(ctx, p, now) }) {
			continue
		}
		e.Log.WarnContext(ctx, "overdue notice prompted", keyNotice, n.ID, "since", n.NotBefore)
	}
	return failed.err()
}

func (e *Engine) freeOrphans(ctx context.Context) error {
	leases, unread := collect("read orphaned leases", 0, e.Store.Orphans(ctx))
	var work []func() error
	for _, lease := range leases {
		work = append(work, func() error {
			if err := e.FreeOrphan(ctx, lease); err != nil {
				return fmt.Errorf("free the lease that job %s left on %s: %w", lease.Job, lease.Service, err)
			}
			return nil
		})
	}
	return errors.Join(unread, e.all(work))
}

// FreeOrphan releases an orphaned lease when its operation has provably ended.
// Until then, and where somebody else was first, it does nothing.
func (e *Engine) FreeOrphan(ctx context.Context, lease job.StoredLease) error {
	s, ok := e.Plan.Named(lease.Service)
	if !ok {
		return errors.New("the service is not in the plan: put it back until the lease is free")
	}
	look, done := context.WithTimeout(ctx, glance)
	defer done()
	if lease.ResumeToken != "" {
		progress, err := e.ARM.Poll(look, s, lease.ResumeToken)
		switch {
		case err == nil && !progress.Done:
			return nil
		case err == nil, errors.Is(err, job.ErrOperationFailed):
			return e.release(ctx, lease)
		case !errors.Is(err, job.ErrHandleLost):
			return err
		}
	}
	service, err := e.ARM.Observe(look, s)
	switch {
	case absent(err):
		return e.release(ctx, lease) // nothing operates on what is not there
	case err != nil:
		return err
	case service.InTransition():
		return nil
	}
	return e.release(ctx, lease)
}

func (e *Engine) release(ctx context.Context, lease job.StoredLease) error {
	err := e.Store.Release(ctx, lease)
	if errors.Is(err, job.ErrConflict) || errors.Is(err, job.ErrNotFound) {
		return nil
	}
	if err == nil {
		e.Log.InfoContext(ctx, "orphaned lease freed", keyService, lease.Service, keyJob, lease.Job)
	}
	return err
}
