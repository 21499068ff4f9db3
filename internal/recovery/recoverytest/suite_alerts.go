package recoverytest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var alertCases = []StoreCase{
	{"an alert that is not there is not found", unknownAlert},
	{"every field of an alert comes back", everyAlertField},
	{"an alert is known by all of its id and by its service", alertsApart},
	{"a resolved alert stays", tombstone},
	{"an alert is recorded over what was read, and over nothing else", alertConflict},
	{"the alerts of one incident are found, and no others", alertsOfIncident},
	{"1,500 alerts of an incident are found", alertFlood},
}

func alert(t *testing.T, s recovery.Store, service, id string) job.AlertRecord {
	t.Helper()
	return storedAlert(t, s, service, id).AlertRecord
}

func storedAlert(t *testing.T, s recovery.Store, service, id string) job.StoredAlert {
	t.Helper()
	found, err := s.Alert(t.Context(), service, id)
	check(t, err)
	if found.ETag == "" {
		t.Errorf("alert %s was read without a tag", id)
	}
	return found
}

// fresh is an alert of which nothing was known when it was read.
func fresh(a job.AlertRecord) job.StoredAlert { return job.StoredAlert{AlertRecord: a} }

// recordAlert writes a over what is there.
func recordAlert(t *testing.T, s recovery.Store, a job.AlertRecord) {
	t.Helper()
	known, err := s.Alert(t.Context(), a.Service, a.ID)
	if err != nil {
		wantIs(t, err, job.ErrNotFound)
	}
	known.AlertRecord = a
	check(t, s.RecordAlert(t.Context(), known))
}

func unknownAlert(t *testing.T, s recovery.Store) {
	_, err := s.Alert(t.Context(), "apim-weu", "/subscriptions/1/alerts/1")
	wantIs(t, err, job.ErrNotFound)
	want(t, "alerts", collect(t, s.Alerts(t.Context(), "apim-weu", "inc-1")), nil)
}

func everyAlertField(t *testing.T, s recovery.Store) {
	for _, seed := range []int{1, 100, 0, 200} {
		var a job.AlertRecord
		if seed > 0 {
			fill(reflect.ValueOf(&a).Elem(), "Alert", &seed)
		}
		a.ID, a.Service = "/subscriptions/1/providers/Microsoft.AlertsManagement/alerts/a?b#c'", "apim-weu"
		recordAlert(t, s, a)
		want(t, "alert", alert(t, s, "apim-weu", a.ID), a)
	}
}

func alertsApart(t *testing.T, s recovery.Store) {
	long := "/subscriptions/1/" + strings.Repeat("x", 2000)
	var all []job.AlertRecord
	for n, id := range []string{"/a/b", "a/b", "/A/B", "/a/b/", "", long + "1", long + "2"} {
		for _, service := range []string{"apim-weu", "apim-neu"} {
			a := job.AlertRecord{ID: id, Service: service, Rule: fmt.Sprint("rule ", n)}
			recordAlert(t, s, a)
			all = append(all, a)
		}
	}
	for _, a := range all {
		want(t, "alert", alert(t, s, a.Service, a.ID), a)
	}
}

func tombstone(t *testing.T, s recovery.Store) {
	open(t, s, "apim-weu", 1)
	i, a := incidentOf("apim-weu", 1)
	a.ResolvedAt = begin.Add(time.Hour)
	recordAlert(t, s, a)
	check(t, s.SaveIncident(t.Context(), storedIncident(t, s, "apim-weu", i.ID), resolved(i)))
	open(t, s, "apim-weu", 2)
	want(t, "alert", alert(t, s, "apim-weu", a.ID), a)
	want(t, "alerts", collect(t, s.Alerts(t.Context(), "apim-weu", i.ID)), []job.AlertRecord{a})
	want(t, "incident in the summary", summary(t.Context(), t, s, "apim-weu").Incident, "inc-2")
}

func alertConflict(t *testing.T, s recovery.Store) {
	_, a := incidentOf("apim-weu", 1)
	recordAlert(t, s, a)
	old := storedAlert(t, s, "apim-weu", a.ID)
	a.ResolvedAt = begin.Add(time.Hour)
	recordAlert(t, s, a)
	wantIs(t, s.RecordAlert(t.Context(), old), job.ErrConflict)
	wantIs(t, s.RecordAlert(t.Context(), fresh(old.AlertRecord)), job.ErrConflict)
	other := old
	other.ID = "/subscriptions/1/alerts/none"
	wantIs(t, s.RecordAlert(t.Context(), other), job.ErrConflict)
	want(t, "alert", alert(t, s, "apim-weu", a.ID), a)
	_, err := s.Alert(t.Context(), "apim-weu", other.ID)
	wantIs(t, err, job.ErrNotFound)
}

func alertsOfIncident(t *testing.T, s recovery.Store) {
	odd := "it's' or 'a' eq 'a"
	var wanted []string
	for _, service := range []string{"apim-weu", "apim-neu"} {
		for _, incident := range []string{"inc-1", "inc-10", "", odd} {
			for n := range 3 {
				a := job.AlertRecord{ID: fmt.Sprint(incident, "/", n), Service: service, Incident: incident, FiredAt: begin}
				recordAlert(t, s, a)
				if service == "apim-weu" && incident == odd {
					wanted = append(wanted, a.ID)
				}
			}
		}
	}
	want(t, "alerts", alertIDs(collect(t, s.Alerts(t.Context(), "apim-weu", odd))), wanted)
	want(t, "alerts", len(collect(t, s.Alerts(t.Context(), "apim-neu", "inc-1"))), 3)
	want(t, "alerts", len(collect(t, s.Alerts(t.Context(), "apim-neu", "inc"))), 0)
}

func alertIDs(all []job.AlertRecord) (ids []string) {
	for _, a := range all {
		ids = append(ids, a.ID)
	}
	slices.Sort(ids)
	return ids
}

func alertFlood(t *testing.T, s recovery.Store) {
	const flood = 1500 // a table's pages have 1,000
	var wanted []string
	for n := range flood {
		_, a := incidentOf("apim-weu", n)
		a.Incident = "inc-0"
		recordAlert(t, s, a)
		wanted = append(wanted, a.ID)
	}
	slices.Sort(wanted)
	want(t, "alerts", alertIDs(collect(t, s.Alerts(t.Context(), "apim-weu", "inc-0"))), wanted)
}
