package simulation

import (
	"slices"
	"time"

	"lifeboat/internal/job"
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
		if !c.joined(s.Name, due) {
			c.violate("I9", "the occurrence of %s at %s has no backup", s.Name, due)
		}
		c.occurrence[s.Name] = due
	}
}

// joined reports whether a backup of service was to begin an attempt at due.
func (h *history) joined(service string, due time.Time) bool {
	for _, j := range h.jobs {
		if j.Kind != job.Backup || j.Service != service || !j.EndedAt.IsZero() && j.EndedAt.Before(due.Add(-slack)) {
			continue
		}
		begins := func(s job.Step) bool { return s.State == job.Starting && !s.At.Before(due.Add(-slack)) }
		if j.State == job.Pending || j.Attempt.Number == 0 || slices.ContainsFunc(j.History, begins) {
			return true
		}
	}
	return false
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
