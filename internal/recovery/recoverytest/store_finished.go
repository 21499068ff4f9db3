package recoverytest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"lifeboat/internal/job"
)

// Finished implements recovery.Store.
func (s *Store) Finished(_ context.Context, service string, before time.Time) iter.Seq2[job.Finished, error] {
	return listedIn(s, "Finished", service, func(p *partition) (all []job.Finished) {
		for _, id := range slices.Sorted(maps.Keys(p.jobs)) {
			if j := p.jobs[id]; j.State.Terminal() && j.EndedAt.Before(before) {
				over := copyStored(*j)
				all = append(all, job.Finished{Job: &over})
			}
		}
		for _, id := range slices.Sorted(maps.Keys(p.notices)) {
			if n := p.notices[id]; n.State != job.DeliveryPending && n.NotBefore.Before(before) {
				over := copyNotice(n)
				all = append(all, job.Finished{Notice: &over})
			}
		}
		for _, id := range slices.Sorted(maps.Keys(p.incidents)) {
			if i := p.incidents[id]; !i.Open() && i.ResolvedAt.Before(before) {
				all = append(all, job.Finished{Incident: &i})
			}
		}
		for _, id := range slices.Sorted(maps.Keys(p.alerts)) {
			if a := p.alerts[id]; a.FiredAt.Before(before) {
				all = append(all, job.Finished{Alert: &a})
			}
		}
		for _, point := range p.points {
			point.Point = copyPoint(point.Point)
			if !point.Withdrawn.IsZero() && point.Withdrawn.Before(before) {
				all = append(all, job.Finished{Point: &point})
			}
		}
		return all
	})
}

// Remove implements recovery.Store.
func (s *Store) Remove(_ context.Context, f job.Finished) error {
	return s.do("Remove", func() error {
		switch {
		case f.Job != nil:
			return taken(s.partition(f.Job.Service).jobs, f.Job.ID, f.Job.ETag, func(j *job.Stored) string { return j.ETag })
		case f.Notice != nil:
			return taken(s.partition(f.Notice.Service).notices, f.Notice.ID, f.Notice.ETag, func(n job.StoredNotice) string { return n.ETag })
		case f.Incident != nil:
			return taken(s.partition(f.Incident.Service).incidents, f.Incident.ID, f.Incident.ETag, func(i job.StoredIncident) string { return i.ETag })
		case f.Alert != nil:
			return taken(s.partition(f.Alert.Service).alerts, f.Alert.ID, f.Alert.ETag, func(a job.StoredAlert) string { return a.ETag })
		case f.Point != nil:
			return s.partition(f.Point.Service).remove(*f.Point)
		}
		return errors.New("remove a row: it was not said which")
	})
}

// taken takes the row of that id out of rows if its tag is the one given.
func taken[T any](rows map[string]T, id, tag string, tagOf func(T) string) error {
	row, ok := rows[id]
	switch {
	case tag == "":
		return fmt.Errorf("row %s was never read: %w", id, job.ErrConflict)
	case !ok:
		return fmt.Errorf("row %s: %w", id, job.ErrNotFound)
	case tagOf(row) != tag:
		return fmt.Errorf("row %s: %w", id, job.ErrConflict)
	}
	delete(rows, id)
	return nil
}
