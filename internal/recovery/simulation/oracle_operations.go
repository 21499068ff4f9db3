package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// requested judges a request at the moment at which it reaches Azure.
func (c *call) requested(kind job.Kind, service, blob string) {
	c.figures.Requests++
	now := c.now()
	for _, o := range c.ops {
		if o.Service == service && now.Before(o.Ends) {
			c.violate("I1", "%s of %s requested while the %s since %s goes on until %s", kind, service, o.Kind, o.Started, o.Ends)
		}
	}
	lease, ok := c.store.Leased(service)
	j := c.jobs[lease.Job]
	if !ok || !j.State.Operating() || j.Attempt.Blob != blob {
		c.violate("I1", "%s of %s requested without a lease and an intent: %+v, %s", kind, service, lease, j.State)
		return
	}
	attempt := fmt.Sprintf("%s/%d", j.ID, j.Attempt.Number)
	if c.sentFor[attempt]++; c.sentFor[attempt] > 1 {
		c.violate("I1", "attempt %s was requested twice", attempt)
	}
	if kind == job.Backup {
		if j.Kind == job.Restore && c.safetyAt[j.ID].IsZero() {
			c.safetyAt[j.ID] = now
		}
		return
	}
	c.overwrites(j, blob)
}

// overwrites holds a restore against I4 and I5.
func (c *call) overwrites(j job.Job, blob string) {
	for _, r := range c.asked {
		if c.underway[r.ID] > 0 {
			c.acknowledged(r) // it may have had its effect
		}
	}
	o := j.Restore
	must := func(invariant string, holds bool, format string, args ...any) {
		if !holds {
			c.violate(invariant, "job %s restored %s onto %s, although %s", j.ID, blob, j.Service, fmt.Sprintf(format, args...))
		}
	}
	source, _ := c.engine.Plan.Service(o.Source) // as the call knows it
	standby, ok := source.Standby(j.Service)
	must("I4", ok, "that is no standby of %s", source.Name)
	tier := c.tiers[j.Service]
	must("I4", tier.what == "Developer" || tier.was == "Developer" && !tier.at.Before(c.at), "the tiers differ")
	state := c.broken[j.Service]
	must("I4", state.what == "" || state.was == "" && !state.at.Before(c.at), "it is in state %s", state.what)
	must("I4", c.serving[j.Service].job == "", "it serves since %s", c.serving[j.Service].job)
	c.restorable(j, blob, source, must)
	if last := c.restoreOf[j.ID]; last != nil {
		failed := last.Code != "" && !last.Partial && !c.now().Before(last.Ends)
		must("I1", failed, "it was restored by this job at %s", last.Started)
	}
	if o.Warm {
		must("I4", standby.Mode == plan.StandbyWarm, "it is cold")
		return
	}
	c.allowed(j, blob, source, must)
}

// failover is that which j begins at this moment.
func (h *history) failover(j job.Job) failover {
	return failover{job: j.ID, source: j.Restore.Source, target: j.Service, incident: j.Restore.Incident, at: h.now()}
}

// failsOver notes a failover, which may have been acknowledged since the
// engine noted it.
func (h *history) failsOver(f failover) {
	f.acknowledged = h.acks[f.source].After(f.at.Add(-noted))
	h.failovers = append(h.failovers, f)
}

// accepted notes an operation that Azure has begun.
func (c *call) accepted(o *recoverytest.Operation) {
	lease, _ := c.store.Leased(o.Service)
	j := c.jobs[lease.Job]
	if o.Kind != job.Restore || j.Restore == nil {
		return
	}
	c.restoreOf[j.ID] = o
	if !j.Restore.Warm {
		c.failsOver(c.failover(j))
	}
}

// restorable checks that a verified backup of the source is restored, and one
// that is new enough.
func (c *call) restorable(j job.Job, blob string, source plan.Service, must func(string, bool, string, ...any)) {
	must("I4", c.ever[blob], "it is no point of %s", source.Name)
	var started time.Time
	for _, o := range c.ops {
		if o.Kind == job.Backup && o.Blob == blob {
			started = o.Started
			must("I4", o.Service == source.Name, "it is of %s", o.Service)
		}
	}
	p, ok := c.points[blob]
	must("I4", ok && !p.Removing, "it is being removed")
	age := c.now().Sub(started)
	must("I4", age < source.RestorableFor+slack+c.took(), "it has expired")
	named := ""
	for _, r := range c.asked {
		if r.ID == j.Restore.Request && r.ID != "" {
			named = r.Point
		}
	}
	must("I4", named == "" || named == blob, "%s was named", named)
	must("I4", j.Restore.Warm || named != "" || age <= source.Failover.MaxPointAge+slack+c.took(), "it is too old: %s", age)
}

// took is how long the call has gone on.
func (c *call) took() time.Duration { return c.now().Sub(c.at) }

// allowed checks what a failover, by an alert or a person, must not ignore. A
// fact that came about while the call went on may have come too late for it.
func (c *call) allowed(j job.Job, blob string, source plan.Service, must func(string, bool, string, ...any)) {
	o, now := j.Restore, c.now()
	for _, f := range c.failovers {
		must("I5", o.Incident == "" || f.incident != o.Incident || f.job == j.ID, "its incident had %s", f.job)
		cooling := !f.acknowledged && now.Add(slack).Before(f.at.Add(source.Failover.Cooldown)) && f.job != j.ID
		must("I5", !cooling || f.source != source.Name && f.target != j.Service, "the cool-down of %s since %s lasts", f.job, f.at)
	}
	if source.Failover.Mode != plan.FailoverAuto {
		must("I4", c.approved(j, blob, source.Failover.ApprovalExpiry), "nobody approved it")
	}
	if !o.Automatic {
		must("I4", c.wanted(j), "nobody asked")
		return
	}
	must("I4", source.Failover.Mode != plan.FailoverOff, "failover is off")
	m := c.maintenance[source.Name]
	must("I4", !now.Add(slack).Before(m.until) || !m.at.Before(c.at), "the source is in maintenance until %s", m.until)
	well, is := c.healthy[source.Name]
	must("I4", !is || !well.Before(c.at) || time.Since(c.blinded) <= c.took()+time.Second, "the source is healthy since %s", well)
	calm := c.quiet[source.Name]
	must("I4", calm.IsZero() || !calm.Before(c.at), "no alert is fired since %s", calm)
	must("I4", c.firedAt(source, o.FiredAt), "no alert fired at %s", o.FiredAt)
	must("I4", !now.Add(slack).Before(o.FiredAt.Add(source.Failover.MinFor)), "the alert is too young")
}

// wanted reports whether a person asked for j as it is.
func (h *history) wanted(j job.Job) bool {
	return slices.ContainsFunc(h.asked, func(r request.Request) bool {
		return r.Kind == request.Restore && r.ID == j.Restore.Request && r.Service == j.Restore.Source && r.By == j.Restore.By &&
			r.Point == j.Restore.Wanted && (r.To == "" || r.To == j.Service)
	})
}

// firedAt reports whether an alert of source was sent that fired at that time.
func (h *history) firedAt(source plan.Service, at time.Time) bool {
	return slices.ContainsFunc(h.sent, func(a request.Alert) bool {
		return a.Condition == request.Fired && a.FiredAt.Equal(at) && slices.Contains(source.Failover.Rules, a.Rule)
	})
}

// approved looks for a fitting word of another person, and at when the job
// began to act on it.
func (c *call) approved(j job.Job, blob string, expiry time.Duration) bool {
	begun := c.at
	if at, ok := c.safetyAt[j.ID]; ok {
		begun = at
	}
	for _, a := range c.approvals {
		other := strings.TrimSpace(a.By) != "" && a.By != j.Restore.By
		if a.Approved && other && a.Job == j.ID && a.Point == blob && a.Target == j.Service && !begun.After(a.at.Add(expiry+slack)) {
			return true
		}
	}
	return false
}
