package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lifeboat/internal/emulator/arm"
)

// once checks on arrival that each intent to back a service up was posted once:
// each attempt has a blob of its own.
func (o outcome) once(posts map[string][]posted) []string {
	var wrong []string
	for _, to := range slices.Sorted(maps.Keys(posts)) {
		if !strings.HasSuffix(to, "/backup") {
			continue
		}
		seen := map[string]bool{}
		for _, p := range posts[to] {
			if seen[p.blob] {
				wrong = append(wrong, fmt.Sprintf("POST %s names %s for the second time", to, p.blob))
			}
			seen[p.blob] = true
		}
	}
	return wrong
}

// overwrittenOnce checks on arrival that each intent to restore was posted once.
// A restore's request names a target and a point, and no attempt: two attempts
// look alike, and so do two jobs. So the jobs' times tell whose it is. Nothing
// follows what ARM has accepted; and as ARM refuses nothing here, another attempt
// follows a request that was cut off only, not sooner than that has settled.
func (o outcome) overwrittenOnce(posts map[string][]posted) []string {
	var wrong []string
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, to := range slices.Sorted(maps.Keys(posts)) {
		target, isRestore := strings.CutSuffix(to, "/restore")
		if !isRestore {
			continue
		}
		last := map[string]time.Time{} // by job
		for _, p := range posts[to] {
			i := slices.IndexFunc(o.jobs, func(j jobRow) bool { return j.kind == restoreKind && j.service == target && j.lasted(p.at) })
			if i < 0 {
				bad("POST %s with %s is of no restore that went on then", to, p.blob)
				continue
			}
			j := o.jobs[i]
			for _, op := range o.operations {
				if op.Kind == arm.Restore && op.Service == target && op.Outcome != arm.Failed && j.lasted(op.Started) && op.Started.Before(p.at) {
					bad("POST %s with %s came for the second time: ARM had accepted the first of %s", to, p.blob, j.id)
				}
			}
			// The intent is saved some time before its request arrives.
			if before, again := last[j.id]; again && p.at.Sub(before) < tortureSettling/2 {
				bad("POST %s with %s came again after %s, which is too soon to know what became of the first of %s", to, p.blob, short(p.at.Sub(before)), j.id)
			}
			last[j.id] = p.at
		}
	}
	return wrong
}

// lasted reports whether j went on at some time.
func (j jobRow) lasted(at time.Time) bool {
	return !at.Before(j.created) && (j.ended.IsZero() || at.Before(j.ended))
}
