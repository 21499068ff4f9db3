package main

import (
	"fmt"
	"slices"
	"strings"

	"lifeboat/internal/emulator/arm"
)

// survived is what must hold after a torture: what the lab sent and what Azure
// was asked for and did is held against the rows that are left. The handler's
// word alone proves nothing.
func (o outcome) survived(k *strikes) []string {
	var wrong []string
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, j := range o.jobs {
		if j.ended.IsZero() {
			bad("%s is still %s", j.id, j.state)
		}
	}
	for _, s := range o.leases {
		bad("%s is still leased", s)
	}
	for _, queue := range queues {
		if n := o.dead[queue]; n > 0 {
			bad("queue %s has %s, want none", queue, count(n, "dead letter"))
		}
	}
	if err := arm.Overlap(o.operations); err != nil {
		bad("operations overlap: %v", err)
	}
	if o.conflicts > 0 {
		bad("ARM answered 409 ServiceLocked %d times: nobody but Lifeboat uses these services", o.conflicts)
	}
	for _, op := range o.operations {
		if op.Outcome == arm.Running {
			bad("%s: operation %s still runs", op.Service, op.ID)
		}
	}
	wrong = append(wrong, o.endedWell(k.done())...)
	wrong = append(wrong, o.owed()...)
	wrong = append(wrong, k.spared()...)
	wrong = append(wrong, o.once(k.posts)...)
	wrong = append(wrong, o.overwrittenOnce(k.posts)...)
	wrong = append(wrong, o.restoredOnce()...)
	wrong = append(wrong, o.catalogued()...)
	return append(wrong, o.announced()...)
}

// restoredOnce checks that each restore has overwritten its target once at
// most, with the point that it chose, after an approval where the plan asks.
func (o outcome) restoredOnce() []string {
	var wrong []string
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	owned := 0
	for _, j := range o.jobs {
		if j.kind != restoreKind {
			continue
		}
		n := 0
		for _, op := range o.operations {
			if op.Kind == arm.Restore && op.Service == j.service && j.lasted(op.Started) {
				n++
				if j.order.Source == asked && !o.sent.approves(j.id, op.Blob, j.service, op.Started) {
					bad("%s has overwritten %s, and nobody approved", j.id, j.service)
				}
				if op.Blob != j.order.Point.Blob {
					bad("%s has restored %s, want %s", j.id, op.Blob, j.order.Point.Blob)
				}
			}
		}
		owned += n
		if n > 1 {
			bad("%s has overwritten %s %d times", j.id, j.service, n)
		}
		if j.state == "Succeeded" && n == 0 {
			bad("%s succeeded and has overwritten nothing", j.id)
		}
		if j.state == "Canceled" && n > 0 {
			bad("%s was called off and has overwritten %s", j.id, j.service)
		}
	}
	all := 0
	for _, op := range o.operations {
		if op.Kind == arm.Restore {
			all++
		}
	}
	if all != owned {
		bad("ARM has restored %d times, and jobs know of %d", all, owned)
	}
	byIncident := map[string]string{}
	for _, j := range o.jobs {
		if other, again := byIncident[j.order.Incident]; again && j.order.Incident != "" {
			bad("incident %s has two restores: %s and %s", j.order.Incident, other, j.id)
		}
		byIncident[j.order.Incident] = j.id
	}
	return wrong
}

// catalogued checks that rows, sidecars and backups say the same, and that the
// newest good backup of each service is there.
func (o outcome) catalogued() []string {
	var wrong []string
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	rows := map[string]pointRow{}
	for _, p := range o.points {
		rows[p.blob] = p
		if o.blobs[p.blob] == 0 {
			bad("point %s: its backup is missing or empty", p.blob)
		}
		if o.blobs[p.blob+sidecarSuffix] == 0 {
			bad("point %s: its sidecar is missing or empty", p.blob)
		}
	}
	for name := range o.blobs {
		if backup, ok := strings.CutSuffix(name, sidecarSuffix); ok && rows[backup].blob == "" {
			bad("sidecar %s is of no point", name)
		}
	}
	for _, s := range o.services {
		wrong = append(wrong, o.newestKept(s)...)
	}
	slices.Sort(wrong)
	return wrong
}

// newestKept checks that the last backup of a service that succeeded has its
// point, and that no other kind of end has one.
func (o outcome) newestKept(service string) []string {
	var wrong []string
	points := map[string]bool{}
	for _, p := range o.points {
		points[p.job] = true
	}
	var newest jobRow
	for _, j := range o.jobsOf(service) {
		if j.kind != backupKind {
			continue
		}
		if j.state == "Succeeded" {
			// By their ends: a job may wait longer for its turn than a later one.
			if j.ended.After(newest.ended) {
				newest = j
			}
		} else if points[j.id] {
			wrong = append(wrong, fmt.Sprintf("%s is %s and has a point", j.id, j.state))
		}
	}
	if newest.id != "" && !points[newest.id] {
		wrong = append(wrong, fmt.Sprintf("%s, the newest that succeeded, has no point", newest.id))
	}
	return wrong
}
