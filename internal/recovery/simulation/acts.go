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
func (h *history) insist(what string, f func(context.Context, *recovery.Engine) error, then func()) {
	switch {
	case h.failed():
	case h.tellEngine(what, f):
		then()
	default:
		h.after(time.Duration(1+h.r.IntN(10))*time.Minute, func() { h.insist(what, f, then) })
	}
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
			h.insist("change "+c.ID, func(ctx context.Context, e *recovery.Engine) error { return e.Change(ctx, c) }, func() { h.heard(s, c) })
		})
	}
}

// heard checks that a change that was taken is in a backup, or will be: in one
// that began after it, or waits, or that was made for it and then ended.
func (h *history) heard(s plan.Service, c event.Change) {
	if h.failed() || len(h.causes["change "+c.ID]) > 0 {
		return
	}
	holds := func(step job.Step) bool {
		return step.State == job.Starting && !step.At.Before(c.At.Add(-slack-job.Skew))
	}
	for _, j := range h.jobs {
		if j.Kind == job.Backup && j.Service == s.Name && (j.State == job.Pending || slices.ContainsFunc(j.History, holds)) {
			return
		}
	}
	h.violate("I9", "change %s of %s was taken, and no backup holds it", c.ID, s.Name)
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
		h.insist("blob deleted "+b.Blob, func(ctx context.Context, e *recovery.Engine) error { return e.BlobDeleted(ctx, b) }, func() {})
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
