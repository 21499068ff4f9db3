package tablestore

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/job"
)

// Jobs yields the jobs of one partition, newest first, those that have ended
// included. A job's key is made of its cause, which need not be a time, so all
// are read before the first is yielded: if that fails, none is. Jobs that can't
// be read come last, as errors.
func (s *Store) Jobs(ctx context.Context, service string) iter.Seq2[job.Job, error] {
	doing := fmt.Sprintf("list the jobs of service %s", service)
	return func(yield func(job.Job, error) bool) {
		var jobs []job.Job
		var unreadable []error
		for entity, err := range rows(ctx, s, doing, &aztables.ListEntitiesOptions{Filter: withPrefix(service, jobPrefix)}) {
			if err != nil {
				yield(job.Job{}, err)
				return
			}
			if j, err := readJob(entity); err != nil {
				unreadable = append(unreadable, err)
			} else {
				jobs = append(jobs, j)
			}
		}
		slices.SortStableFunc(jobs, func(a, b job.Job) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
		})
		for _, j := range jobs {
			if !yield(j, nil) {
				return
			}
		}
		for _, err := range unreadable {
			if !yield(job.Job{}, err) {
				return
			}
		}
	}
}
