package recovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
)

const (
	// cleanEvery is how long a partition is left alone once nothing was left
	// to remove there.
	cleanEvery = 24 * time.Hour
	// What one run does at most: so many partitions looked at, so many rows
	// read of each, and so many removed.
	mostCleaned = 10
	mostRead    = 2000
	mostDeleted = 200
)

// TooOld is how long a message may be under way and still be carried out.
// Whatever comes later may be a copy of one whose rows are removed: it must be
// well below the shortest history that a plan can ask for.
const TooOld = 14 * 24 * time.Hour

// late reports whether what was sent or happened at t is too old to be
// carried out.
func (e *Engine) late(t time.Time) bool { return e.now().Sub(t) > TooOld }

// clean removes the rows of what was over longer ago than the plan's history.
// Which partitions are due is said by their summaries, which have been read.
func (e *Engine) clean(ctx context.Context, rows fleet.Rows) error {
	if e.Plan.History <= 0 {
		return nil
	}
	due := dueForCleaning(rows.Summaries, e.now())
	if len(due) == 0 {
		return nil
	}
	needs := e.needs(rows)
	var errs []error
	left := mostDeleted
	for _, s := range due {
		removed, err := e.cleanPartition(ctx, s.Service, needs, left)
		errs = append(errs, err)
		if left -= removed; left <= 0 || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// dueForCleaning are the partitions that are to be looked at now, those that
// have waited longest first.
func dueForCleaning(summaries []job.Summary, now time.Time) []job.Summary {
	var due []job.Summary
	never := true // was what belongs to no service looked at
	for i := range summaries {
		if s := &summaries[i]; now.Sub(s.CleanedAt) >= cleanEvery {
			due = append(due, *s)
		}
		never = never && summaries[i].Service != job.NoService
	}
	if never {
		due = append(due, job.Summary{Service: job.NoService})
	}
	slices.SortFunc(due, func(a, b job.Summary) int {
		return cmp.Or(a.CleanedAt.Compare(b.CleanedAt), cmp.Compare(a.Service, b.Service))
	})
	return due[:min(len(due), mostCleaned)]
}

// needs is what the rows that were read say is still asked for.
func (e *Engine) needs(rows fleet.Rows) job.Needs {
	needs := job.Needs{Jobs: map[string]bool{}, Incidents: map[string]bool{}, Retained: map[string]bool{}}
	for _, s := range rows.Summaries {
		for _, id := range []string{s.Waiting, s.LastJob, s.FailoverJob} {
			needs.Jobs[id] = true
		}
		if s.Incident != "" {
			needs.Incidents[s.Incident] = true
		}
	}
	for _, j := range rows.Jobs {
		if j.Restore != nil && j.Restore.Incident != "" {
			needs.Incidents[j.Restore.Incident] = true
		}
	}
	for _, s := range e.Plan.Services {
		needs.Retained[s.Name] = s.Retention != nil
	}
	return needs
}

// cleanPartition removes up to most rows of one partition. Unless more are
// left, it is not looked at again before long: what failed can wait as well.
func (e *Engine) cleanPartition(ctx context.Context, service string, needs job.Needs, most int) (removed int, err error) {
	before := e.now().Add(-e.Plan.History)
	rows, whole, unread := e.finished(ctx, service, before)
	expired, err := e.expired(ctx, service, rows, needs, before)
	if len(expired) > most {
		expired, whole = expired[:most], false
	}
	removed, undeleted := e.discard(ctx, expired)
	if removed > 0 {
		e.Log.InfoContext(ctx, "rows cleaned up", keyService, service, "rows", removed, "before", before)
	}
	err = errors.Join(unread, err, undeleted)
	if whole || removed == 0 {
		now := e.now()
		err = errors.Join(err, e.Store.Note(ctx, service, job.SummaryMove{CleanedAt: &now}))
	}
	if err != nil {
		return removed, fmt.Errorf("clean up after %s: %w", service, err)
	}
	return removed, nil
}

// finished reads what is over in a partition, up to a bound; whole says that
// there is no more. Rows of a later version stay, and are no error.
func (e *Engine) finished(ctx context.Context, service string, before time.Time) (rows []job.Finished, whole bool, err error) {
	for f, failure := range e.Store.Finished(ctx, service, before) {
		if failure != nil {
			if !errors.Is(failure, job.ErrNewerSchema) {
				err = errors.Join(err, failure)
			}
			continue
		}
		if rows = append(rows, f); len(rows) == mostRead {
			return rows, false, err
		}
	}
	return rows, true, err
}

// expired are those of a partition's rows that can go.
func (e *Engine) expired(ctx context.Context, service string, rows []job.Finished, needs job.Needs, before time.Time) ([]job.Finished, error) {
	if slices.ContainsFunc(rows, func(f job.Finished) bool { return f.Job != nil }) {
		var err error
		if needs.Jobs, err = e.jobsNamed(ctx, service, needs.Jobs); err != nil {
			return nil, err
		}
	}
	return job.Expired(rows, needs, before), nil
}

// jobsNamed is named with the jobs that the lease of a partition and the
// points that somebody keeps name.
func (e *Engine) jobsNamed(ctx context.Context, service string, named map[string]bool) (map[string]bool, error) {
	all := map[string]bool{}
	for id := range named {
		all[id] = true
	}
	lease, err := e.Store.Lease(ctx, service)
	if err != nil && !errors.Is(err, job.ErrNotFound) {
		return nil, err
	}
	all[lease.Job] = true
	for p, err := range e.Store.Points(ctx, service) {
		if err != nil {
			return nil, err
		}
		if p.Held != "" || p.Pinned != "" {
			all[p.Job] = true
		}
		for _, id := range strings.Fields(p.Pinned) {
			all[id] = true
		}
	}
	return all, nil
}

// discard removes rows that have not changed since they were read.
func (e *Engine) discard(ctx context.Context, rows []job.Finished) (removed int, err error) {
	gone := make([]bool, len(rows))
	var work []func() error
	for i, f := range rows {
		work = append(work, func() error {
			err := e.Store.Remove(ctx, f)
			gone[i] = err == nil
			if errors.Is(err, job.ErrConflict) || errors.Is(err, job.ErrNotFound) {
				return nil // somebody needs it after all, or removed it
			}
			return err
		})
	}
	err = e.all(work)
	for _, yes := range gone {
		if yes {
			removed++
		}
	}
	return removed, err
}
