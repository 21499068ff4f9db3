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
		return sameRow(other.Point, of)
	})
}

// sameRow reports whether two points of one service have the same row.
func sameRow(a, b job.Point) bool {
	return a.Job == b.Job && a.StartedAt.Truncate(time.Second).Equal(b.StartedAt.Truncate(time.Second))
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

// RemovePoint implements recovery.Store.
func (s *Store) RemovePoint(_ context.Context, of job.StoredPoint) error {
	return s.do("RemovePoint", func() error {
		return s.partition(of.Service).remove(of)
	})
}

// remove takes a point's row out of p if it is as it was read.
func (p *partition) remove(of job.StoredPoint) error {
	i := p.point(of.Point)
	switch {
	case of.ETag == "":
		return fmt.Errorf("point of blob %s was never read: %w", of.Blob, job.ErrConflict)
	case i < 0:
		return fmt.Errorf("point of blob %s: %w", of.Blob, job.ErrNotFound)
	case p.points[i].ETag != of.ETag:
		return fmt.Errorf("point of blob %s: %w", of.Blob, job.ErrConflict)
	}
	p.points = slices.Delete(p.points, i, i+1)
	return nil
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
