package simulation

import (
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
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

// patience is how near j's limit must be for j to be stranded, and how seldom
// it is: the rarer a state is, the longer and the more often.
func (h *history) patience(j job.Job) (near time.Duration, odds int) {
	switch {
	case j.Restore == nil && j.State == job.Verifying:
		return 3 * soon, 30
	case j.Restore == nil && j.Lost():
		return 3 * soon, 10
	case j.Restore == nil:
		return soon, 40
	case j.Choosing() && j.State == job.Verifying:
		return 24 * time.Hour, 2
	case j.State == job.Verifying && j.Restore.Automatic:
		return 24 * time.Hour, 6
	case j.State == job.Pending && h.holdsNewest(j):
		return 24 * time.Hour, 3
	case j.Restore.Automatic, j.Attempt.Phase == job.SafetyBackup, j.Lost():
		return 3 * soon, 2
	}
	return 3 * soon, 4
}

// holdsNewest reports whether a restore's target holds its source's newest
// point already.
func (h *history) holdsNewest(j job.Job) bool {
	held := h.heldBy(j).Blob
	return held != "" && held == h.catalogue(j.Restore.Source)[0].Blob
}

// lastWord is what somebody says when j's limit has just passed.
func (h *history) lastWord(j job.Job) func(job.Job) {
	switch {
	case j.Restore == nil:
		return pick(h.r, h.cancelJob, h.changeFor, h.changeFor, h.giveUpNow)
	case j.Restore.Automatic && one(h.r, 2):
		return h.resolveFor
	case j.State == job.AwaitingApproval:
		return pick(h.r, h.cancelJob, h.giveUpNow, h.answerTo, h.reject)
	}
	return pick(h.r, h.cancelJob, h.resolveFor, h.giveUpNow, func(job.Job) {})
}

// strand lets no prompt come to j until its limit has passed; then somebody
// says something, and then a prompt comes.
func (h *history) strand(j job.Job) (stranded bool) {
	if !h.cruel {
		return false
	}
	near, odds := h.patience(j)
	left := h.limit(j).Sub(h.now())
	if left > near || !one(h.r, odds) {
		return false
	}
	h.inject("a job left alone until its limit")
	end := max(left, 0) + 30*time.Second
	h.muted[j.ID] = h.now().Add(end)
	if j.Restore != nil && one(h.r, 4) {
		h.azure.Lock(j.Service, end+time.Minute)
	}
	h.whenever(j, max(left, 0)+time.Duration(h.r.IntN(20))*time.Second, h.lastWord(j))
	h.whenever(j, end, func(now job.Job) {
		p := recovery.Prompt{Service: now.Service, Job: now.ID, Revision: now.Revision}
		h.deliverAfter(0, job.Message{Queue: recovery.StepQueue, ID: now.ID + "/late", Body: recovery.EncodePrompt(p)})
	})
	return true
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
	if !ok || c.calm || !c.cruel {
		return func() {}, false
	}
	odds := 30
	switch {
	case j.Restore != nil && c.v != nil:
		odds = 3
	case j.Restore != nil:
		odds = 5
	}
	if !one(c.r, odds) {
		return func() {}, j.Restore != nil && one(c.r, 12)
	}
	left := c.limit(j).Sub(c.now()) + time.Duration(3*60+c.r.IntN(30))*time.Second
	if left > soon && c.v == nil {
		return func() {}, false
	}
	c.inject("instance frozen until the operation's time is over")
	c.spoilt("arm.Start")
	return func() {
		if c.v == nil {
			c.hold(left)
			c.disturb("")
			return
		}
		c.v.frozen = left
		if one(c.r, 3) {
			c.muted[j.ID] = c.now().Add(left + time.Minute)
			return
		}
		// Evidence comes first, and sees that the operation goes on.
		delete(c.muted, j.ID)
		settled := c.sourceOf(j).Rules.Settling + time.Minute
		c.history.after(settled, func() { c.muted[j.ID] = c.now().Add(left - settled + time.Minute) })
	}, one(c.r, 3)
}

// dawdle lets an instance stand still before it saves an intent, until the
// job's time is over: another job may have taken the lease by then.
func (c *call) dawdle(m job.Move) {
	if c.calm || !c.cruel || m.From.State != job.Pending || m.To.State != job.Starting {
		return
	}
	left := m.To.Deadline.Sub(c.now()) + 200*time.Second
	if c.upstaged(m) || left > 2*soon || c.overtaken(m, left) {
		return
	}
	_, leased := c.store.Leased(m.To.Service)
	switch {
	case c.v == nil && leased:
		c.inject("instance frozen until the job's time is over")
		c.hold(left)
		c.disturb("")
	case c.v != nil && one(c.r, 4):
		c.inject("instance frozen until the job's time is over")
		c.v.frozen = left
		c.muted[m.To.ID] = c.now().Add(left + time.Minute)
	}
}

// overtaken lets an instance stand still before it saves an intent, while
// somebody asks for another restore onto the same target: for some minutes, or
// until left has passed if that is soon.
func (c *call) overtaken(m job.Move, left time.Duration) bool {
	if c.v == nil || m.To.Kind != job.Restore || c.sourceOf(m.To).Failover.Mode != plan.FailoverAuto || !one(c.r, 3) {
		return false
	}
	c.inject("instance frozen while somebody asks for the same")
	const another = 150 * time.Second // is enough to begin
	wait := another
	if left <= soon {
		wait = pick(c.r, another, max(left, another))
	}
	c.v.frozen = wait
	c.muted[m.To.ID] = c.now().Add(wait + time.Minute)
	c.history.after(wait-another, func() {
		if !c.calm && !c.failed() {
			c.ask(request.Request{ID: c.id("r"), Kind: request.Restore, Service: m.To.Restore.Source, By: "cleo", To: m.To.Service})
		}
	})
	return true
}

// upstaged lets an instance stand still before it saves a restore's intent for
// as long as another restore takes, of another point onto the same target.
func (c *call) upstaged(m job.Move) bool {
	if c.v == nil || m.To.Attempt.Phase != job.Overwrite || c.sourceOf(m.To).Failover.Mode != plan.FailoverAuto || !one(c.r, 4) {
		return false
	}
	var other string
	for _, p := range c.catalogue(m.To.Restore.Source) {
		if p.Blob != m.To.Attempt.Blob {
			other = p.Blob
		}
	}
	if other == "" {
		return false
	}
	c.inject("instance frozen while somebody restores another point")
	const wait = 50 * time.Minute
	c.v.frozen = wait
	c.muted[m.To.ID] = c.now().Add(wait + time.Minute)
	source := m.To.Restore.Source
	c.history.after(0, func() {
		if c.calm || c.failed() {
			return
		}
		c.ask(request.Request{ID: c.id("k"), Kind: request.Acknowledge, Service: source, By: "ann"})
		c.ask(request.Request{ID: c.id("r"), Kind: request.Restore, Service: source, By: "cleo", To: m.To.Service, Point: other})
	})
	return true
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
