package recoverytest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var summaryCases = []StoreCase{
	{"a save that rests on a summary fails whole once that has changed", judged},
	{"a service without jobs has no summary", noSummary},
	{"a note writes only what it names", notes},
	{"every field of a summary comes back alone, and goes again", everySummaryField},
	{"no restorable point empties the newest", pointGone},
	{"a backup's life writes its summary", summaryLife},
	{"a summary's tag changes with every write", summaryTags},
	{"every service's summary is listed", summaries},
}

func noSummary(t *testing.T, s recovery.Store) {
	_, err := s.Summary(t.Context(), "apim-weu")
	wantIs(t, err, job.ErrNotFound)
	check(t, s.Note(t.Context(), "apim-weu", job.SummaryMove{}))
	_, err = s.Summary(t.Context(), "apim-weu")
	wantIs(t, err, job.ErrNotFound)
	want(t, "summaries", collect(t, s.Summaries(t.Context())), nil)
}

// notes writes each part alone, over and over, and compares with the pure
// summary.
func notes(t *testing.T, s recovery.Store) {
	through, none, waiting := begin, "", "waiting job"
	later := begin.Add(24 * time.Hour)
	ended := pending("apim-weu")
	ended.State, ended.Code, ended.EndedAt = job.Failed, "It's over", begin.Add(time.Hour)
	better := ended
	better.ID, better.State, better.Code = "better", job.Succeeded, ""
	yes, no, never, blob := true, false, time.Time{}, "a blob"
	model := job.Summary{Service: "apim-weu"}
	for i, m := range []job.SummaryMove{
		{ScheduledThrough: &through},
		{Waiting: &waiting},
		{Ended: &ended},
		{Point: &job.Point{Blob: "blob", StartedAt: begin, Size: 1 << 40}},
		{Waiting: &none},
		{Ended: &better},
		{Point: &job.Point{Blob: "another", StartedAt: later, Size: 2}},
		{ScheduledThrough: &later, Waiting: &waiting},
		{Incident: &waiting},
		{MaintenanceUntil: &later},
		{FailedOver: &later, Acknowledged: &yes},
		{ServingFor: &waiting, ServingSince: &later},
		{Holds: &blob},
		{Acknowledged: &no},
		{MaintenanceUntil: &never, Incident: &none},
		{ServingFor: &none, ServingSince: &never},
		{FailedOver: &never},
		{Holds: &none},
	} {
		check(t, s.Note(t.Context(), "apim-weu", m))
		model = m.Apply(model)
		want(t, fmt.Sprintf("summary after note %d", i), summary(t.Context(), t, s, "apim-weu"), model)
	}
}

// summaryFields are the fields of a move that fill has filled, each alone.
func summaryFields(seed int) map[string]job.SummaryMove {
	var filled job.SummaryMove
	fill(reflect.ValueOf(&filled).Elem(), "Summary", &seed)
	all := map[string]job.SummaryMove{}
	for i, value := range reflect.ValueOf(filled).Fields() {
		var m job.SummaryMove
		reflect.ValueOf(&m).Elem().FieldByIndex(i.Index).Set(value)
		all[i.Name] = m
	}
	return all
}

func everySummaryField(t *testing.T, s recovery.Store) {
	model := job.Summary{Service: "apim-weu"}
	note := func(what string, m job.SummaryMove) {
		t.Helper()
		check(t, s.Note(t.Context(), "apim-weu", m))
		model = m.Apply(model)
		want(t, what, summary(t.Context(), t, s, "apim-weu"), model)
	}
	for _, seed := range []int{1, 1000} {
		for name, m := range summaryFields(seed) {
			note("summary with another "+name, m)
		}
	}
	for name, m := range summaryFields(1) {
		v := reflect.ValueOf(&m).Elem().FieldByName(name)
		v.Set(reflect.New(v.Type().Elem()))
		note("summary without "+name, m)
	}
	want(t, "summary without anything", summary(t.Context(), t, s, "apim-weu"), job.Summary{Service: "apim-weu", Bereft: true})
}

func pointGone(t *testing.T, s recovery.Store) {
	keep(t, s, pointAt("apim-weu", 1, begin))
	model := storedSummary(t, s, "apim-weu")
	if model.PointBlob == "" || model.PointStarted.IsZero() || model.PointVerified.IsZero() || model.PointSize == 0 {
		t.Fatalf("summary without its point: %+v", model)
	}
	check(t, s.Transit(t.Context(), job.Transition{Read: model, Summary: job.SummaryMove{Point: &job.Point{}}}))
	model.PointBlob, model.PointStarted, model.PointVerified, model.PointSize = "", time.Time{}, time.Time{}, 0
	model.Bereft = true
	want(t, "summary", summary(t.Context(), t, s, "apim-weu"), model.Summary)
}

func summaryTags(t *testing.T, s recovery.Store) {
	stored := func() job.StoredSummary {
		t.Helper()
		found, err := s.StoredSummary(t.Context(), "apim-weu")
		check(t, err)
		return found
	}
	want(t, "summary of a service without one", stored(), job.StoredSummary{Summary: job.Summary{Service: "apim-weu"}})
	from := create(t, s, pending("apim-weu"))
	tags := map[string]bool{"": true}
	for _, write := range []func(){
		func() {},
		func() { from = move(t, s, from, job.Start{Owner: "o"}) },
		func() { check(t, s.Note(t.Context(), "apim-weu", job.SummaryMove{Incident: &from.ID})) },
		func() { move(t, s, from, job.Refused{Code: "No"}) },
	} {
		write()
		got := stored()
		if tags[got.ETag] {
			t.Errorf("tag %q is not new", got.ETag)
		}
		tags[got.ETag] = true
		want(t, "stored summary", got.Summary, summary(t.Context(), t, s, "apim-weu"))
	}
}

func summaryLife(t *testing.T, s recovery.Store) {
	j := pending("apim-weu")
	check(t, s.Create(t.Context(), j, job.SummaryMove{ScheduledThrough: &j.Due, Waiting: &j.ID}))
	model := job.Summary{Service: "apim-weu", ScheduledThrough: j.Due, Waiting: j.ID}
	want(t, "summary", summary(t.Context(), t, s, "apim-weu"), model)

	running := accepted(t, s, read(t, s, j), "token")
	model.Waiting, model.LastStarted = "", running.Attempt.StartedAt
	want(t, "summary", summary(t.Context(), t, s, "apim-weu"), model)

	m := after(t, move(t, s, running, job.OperationSucceeded{}), job.Verified{})
	point := m.From.Point(job.Artefact{Name: "blob", Size: 1 << 33}, job.Inventory{}, begin)
	m.Point = &point
	check(t, s.Save(t.Context(), m))
	model = m.Summary().Apply(model)
	want(t, "summary", summary(t.Context(), t, s, "apim-weu"), model)
	want(t, "newest point", model.PointSize, 1<<33)

	done := move(t, s, read(t, s, j), job.Pruned{})
	model.LastJob, model.LastState, model.LastEnded = j.ID, job.Succeeded, done.EndedAt
	if done.Attempt.Took <= 0 {
		t.Errorf("the backup took %s", done.Attempt.Took)
	}
	model.BackupTimes = job.Times{done.Attempt.Took}
	want(t, "summary", summary(t.Context(), t, s, "apim-weu"), model)
}

func summaries(t *testing.T, s recovery.Store) {
	var all []job.Summary
	for _, service := range []string{"apim-a", "apim-b", "apim-c"} {
		create(t, s, pending(service))
		all = append(all, summary(t.Context(), t, s, service))
	}
	found := collect(t, s.Summaries(t.Context()))
	slices.SortFunc(found, func(a, b job.Summary) int { return strings.Compare(a.Service, b.Service) })
	want(t, "summaries", found, all)
}

// judged is a restore that is done because its target holds the point already.
func judged(t *testing.T, s recovery.Store) {
	order := job.RestoreOrder{Source: "apim-weu", Request: "r", By: "ann"}
	restore := create(t, s, job.NewRestore("apim-neu", "cause", order, rules, begin))
	held, other := "held", "other"
	check(t, s.Note(t.Context(), "apim-neu", job.SummaryMove{Holds: &held}))
	read1, err := s.StoredSummary(t.Context(), "apim-neu")
	check(t, err)
	check(t, s.Note(t.Context(), "apim-neu", job.SummaryMove{Holds: &other}))

	m := after(t, restore, job.Restored{Point: job.Point{Blob: held}})
	m.Judged = &read1.ETag
	wantIs(t, s.Save(t.Context(), m), job.ErrConflict)
	want(t, "job", read(t, s, restore.Job), restore)
	want(t, "holds", summary(t.Context(), t, s, "apim-neu").Holds, other)
	if _, err := s.Lease(t.Context(), "apim-neu"); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("lease: %v", err)
	}
	none := ""
	m.Judged = &none
	wantIs(t, s.Save(t.Context(), m), job.ErrConflict)

	now, err := s.StoredSummary(t.Context(), "apim-neu")
	check(t, err)
	m.Judged = &now.ETag
	check(t, s.Save(t.Context(), m))
	want(t, "holds", summary(t.Context(), t, s, "apim-neu").Holds, held)
}
