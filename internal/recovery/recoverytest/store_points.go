package recoverytest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"lifeboat/internal/job"
)

// point is the place of p in its partition, by when it was started and by
// which job; -1 if it is not there.
func (p *partition) point(of job.Point) int {
	return slices.IndexFunc(p.points, func(other job.StoredPoint) bool {
		return other.Job == of.Job && other.StartedAt.Truncate(time.Second).Equal(of.StartedAt.Truncate(time.Second))
	})
}

// Points implements recovery.Store.
func (s *Store) Points(_ context.Context, service string) iter.Seq2[job.Point, error] {
	return listedIn(s, "Points", service, func(p *partition) []job.Point {
		all := make([]job.Point, len(p.points))
		for i, point := range p.points {
			all[i] = copyPoint(point.Point)
		}
		slices.SortStableFunc(all, func(a, b job.Point) int {
			return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(b.Job, a.Job))
		})
		return all
	})
}

// Point implements recovery.Store.
func (s *Store) Point(_ context.Context, service, blob string) (found job.StoredPoint, err error) {
	err = s.do("Point", func() error {
		for _, found = range s.partition(service).points {
			if found.Blob == blob {
				return nil
			}
		}
		return fmt.Errorf("point of blob %s: %w", blob, job.ErrNotFound)
	})
	if err != nil {
		return job.StoredPoint{}, err
	}
	found.Point = copyPoint(found.Point)
	return found, nil
}
