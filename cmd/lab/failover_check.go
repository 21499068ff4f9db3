package main

import (
	"fmt"
	"slices"
	"strings"

	"lifeboat/internal/emulator/arm"
)

func checkFailover(o outcome) []string {
	o.hanging = stuck
	wrong := o.sound()
	for _, check := range []func(outcome) []string{
		checkFlood, checkRefusals, checkRivals, checkWarm, checkStuck, checkIncidents, checkServing, checkAdded,
	} {
		wrong = append(wrong, check(o)...)
	}
	return wrong
}

// lived is how a job must have ended.
type lived struct{ state, code string }

var (
	succeeded = lived{state: "Succeeded"}
	refused   = lived{"Failed", gateRefused}
	canceled  = lived{"Canceled", "Resolved"}
)

// ran checks all jobs on a service, and how many restores ARM was asked for.
func (o outcome) ran(service string, restores int, want ...lived) []string {
	var wrong []string
	jobs := o.jobsOf(service)
	if len(jobs) != len(want) {
		return []string{fmt.Sprintf("%s has %d jobs, want %d", service, len(jobs), len(want))}
	}
	for i, w := range want {
		if j := jobs[i]; (lived{j.state, j.code}) != w {
			wrong = append(wrong, fmt.Sprintf("%s ended as %s %q (%s), want %s %q", j.id, j.state, j.code, j.message, w.state, w.code))
		}
	}
	if got := o.restores(service); got != restores {
		wrong = append(wrong, fmt.Sprintf("%s was restored %d times, want %d", service, got, restores))
	}
	return append(wrong, o.posted(service, restores)...)
}

func (o outcome) restores(service string) (n int) {
	for _, op := range o.operations {
		if op.Service == service && op.Kind == arm.Restore {
			n++
		}
	}
	return n
}

// stopped checks that the gate of a name refused the nth job on a service, in
// these words.
func (o outcome) stopped(service string, n int, gate, words string) []string {
	jobs := o.jobsOf(service)
	if n >= len(jobs) {
		return nil // told already
	}
	g := jobs[n].order.gate(gate)
	if g.Outcome != "Refused" || !strings.Contains(g.Sentence, words) {
		return []string{fmt.Sprintf("%s: gate %s says %s (%s), want Refused and %q", jobs[n].id, gate, g.Outcome, g.Sentence, words)}
	}
	return nil
}

// same checks that a standby holds what its source holds.
func (o outcome) same(source string) []string {
	target := standbyOf(source)
	if fmt.Sprint(o.contents[source]) != fmt.Sprint(o.contents[target]) {
		return []string{fmt.Sprintf("%s does not hold what %s holds", target, source)}
	}
	return nil
}

func checkFlood(o outcome) []string {
	target := standbyOf(flooded)
	wrong := o.ran(target, 1, succeeded, refused)
	wrong = append(wrong, o.stopped(target, 1, "sourceCooledDown", "the cool-down of 5m lasts until")...)
	wrong = append(wrong, o.same(flooded)...)
	if jobs := o.jobsOf(target); len(jobs) > 0 && jobs[0].order.Approval.By != engineer {
		wrong = append(wrong, fmt.Sprintf("%s was approved by %q, want %q", jobs[0].id, jobs[0].order.Approval.By, engineer))
	}
	return wrong
}

func checkRefusals(o outcome) []string {
	wrong := o.ran(standbyOf(recovers), 0, canceled)
	wrong = append(wrong, o.ran(standbyOf(mistiered), 0, refused)...)
	wrong = append(wrong, o.stopped(standbyOf(mistiered), 0, "sameTier", "Azure restores only onto the same tier")...)
	wrong = append(wrong, o.ran(standbyOf(outdated), 0, refused)...)
	return append(wrong, o.stopped(standbyOf(outdated), 0, "pointUnexpired", "for it is too old")...)
}

// checkRivals leaves open which of the two comes first.
func checkRivals(o outcome) []string {
	target := standbyOf(rivalA)
	jobs := o.jobsOf(target)
	first := slices.IndexFunc(jobs, func(j jobRow) bool { return j.state == "Succeeded" })
	if len(jobs) != 2 || first < 0 {
		return o.ran(target, 1, succeeded, refused)
	}
	want := []lived{refused, refused}
	want[first] = succeeded
	wrong := o.ran(target, 1, want...)
	wrong = append(wrong, o.stopped(target, 1-first, "targetCooledDown", target+" took part in a failover")...)
	return append(wrong, o.same(jobs[first].order.Source)...)
}

// checkWarm wants the standby to hold what was there when the source failed,
// which the source's newest backup is not.
func checkWarm(o outcome) []string {
	target := standbyOf(warmed)
	wrong := o.ran(target, 1, succeeded, succeeded, refused)
	wrong = append(wrong, o.stopped(target, 2, "notServing", "nothing is restored onto a serving service")...)
	before := failoverServices()[slices.Index(o.services, warmed)].Content
	if fmt.Sprint(o.contents[target]) != fmt.Sprint(before) {
		wrong = append(wrong, fmt.Sprintf("%s does not hold what %s held when it failed", target, warmed))
	}
	if jobs := o.jobsOf(warmed); len(jobs) != 2 || jobs[1].state != "Succeeded" {
		wrong = append(wrong, fmt.Sprintf("%s has no second good backup", warmed))
	}
	return wrong
}

func checkStuck(o outcome) []string {
	wrong := o.ran(standbyOf(stuck), 1, succeeded)
	wrong = append(wrong, o.same(stuck)...)
	jobs := o.jobsOf(stuck)
	if len(jobs) != 2 || jobs[1].state != "InProgress" {
		return append(wrong, fmt.Sprintf("%s has no backup that hangs", stuck))
	}
	if op, ok := o.lastRestore(standbyOf(stuck)); ok && op.Started.Before(jobs[1].created) {
		wrong = append(wrong, fmt.Sprintf("%s was restored before the backup of %s hung", op.Service, stuck))
	}
	return wrong
}

// checkIncidents wants one for each outage, however many alerts told of it.
func checkIncidents(o outcome) []string {
	var wrong []string
	for _, s := range sources {
		want := 1
		switch s {
		case flooded:
			want = 2 // the second is what fired again
		case outdated:
			want = 0
		}
		got := 0
		for _, i := range o.incidents {
			if i.service == s {
				got++
			}
		}
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s has %d incidents, want %d", s, got, want))
		}
	}
	return wrong
}

// checkServing wants the mark where something was restored and nowhere else.
func checkServing(o outcome) []string {
	var wrong []string
	for _, s := range o.services {
		var want []string
		switch s {
		case standbyOf(flooded):
			want = []string{flooded}
		case standbyOf(warmed):
			want = []string{warmed}
		case standbyOf(stuck):
			want = []string{stuck}
		case standbyOf(rivalA):
			want = []string{rivalA, rivalB}
		}
		if got := o.serving[s].source; got != "" && !slices.Contains(want, got) || got == "" && want != nil {
			wrong = append(wrong, fmt.Sprintf("%s serves for %q, want %q", s, got, want))
		}
	}
	return wrong
}

// mostAdded is one interval between polls and five seconds.
const mostAdded = retryAfter + 5e9

func checkAdded(o outcome) []string {
	f := figuresOf(o)
	if f == nil || len(f.Failovers) != 2 {
		return []string{"the time that Lifeboat adds to a restore was not measured"}
	}
	var wrong []string
	for _, a := range f.Failovers {
		if a.Added > ms(mostAdded) {
			wrong = append(wrong, fmt.Sprintf("%s: Lifeboat added %s to the restore, want at most %s", a.Target, span3(a.Added), short(mostAdded)))
		}
	}
	return wrong
}
