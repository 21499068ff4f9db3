package simulation

import (
	"slices"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// occurred checks after a run of the schedule to which nothing happened that
// the latest occurrence of every service has a job, or was covered by a backup
// that was yet to begin (I9: once is not never).
func (c *call) occurred() {
	for _, s := range c.plan.Services {
		due, any := s.Schedule.Latest(c.at.Add(c.skew))
		if !any || !due.After(c.occurrence[s.Name]) {
			continue
		}
		if !c.joined(s, due) {
			c.violate("I9", "the occurrence of %s at %s has no backup", s.Name, due)
		}
		c.occurrence[s.Name] = due
	}
}

// joined reports whether a backup of s was to begin an attempt at due, and had
// time left for it.
func (h *history) joined(s plan.Service, due time.Time) bool {
	begins := func(step job.Step) bool { return step.State == job.Starting && !step.At.Before(due.Add(-slack)) }
	for _, j := range h.jobs {
		over := !j.EndedAt.IsZero() && j.EndedAt.Before(due.Add(-slack))
		waits := !over && waited(j) && !j.Deadline.Before(due.Add(s.Rules.Deadline/2-2*slack))
		if j.Kind == job.Backup && j.Service == s.Name && (waits || slices.ContainsFunc(j.History, begins)) {
			return true
		}
	}
	return false
}

// waited reports whether j waits, or did so until its end.
func waited(j job.Job) bool {
	if last := len(j.History) - 2; j.State.Terminal() && last >= 0 {
		return j.History[last].State == job.Pending
	}
	return j.State.Terminal() || j.State == job.Pending
}

// nights lets two more occurrences of each service come, to which nothing
// happens any more: one of them makes a backup.
func (h *history) nights() {
	since := h.now()
	for _, s := range h.plan.Services {
		second := s.Schedule.Next(s.Schedule.Next(since))
		for end := second.Add(s.Jitter + s.Rules.Deadline + prompt); h.now().Before(end) && !h.failed(); h.run(time.Hour) {
			if p, any := h.newest(s.Name); any && p.StartedAt.After(since) {
				end = since
			}
		}
		if p, any := h.newest(s.Name); !h.failed() && (!any || !p.StartedAt.After(since)) {
			h.violate("I2", "two nights without a fault made no backup of %s", s.Name)
		}
	}
}
