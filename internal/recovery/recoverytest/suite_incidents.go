package recoverytest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var incidentCases = []StoreCase{
	{"an incident that is not there is not found", unknownIncident},
	{"an incident is opened with its alert and its service's summary", openIncident},
	{"an incident is not opened over a summary that has changed, not by half", openFromOldRead},
	{"an incident of that id is a conflict and changes nothing", openTwice},
	{"an incident is not opened on an alert that has ended meanwhile", openOverTombstone},
	{"of sixteen incidents at once one is opened", openRace},
	{"an alert joins an incident, which counts as changed then", join},
	{"no alert joins an incident, or overwrites an alert, that has changed", joinFromOldRead},
	{"every field of an incident comes back", everyIncidentField},
	{"a save of an incident from an old read is a conflict and changes nothing", oldIncident},
	{"the end of an incident empties the summary, and its row stays", resolve},
	{"an incident that ended before leaves the next in the summary", resolvedBefore},
	{"open incidents of all services are found, and no others", openIncidents},
}

func incidentOf(service string, n int) (job.Incident, job.AlertRecord) {
	i := job.Incident{ID: fmt.Sprintf("inc-%d", n), Service: service, Rule: "rule", OpenedAt: begin, FiredAt: begin.Add(-time.Minute)}
	return i, job.AlertRecord{ID: fmt.Sprintf("/subscriptions/1/alerts/%d", n), Service: service, Incident: i.ID, Rule: i.Rule, FiredAt: i.FiredAt}
}

func storedSummary(t *testing.T, s recovery.Store, service string) job.StoredSummary {
	t.Helper()
	found, err := s.StoredSummary(t.Context(), service)
	check(t, err)
	return found
}

func storedIncident(t *testing.T, s recovery.Store, service, id string) job.StoredIncident {
	t.Helper()
	found, err := s.Incident(t.Context(), service, id)
	check(t, err)
	if found.ETag == "" {
		t.Errorf("incident %s was read without a tag", id)
	}
	return found
}

// open opens the n-th incident of service and reads it.
func open(t *testing.T, s recovery.Store, service string, n int) job.StoredIncident {
	t.Helper()
	i, a := incidentOf(service, n)
	check(t, s.OpenIncident(t.Context(), storedSummary(t, s, service), i, fresh(a)))
	return storedIncident(t, s, service, i.ID)
}

func resolved(i job.Incident) job.Incident {
	i.ResolvedAt, i.ResolvedBy = begin.Add(time.Hour), "a person"
	return i
}

func unknownIncident(t *testing.T, s recovery.Store) {
	_, err := s.Incident(t.Context(), "apim-weu", "inc-1")
	wantIs(t, err, job.ErrNotFound)
	open(t, s, "apim-weu", 1)
	_, err = s.Incident(t.Context(), "apim-weu", "inc-2")
	wantIs(t, err, job.ErrNotFound)
	_, err = s.Incident(t.Context(), "apim-neu", "inc-1")
	wantIs(t, err, job.ErrNotFound)
	_, err = s.Incident(t.Context(), "apim-weu", "no/such#incident")
	wantIs(t, err, job.ErrNotFound)
}

func openIncident(t *testing.T, s recovery.Store) {
	create(t, s, pending("apim-neu")) // apim-weu has no summary yet
	for _, service := range []string{"apim-weu", "apim-neu"} {
		model := storedSummary(t, s, service).Summary
		i, a := incidentOf(service, 1)
		want(t, "incident", open(t, s, service, 1).Incident, i)
		model.Incident = i.ID
		want(t, "summary", summary(t.Context(), t, s, service), model)
		want(t, "alert", alert(t, s, service, a.ID), a)
	}
}

func openFromOldRead(t *testing.T, s recovery.Store) {
	for n, service := range []string{"apim-weu", "apim-neu"} {
		if n > 0 {
			create(t, s, pending(service))
		}
		old := storedSummary(t, s, service)
		until := begin.Add(time.Hour)
		check(t, s.Note(t.Context(), service, job.SummaryMove{MaintenanceUntil: &until}))
		before := storedSummary(t, s, service)

		i, a := incidentOf(service, 1)
		wantIs(t, s.OpenIncident(t.Context(), old, i, fresh(a)), job.ErrConflict)
		_, err := s.Incident(t.Context(), service, i.ID)
		wantIs(t, err, job.ErrNotFound)
		_, err = s.Alert(t.Context(), service, a.ID)
		wantIs(t, err, job.ErrNotFound)
		want(t, "summary", storedSummary(t, s, service), before)
	}
	i, a := incidentOf("apim-sea", 1)
	wantIs(t, s.OpenIncident(t.Context(), storedSummary(t, s, "apim-neu"), i, fresh(a)), job.ErrConflict) // another's tag
}

func openTwice(t *testing.T, s recovery.Store) {
	first := open(t, s, "apim-weu", 1)
	check(t, s.SaveIncident(t.Context(), first, resolved(first.Incident)))
	before := storedSummary(t, s, "apim-weu")
	ended := storedIncident(t, s, "apim-weu", first.ID)

	again, a := incidentOf("apim-weu", 1)
	a.FiredAt = begin.Add(time.Hour)
	wantIs(t, s.OpenIncident(t.Context(), before, again, fresh(a)), job.ErrConflict)
	want(t, "incident", storedIncident(t, s, "apim-weu", first.ID), ended)
	want(t, "summary", storedSummary(t, s, "apim-weu"), before)
	want(t, "time of the alert", alert(t, s, "apim-weu", a.ID).FiredAt, first.FiredAt)
}

func openOverTombstone(t *testing.T, s recovery.Store) {
	create(t, s, pending("apim-weu"))
	before := storedSummary(t, s, "apim-weu")
	i, a := incidentOf("apim-weu", 1)
	over := a
	over.Incident, over.ResolvedAt = "", begin.Add(time.Hour)
	recordAlert(t, s, over)
	old := storedAlert(t, s, "apim-weu", a.ID)
	over.ResolvedAt = begin.Add(2 * time.Hour)
	recordAlert(t, s, over)

	for _, read := range []string{"", old.ETag} {
		wantIs(t, s.OpenIncident(t.Context(), before, i, job.StoredAlert{AlertRecord: a, ETag: read}), job.ErrConflict)
		_, err := s.Incident(t.Context(), "apim-weu", i.ID)
		wantIs(t, err, job.ErrNotFound)
		want(t, "alert", alert(t, s, "apim-weu", a.ID), over)
		want(t, "summary", storedSummary(t, s, "apim-weu"), before)
	}
	known := storedAlert(t, s, "apim-weu", a.ID)
	known.AlertRecord = a
	check(t, s.OpenIncident(t.Context(), before, i, known))
	want(t, "alert", alert(t, s, "apim-weu", a.ID), a)
}

func join(t *testing.T, s recovery.Store) {
	first := open(t, s, "apim-weu", 1)
	_, opened := incidentOf("apim-weu", 1)
	_, a := incidentOf("apim-weu", 2)
	a.Incident = first.ID
	check(t, s.JoinIncident(t.Context(), first, fresh(a)))
	want(t, "incident", storedIncident(t, s, "apim-weu", first.ID).Incident, first.Incident)
	want(t, "alerts", alertIDs(collect(t, s.Alerts(t.Context(), "apim-weu", first.ID))), []string{opened.ID, a.ID})
	// Who read the incident before does not know of all its alerts.
	wantIs(t, s.SaveIncident(t.Context(), first, resolved(first.Incident)), job.ErrConflict)
	check(t, s.SaveIncident(t.Context(), storedIncident(t, s, "apim-weu", first.ID), resolved(first.Incident)))
}

func joinFromOldRead(t *testing.T, s recovery.Store) {
	first := open(t, s, "apim-weu", 1)
	_, a := incidentOf("apim-weu", 2)
	a.Incident = first.ID
	recordAlert(t, s, a)
	known := storedAlert(t, s, "apim-weu", a.ID)
	wantIs(t, s.JoinIncident(t.Context(), first, fresh(a)), job.ErrConflict)
	want(t, "incident", storedIncident(t, s, "apim-weu", first.ID), first)

	check(t, s.SaveIncident(t.Context(), first, resolved(first.Incident)))
	wantIs(t, s.JoinIncident(t.Context(), first, known), job.ErrConflict)
	unread := job.StoredIncident{Incident: first.Incident}
	wantIs(t, s.JoinIncident(t.Context(), unread, known), job.ErrConflict)
	gone := first
	gone.ID = "inc-9"
	wantIs(t, s.JoinIncident(t.Context(), gone, known), job.ErrConflict)
	want(t, "alert", storedAlert(t, s, "apim-weu", a.ID), known)
}

func openRace(t *testing.T, s recovery.Store) {
	create(t, s, pending("apim-neu")) // apim-weu has no summary yet
	for _, service := range []string{"apim-weu", "apim-neu"} {
		from := storedSummary(t, s, service)
		errs := make([]error, 16)
		var group sync.WaitGroup
		for n := range errs {
			i, a := incidentOf(service, n)
			group.Go(func() { errs[n] = s.OpenIncident(t.Context(), from, i, fresh(a)) })
		}
		group.Wait()
		winner := slices.Index(errs, nil)
		if winner < 0 {
			t.Fatalf("nobody won: %v", errs)
		}
		for n, err := range errs {
			i, a := incidentOf(service, n)
			if n == winner {
				want(t, "incident in the summary", summary(t.Context(), t, s, service).Incident, i.ID)
				continue
			}
			if !errors.Is(err, job.ErrConflict) {
				t.Errorf("incident %d lost with %v, want a conflict; %d won", n, err, winner)
			}
			_, err = s.Incident(t.Context(), service, i.ID)
			wantIs(t, err, job.ErrNotFound)
			_, err = s.Alert(t.Context(), service, a.ID)
			wantIs(t, err, job.ErrNotFound)
		}
	}
	want(t, "open incidents", len(collect(t, s.Incidents(t.Context()))), 2)
}

func everyIncidentField(t *testing.T, s recovery.Store) {
	filled := func(seed int) job.Incident {
		var i job.Incident
		fill(reflect.ValueOf(&i).Elem(), "Incident", &seed)
		i.ID, i.Service = "inc-1", "apim-weu"
		return i
	}
	_, a := incidentOf("apim-weu", 1)
	check(t, s.OpenIncident(t.Context(), storedSummary(t, s, "apim-weu"), filled(1), fresh(a)))
	want(t, "incident", storedIncident(t, s, "apim-weu", "inc-1").Incident, filled(1))
	for _, next := range []job.Incident{filled(100), {ID: "inc-1", Service: "apim-weu"}, filled(200)} {
		check(t, s.SaveIncident(t.Context(), storedIncident(t, s, "apim-weu", "inc-1"), next))
		want(t, "saved incident", storedIncident(t, s, "apim-weu", "inc-1").Incident, next)
	}
}

func oldIncident(t *testing.T, s recovery.Store) {
	old := open(t, s, "apim-weu", 1)
	ordered := old.Incident
	ordered.Restore, ordered.Target = "apim-neu-inc-1-restore", "apim-neu"
	check(t, s.SaveIncident(t.Context(), old, ordered))
	before := storedSummary(t, s, "apim-weu")

	wantIs(t, s.SaveIncident(t.Context(), old, ordered), job.ErrConflict)
	wantIs(t, s.SaveIncident(t.Context(), old, resolved(old.Incident)), job.ErrConflict)
	unread := job.StoredIncident{Incident: ordered}
	wantIs(t, s.SaveIncident(t.Context(), unread, resolved(ordered)), job.ErrConflict)
	gone := job.StoredIncident{Incident: ordered, ETag: old.ETag}
	gone.ID = "inc-2"
	wantIs(t, s.SaveIncident(t.Context(), gone, gone.Incident), job.ErrConflict)
	wantIs(t, s.SaveIncident(t.Context(), gone, resolved(gone.Incident)), job.ErrConflict)

	want(t, "incident", storedIncident(t, s, "apim-weu", "inc-1").Incident, ordered)
	want(t, "summary", storedSummary(t, s, "apim-weu"), before)
}

func resolve(t *testing.T, s recovery.Store) {
	create(t, s, pending("apim-weu"))
	model := summary(t.Context(), t, s, "apim-weu")
	first := open(t, s, "apim-weu", 1)
	check(t, s.SaveIncident(t.Context(), first, resolved(first.Incident)))
	want(t, "incident", storedIncident(t, s, "apim-weu", first.ID).Incident, resolved(first.Incident))
	want(t, "summary", summary(t.Context(), t, s, "apim-weu"), model)
	want(t, "open incidents", collect(t, s.Incidents(t.Context())), nil)
}

func resolvedBefore(t *testing.T, s recovery.Store) {
	first := open(t, s, "apim-weu", 1)
	check(t, s.SaveIncident(t.Context(), first, resolved(first.Incident)))
	next := open(t, s, "apim-weu", 2)
	ended := storedIncident(t, s, "apim-weu", first.ID)
	again := ended.Incident
	again.Restore, again.Target = "apim-neu-inc-1-restore", "apim-neu"
	check(t, s.SaveIncident(t.Context(), ended, again))
	want(t, "incident in the summary", summary(t.Context(), t, s, "apim-weu").Incident, next.ID)
	want(t, "open incidents", collect(t, s.Incidents(t.Context())), []job.StoredIncident{next})
}

func openIncidents(t *testing.T, s recovery.Store) {
	want(t, "open incidents", collect(t, s.Incidents(t.Context())), nil)
	var all []job.StoredIncident
	for _, service := range []string{"apim-a", "apim-b", "apim-c"} {
		for n := range 3 { // the first two are over
			i := open(t, s, service, n)
			if n < 2 {
				check(t, s.SaveIncident(t.Context(), i, resolved(i.Incident)))
				continue
			}
			all = append(all, i)
		}
	}
	want(t, "open incidents", collect(t, s.Incidents(t.Context())), all)
}
