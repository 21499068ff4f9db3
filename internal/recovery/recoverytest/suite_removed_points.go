package recoverytest

import (
	"sync"
	"testing"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var pointRemovalCases = []StoreCase{
	{"a point is removed as it was read or not at all", removePoint},
	{"a removed point leaves all else as it is", removePointAlone},
	{"of eight removals of a point at once one is made", removePointRace},
	{"a point is either changed or removed", removeOrChange},
}

// hold is the transition that holds a point.
func hold(t *testing.T, s recovery.Store, p job.StoredPoint) job.Transition {
	t.Helper()
	to := p.Point
	to.Held, to.HeldBy = "kept for the audit", "Ala"
	return job.Transition{Read: storedSummary(t, s, p.Service), Points: []job.PointMove{{From: p, To: to}}}
}

func removePoint(t *testing.T, s recovery.Store) {
	p := pointAt("apim-weu", 1, begin)
	wantIs(t, s.RemovePoint(t.Context(), job.StoredPoint{Point: p}), job.ErrConflict) // nobody read it
	keep(t, s, p)
	old := pointOf(t, s, "apim-weu", p.Blob)
	wantIs(t, s.RemovePoint(t.Context(), job.StoredPoint{Point: p}), job.ErrConflict)
	check(t, s.Transit(t.Context(), hold(t, s, old)))
	now := pointOf(t, s, "apim-weu", p.Blob)
	wantIs(t, s.RemovePoint(t.Context(), old), job.ErrConflict)
	want(t, "point", pointOf(t, s, "apim-weu", p.Blob), now)
	elsewhere := now
	elsewhere.Service = "apim-neu"
	wantIs(t, s.RemovePoint(t.Context(), elsewhere), job.ErrNotFound)
	check(t, s.RemovePoint(t.Context(), now))
	_, err := s.Point(t.Context(), "apim-weu", p.Blob)
	wantIs(t, err, job.ErrNotFound)
	wantIs(t, s.RemovePoint(t.Context(), now), job.ErrNotFound)
	wantIs(t, s.Transit(t.Context(), hold(t, s, now)), job.ErrConflict)
}

func removePointAlone(t *testing.T, s recovery.Store) {
	one, two, other := pointAt("apim-weu", 1, begin), pointAt("apim-weu", 2, begin), pointAt("apim-neu", 1, begin)
	other.Job, other.Blob = one.Job, one.Blob
	for _, p := range []job.Point{one, two, other} {
		keep(t, s, p)
	}
	before, others := stateOf(t, s, "apim-weu"), stateOf(t, s, "apim-neu")
	check(t, s.RemovePoint(t.Context(), pointOf(t, s, "apim-weu", one.Blob)))
	before.Points = []job.StoredPoint{pointOf(t, s, "apim-weu", two.Blob)}
	want(t, "the service", stateOf(t, s, "apim-weu"), before)
	want(t, "the other service", stateOf(t, s, "apim-neu"), others)
}

func removePointRace(t *testing.T, s recovery.Store) {
	p := pointAt("apim-weu", 1, begin)
	keep(t, s, p)
	from := pointOf(t, s, "apim-weu", p.Blob)
	errs := make([]error, 8)
	var group sync.WaitGroup
	for n := range errs {
		group.Go(func() { errs[n] = s.RemovePoint(t.Context(), from) })
	}
	group.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else {
			wantIs(t, err, job.ErrNotFound)
		}
	}
	want(t, "removals", made, 1)
}

func removeOrChange(t *testing.T, s recovery.Store) {
	for n := range 8 {
		p := pointAt("apim-weu", n, begin)
		keep(t, s, p)
		from := pointOf(t, s, "apim-weu", p.Blob)
		tr := hold(t, s, from)
		var held, removed error
		var group sync.WaitGroup
		group.Go(func() { held = s.Transit(t.Context(), tr) })
		group.Go(func() { removed = s.RemovePoint(t.Context(), from) })
		group.Wait()
		if held != nil {
			wantIs(t, held, job.ErrConflict)
			check(t, removed)
			_, err := s.Point(t.Context(), "apim-weu", p.Blob)
			wantIs(t, err, job.ErrNotFound)
			continue
		}
		wantIs(t, removed, job.ErrConflict)
		want(t, "point", pointOf(t, s, "apim-weu", p.Blob).Point, tr.Points[0].To)
	}
}
