package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// From these numbers of kills on something is certain to have happened.
const (
	// enoughForJobs: a backup and a restore have begun, which then go on to
	// their ends. In less, a restore may be called off while it waits.
	enoughForJobs = 60
	// enoughForKinds: every kind that came often has met a strike.
	enoughForKinds = 1000
	// oftenMet: some kinds come in bursts, between strikes.
	oftenMet = 500
)

// endedWell checks how the jobs have ended. Nothing here fails but the handler,
// and it comes back: a kill may cost time, never a job.
func (o outcome) endedWell(kills int) []string {
	var wrong []string
	succeeded := map[string]int{}
	for _, j := range o.jobs {
		switch {
		case j.state == "Succeeded":
			succeeded[j.kind]++
		case !j.ended.IsZero() && !j.calledOff() && !o.replaced(j):
			wrong = append(wrong, fmt.Sprintf("%s is %s, want Succeeded: %s: %s", j.id, j.state, cmp.Or(j.code, "no code"), j.message))
		}
	}
	for _, kind := range []string{backupKind, restoreKind} {
		if kills >= enoughForJobs && succeeded[kind] == 0 {
			wrong = append(wrong, fmt.Sprintf("no %s succeeded in %s", kind, count(kills, "kill")))
		}
	}
	return wrong
}

// replaced reports whether j waited until its deadline behind other jobs of its
// service, as happens on a slow machine, and a backup that ended meanwhile stands
// for it.
func (o outcome) replaced(j jobRow) bool {
	return j.kind == backupKind && j.code == "DeadlineExceeded" && strings.Contains(j.message, "another job operates on the service") &&
		slices.ContainsFunc(o.jobs, func(other jobRow) bool {
			return other.kind == backupKind && other.service == j.service && other.state == "Succeeded" && other.ended.After(j.created)
		})
}

// calledOff reports whether j ended as a restore may that has overwritten
// nothing: its alert resolved, the lab called it off, or its approval came too
// late. An alert whose gateway the lab has healed meanwhile is refused.
func (j jobRow) calledOff() bool {
	switch {
	case j.kind != restoreKind:
		return false // nobody calls a backup off
	case j.state == "Canceled":
		return slices.Contains([]string{"Resolved", "Canceled", "ApprovalExpired"}, j.code)
	}
	return j.state == "Failed" && j.code == "GateRefused" && j.order.Source == alarms
}

// spared are the kinds of requests that should have been struck and were not.
func (k *strikes) spared() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var wrong []string
	for _, kind := range slices.Sorted(maps.Keys(k.stormed)) {
		if n := k.stormed[kind]; k.total >= enoughForKinds && n >= oftenMet && k.of(kind) == 0 {
			wrong = append(wrong, fmt.Sprintf("%s came %s and was struck by none of %s", kind, count(n, "time"), count(k.total, "kill")))
		}
	}
	return wrong
}
