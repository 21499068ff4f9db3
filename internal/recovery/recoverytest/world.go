package recoverytest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

// World is an engine with everything around it in memory: a queue that
// delivers each message as often as Copies says, redelivers after a no or a
// death, and keeps dead letters; and timers. It belongs in a synctest bubble,
// where Run's waiting costs nothing.
type World struct {
	Effects Effects
	Store   *Store
	Azure   *Azure
	Queue   *Queue
	Hooks   *Hooks
	Engine  *recovery.Engine

	// Copies is how often each message is delivered; 1 if 0.
	Copies int
	// Deliveries of a message before it is a dead letter.
	MaxDeliveries int

	// Dead are the dead letters, and Buried those of them that are left so.
	Dead   []job.Message
	Buried []job.Message
	Deaths int

	// Stepping is the prompt whose step goes on; zero between steps.
	Stepping recovery.Prompt

	ids int
}

// NewWorld is a world for p, with log lines going to log.
func NewWorld(p *plan.Plan, log *slog.Logger) *World {
	w := &World{MaxDeliveries: 10}
	w.Store = NewStore(&w.Effects)
	w.Azure = NewAzure(&w.Effects, time.Now)
	w.Queue = NewQueue(&w.Effects)
	w.Hooks = NewHooks(&w.Effects)
	w.Engine = &recovery.Engine{
		Plan: p, Store: w.Store, ARM: w.Azure, Blobs: w.Azure, Queue: w.Queue, Hooks: w.Hooks, Log: log, Table: "here",
		NewID: func() string { w.ids++; return fmt.Sprintf("id%d", w.ids) },
	}
	return w
}

// The timers' cadence, as in the function folders.
const tick = 5 * time.Minute

// Run lets d pass: timers fire every five minutes, messages are delivered when
// they are due.
func (w *World) Run(ctx context.Context, d time.Duration) {
	end := time.Now().Add(d)
	timer := time.Now()
	for {
		next := timer
		if at, ok := w.Queue.Next(); ok && at.Before(next) {
			next = at
		}
		if next.After(end) {
			time.Sleep(time.Until(end))
			return
		}
		time.Sleep(time.Until(next))
		if !time.Now().Before(timer) {
			timer = timer.Add(tick)
			w.Survive(func() error { return w.Engine.Schedule(ctx) })
			w.Survive(func() error { return w.Engine.Watch(ctx) })
		}
		for _, m := range w.Queue.Take(time.Now()) {
			for range max(w.Copies, 1) {
				w.deliver(ctx, m)
			}
		}
	}
}

func (w *World) deliver(ctx context.Context, m job.Message) {
	enqueued := time.Now()
	for n := 1; n <= w.MaxDeliveries; n++ {
		if w.Survive(func() error { return w.handle(ctx, m, enqueued, n) }) {
			return
		}
	}
	w.Dead = append(w.Dead, m)
	d := recovery.DeadLetter{Queue: m.Queue, ID: m.ID, Body: m.Body, Reason: "MaxDeliveryCountExceeded", EnqueuedAt: enqueued, Properties: m.Properties}
	for range w.MaxDeliveries {
		if w.Survive(func() error { return w.handleDead(ctx, d) }) {
			return
		}
	}
	w.Buried = append(w.Buried, m)
}

// handle does what the handlers of the function app do with a message.
func (w *World) handle(ctx context.Context, m job.Message, enqueued time.Time, deliveries int) error {
	switch m.Queue {
	case recovery.NoticeQueue:
		p, err := recovery.DecodeNoticePrompt(m.Body)
		if err != nil {
			return err
		}
		p.Deliveries = deliveries
		return w.Engine.Deliver(ctx, p)
	case recovery.RequestQueue:
		return w.ask(ctx, m, enqueued)
	}
	p, err := recovery.DecodePrompt(m.Body)
	if err != nil {
		return err
	}
	p.EnqueuedAt, p.Deliveries = enqueued, deliveries
	w.Stepping = p
	defer func() { w.Stepping = recovery.Prompt{} }()
	return w.Engine.Step(ctx, p)
}

func (w *World) ask(ctx context.Context, m job.Message, enqueued time.Time) error {
	decoded, err := request.Decode(m.Body)
	if err != nil {
		return err
	}
	switch r := decoded.(type) {
	case request.Alert:
		return w.Engine.Alert(ctx, r)
	case request.Request:
		r.EnqueuedAt = recovery.DeadLetter{EnqueuedAt: enqueued, Properties: m.Properties}.FirstSent()
		if err := w.Engine.Request(ctx, r); !errors.Is(err, recovery.ErrRefused) {
			return err
		}
	}
	return nil
}

func (w *World) handleDead(ctx context.Context, d recovery.DeadLetter) error {
	switch d.Queue {
	case recovery.NoticeQueue:
		return w.Engine.DeadNotice(ctx, d)
	case recovery.RequestQueue:
		return w.Engine.DeadRequest(ctx, d)
	case recovery.ApprovalQueue:
		return w.Engine.DeadApproval(ctx, d)
	}
	return w.Engine.DeadStep(ctx, d)
}

// Survive reports whether f said yes; a death is a no.
func (w *World) Survive(f func() error) (yes bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(Died); !ok {
				panic(r)
			}
			w.Deaths++
			yes = false
		}
	}()
	return f() == nil
}
