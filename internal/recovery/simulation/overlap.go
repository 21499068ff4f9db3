package simulation

import (
	"context"
	"time"

	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

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
