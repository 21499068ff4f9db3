package recoverytest

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var counterCases = []StoreCase{
	{"counters add up, each by its name and label", counters},
	{"counts at once all count", countRace},
}

func counted(t *testing.T, s recovery.Store) []job.Counter {
	t.Helper()
	all := collect(t, s.Counters(t.Context()))
	slices.SortFunc(all, func(a, b job.Counter) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Label, b.Label))
	})
	return all
}

func counters(t *testing.T, s recovery.Store) {
	want(t, "counters", counted(t, s), nil)
	var all []job.Counter
	for i, label := range []string{"", "%2F", "/", "=2F", "a b", "a/b\\c#d?e'f\n|", "a|b", "zażółć"} { // in order
		for _, n := range []int64{1, 1 << 40, int64(i)} {
			check(t, s.Count(t.Context(), "dead_letters", label, n))
		}
		all = append(all, job.Counter{Name: "dead_letters", Label: label, Value: 1<<40 + int64(i) + 1})
	}
	check(t, s.Count(t.Context(), "dead_letters|a", "b", 5)) // is not what a|b is
	all = append(all, job.Counter{Name: "dead_letters|a", Label: "b", Value: 5})
	want(t, "counters", counted(t, s), all)
	want(t, "summaries", collect(t, s.Summaries(t.Context())), nil)
}

func countRace(t *testing.T, s recovery.Store) {
	for range 2 { // first there is no such counter
		errs := make([]error, 8)
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() { errs[i] = s.Count(t.Context(), "repairs", "lost", 2) })
		}
		group.Wait()
		check(t, errors.Join(errs...))
	}
	want(t, "counters", counted(t, s), []job.Counter{{Name: "repairs", Label: "lost", Value: 32}})
}
