package simulation

import (
	"context"
	"slices"
	"time"

	"lifeboat/internal/event"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// acts are what happens from outside, by how often.
var acts = []struct {
	name  string
	share int
	do    func(*history)
}{
	{"alert", 6, (*history).alert}, {"copy of an alert", 3, (*history).copyAlert}, {"outage", 14, (*history).outage}, {"overlap", 4, (*history).overlap},
	{"restore", 8, (*history).restore}, {"approval", 16, (*history).approve}, {"cancel", 6, (*history).cancel},
	{"acknowledge", 5, (*history).acknowledge}, {"maintenance", 4, (*history).maintain}, {"backup", 7, (*history).backup},
	{"change", 8, (*history).change}, {"blob deleted", 2, (*history).deleteBlob}, {"hold", 3, (*history).hold},
	{"prune", 3, (*history).prune}, {"standby", 5, (*history).upset}, {"source", 3, (*history).recover}, {"weather", 5, (*history).storm},
	{"port down", 2, (*history).takeDown}, {"lock", 3, (*history).lock}, {"newer row", 2, (*history).newerRow},
	{"dead prompt", 3, (*history).deadPrompt}, {"poison request", 1, (*history).poison}, {"ordeal", 14, (*history).ordeal},
}

var shares = func() (all []int) {
	for i, a := range acts {
		for range a.share {
			all = append(all, i)
		}
	}
	return all
}()

func (h *history) act() {
	if h.calm || h.failed() {
		return
	}
	a := acts[pick(h.r, shares...)]
	h.figures.Acts[a.name]++
	h.tell("act: %s", a.name)
	a.do(h)
}

func (h *history) service() plan.Service { return pick(h.r, h.plan.Services...) }

// standbys are the standbys of the whole plan.
func (h *history) standby() string { return pick(h.r, h.targets...) }

// deliverTo calls the engine as a trigger does: again until it is taken, or
// given up; sometimes twice, sometimes two instances at once.
func (h *history) tellEngine(what string, f func(context.Context, *recovery.Engine) error) (taken bool) {
	if one(h.r, 8) || h.sluggish && one(h.r, 3) {
		h.inject("input delivered to two instances at once")
		h.aside(func(c *call) { c.run(what, f) })
		h.aside(func(c *call) { c.run(what, f) })
		return false
	}
	for range 1 + h.r.IntN(3) {
		yes, c := h.call(what, f)
		if taken = taken || yes && !c.faulty; h.failed() {
			return taken
		}
		if yes && !one(h.r, 6) {
			break
		}
	}
	return taken
}

// insist calls the engine as Event Grid does: again, later, until it is taken.
func (h *history) insist(what string, f func(context.Context, *recovery.Engine) error) {
	if !h.failed() && !h.tellEngine(what, f) {
		h.after(time.Duration(1+h.r.IntN(10))*time.Minute, func() { h.insist(what, f) })
	}
}

// ask sends a request, of which a copy may come hours later.
func (h *history) ask(r request.Request) (taken bool) {
	if r.EnqueuedAt.IsZero() {
		r.EnqueuedAt = h.now()
	}
	h.asked = append(h.asked, r)
	if r.Kind == request.Acknowledge {
		h.acknowledged(r)
	}
	if one(h.r, 4) {
		h.after(time.Duration(h.r.IntN(36*60))*time.Minute, func() {
			if !h.calm && !h.failed() {
				h.inject("copy of a request, hours later")
				h.deliverRequest(r)
			}
		})
	}
	return h.deliverRequest(r)
}

func (h *history) deliverRequest(r request.Request) (taken bool) {
	return h.tellEngine("request "+string(r.Kind)+" "+r.ID+r.Job, func(ctx context.Context, e *recovery.Engine) error {
		if r.Kind == request.Acknowledge { // a failover may have begun just now
			defer h.acknowledged(r)
		}
		return e.Request(ctx, r)
	})
}

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

// outage is an alert as it should be, and perhaps its end, soon.
func (h *history) outage() {
	s := h.service()
	if len(s.Failover.Rules) == 0 {
		return
	}
	h.goDown(s.Name)
	a := request.Alert{ID: h.id("/outage"), Rule: s.Failover.Rules[0], Condition: request.Fired, FiredAt: h.now().Add(-time.Duration(h.r.IntN(10)) * time.Minute)}
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

func (h *history) restore() {
	s := h.service()
	r := request.Request{ID: h.id("r"), Kind: request.Restore, Service: s.Name, By: pick(h.r, "ann", "bob", "cleo"), To: pick(h.r, "", "", h.standby())}
	if points := h.catalogue(s.Name); len(points) > 0 && one(h.r, 3) {
		r.Point = pick(h.r, points...).Blob
	}
	if one(h.r, 6) {
		for _, earlier := range h.asked {
			if earlier.Kind == request.Restore {
				r = earlier
				break
			}
		}
	}
	h.ask(r)
}

// someJob is a job of one of these states, or any that goes on.
func (h *history) someJob(of ...job.State) (job.Job, bool) {
	var some []string
	for id, j := range h.jobs {
		if len(of) == 0 && !j.State.Terminal() || slices.Contains(of, j.State) {
			some = append(some, id)
		}
	}
	if len(some) == 0 {
		return job.Job{}, false
	}
	slices.Sort(some)
	return h.jobs[pick(h.r, some...)], true
}

func (h *history) approve() {
	j, ok := h.someJob(job.AwaitingApproval)
	if !ok {
		if h.restore(); h.failed() {
			return
		}
		h.after(time.Duration(5+h.r.IntN(20*60))*time.Second, h.answer)
		return
	}
	h.answerTo(j)
}

func (h *history) answer() {
	if j, ok := h.someJob(job.AwaitingApproval); ok && !h.calm {
		h.answerTo(j)
	}
}

func (h *history) answerTo(j job.Job) {
	if j.State != job.AwaitingApproval {
		return
	}
	a := request.Approval{
		ID: h.id("a"), Approved: !one(h.r, 6), Job: j.ID, Point: j.Restore.Point.Blob, Target: j.Service, By: pick(h.r, "dora", "dora", "dora", "ann", "bob"),
	}
	switch h.r.IntN(10) {
	case 0:
		a.Point = "another"
	case 1:
		a.Target = h.plan.Services[0].Name
	}
	if one(h.r, 8) { // late
		h.after(j.Restore.Approval.Expires.Sub(h.now())+time.Duration(h.r.IntN(90)-20)*time.Second, func() { h.say(a) })
		return
	}
	h.say(a)
}

// reject is a person's no to j.
func (h *history) reject(j job.Job) {
	h.say(request.Approval{ID: h.id("a"), Job: j.ID, Point: j.Restore.Point.Blob, Target: j.Service, By: "dora"})
}

func (h *history) say(a request.Approval) {
	if h.calm || h.failed() {
		return
	}
	h.approvals = append(h.approvals, approval{a, h.now()})
	h.tellEngine("approval of "+a.Job, func(ctx context.Context, e *recovery.Engine) error { return e.Approval(ctx, a) })
}

func (h *history) cancel() {
	j, ok := h.someJob()
	if one(h.r, 4) {
		j, ok = h.someJob(job.AwaitingApproval, job.Pending, job.Succeeded)
	}
	if !ok {
		return
	}
	h.cancelJob(j)
}

func (h *history) acknowledge() {
	s := h.service()
	r := request.Request{ID: h.id("k"), Kind: request.Acknowledge, Service: s.Name, By: "ann", Outcome: pick(h.r, request.None, request.Failback, request.Failback, request.Promote)}
	h.ask(r)
}

func (h *history) maintain() {
	r := request.Request{ID: h.id("m"), Kind: request.Maintenance, Service: h.service().Name, By: "ann", On: !one(h.r, 3)}
	if r.On {
		r.Until = h.now().Add(time.Duration(10+h.r.IntN(200)) * time.Minute)
	}
	if h.ask(r) {
		h.maintenance[r.Service] = since{r.Until, h.now()}
	} else { // it may have been saved, or be saved later
		h.maintenance[r.Service] = since{}
	}
	if r.On && one(h.r, 2) {
		h.inject("request overtaken by the next")
		earlier := request.Request{ID: h.id("m"), Kind: request.Maintenance, Service: r.Service, By: "ann", EnqueuedAt: h.now().Add(-time.Minute)}
		h.after(time.Duration(h.r.IntN(300))*time.Second, func() {
			if !h.calm && !h.failed() {
				h.deliverRequest(earlier)
				h.outage()
			}
		})
	}
}

func (h *history) backup() {
	h.ask(request.Request{ID: h.id("b"), Kind: request.Backup, Service: h.service().Name, By: "ann"})
}

// change changes a service and tells of it: soon, late, more than once, or as
// if it had been earlier.
func (h *history) change() {
	s := h.service()
	for range 1 + h.r.IntN(3) {
		h.changed(s)
	}
}

func (h *history) changed(s plan.Service) {
	name := h.id("api")
	h.azure.Change(s.Name, func(i *recoverytest.Instance) { i.Content.APIs = append(i.Content.APIs, name) })
	c := event.Change{ID: h.id("change"), At: h.now(), Service: s.ResourceID(), Resource: s.ResourceID() + "/apis/" + name, What: "test"}
	delay := time.Duration(h.r.IntN(900)) * time.Second
	switch h.r.IntN(10) {
	case 0:
		delay = time.Duration(h.r.IntN(20*60)) * time.Minute
	case 1, 2, 3, 4:
		delay = 0
	}
	for range 1 + h.r.IntN(2) {
		h.after(delay, func() {
			h.insist("change "+c.ID, func(ctx context.Context, e *recovery.Engine) error { return e.Change(ctx, c) })
		})
	}
}

func (h *history) deleteBlob() {
	points := h.catalogue(h.service().Name)
	if len(points) == 0 {
		return
	}
	p := pick(h.r, points...)
	switch h.r.IntN(4) {
	case 0: // a lie
		h.blobGone(p, time.Duration(h.r.IntN(600))*time.Second)
	case 1:
		h.azure.Protect(p.Blob)
	default:
		h.azure.Delete(p.Blob)
		h.deleted[p.Blob] = true
		h.blobGone(p, time.Duration(h.r.IntN(600))*time.Second)
	}
}

// deletePoint deletes a point's blob by hand, which is told at once.
func (h *history) deletePoint(p job.Point) {
	h.azure.Delete(p.Blob)
	h.deleted[p.Blob] = true
	h.blobGone(p, 0)
}

// blobGone tells the engine after d that a point's blob is gone.
func (h *history) blobGone(p job.Point, d time.Duration) {
	s, _ := h.plan.Service(p.Service)
	b := event.BlobDeleted{ID: h.id("gone"), At: h.now(), Account: s.Account, Container: s.Container, Blob: p.Blob}
	h.after(d, func() {
		h.insist("blob deleted "+b.Blob, func(ctx context.Context, e *recovery.Engine) error { return e.BlobDeleted(ctx, b) })
	})
}

func (h *history) hold() {
	s := h.service()
	points := h.catalogue(s.Name)
	if len(points) == 0 {
		return
	}
	blob, why := pick(h.r, points...).Blob, pick(h.r, "", "audit", "audit")
	delete(h.held, blob)    // until it is known to be held
	sure := !h.unsure[blob] // else an earlier word may be on its way
	h.unsure[blob] = true
	if h.tellEngine("hold "+blob+" "+why, func(ctx context.Context, e *recovery.Engine) error {
		_, err := e.Hold(ctx, s.Name, blob, why, "ann")
		return err
	}) && sure {
		delete(h.unsure, blob)
		if why != "" {
			h.held[blob] = h.now()
		}
	}
}

func (h *history) prune() {
	s := h.service()
	if s.Retention == nil {
		return
	}
	h.tellEngine("prune "+s.Name, func(ctx context.Context, e *recovery.Engine) error { _, err := e.Prune(ctx, s.Name); return err })
}
