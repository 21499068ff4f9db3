package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// owed checks that whatever was taken had its effect: a kill may cost time,
// never a job, and a job that never came to be has no row that could be judged.
func (o outcome) owed() []string {
	wrong := append(o.requestsOwed(), o.alertsOwed()...)
	wrong = append(wrong, o.wordsOwed()...)
	wrong = append(wrong, o.changesOwed()...)
	return append(wrong, o.occurrencesOwed()...)
}

// requestsOwed wants the one restore of each request. Nothing that the lab asks
// for is refused.
func (o outcome) requestsOwed() []string {
	var wrong []string
	for _, id := range o.sent.restores {
		n := 0
		for _, j := range o.jobs {
			if j.kind == restoreKind && j.order.Request == id {
				n++
			}
		}
		if n != 1 {
			wrong = append(wrong, fmt.Sprintf("request %s was taken and has %s, want 1", id, count(n, "job")))
		}
	}
	return wrong
}

// alertsOwed wants each alert in an incident that has its restore: the alert's
// own, or one that it joined. None ended before it was taken from its queue.
func (o outcome) alertsOwed() []string {
	var wrong []string
	bad := func(a outage, what string) {
		wrong = append(wrong, fmt.Sprintf("alert %s was taken and has %s", a.id, what))
	}
	for _, a := range o.sent.alerts {
		row := slices.IndexFunc(o.alerts, func(r alertRow) bool { return r.service == a.service && r.fired.Sub(a.fired).Abs() < time.Microsecond })
		if row < 0 {
			bad(a, "no row")
			continue
		}
		i := slices.IndexFunc(o.incidents, func(i incidentRow) bool { return i.id == o.alerts[row].incident })
		if i < 0 {
			bad(a, "no incident")
			continue
		}
		if !slices.ContainsFunc(o.jobs, func(j jobRow) bool { return j.id == o.incidents[i].restore }) {
			bad(a, "no restore, although it is in incident "+o.incidents[i].id)
		}
	}
	return wrong
}

// wordsOwed wants no approval to run out that a person gave long before, and no
// standby to serve that was taken back.
func (o outcome) wordsOwed() []string {
	var wrong []string
	for _, j := range o.jobs {
		expires := j.order.Approval.Expires
		if j.code != "ApprovalExpired" {
			continue
		}
		for _, a := range o.sent.approvals {
			// What was sent before it was asked for the last time was to another question.
			if a.job == j.id && a.point == j.order.Point.Blob && a.at.After(expires.Add(-tortureExpiry)) && a.at.Before(expires.Add(-tortureExpiry/2)) {
				wrong = append(wrong, fmt.Sprintf("%s was approved %s before that ran out, and is %s: %s", j.id, short(expires.Sub(a.at)), j.state, j.code))
			}
		}
	}
	for _, f := range o.sent.failbacks {
		if v, serves := o.serving[f.standby]; serves && v.since.Before(f.at) {
			wrong = append(wrong, fmt.Sprintf("%s was taken back and still serves for %s", f.standby, v.source))
		}
	}
	return wrong
}

// changesOwed wants a backup that began after each change, of a job that was
// there when the change was taken: a later one is no thanks to that.
func (o outcome) changesOwed() []string {
	var wrong []string
	for _, c := range o.sent.changes {
		if !o.holds(c.service, c.at, c.taken) {
			wrong = append(wrong, fmt.Sprintf("change %s of %s was taken, and no job of that time has begun a backup after it", c.id, c.service))
		}
	}
	return wrong
}

// occurrencesOwed wants a backup of each service for the occurrence before each
// run of the schedule that said yes: its own, or one that had been waiting.
func (o outcome) occurrencesOwed() []string {
	var wrong []string
	seen := map[string]bool{}
	for _, r := range o.sent.rounds {
		due := r.began.UTC().Truncate(tortureEvery)
		for _, service := range append([]string{asked, alarms}, plain...) {
			own := func(j jobRow) bool { return j.kind == backupKind && !j.due.Before(due) && !j.created.After(r.ended) }
			if slices.ContainsFunc(o.jobsOf(service), own) || o.holds(service, due, r.ended) {
				continue
			}
			missed := fmt.Sprintf("%s has no backup for its occurrence at %s, and the schedule said yes", service, due.Format(time.TimeOnly))
			if !seen[missed] {
				wrong = append(wrong, missed)
			}
			seen[missed] = true
		}
	}
	return wrong
}

// holds reports whether a backup of a service began after some time, of a job
// that was made by another. One that waited for its turn until its deadline has
// begun none: what is said of that is endedWell's affair.
func (o outcome) holds(service string, after, made time.Time) bool {
	return slices.ContainsFunc(o.jobsOf(service), func(j jobRow) bool {
		if j.kind != backupKind || j.created.After(made) {
			return false
		}
		return o.replaced(j) && j.ended.After(after) || o.begunAfter(j, after)
	})
}

// begunAfter reports whether ARM accepted a backup of j after some time.
func (o outcome) begunAfter(j jobRow, after time.Time) bool {
	for _, op := range o.operations {
		if strings.HasPrefix(op.Blob, j.id+"-a") && !op.Started.Before(after) {
			return true
		}
	}
	return false
}
