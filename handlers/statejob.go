package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/web"
)

func (s state) job(ctx context.Context, service, id string, now time.Time) found {
	for _, partition := range s.mayHold(service, id) {
		j, err := s.engine.Store.Job(ctx, partition, id)
		if errors.Is(err, job.ErrNotFound) {
			continue
		}
		if err != nil {
			return s.unreadable(ctx, err, now)
		}
		v := web.Detail(s.engine.Plan, j.Job, s.point(ctx, j.Job), now)
		return found{200, v, func(live bool) ([]byte, error) { return web.JobPage(v, live) }}
	}
	return missing(fmt.Sprintf("There is no job %q.", short(id)), now)
}

// mayHold are the partitions to look for a job in: the one that was named, or
// those of the plan.
func (s state) mayHold(service, id string) []string {
	if service != "" {
		return []string{service}
	}
	return s.engine.Plan.Homes(id)
}

// point is what j left, if it can be had: the page is worth showing without.
func (s state) point(ctx context.Context, j job.Job) *job.Point {
	if j.Kind != job.Backup || j.State != job.Succeeded && j.State != job.Pruning {
		return nil
	}
	p, err := s.engine.Store.Point(ctx, j.Service, j.Attempt.Blob)
	if err != nil {
		return nil
	}
	return &p.Point
}
