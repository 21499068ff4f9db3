package simulation

import (
	"slices"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// ordeal is an outage with nothing that speaks against its failover, as far as
// can be arranged: most others are refused, and few restores of an alert would
// come far.
func (h *history) ordeal() { h.ordealOf(h.service()) }

func (h *history) ordealOf(s plan.Service) {
	if h.calm || h.failed() || len(s.Failover.Rules) == 0 || len(s.Standbys) == 0 || s.Failover.Mode == plan.FailoverOff {
		return
	}
	if points := h.catalogue(s.Name); len(points) > 0 && h.now().Sub(points[0].StartedAt) < s.Failover.MaxPointAge*3/4 {
		target, err := h.store.Summary(h.context, s.Standbys[0].Name)
		if err != nil || target.Holds != points[0].Blob || one(h.r, 2) {
			h.befall(s)
			return
		}
	}
	h.ask(request.Request{ID: h.id("b"), Kind: request.Backup, Service: s.Name, By: "ann"})
	h.after(time.Duration(20+h.r.IntN(20))*time.Minute, func() { h.befall(s) })
}

// relapse has the source of a failover fail again, once its standby has been
// given back: that holds a point then that is not the newest.
func (h *history) relapse(j job.Job) {
	if !h.cruel || j.State != job.Succeeded || j.Restore == nil || j.Restore.Warm {
		return
	}
	if s, ok := h.plan.Service(j.Restore.Source); ok && s.Failover.SafetyBackup {
		h.after(time.Duration(5+h.r.IntN(30))*time.Minute, func() { h.ordealOf(s) })
	}
}

// befall makes s's first standby free and ready, and s fail or a person ask.
func (h *history) befall(s plan.Service) {
	if h.free(s.Standbys[0].Name); h.calm || h.failed() {
		return
	}
	if one(h.r, 4) {
		h.ask(request.Request{ID: h.id("r"), Kind: request.Restore, Service: s.Name, By: "bob", To: s.Standbys[0].Name})
		return
	}
	h.collapse(s)
}

// collapse is an outage of s that has lasted for long enough.
func (h *history) collapse(s plan.Service) {
	h.goDown(s.Name)
	waited := s.Failover.MinFor + time.Duration(5+h.r.IntN(10))*time.Minute
	h.sendAlert(request.Alert{ID: h.id("/ordeal"), Rule: s.Failover.Rules[0], Condition: request.Fired, FiredAt: h.now().Add(-waited)})
}

// belated has an acknowledgement from before j's failover come after it, and
// j's source fail again while it should cool down.
func (h *history) belated(j job.Job) {
	if j.Restore == nil || j.Restore.Warm || !one(h.r, 3) {
		return
	}
	s, ok := h.plan.Service(j.Restore.Source)
	begun := slices.IndexFunc(h.failovers, func(f failover) bool { return f.job == j.ID })
	if !ok || begun < 0 {
		return
	}
	r := request.Request{ID: h.id("k"), Kind: request.Acknowledge, Service: s.Name, By: "ann", Outcome: pick(h.r, request.None, request.Failback)}
	r.EnqueuedAt = h.failovers[begun].at.Add(-slack - time.Duration(1+h.r.IntN(10))*time.Minute)
	h.after(time.Duration(h.r.IntN(300))*time.Second, func() {
		if h.calm || h.failed() {
			return
		}
		h.inject("acknowledgement later than the next failover")
		if h.ask(r); h.calm || h.failed() {
			return
		}
		if h.endAlerts(s.Name); !h.calm && !h.failed() {
			h.collapse(s)
		}
	})
}

// free gives a standby back from whatever it serves for, ends the alerts that
// may want it, and makes it fit.
func (h *history) free(target string) {
	for _, source := range h.plan.Sources(target) {
		if h.endAlerts(source); h.calm || h.failed() {
			return
		}
		r := request.Request{ID: h.id("k"), Kind: request.Acknowledge, Service: source, By: "ann", Outcome: request.Failback}
		h.ask(r)
	}
	if h.tiers[target].what != "Developer" {
		h.tier(target, "Developer")
	}
	h.fail(target, "")
	h.azure.Change(target, func(i *recoverytest.Instance) { i.Silent = false })
}

// endAlerts ends every alert of a source that is fired.
func (h *history) endAlerts(source string) {
	for _, a := range h.sent {
		if _, ok := h.fired[source][a.ID]; ok && a.Condition == request.Fired && !h.calm && !h.failed() {
			a.Condition, a.ResolvedAt = request.Resolved, h.now()
			h.sendAlert(a)
		}
	}
}
