package recoverytest

import (
	"fmt"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var pointCases = []StoreCase{
	{"a service without backups has no points", noPoints},
	{"points come newest first, each with every field", newestFirst},
	{"points of one time come in one order", pointsAtOnce},
	{"a point comes with the move that makes it or not at all", pointWithMove},
	{"a point is made once", pointOnce},
	{"a point is found by its blob and its service, with its tag", pointByBlob},
	{"points are not shared with their callers", pointsApart},
}

// keep makes p a point of its service.
func keep(t *testing.T, s recovery.Store, p job.Point) {
	t.Helper()
	j := pending(p.Service)
	j.ID = p.Job
	m := after(t, create(t, s, j), job.Deferred{})
	m.Point = &p
	check(t, s.Save(t.Context(), m))
}

// pointAt is a point of service with a value in every field.
func pointAt(service string, n int, started time.Time) job.Point {
	p := filledPoint(1000*n, fmt.Sprintf("%s-%d.apimbackup", service, n))
	p.Service, p.Job, p.StartedAt = service, fmt.Sprintf("%s-%d", service, n), started
	return p
}

func points(t *testing.T, s recovery.Store, service string) []job.Point {
	t.Helper()
	return collect(t, s.Points(t.Context(), service))
}

func noPoints(t *testing.T, s recovery.Store) {
	want(t, "points", points(t, s, "apim-weu"), nil)
	create(t, s, pending("apim-weu"))
	want(t, "points", points(t, s, "apim-weu"), nil)
	want(t, "points", points(t, s, "it's none"), nil)
}

func newestFirst(t *testing.T, s recovery.Store) {
	var all []job.Point
	for i, n := range []int{3, 1, 4, 2, 5} { // a late verification saves an older one later
		p := pointAt("apim-weu", n, begin.Add(time.Duration(n)*time.Hour))
		if i == 0 {
			p = job.Point{Service: p.Service, Job: p.Job, Blob: p.Blob, StartedAt: p.StartedAt} // nothing else is known
		}
		keep(t, s, p)
		all = append(all, p)
	}
	keep(t, s, pointAt("apim-neu", 9, begin))
	want(t, "points", points(t, s, "apim-weu"), []job.Point{all[4], all[2], all[0], all[3], all[1]})
	for p, err := range s.Points(t.Context(), "apim-weu") {
		check(t, err)
		want(t, "newest point", p, all[4])
		break
	}
}

func pointsAtOnce(t *testing.T, s recovery.Store) {
	one, two := pointAt("apim-weu", 1, begin), pointAt("apim-weu", 2, begin)
	later := pointAt("apim-weu", 0, begin.Add(time.Microsecond)) // in the same second
	for _, p := range []job.Point{two, later, one} {
		keep(t, s, p)
	}
	want(t, "points", points(t, s, "apim-weu"), []job.Point{later, two, one})
}

func pointWithMove(t *testing.T, s recovery.Store) {
	old := create(t, s, pending("apim-weu"))
	move(t, s, old, job.Deferred{})
	late := after(t, old, job.Deferred{Reason: "late"})
	p := pointAt("apim-weu", 1, begin)
	late.Point = &p
	wantIs(t, s.Save(t.Context(), late), job.ErrConflict)
	want(t, "points", points(t, s, "apim-weu"), nil)
	want(t, "newest point", summary(t.Context(), t, s, "apim-weu").PointBlob, "")
}

func pointOnce(t *testing.T, s recovery.Store) {
	p := pointAt("apim-weu", 1, begin)
	keep(t, s, p)
	before := summary(t.Context(), t, s, "apim-weu")
	from := read(t, s, job.Job{Service: "apim-weu", ID: p.Job})
	m := after(t, from, job.Deferred{})
	again := p
	again.Blob = "another"
	m.Point = &again
	wantIs(t, s.Save(t.Context(), m), job.ErrConflict)
	want(t, "job", read(t, s, from.Job), from)
	want(t, "points", points(t, s, "apim-weu"), []job.Point{p})
	want(t, "summary", summary(t.Context(), t, s, "apim-weu"), before)
}

func pointOf(t *testing.T, s recovery.Store, service, blob string) job.StoredPoint {
	t.Helper()
	found, err := s.Point(t.Context(), service, blob)
	check(t, err)
	if found.ETag == "" {
		t.Errorf("point %s was read without a tag", blob)
	}
	return found
}

func pointByBlob(t *testing.T, s recovery.Store) {
	_, err := s.Point(t.Context(), "apim-weu", "apim-weu-1.apimbackup")
	wantIs(t, err, job.ErrNotFound)
	withdrawn, live, other := pointAt("apim-weu", 1, begin), pointAt("apim-weu", 2, begin.Add(time.Hour)), pointAt("apim-neu", 2, begin)
	live.Withdrawn, live.WithdrawnWhy = time.Time{}, ""
	other.Blob = live.Blob
	odd := pointAt("apim-weu", 3, begin)
	odd.Blob = "it's' or Blob ne 'a/b?c#d"
	for _, p := range []job.Point{withdrawn, live, other, odd} {
		keep(t, s, p)
		want(t, "point", pointOf(t, s, p.Service, p.Blob).Point, p)
	}
	want(t, "the other service's point", pointOf(t, s, "apim-neu", live.Blob).Point, other)
	if pointOf(t, s, "apim-weu", live.Blob).ETag == pointOf(t, s, "apim-weu", odd.Blob).ETag {
		t.Error("two points have one tag")
	}
	for _, blob := range []string{"", "apim-weu", withdrawn.Blob + "2", odd.Blob + "'"} {
		_, err = s.Point(t.Context(), "apim-weu", blob)
		wantIs(t, err, job.ErrNotFound)
	}
	_, err = s.Point(t.Context(), "it's/none", live.Blob)
	wantIs(t, err, job.ErrNotFound)
}

func pointsApart(t *testing.T, s recovery.Store) {
	given := pointAt("apim-weu", 1, begin)
	keep(t, s, given)
	given.Settings["spoilt"] = "spoilt"
	for _, p := range points(t, s, "apim-weu") {
		p.Settings["spoilt"] = "spoilt"
	}
	pointOf(t, s, "apim-weu", given.Blob).Settings["spoilt"] = "spoilt"
	want(t, "points", points(t, s, "apim-weu"), []job.Point{pointAt("apim-weu", 1, begin)})
}
