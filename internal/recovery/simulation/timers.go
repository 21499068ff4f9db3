package simulation

import (
	"context"
	"time"

	"lifeboat/internal/recovery"
)

// often is the timers' cadence, as in the function folders.
const often = 5 * time.Minute

// tick is the timers, which come early, late, twice or never. Where nothing
// goes on they come less often, to save time.
func (h *history) tick() {
	h.schedule(h.pace())
	if !h.calm {
		switch n := h.r.IntN(100); {
		case n < 3:
			h.hinder("", "timer never")
			return
		case n < 6:
			h.inject("timer twice")
			h.timers()
		case n < 9:
			h.hinder("", "timer late")
			h.after(time.Duration(h.r.IntN(600))*time.Second, h.timers)
			return
		case n < 12:
			h.inject("timer early")
			h.schedule(time.Duration(h.r.IntN(120)) * time.Second)
		case n < 15:
			h.hinder("", "timers beside everything else")
			h.aside(func(c *call) { c.fire() })
			return
		}
	}
	h.timers()
}

func (h *history) timers() { h.newCall(nil).fire() }

// fire is one run of both timers.
func (c *call) fire() {
	c.figures.Acts["timer"]++
	yes := c.run("schedule", func(ctx context.Context, e *recovery.Engine) error { return e.Schedule(ctx) })
	if c.failed() {
		return
	}
	if yes && !c.faulty && c.v == nil {
		c.occurred()
	}
	c.at, c.faulty, c.about = c.now(), false, ""
	yes = c.run("watch", func(ctx context.Context, e *recovery.Engine) error { return e.Watch(ctx) })
	if c.failed() {
		return
	}
	if c.v == nil {
		c.overdue()
		c.watchAt = c.now()
	}
	if yes && !c.faulty && c.v == nil {
		c.announced()
	}
}

// schedule puts the next tick on the agenda in place of the one that is there.
func (h *history) schedule(d time.Duration) {
	h.tickAt = time.Now().Add(d)
	due := h.tickAt
	h.after(d, func() {
		if h.tickAt.Equal(due) {
			h.tick()
		}
	})
}

// pace is the time to the next tick: often while something is about to happen.
func (h *history) pace() time.Duration {
	now := h.now()
	next := now.Add(time.Duration(20+h.r.IntN(160)) * time.Minute)
	for _, j := range h.open {
		if j.NotBefore.Before(now.Add(2 * often)) {
			return often
		}
		if at := j.NotBefore.Add(-often); at.Before(next) {
			next = at
		}
	}
	for _, s := range h.plan.Services {
		if due, any := s.Schedule.Latest(now); any && now.Sub(due) < 2*often {
			return often // by a clock that is slow it is yet to come
		}
		if at := s.Schedule.Next(now).Add(time.Duration(h.r.IntN(300)) * time.Second); at.Before(next) {
			next = at
		}
	}
	return max(next.Sub(now), often)
}

// hurry brings the next tick forward: there is something to watch again.
func (h *history) hurry() {
	if time.Until(h.tickAt) > often {
		h.schedule(often)
	}
}
