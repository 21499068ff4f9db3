package main

import (
	"context"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// mover makes the moves of one job in this process, each when it is due: what
// the function app does with its queue. The row is the truth here too, so that
// it does not matter who made the job, or who else moves it: a prompt that
// comes too late is dropped, and of two moves of one row one wins.
type mover struct {
	engine   *recovery.Engine
	queue    *prompts
	now      func() time.Time
	home, id string
	// failed hears of a move that can't be made however often it is tried.
	failed func(error)

	looked, asked time.Time // at the job, and after an orphaned lease
}

const (
	// moveEvery is how often the prompts are looked at, out of step with
	// whoever looks at the job.
	moveEvery = 370 * time.Millisecond
	// moveWithin is far more than a move takes; the app's is bounded too.
	moveWithin = 5 * time.Minute
	// moveAgain is when a move is tried again that could not be made, and
	// mostMoves how often.
	moveAgain = 10 * time.Second
	mostMoves = 10
	// abandonedAfter is when to think that nobody moves a job that is due.
	abandonedAfter = 2 * time.Minute
	// freeEvery is how often Azure is asked after the operation of a job that
	// was given up.
	freeEvery = 30 * time.Second
)

// run moves the job until ctx ends. A move that is under way then is made to
// its end: a request to Azure whose answer nobody hears costs everybody time.
func (m *mover) run(ctx context.Context) {
	tick := time.NewTicker(moveEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if p, ok := m.queue.take(); ok {
			m.move(ctx, p)
			continue
		}
		if now := m.now(); now.Sub(m.looked) >= lookEvery {
			m.looked = now
			m.look(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

func (m *mover) move(ctx context.Context, p recovery.Prompt) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), moveWithin)
	defer cancel()
	err := m.engine.Step(ctx, p)
	if err == nil {
		return
	}
	if p.Deliveries++; p.Deliveries >= mostMoves {
		m.failed(err)
		return
	}
	m.queue.again(p, m.now().Add(moveAgain))
}

// look finds what no prompt told: that somebody else moved the job, or that
// its service is held by one that nobody moves. What can't be read is told by
// whoever watches.
func (m *mover) look(ctx context.Context) {
	j, err := m.engine.Store.Job(ctx, m.home, m.id)
	if err != nil || j.State.Terminal() {
		return
	}
	m.queue.know(j.Job)
	if j.State != job.Pending {
		return
	}
	lease, err := m.engine.Store.Lease(ctx, m.home)
	if err != nil || lease.Job == m.id {
		return
	}
	if lease.Orphaned {
		m.free(ctx, lease)
		return
	}
	holder, err := m.engine.Store.Job(ctx, m.home, lease.Job)
	if err == nil && !holder.State.Terminal() && m.now().Sub(holder.NotBefore) > abandonedAfter {
		m.queue.know(holder.Job)
	}
}

// free gives up a lease whose job ended before its operation, once that has
// ended too: there may be no watchdog that does.
func (m *mover) free(ctx context.Context, lease job.StoredLease) {
	now := m.now()
	if now.Sub(m.asked) < freeEvery {
		return
	}
	m.asked = now
	ctx, cancel := context.WithTimeout(ctx, moveWithin)
	defer cancel()
	_ = m.engine.FreeOrphan(ctx, lease) // it is asked after again
}
