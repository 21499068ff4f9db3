package simulation

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

// send puts a message on its queue, with the fate that the seed has for it.
// Only prompts get lost: everything else a queue keeps.
func (h *history) send(m job.Message) {
	delay := m.NotBefore.Sub(h.now())
	if m.NotBefore.IsZero() {
		delay = 0
	}
	prompts := m.Queue == recovery.StepQueue || m.Queue == recovery.NoticeQueue
	if h.calm {
		h.deliverAfter(delay, m)
		return
	}
	switch n := h.r.IntN(1000); {
	case n < 15 && prompts:
		h.hinder(prompted(m), "message dropped")
		return
	case n < 45:
		h.inject("message doubled")
		h.deliverAfter(delay+time.Duration(h.r.IntN(300))*time.Second, m)
	case n < 70:
		h.hinder(prompted(m), "message delayed by minutes")
		delay += time.Duration(h.r.IntN(40*60)) * time.Second
	case n < 75:
		h.hinder(prompted(m), "message delayed for days")
		h.deliverAfter(delay+time.Duration(20+h.r.IntN(40))*time.Hour, m)
		if prompts {
			return
		}
	case n < 100:
		h.inject("message out of order")
		delay += time.Duration(h.r.IntN(120)-60) * time.Second
	case n < 104:
		h.inject("poison message")
		poison := m
		poison.Body = bytes.Clone(m.Body[:h.r.IntN(len(m.Body))])
		h.deliverAfter(delay, poison)
	case n < 112 && m.Queue == recovery.StepQueue:
		h.inject("message of a newer version")
		newer := m
		newer.Body = bytes.Replace(m.Body, []byte(`"schema":1`), []byte(`"schema":2`), 1)
		h.deliverAfter(delay, newer)
	}
	h.deliverAfter(delay, m)
}

func (h *history) deliverAfter(d time.Duration, m job.Message) {
	h.waiting++
	h.after(d, func() { h.deliver(m) })
}

// deliver hands a message to one instance, or to two at once.
func (h *history) deliver(m job.Message) {
	h.waiting--
	if id := prompted(m); !h.calm && h.now().Before(h.muted[id]) {
		h.hinder(id, "message dropped, of a job left alone")
		return
	}
	h.figures.Acts["message"]++
	enqueued := h.now()
	take := func(c *call) { c.take(m, enqueued) }
	switch n := h.r.IntN(100); {
	case !h.calm && h.begins(m) && one(h.r, 3):
		h.aside(take)
	case h.calm || n < 80 && !h.sluggish || n < 30:
		take(h.newCall(nil))
	case n < 90:
		h.aside(take)
	default:
		h.inject("message delivered to two instances at once")
		h.aside(take)
		h.aside(take)
	}
}

// begins reports whether m may let a restore begin an operation, which others
// should be able to overtake.
func (h *history) begins(m job.Message) bool {
	j, ok := h.jobs[prompted(m)]
	return ok && h.cruel && j.Choosing()
}

// prompted is the job that m prompts, or nobody.
func prompted(m job.Message) string {
	if m.Queue != recovery.StepQueue {
		return nobody
	}
	id, _, _ := strings.Cut(m.ID, "/")
	return id
}

const maxDeliveries = 10

// take is what the handlers do with a message, until they have said yes or it
// is a dead letter.
func (c *call) take(m job.Message, enqueued time.Time) {
	c.about = prompted(m)
	for n := 1; n <= maxDeliveries; n++ {
		if c.run(m.Queue+" "+m.ID, func(ctx context.Context, e *recovery.Engine) error { return handle(ctx, e, m, enqueued, n) }) {
			return
		}
		if c.failed() {
			return
		}
	}
	c.figures.Acts["dead letter"]++
	d := recovery.DeadLetter{Queue: m.Queue, ID: m.ID, Body: m.Body, Reason: "MaxDeliveryCountExceeded", EnqueuedAt: enqueued, Properties: m.Properties}
	c.bury(d)
}

// bury delivers a dead letter until it is taken.
func (c *call) bury(d recovery.DeadLetter) {
	for range 50 {
		if c.failed() || c.run("dead "+d.Queue+" "+d.ID, func(ctx context.Context, e *recovery.Engine) error { return handleDead(ctx, e, d) }) {
			return
		}
		c.hold(time.Minute)
	}
	c.tell("dead letter %s of %s stays", d.ID, d.Queue)
}

func handle(ctx context.Context, e *recovery.Engine, m job.Message, enqueued time.Time, deliveries int) error {
	switch m.Queue {
	case recovery.NoticeQueue:
		p, err := recovery.DecodeNoticePrompt(m.Body)
		if err != nil {
			return err
		}
		p.Deliveries = deliveries
		return e.Deliver(ctx, p)
	case recovery.RequestQueue:
		decoded, err := request.Decode(m.Body)
		if err != nil {
			return err
		}
		if a, ok := decoded.(request.Alert); ok {
			return e.Alert(ctx, a)
		}
		r := decoded.(request.Request)
		r.EnqueuedAt = recovery.DeadLetter{EnqueuedAt: enqueued, Properties: m.Properties}.FirstSent()
		if err := e.Request(ctx, r); !errors.Is(err, recovery.ErrRefused) {
			return err
		}
		return nil
	}
	p, err := recovery.DecodePrompt(m.Body)
	switch {
	case errors.Is(err, job.ErrNewerSchema):
		return e.Postpone(ctx, p, err.Error())
	case err != nil:
		return err
	}
	p.EnqueuedAt, p.Deliveries = enqueued, deliveries
	return e.Step(ctx, p)
}

func handleDead(ctx context.Context, e *recovery.Engine, d recovery.DeadLetter) error {
	switch d.Queue {
	case recovery.NoticeQueue:
		return e.DeadNotice(ctx, d)
	case recovery.RequestQueue:
		return e.DeadRequest(ctx, d)
	case recovery.ApprovalQueue:
		return e.DeadApproval(ctx, d)
	}
	return e.DeadStep(ctx, d)
}
