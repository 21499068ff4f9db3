package main

import (
	"fmt"
	"maps"
	"slices"
)

func checkChanges(o outcome, events int) []string {
	// Where many change a job at once its next move is prompted more than once,
	// and each of those prompts looks before it finds out.
	o.spare = readsBefore * o.invoked("JobStep")
	wrong := append(o.sound(), checkStorm(o, events)...)
	for service, want := range map[string]int{edited: 3, cleared: 2, calm: 2} {
		wrong = append(wrong, o.backups(service, want)...)
	}
	for _, check := range []func(outcome) []string{checkIgnored, checkEdit, checkClear} {
		wrong = append(wrong, check(o)...)
	}
	slices.Sort(wrong)
	return wrong
}

// invoked counts the calls of a function.
func (o outcome) invoked(function string) (n int) {
	for _, in := range o.invocations {
		if in.Function == function {
			n++
		}
	}
	return n
}

// backups wants so many jobs of a service, each a good backup by one POST.
func (o outcome) backups(service string, want int) []string {
	var wrong []string
	jobs := o.jobsOf(service)
	if len(jobs) != want {
		wrong = append(wrong, fmt.Sprintf("%s has %d jobs, want %d", service, len(jobs), want))
	}
	for _, j := range jobs {
		if j.state != "Succeeded" {
			wrong = append(wrong, fmt.Sprintf("%s ended as %s %q (%s)", j.id, j.state, j.code, j.message))
		}
	}
	if good := o.operationsOf(service); good != want {
		wrong = append(wrong, fmt.Sprintf("ARM made %d backups of %s, want %d", good, service, want))
	}
	return wrong
}

func (o outcome) operationsOf(service string) (n int) {
	for _, op := range o.operations {
		if op.Service == service {
			n++
		}
	}
	return n
}

// pointsOf are the points of a service, oldest first.
func (o outcome) pointsOf(service string) []pointRow {
	var found []pointRow
	for _, p := range o.points {
		if p.service == service {
			found = append(found, p)
		}
	}
	return found
}

// checkStorm wants nothing lost: each service's backup begins after the last
// of its events.
func checkStorm(o outcome, events int) []string {
	var wrong []string
	if o.storm.sent != events || len(o.storm.last) != len(o.services) {
		wrong = append(wrong, fmt.Sprintf("%d events about %d services were sent, want %d about %d", o.storm.sent, len(o.storm.last), events, len(o.services)))
	}
	for _, s := range o.services {
		points := o.pointsOf(s)
		if len(points) < 2 || points[1].started.Before(o.storm.last[s]) {
			wrong = append(wrong, fmt.Sprintf("%s has no backup that was begun after the last change of the storm", s))
		}
	}
	return wrong
}

// checkIgnored wants each event without a meaning counted under its reason.
func checkIgnored(o outcome) []string {
	got := map[string]int{}
	for _, c := range o.counters {
		if c.name == ignoredCounter {
			got[c.label] = c.value
		}
	}
	if !maps.Equal(got, o.storm.expected) {
		return []string{fmt.Sprintf("events ignored by reason: %v, want %v", got, o.storm.expected)}
	}
	return nil
}

// checkEdit wants exactly one point marked, row and sidecar, and a backup that
// was begun after the change.
func checkEdit(o outcome) []string {
	var wrong []string
	for _, p := range o.points {
		at := slices.IndexFunc(o.pointsOf(p.service), func(q pointRow) bool { return q.blob == p.blob })
		want := p.service == edited && at == 1
		if p.concurrent != want || p.sidecar.ConcurrentChanges != want {
			wrong = append(wrong, fmt.Sprintf("%s: concurrent changes are %v in its row and %v in its sidecar, want %v", p.blob, p.concurrent, p.sidecar.ConcurrentChanges, want))
		}
	}
	if points := o.pointsOf(edited); len(points) < 3 || points[2].started.Before(o.storm.changed) {
		wrong = append(wrong, fmt.Sprintf("%s has no backup that was begun after the change during a backup", edited))
	}
	return wrong
}

// checkClear wants exactly one point withdrawn, told once, and the service
// well: it has an older backup.
func checkClear(o outcome) []string {
	var wrong []string
	for _, p := range o.points {
		gone := p.blob == o.storm.lost
		if !p.withdrawn.IsZero() != gone || !p.sidecar.Withdrawn.IsZero() != gone {
			wrong = append(wrong, fmt.Sprintf("%s: withdrawn is %v in its row and %v in its sidecar, want %v", p.blob, !p.withdrawn.IsZero(), !p.sidecar.Withdrawn.IsZero(), gone))
		}
	}
	wrong = append(wrong, o.told(cleared, "PointWithdrawn", 1)...)
	wrong = append(wrong, o.loud(1)...)
	points := o.pointsOf(cleared)
	if len(points) == 0 || o.health[cleared].pointBlob != points[0].blob {
		wrong = append(wrong, fmt.Sprintf("the newest backup of %s is %q, want the older one", cleared, o.health[cleared].pointBlob))
	}
	for _, s := range o.services {
		if h := o.health[s].health; h != "" {
			wrong = append(wrong, fmt.Sprintf("%s is %s, want it well", s, h))
		}
	}
	return wrong
}
