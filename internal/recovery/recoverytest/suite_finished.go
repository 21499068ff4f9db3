package recoverytest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var finishedCases = []StoreCase{
	{"what is over is found with its tag, and nothing else", finishedRows},
	{"a row is removed as it was read or not at all", removeAsRead},
	{"a removed row leaves all else as it is", removeAlone},
	{"a row that was removed can't be changed, nor comes back by a save", changeRemoved},
	{"of eight removals of a row at once one is made", removeRace},
}

// over makes one row of each kind that is over, and one of each that is not,
// and returns the names of the first.
func over(t *testing.T, s recovery.Store, service string) (names []string) {
	t.Helper()
	ended, going := pending(service), pending(service)
	ended.ID, going.ID = service+"-ended", service+"-going"
	create(t, s, going)
	ended = move(t, s, create(t, s, ended), job.Cancel{Reason: "no"}).Job

	for i, state := range []job.DeliveryState{job.Delivered, job.Undelivered, job.DeliveryPending} {
		n := add(t, s, noticeOf(service, i))
		d := job.Delivery{State: state, Attempts: 1, NotBefore: begin.Add(time.Minute)}
		check(t, s.SaveNotice(t.Context(), n, d))
		if state != job.DeliveryPending {
			names = append(names, n.ID)
		}
	}
	first := open(t, s, service, 1)
	check(t, s.SaveIncident(t.Context(), first, resolved(first.Incident)))
	open(t, s, service, 2)
	_, a := incidentOf(service, 1)
	_, b := incidentOf(service, 2) // its alert fired long ago all the same

	gone, live := pointAt(service, 1, begin), pointAt(service, 2, begin)
	gone.Withdrawn, live.Withdrawn = begin.Add(time.Hour), time.Time{}
	keep(t, s, gone)
	keep(t, s, live)
	return append(names, ended.ID, first.ID, a.ID, b.ID, gone.Blob)
}

// finishedNames are the rows that Finished finds, by name.
func finishedNames(t *testing.T, s recovery.Store, service string, before time.Time) (names []string) {
	t.Helper()
	for _, f := range collect(t, s.Finished(t.Context(), service, before)) {
		name, tag := nameOf(f)
		if tag == "" {
			t.Errorf("row %s comes without a tag", name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func nameOf(f job.Finished) (name, tag string) {
	switch {
	case f.Job != nil:
		return f.Job.ID, f.Job.ETag
	case f.Notice != nil:
		return f.Notice.ID, f.Notice.ETag
	case f.Incident != nil:
		return f.Incident.ID, f.Incident.ETag
	case f.Alert != nil:
		return f.Alert.ID, f.Alert.ETag
	}
	return f.Point.Blob, f.Point.ETag
}

// longAfter is when everything that over makes is over.
var longAfter = begin.Add(48 * time.Hour)

func finishedRows(t *testing.T, s recovery.Store) {
	want(t, "rows of nobody", finishedNames(t, s, "apim-weu", longAfter), nil)
	names := over(t, s, "apim-weu")
	over(t, s, "apim-neu")
	slices.Sort(names)
	want(t, "rows", finishedNames(t, s, "apim-weu", longAfter), names)
	want(t, "rows before anything was over", finishedNames(t, s, "apim-weu", begin.Add(-time.Hour)), nil)
	for _, f := range collect(t, s.Finished(t.Context(), "apim-weu", longAfter)) {
		// What comes is the whole row, as other reads have it.
		switch {
		case f.Job != nil:
			want(t, "job", *f.Job, read(t, s, f.Job.Job))
		case f.Notice != nil:
			want(t, "notice", *f.Notice, storedNotice(t, s, f.Notice.Notice))
		case f.Incident != nil:
			want(t, "incident", *f.Incident, storedIncident(t, s, "apim-weu", f.Incident.ID))
		case f.Point != nil:
			want(t, "point", *f.Point, pointOf(t, s, "apim-weu", f.Point.Blob))
		case f.Alert != nil:
			want(t, "alert", *f.Alert, storedAlert(t, s, "apim-weu", f.Alert.ID))
		}
	}
}

// touch changes the row of f, as somebody who needs it would.
func touch(t *testing.T, s recovery.Store, f job.Finished) error {
	t.Helper()
	switch {
	case f.Job != nil:
		to := f.Job.Job
		to.Revision++
		return s.Save(t.Context(), job.Move{From: *f.Job, To: to})
	case f.Notice != nil:
		return s.SaveNotice(t.Context(), *f.Notice, job.Delivery{State: job.DeliveryPending})
	case f.Incident != nil:
		return s.SaveIncident(t.Context(), *f.Incident, f.Incident.Incident)
	case f.Alert != nil:
		return s.RecordAlert(t.Context(), *f.Alert)
	}
	return s.Transit(t.Context(), hold(t, s, *f.Point))
}

func removeAsRead(t *testing.T, s recovery.Store) {
	over(t, s, "apim-weu")
	rows := collect(t, s.Finished(t.Context(), "apim-weu", longAfter))
	for _, f := range rows {
		check(t, touch(t, s, f))
		wantIs(t, s.Remove(t.Context(), f), job.ErrConflict)
	}
	if err := s.Remove(t.Context(), job.Finished{}); err == nil {
		t.Error("nothing was removed, and that is no error")
	}
	for _, f := range []job.Finished{{Job: new(job.Stored)}, {Notice: new(job.StoredNotice)}, {Incident: new(job.StoredIncident)}, {Alert: new(job.StoredAlert)}, {Point: new(job.StoredPoint)}} {
		wantIs(t, s.Remove(t.Context(), f), job.ErrConflict) // nobody read it
	}
	rows = collect(t, s.Finished(t.Context(), "apim-weu", longAfter))
	for _, f := range rows {
		check(t, s.Remove(t.Context(), f))
		wantIs(t, s.Remove(t.Context(), f), job.ErrNotFound)
	}
	want(t, "rows that are left", finishedNames(t, s, "apim-weu", longAfter), nil)
}

func removeAlone(t *testing.T, s recovery.Store) {
	over(t, s, "apim-weu")
	over(t, s, "apim-neu")
	before, others := stateOf(t, s, "apim-weu"), finishedNames(t, s, "apim-neu", longAfter)
	for _, f := range collect(t, s.Finished(t.Context(), "apim-weu", longAfter)) {
		check(t, s.Remove(t.Context(), f))
		if f.Point != nil {
			before.Points = slices.DeleteFunc(before.Points, func(p job.StoredPoint) bool { return p.Blob == f.Point.Blob })
		}
		before.Notices = slices.DeleteFunc(before.Notices, func(n job.StoredNotice) bool { return f.Notice != nil && n.ID == f.Notice.ID })
	}
	want(t, "the service", stateOf(t, s, "apim-weu"), before)
	want(t, "the other service", finishedNames(t, s, "apim-neu", longAfter), others)
	storedIncident(t, s, "apim-weu", "inc-2")
}

func changeRemoved(t *testing.T, s recovery.Store) {
	over(t, s, "apim-weu")
	for _, f := range collect(t, s.Finished(t.Context(), "apim-weu", longAfter)) {
		check(t, s.Remove(t.Context(), f))
		if f.Alert == nil { // an alert is recorded whether or not there is one
			wantIs(t, touch(t, s, f), job.ErrConflict)
		}
	}
	want(t, "rows that are left", finishedNames(t, s, "apim-weu", longAfter), nil)
}

func removeRace(t *testing.T, s recovery.Store) {
	over(t, s, "apim-weu")
	for _, f := range collect(t, s.Finished(t.Context(), "apim-weu", longAfter)) {
		errs := make([]error, 8)
		var group sync.WaitGroup
		for n := range errs {
			group.Go(func() { errs[n] = s.Remove(t.Context(), f) })
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
}
