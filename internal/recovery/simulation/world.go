package simulation

import (
	"context"
	"slices"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

func (h *history) goDown(source string) {
	delete(h.healthy, source)
	silent := one(h.r, 2)
	h.azure.Change(source, func(i *recoverytest.Instance) { i.Silent, i.Gateway = silent, job.GatewayUnhealthy })
	h.after(time.Duration(10+h.r.IntN(100))*time.Minute, func() { h.well(source) })
}

// recover ends an outage.
func (h *history) recover() { h.well(h.service().Name) }

func (h *history) well(source string) {
	if _, ok := h.healthy[source]; !ok {
		h.healthy[source] = h.now()
	}
	h.azure.Change(source, func(i *recoverytest.Instance) { i.Silent, i.Gateway = false, job.GatewayHealthy })
}

// upset changes a standby, and back.
func (h *history) upset() {
	target := h.standby()
	switch h.r.IntN(7) {
	case 0:
		h.tier(target, pick(h.r, "Premium", "StandardV2"))
	case 1, 2:
		h.tier(target, "Developer")
	case 3:
		h.fail(target, "Failed")
	case 4:
		h.fail(target, "")
		h.azure.Change(target, func(i *recoverytest.Instance) { i.Silent = false })
	case 5:
		h.inject("standby silent")
		h.azure.Change(target, func(i *recoverytest.Instance) { i.Silent = true })
		h.after(time.Duration(h.r.IntN(120))*time.Minute, func() {
			h.azure.Change(target, func(i *recoverytest.Instance) { i.Silent = false })
		})
	case 6:
		h.azure.Change(target, func(i *recoverytest.Instance) { i.Content.APIs = append(i.Content.APIs, h.id("edited")) })
	}
}

// fail makes a standby one that failed, or well again.
func (h *history) fail(target, state string) {
	h.broken[target] = since2{state, h.broken[target].what, h.now()}
	h.azure.Change(target, func(i *recoverytest.Instance) { i.State = state })
}

func (h *history) tier(target, tier string) {
	h.tiers[target] = since2{tier, h.tiers[target].what, h.now()}
	h.azure.Change(target, func(i *recoverytest.Instance) { i.Facts.Tier = tier })
}

// storm changes how often faults befall effects, for a while.
func (h *history) storm() {
	h.weather.perMille = pick(h.r, 0, 2, 30, 100, 250)
	h.after(time.Duration(10+h.r.IntN(240))*time.Minute, func() { h.weather.perMille = pick(h.r, 0, 2, 10) })
}

func (h *history) takeDown() {
	of := pick(h.r, "store", "arm", "blobs", "queue", "hooks")
	h.weather.down[of] = time.Now().Add(time.Duration(1+h.r.IntN(90)) * time.Minute)
}

// lock lets somebody else operate on a service.
func (h *history) lock() {
	h.azure.Lock(pick(h.r, h.instances...), time.Duration(1+h.r.IntN(40))*time.Minute)
}

func (h *history) newerRow() {
	if j, ok := h.someJob(); ok {
		h.newer[j.ID] = h.now().Add(time.Duration(h.r.IntN(60)) * time.Minute)
	}
}

// deadPrompt gives up a message that prompts a job, as a queue does that saw
// it fail ten times.
func (h *history) deadPrompt() {
	j, ok := h.someJob()
	if one(h.r, 2) {
		j, ok = h.someJob(job.AwaitingApproval, job.Pending, job.Verifying, job.Pruning)
	}
	if !ok {
		return
	}
	h.giveUp(j)
}

func (h *history) giveUp(j job.Job) {
	// Most come when the move is due.
	h.giveUpAfter(j, pick(h.r, 0, j.NotBefore.Sub(h.now())-900*time.Millisecond, j.Deadline.Sub(h.now())))
}

func (h *history) giveUpNow(j job.Job) { h.giveUpAfter(j, 0) }

func (h *history) giveUpAfter(j job.Job, wait time.Duration) {
	d := recovery.DeadLetter{
		Queue: recovery.StepQueue, ID: h.id("dead"), Reason: "MaxDeliveryCountExceeded", EnqueuedAt: h.now(),
		Body: recovery.EncodePrompt(recovery.Prompt{Service: j.Service, Job: j.ID, Revision: j.Revision}),
	}
	h.after(wait, func() {
		if !h.calm && !h.failed() {
			h.newCall(nil).bury(d)
		}
	})
}

// poison is a message that nobody can do anything with.
func (h *history) poison() {
	h.inject("poison message")
	d := recovery.DeadLetter{Queue: pick(h.r, recovery.RequestQueue, recovery.ApprovalQueue, recovery.NoticeQueue, recovery.StepQueue), ID: h.id("poison"), EnqueuedAt: h.now(), Body: []byte(`{"schema":1`)}
	h.tellEngine("poison", func(ctx context.Context, e *recovery.Engine) error { return handleDead(ctx, e, d) })
}

// spoil changes an operation when it starts.
func (h *history) spoil(o *recoverytest.Operation) {
	h.ops = append(h.ops, o)
	if h.calm { // sooner than the shortest deadline
		o.Ends = o.Started.Add(time.Duration(3+h.r.IntN(4)) * time.Minute)
		return
	}
	o.Ends = o.Started.Add(time.Duration(3+h.r.IntN(14)) * time.Minute)
	switch n := h.r.IntN(100); {
	case n < 6:
		h.inject("operation fails")
		o.Code, o.Message = "BackupFailed", "It failed."
		o.Partial = o.Kind == job.Restore && one(h.r, 2)
	case n < 10:
		h.inject("operation without a handle")
		o.WithoutHandle = true
	case n < 14:
		h.inject("operation forgotten")
		o.Forgotten = true
	case n < 17:
		h.inject("operation takes hours")
		o.Ends = o.Started.Add(time.Duration(1+h.r.IntN(5)) * time.Hour)
	case n < 19:
		h.inject("backup without a blob")
		o.NoBlob = true
	case n < 22:
		h.inject("blob empty or short")
		o.Size = pick[int64](h.r, 0, 1000, 200<<10)
	}
	if o.Kind == job.Backup && slices.Contains(h.targets, o.Service) { // a safety backup
		switch h.r.IntN(10) {
		case 0:
			h.inject("backup without a blob")
			o.NoBlob = true
		case 1:
			h.inject("blob empty or short")
			o.Size = 0
		case 2:
			h.inject("operation without a handle")
			o.WithoutHandle = true
		case 3:
			h.inject("operation forgotten")
			o.Forgotten = true
		}
	}
	if o.Kind == job.Restore && h.cruel && one(h.r, 12) {
		h.inject("operation without a handle")
		o.WithoutHandle = true
	}
	if o.Kind == job.Backup && one(h.r, 12) {
		h.hidden[o.Blob] = 1 + h.r.IntN(2)
		if one(h.r, 4) {
			o.Size = 0
		}
	}
	if o.WithoutHandle && one(h.r, 4) || o.Forgotten && one(h.r, 4) {
		o.Code, o.Message = "BackupFailed", "It failed."
		o.Partial = o.Kind == job.Restore && one(h.r, 2)
	}
}
