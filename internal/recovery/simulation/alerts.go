package simulation

import (
	"context"
	"time"

	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

func (h *history) alert() {
	s := h.service()
	if len(s.Failover.Rules) == 0 {
		return
	}
	a := request.Alert{
		ID: pick(h.r, "/1", "/2", "/3"), Rule: pick(h.r, s.Failover.Rules...), Condition: request.Fired,
		FiredAt: h.now().Add(-time.Duration(pick(h.r, 0, 0, 10, 60)) * time.Minute),
	}
	a.ID += a.Rule
	if one(h.r, 2) {
		h.goDown(s.Name)
	}
	if one(h.r, 3) {
		a.Condition, a.ResolvedAt = request.Resolved, h.now()
	}
	if one(h.r, 10) {
		a.Rule = "a stranger"
	}
	h.sendAlert(a)
}

func (h *history) copyAlert() {
	if len(h.sent) > 0 {
		h.sendAlert(pick(h.r, h.sent...))
	}
}

// outage is an alert as it should be, and perhaps its end, soon. Resource
// Health has one identity for all outages of a service.
func (h *history) outage() {
	s := h.service()
	if len(s.Failover.Rules) == 0 {
		return
	}
	h.goDown(s.Name)
	a := request.Alert{ID: h.id("/outage"), Rule: s.Failover.Rules[0], Condition: request.Fired, FiredAt: h.now().Add(-time.Duration(h.r.IntN(10)) * time.Minute)}
	if one(h.r, 3) {
		a.ID, a.MonitoringService = "/health"+a.Rule, request.ResourceHealth
	}
	h.sendAlert(a)
	if one(h.r, 2) {
		h.after(time.Duration(h.r.Int64N(int64(pick(h.r, time.Minute, 10*time.Minute, time.Hour)))), func() {
			if h.calm || h.failed() {
				return
			}
			a.Condition, a.ResolvedAt = request.Resolved, h.now()
			h.sendAlert(a)
		})
	}
}

// overlap tells one instance of an alert, which is held up somewhere on its
// way, and another instance of what comes next: an alert and its end, or the
// end of an incident's only alert and one more, in any order.
func (h *history) overlap() {
	s := h.service()
	if len(s.Failover.Rules) == 0 {
		return
	}
	h.goDown(s.Name)
	a := request.Alert{ID: h.id("/overlap"), Rule: s.Failover.Rules[0], Condition: request.Fired, FiredAt: h.now()}
	b, end := a, a
	b.ID, end.Condition = h.id("/overlap"), request.Resolved
	first, next := a, end
	if !one(h.r, 3) {
		h.sendAlert(a)
		first, next = end, b
		if one(h.r, 2) {
			first, next = b, end
		}
	}
	h.noteAlert(h.stamped(first), h.tellSlowly)
	h.after(time.Duration(1+h.r.IntN(100))*time.Second, func() {
		if !h.calm && !h.failed() {
			h.sendAlert(h.stamped(next))
		}
	})
}

// stamped is an alert that fires, or ends, at this moment.
func (h *history) stamped(a request.Alert) request.Alert {
	if a.Condition == request.Resolved {
		a.ResolvedAt = h.now()
	} else {
		a.FiredAt = h.now()
	}
	return a
}

// tellSlowly delivers an alert to an instance that is held up before one of
// the first effects.
func (h *history) tellSlowly(a request.Alert) (taken bool) {
	h.inject("instance held up on an alert")
	h.aside(func(c *call) {
		c.stallAt, c.stall = 1+h.r.IntN(7), time.Duration(60+h.r.IntN(120))*time.Second
		c.run("alert "+a.ID, func(ctx context.Context, e *recovery.Engine) error { return e.Alert(ctx, a) })
	})
	return false
}
