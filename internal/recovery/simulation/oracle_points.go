package simulation

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

// backupOp is the operation that wrote a blob.
func (h *history) backupOp(blob string) *recoverytest.Operation {
	for _, o := range h.ops {
		if o.Kind == job.Backup && o.Blob == blob {
			return o
		}
	}
	return nil
}

// pointMade holds a new point against I3.
func (c *call) pointMade(p job.Point) {
	o := c.backupOp(p.Blob)
	switch {
	case o == nil:
		c.violate("I3", "point %s without an operation", p.Blob)
		return
	case c.now().Before(o.Ends):
		c.violate("I3", "point %s before its operation ended", p.Blob)
	case o.Code != "" || o.NoBlob:
		c.violate("I3", "point %s of an operation that failed", p.Blob)
	case o.Size == 0 || p.Size != o.Size:
		c.violate("I3", "point %s has %d bytes, its blob %d", p.Blob, p.Size, o.Size)
	case p.Service != o.Service:
		c.violate("I3", "point %s is of %s", p.Blob, o.Service)
	case c.ever[p.Blob]:
		c.violate("I9", "point %s was made twice", p.Blob)
	}
	if before, ok := c.newest(p.Service); ok && c.changedAt.Before(c.at) {
		s, _ := c.plan.Service(p.Service)
		if p.Size*100 < before.Size*int64(s.Rules.MinSizePercent) {
			c.violate("I3", "point %s has %d bytes, the one before %d", p.Blob, p.Size, before.Size)
		}
	}
	c.points[p.Blob], c.ever[p.Blob], c.changedAt = p, true, c.now()
	c.figures.Points++
}

// succeeded holds an end against I3.
func (c *call) succeeded(j job.Job) {
	if j.Kind == job.Backup {
		if !c.ever[j.Attempt.Blob] {
			c.violate("I3", "job %s succeeded without a point", j.ID)
		}
		return
	}
	held := j.Restore.Attempted.IsZero()
	var last *recoverytest.Operation
	for _, o := range c.ops {
		if o.Kind == job.Restore && o.Service == j.Service {
			last = o
		}
	}
	switch {
	case last == nil:
		c.violate("I3", "restore %s succeeded without an operation", j.ID)
		return
	case last.Blob != j.Restore.Point.Blob:
		c.violate("I3", "restore %s of %s succeeded, and the target was given %s", j.ID, j.Restore.Point.Blob, last.Blob)
	case c.now().Before(last.Ends):
		c.violate("I3", "restore %s succeeded before its operation ended", j.ID)
	case last.Code != "" && !last.Partial:
		c.violate("I3", "restore %s succeeded, and its operation failed", j.ID)
	case !held && last.Code != "" && !last.WithoutHandle && !last.Forgotten && j.Attempt.Polls > 0 && !hasWarning(j, "handle was lost"):
		c.violate("I3", "restore %s succeeded, and Azure said that its operation failed", j.ID)
	case !held && last.Started.Before(j.Restore.Attempted.Add(-slack)):
		c.violate("I3", "restore %s succeeded by the operation of another", j.ID)
	}
	if j.Restore.Warm {
		return
	}
	f := c.failover(j)
	f.at = c.at // when it was decided, at the earliest: that is what is saved
	if held {
		c.failsOver(f)
	}
	c.serving[j.Service] = f
	c.figures.Failovers++
}

func hasWarning(j job.Job, part string) bool {
	return slices.ContainsFunc(j.Warnings, func(w string) bool { return contains(w, part) })
}

// removing holds the removal of a blob against I6.
func (c *call) removing(service, blob string) {
	c.figures.Removed++
	p, ok := c.points[blob]
	if !ok {
		if !c.ever[blob] {
			c.violate("I6", "%s is removed, and it was never a point", blob)
		}
		return
	}
	if p.Service != service {
		c.violate("I6", "%s is removed as one of %s", blob, service)
	}
	if at, ok := c.held[blob]; ok && at.Before(c.at) {
		c.violate("I6", "%s is removed, and it is held since %s", blob, at)
	}
	for _, j := range c.jobs {
		// Whatever has begun needs its point, and so does what somebody is asked
		// to approve; what waits otherwise may choose again.
		if j.Kind == job.Restore && j.Restore.Point.Blob == blob && (j.State.HoldsLease() || j.State == job.AwaitingApproval) {
			c.violate("I6", "%s is removed, and job %s (%s) needs it", blob, j.ID, j.State)
		}
	}
	if !p.Removing {
		c.violate("I6", "%s is removed, and it was not marked", blob)
	}
}

// marked checks that a point that is marked for its removal is not among the
// newest good ones. What is marked stays so, whatever becomes of the others.
func (c *call) marked(service string, p job.Point) {
	s, _ := c.plan.Service(service)
	if s.Retention == nil {
		c.violate("I6", "%s is removed, and %s has no retention", p.Blob, service)
		return
	}
	newer := 0
	for _, other := range c.catalogue(service) {
		if other.StartedAt.After(p.StartedAt) {
			newer++
		}
	}
	// A point that was withdrawn while the call went on may have counted.
	if newer < max(s.Retention.MinKeep, s.Retention.KeepLast) && p.Withdrawn.IsZero() && c.now().Sub(p.StartedAt) < s.RestorableFor-slack && c.changedAt.Before(c.at) {
		c.violate("I6", "%s is removed, and only %d are newer", p.Blob, newer)
	}
	if c.now().Sub(p.StartedAt) < s.Retention.KeepWithin-slack {
		c.violate("I6", "%s is removed, and it was begun at %s", p.Blob, p.StartedAt)
	}
}

// prompt is how long after its deadline a job that nothing hinders has ended:
// a run of the watchdog, what that waits for before it prompts, and the moves
// that are left.
const prompt = 15 * time.Minute

// movesLeft is how many prompts a job needs from its deadline on, if its
// operation has succeeded: to see that, to verify and to prune. One that was
// sent by a clock that is ahead comes late by as much.
const movesLeft = 3

// overdue holds every job that goes on against I2.
func (c *call) overdue() {
	if c.now().Sub(c.watchAt) > often+2*time.Minute {
		c.disturb("") // the watchdog came late
	}
	if c.down("store") {
		return
	}
	for id, j := range c.open {
		limit := j.Deadline
		for _, excused := range []time.Time{c.disturbed[""], c.disturbed[id], c.newer[id]} {
			if excused.After(limit) {
				limit = excused
			}
		}
		if late := c.now().Sub(limit); late > prompt+movesLeft*max(0, c.skews[1]) {
			c.violate("I2", "job %s is %s %s after its deadline: %s", j.ID, j.State, late, j.Reason)
		}
	}
}

// bounded checks that a deadline is not put off without end.
func (c *call) bounded(j job.Job) {
	name := j.Service
	if j.Restore != nil {
		name = j.Restore.Source
	}
	s, _ := c.plan.Service(name)
	most := s.Rules.Deadline + s.Jitter + 3*(s.Changes.AtMost+s.Changes.MinInterval) + 8*time.Hour
	last := j.CreatedAt
	if asked := c.maintained[name]; j.Restore != nil && asked.After(last) { // what outlasts it has its time again
		last = asked
	}
	if o := j.Restore; o != nil && o.Approval.At.After(last) { // and what is approved
		last = o.Approval.At
	}
	if j.Deadline.Sub(last) > most || j.Deadline.Sub(j.CreatedAt) > recovery.TooOld+s.Rules.Deadline {
		c.violate("I2", "job %s has until %s, and was made at %s", j.ID, j.Deadline, j.CreatedAt)
	}
}

// rebuilt holds the catalogue against I8: made again from the container, it is
// the same.
func (h *history) rebuilt() {
	c := h.newCall(nil)
	other := recoverytest.NewStore(&recoverytest.Effects{Forget: true})
	c.engine.Store, c.engine.Table = other, "there"
	for _, s := range h.plan.Services {
		if _, err := c.engine.Rebuild(h.context, s.Name, "ann"); err != nil {
			h.violate("I8", "rebuild %s: %v", s.Name, err)
			return
		}
		again := map[string]job.Point{}
		for _, p := range other.Catalogue(s.Name) {
			again[p.Blob] = p
		}
		for _, p := range h.store.Catalogue(s.Name) {
			if p.Removing {
				continue
			}
			got, ok := again[p.Blob]
			if !ok {
				h.violate("I8", "point %s is not in the catalogue made again", p.Blob)
				continue
			}
			delete(again, p.Blob)
			if problem := unequal(got, p, h.azure.Has(p.Blob), h.unsure[p.Blob]); problem != "" {
				h.violate("I8", "point %s made again: %s", p.Blob, problem)
			}
		}
		for blob := range again {
			if j := h.jobs[again[blob].Job]; j.State == job.Succeeded && !h.ever[blob] {
				h.violate("I8", "point %s is in the catalogue made again only", blob)
			}
		}
	}
}

// unequal tells how a point that was made again differs from what it was, but
// for what the container does not tell: who needs or removes it, and when its
// blob was missed.
func unequal(got, want job.Point, there, unsure bool) string {
	if got.Live() != (want.Live() && there) {
		return fmt.Sprintf("live %t, want %t, its blob is there: %t", got.Live(), want.Live(), there)
	}
	for _, p := range []*job.Point{&got, &want} {
		p.Pinned, p.Removing, p.Remover, p.RemovingSince, p.Withdrawn, p.WithdrawnWhy = "", false, "", time.Time{}, time.Time{}, ""
		if unsure {
			p.Held, p.HeldBy = "", ""
		}
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("got %+v, want %+v", got, want)
	}
	return ""
}
