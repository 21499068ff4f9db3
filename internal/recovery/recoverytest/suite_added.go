package recoverytest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var addedCases = []StoreCase{
	{"new points come with a transition, each with every field", added},
	{"a transition whose new points can't be made is not made at all", addedRefused},
	{"a transition has at most a hundred changes", addedMany},
	{"of transitions at once that add one point one is made", addedRace},
}

// adding is a transition that adds n points to service, by the hour.
func adding(t *testing.T, s recovery.Store, service string, n int) job.Transition {
	t.Helper()
	tr := job.Transition{Read: storedSummary(t, s, service)}
	for i := range n {
		tr.Added = append(tr.Added, pointAt(service, i+1, begin.Add(time.Duration(i)*time.Hour)))
	}
	return tr
}

func newestOf(points []job.Point) []job.Point {
	points = slices.Clone(points)
	slices.Reverse(points)
	return points
}

func added(t *testing.T, s recovery.Store) {
	tr := adding(t, s, "apim-weu", 3)
	since := begin
	tr.Summary = job.SummaryMove{ProtectedSince: &since, Point: &tr.Added[2]}
	check(t, s.Transit(t.Context(), tr))
	want(t, "points", points(t, s, "apim-weu"), newestOf(tr.Added))
	want(t, "summary", summary(t.Context(), t, s, "apim-weu"), tr.Summary.Apply(job.Summary{Service: "apim-weu"}))
	for _, p := range tr.Added {
		from := pointOf(t, s, "apim-weu", p.Blob)
		want(t, "point", from.Point, p)
		to := p
		to.Held = "kept for the audit"
		check(t, s.Transit(t.Context(), job.Transition{Read: storedSummary(t, s, "apim-weu"), Points: []job.PointMove{{From: from, To: to}}}))
		want(t, "changed point", pointOf(t, s, "apim-weu", p.Blob).Point, to)
	}
	before := stateOf(t, s, "apim-weu")
	tr.Added[0].Settings["spoilt"] = "spoilt"
	want(t, "service", stateOf(t, s, "apim-weu"), before)
}

func addedRefused(t *testing.T, s recovery.Store) {
	other := errors.New("something else")
	for n, c := range []struct {
		name  string
		want  error
		spoil func(tr *job.Transition)
	}{
		{"a point that is there", job.ErrConflict, func(tr *job.Transition) {
			there := tr.Added[1]
			there.Blob, there.Held = "another", "was there before"
			keep(t, s, there)
			tr.Read = storedSummary(t, s, there.Service)
		}},
		{"an old summary", job.ErrConflict, func(tr *job.Transition) {
			until := begin
			check(t, s.Note(t.Context(), tr.Read.Service, job.SummaryMove{MaintenanceUntil: &until}))
		}},
		{"two points of one job and time", other, func(tr *job.Transition) {
			tr.Added[1].Job, tr.Added[1].StartedAt = tr.Added[0].Job, tr.Added[0].StartedAt
		}},
		{"a point that changes as well", other, func(tr *job.Transition) {
			keep(t, s, tr.Added[1])
			tr.Points = []job.PointMove{{From: pointOf(t, s, tr.Read.Service, tr.Added[1].Blob), To: tr.Added[1]}}
			tr.Read = storedSummary(t, s, tr.Read.Service)
		}},
		{"another service's point", other, func(tr *job.Transition) { tr.Added[1].Service = "apim-none" }},
	} {
		service := fmt.Sprintf("apim-%d", n)
		tr := adding(t, s, service, 2)
		tr.Notices = []job.Notice{noticeOf(service, 1)}
		c.spoil(&tr)
		before, others := stateOf(t, s, service), stateOf(t, s, "apim-none")
		err := s.Transit(t.Context(), tr)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		wantIs(t, err, c.want)
		want(t, "service after "+c.name, stateOf(t, s, service), before)
		want(t, "the other service after "+c.name, stateOf(t, s, "apim-none"), others)
	}
}

func addedMany(t *testing.T, s recovery.Store) {
	tr := adding(t, s, "apim-weu", 97)
	j := job.NewChangeBackup("apim-weu", "an event", begin, begin, rules, begin)
	tr.Job, tr.Notices = &j, []job.Notice{noticeOf("apim-weu", 1)}
	over := tr
	over.Added = adding(t, s, "apim-weu", 98).Added
	before := stateOf(t, s, "apim-weu")
	err := s.Transit(t.Context(), over)
	wantIs(t, err, errors.New("something else"))
	if err == nil {
		t.Error("101 changes were made at once")
	}
	want(t, "service", stateOf(t, s, "apim-weu"), before)
	check(t, s.Transit(t.Context(), tr))
	want(t, "points", points(t, s, "apim-weu"), newestOf(tr.Added))
}

func addedRace(t *testing.T, s recovery.Store) {
	read := storedSummary(t, s, "apim-weu")
	errs := make([]error, 8)
	var group sync.WaitGroup
	for n := range errs {
		p := pointAt("apim-weu", 1, begin)
		p.Attempt = n
		group.Go(func() { errs[n] = s.Transit(t.Context(), job.Transition{Read: read, Added: []job.Point{p}}) })
	}
	group.Wait()
	winner := slices.Index(errs, nil)
	if winner < 0 {
		t.Fatalf("nobody won: %v", errs)
	}
	for n, err := range errs {
		if n != winner {
			wantIs(t, err, job.ErrConflict)
		}
	}
	now := points(t, s, "apim-weu")
	want(t, "points", len(now), 1)
	want(t, "attempt", now[0].Attempt, winner)
}
