package telemetry

import (
	"context"
	"errors"
	"iter"

	"lifeboat/internal/job"
)

// Jobs yields the jobs of one partition, newest first, where the store can
// tell. The engine does not ask; the status page does.
func (s store) Jobs(ctx context.Context, service string) iter.Seq2[job.Job, error] {
	lister, ok := s.next.(interface {
		Jobs(ctx context.Context, service string) iter.Seq2[job.Job, error]
	})
	if !ok {
		return func(yield func(job.Job, error) bool) {
			yield(job.Job{}, errors.New("this store does not list past jobs"))
		}
	}
	return list(ctx, s.spans, "Jobs", about{keyService.String(service)}, func(ctx context.Context) iter.Seq2[job.Job, error] {
		return lister.Jobs(ctx, service)
	})
}
