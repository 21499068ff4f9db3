package simulation

import (
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// soon is how near a job's limit must be for somebody to wait for it.
const soon = 25 * time.Minute

// limit is when j must have left its state.
func (h *history) limit(j job.Job) time.Time {
	if j.State == job.AwaitingApproval {
		return j.Restore.Approval.Expires
	}
	if end := j.Attempt.StartedAt.Add(h.sourceOf(j).Rules.OperationDeadline); j.State.Operating() && end.Before(j.Deadline) {
		return end
	}
	return j.Deadline
}

// strand lets no prompt come to j until its limit has passed; then somebody
// says something, and then a prompt comes.
func (h *history) strand(j job.Job) {
	if !h.cruel {
		return
	}
	odds, near := 40, soon
	if j.Restore != nil {
		odds, near = 4, 3*soon
		if j.Restore.Automatic || j.Attempt.Phase == job.SafetyBackup {
			odds = 2
		}
	}
	left := h.limit(j).Sub(h.now())
	if left > near || !one(h.r, odds) {
		return
	}
	h.inject("a job left alone until its limit")
	end := max(left, 0) + 30*time.Second
	h.muted[j.ID] = h.now().Add(end)
	if j.Restore != nil && one(h.r, 4) {
		h.azure.Lock(j.Service, end+time.Minute)
	}
	do := pick(h.r, h.cancelJob, h.resolveFor, h.giveUpNow, h.answerTo)
	if j.Restore != nil && j.Restore.Automatic && one(h.r, 2) {
		do = h.resolveFor
	}
	h.whenever(j, max(left, 0)+time.Duration(h.r.IntN(20))*time.Second, do)
	h.whenever(j, end, func(now job.Job) {
		p := recovery.Prompt{Service: now.Service, Job: now.ID, Revision: now.Revision}
		h.deliverAfter(0, job.Message{Queue: recovery.StepQueue, ID: now.ID + "/late", Body: recovery.EncodePrompt(p)})
	})
}

// whenever does something to j as it is after d, if it still goes on.
func (h *history) whenever(j job.Job, d time.Duration, do func(job.Job)) {
	h.after(d, func() {
		if now := h.jobs[j.ID]; !h.calm && !h.failed() && !now.State.Terminal() {
			h.figures.Acts["provocation"]++
			do(now)
		}
	})
}

// freeze lets the instance that starts an operation stand still, once Azure
// has answered, until the operation's time is over; perhaps the answer is a
// refusal. Others may go on meanwhile where the instance is not alone.
func (c *call) freeze(service string) (thaw func(), refusal bool) {
	lease, _ := c.store.Leased(service)
	j, ok := c.jobs[lease.Job]
	odds := 60
	if j.Restore != nil {
		odds = 5
	}
	if !ok || c.calm || !c.cruel || !one(c.r, odds) {
		return func() {}, j.Restore != nil && c.cruel && !c.calm && one(c.r, 12)
	}
	left := c.limit(j).Sub(c.now()) + time.Duration(3*60+c.r.IntN(30))*time.Second
	if left > soon && c.v == nil || left > 3*soon {
		return func() {}, false
	}
	c.inject("instance frozen until the operation's time is over")
	c.spoilt("arm.Start")
	return func() {
		if c.v == nil {
			c.hold(left)
			c.disturbed = time.Now()
			return
		}
		c.v.frozen = left
		if one(c.r, 2) {
			c.muted[j.ID] = c.now().Add(left + time.Minute)
			return
		}
		// Evidence comes first, and sees that the operation goes on.
		settled := c.sourceOf(j).Rules.Settling + time.Minute
		c.history.after(settled, func() { c.muted[j.ID] = c.now().Add(left - settled + time.Minute) })
	}, one(c.r, 2)
}

// dawdle lets an instance stand still before it saves an intent, until the
// job's time is over: another job may have taken the lease by then.
func (c *call) dawdle(m job.Move) {
	if c.calm || !c.cruel || m.From.State != job.Pending || m.To.State != job.Starting {
		return
	}
	left := m.To.Deadline.Sub(c.now()) + 200*time.Second
	if left > 2*soon {
		return
	}
	_, leased := c.store.Leased(m.To.Service)
	switch {
	case c.v == nil && leased:
		c.inject("instance frozen until the job's time is over")
		c.hold(left)
		c.disturbed = time.Now()
	case c.v != nil && one(c.r, 4):
		c.inject("instance frozen until the job's time is over")
		c.v.frozen = left
		c.muted[m.To.ID] = c.now().Add(left + time.Minute)
	}
}

// lags reports whether a look at a blob that is being verified comes before
// storage shows it.
func (c *call) lags(blob string) bool {
	if n := c.hidden[blob]; c.calm || n == 0 {
		return false
	}
	for _, j := range c.jobs {
		if j.Attempt.Blob == blob && j.State == job.Verifying {
			c.hidden[blob]--
			c.inject("blob not shown yet")
			return true
		}
	}
	return false
}
