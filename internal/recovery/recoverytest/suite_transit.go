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

var transitCases = []StoreCase{
	{"a transition writes all of itself", transit},
	{"a transition of nothing but its summary makes the next conflict", transitAlone},
	{"the first summary can come with a transition", transitFirst},
	{"a transition that can't be made whole is not made at all", transitRefused},
	{"of sixteen transitions at once one is made", transitRace},
	{"a transition is not shared with its caller", transitApart},
}

// transition is one of service, with a job, two points and two notices. The
// points are made for it.
func transition(t *testing.T, s recovery.Store, service string) job.Transition {
	t.Helper()
	tr := job.Transition{}
	for n := range 2 {
		p := pointAt(service, n+1, begin.Add(time.Duration(n)*time.Hour))
		p.ConcurrentChanges, p.Withdrawn, p.WithdrawnWhy = false, time.Time{}, ""
		keep(t, s, p)
		from := pointOf(t, s, service, p.Blob)
		p.ConcurrentChanges, p.Withdrawn, p.WithdrawnWhy = n == 0, begin.Add(time.Minute), "its blob is gone"
		tr.Points = append(tr.Points, job.PointMove{From: from, To: p})
	}
	j := job.NewChangeBackup(service, "an event", begin, begin.Add(time.Minute), rules, begin)
	tr.Job = &j
	tr.Notices = []job.Notice{noticeOf(service, 1), noticeOf(service, 2)}
	changed := begin.Add(time.Second)
	tr.Summary = job.SummaryMove{Waiting: &j.ID, LastStarted: &changed, Point: &job.Point{}}
	tr.Read = storedSummary(t, s, service)
	return tr
}

// state is what a transition may change of a service.
type state struct {
	Summary job.StoredSummary
	Jobs    []job.Job
	Points  []job.StoredPoint
	Notices []job.StoredNotice
}

func stateOf(t *testing.T, s recovery.Store, service string) state {
	t.Helper()
	now := state{Summary: storedSummary(t, s, service)}
	for _, j := range collect(t, s.Unfinished(t.Context())) {
		if j.Service == service {
			now.Jobs = append(now.Jobs, j)
		}
	}
	for _, p := range points(t, s, service) {
		now.Points = append(now.Points, pointOf(t, s, service, p.Blob))
	}
	for _, n := range collect(t, s.Notices(t.Context())) {
		if n.Service == service {
			now.Notices = append(now.Notices, n)
		}
	}
	return now
}

func transit(t *testing.T, s recovery.Store) {
	tr := transition(t, s, "apim-weu")
	check(t, s.Transit(t.Context(), tr))
	want(t, "summary", summary(t.Context(), t, s, "apim-weu"), tr.Summary.Apply(tr.Read.Summary))
	want(t, "job", read(t, s, *tr.Job).Job, *tr.Job)
	for _, p := range tr.Points {
		now := pointOf(t, s, "apim-weu", p.To.Blob)
		want(t, "point", now.Point, p.To)
		if now.ETag == p.From.ETag {
			t.Errorf("point %s has changed, its tag has not", p.To.Blob)
		}
	}
	want(t, "points", points(t, s, "apim-weu"), []job.Point{tr.Points[1].To, tr.Points[0].To})
	for _, n := range tr.Notices {
		got := storedNotice(t, s, n)
		want(t, "notice", got.Notice, n)
		want(t, "delivery", got.Delivery, job.NewDelivery(n))
	}
}

func transitAlone(t *testing.T, s recovery.Store) {
	create(t, s, pending("apim-weu"))
	old := storedSummary(t, s, "apim-weu")
	check(t, s.Transit(t.Context(), job.Transition{Read: old}))
	now := storedSummary(t, s, "apim-weu")
	want(t, "summary", now.Summary, old.Summary)
	wantIs(t, s.Transit(t.Context(), job.Transition{Read: old}), job.ErrConflict)
	check(t, s.Transit(t.Context(), job.Transition{Read: now, Notices: []job.Notice{noticeOf("apim-weu", 1)}}))
	want(t, "summary", summary(t.Context(), t, s, "apim-weu"), old.Summary)
	want(t, "notices", pendingNotices(t, s), []job.Notice{noticeOf("apim-weu", 1)})
}

func transitFirst(t *testing.T, s recovery.Store) {
	since := begin
	for service, m := range map[string]job.SummaryMove{"apim-weu": {ProtectedSince: &since}, "apim-neu": {}} {
		read := storedSummary(t, s, service)
		check(t, s.Transit(t.Context(), job.Transition{Read: read, Summary: m, Notices: []job.Notice{noticeOf(service, 1)}}))
		want(t, "summary", summary(t.Context(), t, s, service), m.Apply(job.Summary{Service: service}))
		wantIs(t, s.Transit(t.Context(), job.Transition{Read: read, Summary: m}), job.ErrConflict)
		storedNotice(t, s, noticeOf(service, 1))
	}
}

func transitRefused(t *testing.T, s recovery.Store) {
	other := errors.New("something else")
	until := begin.Add(time.Hour)
	for n, c := range []struct {
		name  string
		want  error
		spoil func(service string, tr *job.Transition)
	}{
		{"an old summary", job.ErrConflict, func(service string, tr *job.Transition) {
			check(t, s.Note(t.Context(), service, job.SummaryMove{MaintenanceUntil: &until}))
		}},
		{"an old summary and nothing to change in it", job.ErrConflict, func(service string, tr *job.Transition) {
			check(t, s.Note(t.Context(), service, job.SummaryMove{MaintenanceUntil: &until}))
			tr.Summary = job.SummaryMove{}
		}},
		{"a summary that was not read", job.ErrConflict, func(_ string, tr *job.Transition) { tr.Read.ETag = "" }},
		{"a summary that is not there", job.ErrConflict, func(service string, tr *job.Transition) {
			*tr = job.Transition{Read: tr.Read, Notices: tr.Notices[:1]}
			tr.Read.Service, tr.Notices[0].Service = "apim-none", "apim-none"
		}},
		{"a job that is there", job.ErrExists, func(service string, tr *job.Transition) {
			there := *tr.Job
			there.Reason = "was there before"
			check(t, s.Create(t.Context(), there, job.SummaryMove{}))
		}},
		{"an old point", job.ErrConflict, func(service string, tr *job.Transition) {
			changed := tr.Points[1]
			changed.To.WithdrawnWhy = "changed meanwhile"
			check(t, s.Transit(t.Context(), job.Transition{Read: tr.Read, Points: []job.PointMove{changed}}))
			tr.Read = storedSummary(t, s, service)
		}},
		{"a point that was not read", job.ErrConflict, func(_ string, tr *job.Transition) { tr.Points[1].From.ETag = "" }},
		{"a point that is not there", job.ErrConflict, func(_ string, tr *job.Transition) {
			tr.Points[1].From.Job, tr.Points[1].To.Job = "none", "none"
		}},
		{"a notice that is there", job.ErrConflict, func(_ string, tr *job.Transition) {
			there := tr.Notices[1]
			there.Facts = job.NoticeFacts{Message: "was there before"}
			check(t, s.AddNotice(t.Context(), there))
		}},
		{"two notices of one id", other, func(_ string, tr *job.Transition) { tr.Notices[1].ID = tr.Notices[0].ID }},
		{"another service's notice", other, func(_ string, tr *job.Transition) { tr.Notices[1].Service = job.NoService }},
		{"another service's job", other, func(_ string, tr *job.Transition) { tr.Job.Service = "apim-none" }},
		{"another service's point", other, func(_ string, tr *job.Transition) { tr.Points[1].To.Service = "apim-none" }},
	} {
		service := fmt.Sprintf("apim-%d", n)
		tr := transition(t, s, service)
		c.spoil(service, &tr)
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

func transitRace(t *testing.T, s recovery.Store) {
	create(t, s, pending("apim-neu")) // apim-weu has no summary yet
	for _, service := range []string{"apim-weu", "apim-neu"} {
		from, before := storedSummary(t, s, service), stateOf(t, s, service)
		jobs := make([]job.Job, 16)
		errs := make([]error, len(jobs))
		var group sync.WaitGroup
		for n := range errs {
			jobs[n] = job.NewChangeBackup(service, fmt.Sprint("event ", n), begin, begin, rules, begin)
			tr := job.Transition{Read: from, Summary: job.SummaryMove{Waiting: &jobs[n].ID}, Job: &jobs[n], Notices: []job.Notice{noticeOf(service, n)}}
			group.Go(func() { errs[n] = s.Transit(t.Context(), tr) })
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
		now := stateOf(t, s, service)
		want(t, "waiting backup", now.Summary.Waiting, jobs[winner].ID)
		want(t, "notice of the winner", now.Notices, []job.StoredNotice{storedNotice(t, s, noticeOf(service, winner))})
		want(t, "the winner's job", read(t, s, jobs[winner]).Job, jobs[winner])
		want(t, "jobs", len(now.Jobs), len(before.Jobs)+1)
	}
}

func transitApart(t *testing.T, s recovery.Store) {
	tr := transition(t, s, "apim-weu")
	tr.Job.Warnings = []string{"one"}
	check(t, s.Transit(t.Context(), tr))
	before := stateOf(t, s, "apim-weu")
	tr.Job.Warnings[0] = "spoilt"
	tr.Points[0].To.Settings["spoilt"] = "spoilt"
	tr.Notices[0].Facts.Warnings[0] = "spoilt"
	want(t, "service", stateOf(t, s, "apim-weu"), before)
}
