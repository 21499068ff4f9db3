package simulation

import (
	"context"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

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

// jobOf checks that what was asked for and taken has a job.
func (h *history) jobOf(r request.Request) {
	made := len(h.causes["request "+r.ID]) > 0
	if r.Kind == request.Backup {
		_, made = h.jobs[recovery.RequestedBackup(r.Service, r.ID)]
	}
	if !made && !h.failed() {
		h.violate("I9", "request %s of %s was taken, and there is no job", r.ID, r.By)
	}
}

func (h *history) deliverRequest(r request.Request) (taken bool) {
	taken = h.tellEngine("request "+string(r.Kind)+" "+r.ID+r.Job, func(ctx context.Context, e *recovery.Engine) error {
		if r.Kind == request.Acknowledge { // a failover may have begun just now
			h.underway[r.ID]++
			defer func() {
				h.underway[r.ID]--
				h.acknowledged(r)
			}()
		}
		return e.Request(ctx, r)
	})
	if taken && (r.Kind == request.Restore || r.Kind == request.Backup) {
		h.jobOf(r)
	}
	return taken
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
		if r.Until.After(h.maintained[r.Service]) {
			h.maintained[r.Service] = r.Until
		}
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
