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

func pointsApart(t *testing.T, s recovery.Store) {
	given := pointAt("apim-weu", 1, begin)
	keep(t, s, given)
	given.Settings["spoilt"] = "spoilt"
	for _, p := range points(t, s, "apim-weu") {
		p.Settings["spoilt"] = "spoilt"
	}
	want(t, "points", points(t, s, "apim-weu"), []job.Point{pointAt("apim-weu", 1, begin)})
}
