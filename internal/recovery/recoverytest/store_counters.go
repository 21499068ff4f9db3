package recoverytest

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"lifeboat/internal/job"
)

type counterName struct{ name, label string }

// Count implements recovery.Store.
func (s *Store) Count(_ context.Context, name, label string, n int64) error {
	return s.do("Count", func() error {
		s.partition(job.NoService).counters[counterName{name, label}] += n
		return nil
	})
}

// Counters implements recovery.Store.
func (s *Store) Counters(context.Context) iter.Seq2[job.Counter, error] {
	return listedIn(s, "Counters", job.NoService, func(p *partition) (all []job.Counter) {
		for of, value := range p.counters {
			all = append(all, job.Counter{Name: of.name, Label: of.label, Value: value})
		}
		slices.SortFunc(all, func(a, b job.Counter) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Label, b.Label))
		})
		return all
	})
}
