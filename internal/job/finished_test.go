package job

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

var epoch = time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)

func endedJob(id string, s State, days int) Finished {
	j := NewBackup("apim-weu", epoch, epoch, Rules{}, epoch)
	j.ID, j.State, j.EndedAt = id, s, epoch.AddDate(0, 0, days)
	return Finished{Job: &Stored{Job: j, ETag: id}}
}

func endedRestore(id, source, incident string, days int) Finished {
	f := endedJob(id, Succeeded, days)
	f.Job.Kind, f.Job.Restore = Restore, &RestoreOrder{Source: source, Incident: incident}
	return f
}

func (r Finished) name() string {
	switch {
	case r.Job != nil:
		return r.Job.ID
	case r.Notice != nil:
		return r.Notice.ID
	case r.Incident != nil:
		return r.Incident.ID
	case r.Alert != nil:
		return r.Alert.ID
	}
	return r.Point.Blob
}

func TestExpired(t *testing.T) {
	day := func(n int) time.Time { return epoch.AddDate(0, 0, n) }
	notice := func(s DeliveryState, at, until int) Finished {
		return Finished{Notice: &StoredNotice{Notice: Notice{ID: "row", At: day(at)}, Delivery: Delivery{State: s, NotBefore: day(until)}}}
	}
	incident := func(i Incident) Finished {
		i.ID = "row"
		return Finished{Incident: &StoredIncident{Incident: i}}
	}
	alert := func(a AlertRecord) Finished {
		a.ID = "row"
		return Finished{Alert: &StoredAlert{AlertRecord: a}}
	}
	point := func(p Point) Finished {
		p.Blob, p.Service = "row", "apim-weu"
		return Finished{Point: &StoredPoint{Point: p}}
	}
	running := endedJob("row", InProgress, 0)
	needs := Needs{Jobs: map[string]bool{"named": true}, Incidents: map[string]bool{"open": true}}
	retained := Needs{Retained: map[string]bool{"apim-weu": true}}
	for _, c := range []struct {
		name  string
		row   Finished
		needs Needs
		want  bool
	}{
		{"a job that failed long ago", endedJob("row", Failed, 9), needs, true},
		{"a job that was canceled long ago", endedJob("row", Canceled, 9), needs, true},
		{"a job that ended at that very time", endedJob("row", Failed, 10), needs, false},
		{"a job that ended later", endedJob("row", Failed, 11), needs, false},
		{"a job that goes on", running, needs, false},
		{"the last good one of its like", endedJob("row", Succeeded, 0), needs, false},
		{"a job that something names", endedJob("named", Failed, 0), needs, false},
		{"the restore of an open incident", endedRestore("row", "apim-weu", "open", 0), needs, false},
		{"a delivered notice", notice(Delivered, 8, 9), needs, true},
		{"a notice that was given up", notice(Undelivered, 8, 9), needs, true},
		{"a notice that is on its way", notice(DeliveryPending, 0, 0), needs, false},
		{"an old notice that was delivered lately", notice(Delivered, 8, 11), needs, false},
		{"a resolved incident", incident(Incident{OpenedAt: day(0), ResolvedAt: day(9)}), needs, true},
		{"an incident resolved lately", incident(Incident{OpenedAt: day(0), ResolvedAt: day(11)}), needs, false},
		{"an open incident", incident(Incident{OpenedAt: day(0)}), needs, false},
		{"a resolved incident whose restore goes on", incident(Incident{OpenedAt: day(0), ResolvedAt: day(1)}), Needs{Incidents: map[string]bool{"row": true}}, false},
		{"a resolved alert", alert(AlertRecord{FiredAt: day(0), ResolvedAt: day(9)}), needs, true},
		{"an alert that resolved lately", alert(AlertRecord{FiredAt: day(0), ResolvedAt: day(11)}), needs, false},
		{"an end without its firing", alert(AlertRecord{ResolvedAt: day(9)}), needs, true},
		{"an alert of which nothing is known", alert(AlertRecord{}), needs, false},
		{"an alert whose end was never told, of a closed incident", alert(AlertRecord{FiredAt: day(9), Incident: "closed"}), needs, true},
		{"an alert of an open incident", alert(AlertRecord{FiredAt: day(0), ResolvedAt: day(1), Incident: "open"}), needs, false},
		{"a withdrawn point", point(Point{Withdrawn: day(9)}), needs, true},
		{"a point withdrawn lately", point(Point{StartedAt: day(0), Withdrawn: day(11)}), needs, false},
		{"a point", point(Point{StartedAt: day(0)}), needs, false},
		{"a point that is being removed", point(Point{Withdrawn: day(0), Removing: true}), needs, false},
		{"a withdrawn point that somebody holds", point(Point{Withdrawn: day(0), Held: "audit"}), needs, false},
		{"a withdrawn point of a service with retention", point(Point{Withdrawn: day(0)}), retained, false},
		{"nothing", Finished{}, needs, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := len(Expired([]Finished{c.row}, c.needs, day(10))) == 1; got != c.want {
				t.Errorf("expired = %t, want %t", got, c.want)
			}
		})
	}
}

// The newest few good jobs of each like say what is usual, in whichever order
// the rows come, and however few of them were read.
func TestTheLastGoodJobsStay(t *testing.T) {
	var rows []Finished
	for n := range 12 {
		rows = append(rows, endedJob(fmt.Sprintf("backup-%02d", n), Succeeded, n), endedJob(fmt.Sprintf("failed-%02d", n), Failed, n),
			endedRestore(fmt.Sprintf("a-%02d", n), "a", "", n))
	}
	rows = append(rows, endedRestore("b-00", "b", "", 0))
	names := func(rows []Finished) (all []string) {
		for _, r := range rows {
			all = append(all, r.name())
		}
		slices.Sort(all)
		return all
	}
	var want []string
	for n := range 10 { // of 12, two are not old enough
		if n < 10-KeptJobs {
			want = append(want, fmt.Sprintf("a-%02d", n), fmt.Sprintf("backup-%02d", n))
		}
		want = append(want, fmt.Sprintf("failed-%02d", n))
	}
	slices.Sort(want)
	before := epoch.AddDate(0, 0, 10)
	for range 2 {
		if got := names(Expired(rows, Needs{}, before)); !slices.Equal(got, want) {
			t.Errorf("expired %q, want %q", got, want)
		}
		slices.Reverse(rows)
	}
	for n := range rows {
		for _, name := range names(Expired(rows[:n], Needs{}, before)) {
			if !slices.Contains(want, name) {
				t.Errorf("of the first %d rows %s expired, of all it does not", n, name)
			}
		}
	}
}
