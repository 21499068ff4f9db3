package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"lifeboat/internal/plan"
	"lifeboat/internal/preflight"
)

const (
	// checkWithin bounds each look.
	checkWithin = 10 * time.Second
	// atOnce is how many looks are made at the same time.
	atOnce = 16
	// patience is how long nobody needs to be told that it goes on.
	patience = 2 * time.Second
)

// checking is one run of check.
type checking struct {
	*program
	reached *reached
	sights  *sights
	file    string // the plan's
	table   string
	getenv  func(string) string
	plan    *plan.Plan // nil if planErr is not
	planErr error
	only    []plan.Service // the services to look at

	slots chan struct{}
	looks sync.WaitGroup
	// begun and done count looks, for the progress.
	begun, done atomic.Int64
}

func (c *checking) end(ctx context.Context) {
	c.reached.close(ctx)
	_ = c.sights.close(ctx) // nothing is under way any more
}

// look is something that is looked at once, and that checks wait for.
type look[T any] struct {
	ready chan struct{}
	value T
	fault preflight.Fault
}

// begin looks in the background. ctx is bounded for f, once it is its turn.
func begin[T any](ctx context.Context, c *checking, f func(context.Context) (T, error)) *look[T] {
	l := &look[T]{ready: make(chan struct{})}
	c.begun.Add(1)
	c.looks.Go(func() {
		defer close(l.ready)
		defer c.done.Add(1)
		c.slots <- struct{}{}
		defer func() { <-c.slots }()
		ctx, cancel := context.WithTimeout(ctx, checkWithin)
		defer cancel()
		value, err := f(ctx)
		if l.value = value; err != nil {
			l.fault = faultOf(err)
		}
	})
	return l
}

func (l *look[T]) get() (T, preflight.Fault) {
	<-l.ready
	return l.value, l.fault
}

// verdicts are made when what they are about has been looked at.
type verdicts func() []preflight.Verdict

// run looks at everything at the same time, and judges in an order that stays.
func (c *checking) run(ctx context.Context) []preflight.Verdict {
	judged := slices.Concat(c.checkState(ctx), c.checkServices(ctx))
	finished := make(chan struct{})
	go func() {
		c.looks.Wait()
		close(finished)
	}()
	c.wait(finished)
	found := []preflight.Verdict{preflight.Plan(c.file, c.plan, c.planErr)}
	if c.planErr == nil {
		found = append(found, preflight.Crowds(c.plan, c.now())...)
	}
	for _, v := range judged {
		found = append(found, v()...)
	}
	return found
}

// wait says what is going on if it takes longer than somebody is patient.
func (c *checking) wait(finished <-chan struct{}) {
	shown := progress{w: c.stderr, live: overwrites(c.stderr, c.program.getenv)}
	defer shown.clear()
	next := time.NewTimer(patience)
	defer next.Stop()
	for {
		select {
		case <-finished:
			return
		case <-next.C:
			shown.show("", checkName, fmt.Sprintf("looked at %d of %d", c.done.Load(), c.begun.Load()), c.now())
			next.Reset(time.Second)
		}
	}
}

// faultOf is err as a check tells it.
func faultOf(err error) preflight.Fault {
	if errors.Is(err, context.DeadlineExceeded) {
		return preflight.Fault{Text: fmt.Sprintf("there was no answer within %s", span(checkWithin))}
	}
	f := sdkFault(err)
	f.Text = cut(oneLine(f.Text), 300)
	return f
}
