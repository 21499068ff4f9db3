package simulation

import (
	"context"
	"iter"
	"strings"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
)

// asked is an effect with an answer.
func asked[T any](c *call, name string, effect func() (T, error)) (T, error) {
	fault := c.before(name)
	var none T
	if fault == recoverytest.FailInstead {
		return none, c.failure(name, fault)
	}
	found, err := effect()
	if c.after(name, fault) {
		return none, c.failure(name, fault)
	}
	return found, err
}

func done(c *call, name string, effect func() error) error {
	_, err := asked(c, name, func() (struct{}, error) { return struct{}{}, effect() })
	return err
}

// written is an effect that changes what has an ETag. A client that repeats a
// write whose answer was lost is told of a conflict: with itself.
func written(c *call, name string, effect func() error) error {
	fault := c.before(name)
	if fault == recoverytest.FailInstead {
		return c.failure(name, fault)
	}
	err := effect()
	switch told := c.after(name, fault); {
	case told && err == nil && one(c.r, 3):
		c.inject("412 after one's own write")
		return job.ErrConflict
	case told:
		return c.failure(name, fault)
	}
	return err
}

// listed is an effect that yields: it takes place when it is asked to. One that
// fails after it took place breaks off after some of what there is.
func listed[T any](c *call, name string, effect func() iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		fault := c.before(name)
		if fault == recoverytest.NoFault {
			effect()(yield)
			return
		}
		some := 0
		if c.after(name, fault) {
			some = 1 + c.r.IntN(4)
		}
		for found, err := range effect() {
			if some--; some <= 0 || err != nil {
				break
			}
			if !yield(found, nil) {
				return
			}
		}
		var none T
		yield(none, c.failure(name, fault))
	}
}

func (p store) Job(ctx context.Context, service, id string) (job.Stored, error) {
	return asked(p.c, "store.Job", func() (job.Stored, error) {
		if p.c.now().Before(p.c.newer[id]) {
			p.c.inject("row of a newer version")
			return job.Stored{}, job.ErrNewerSchema
		}
		return p.c.store.Job(ctx, service, id)
	})
}

func (p store) Create(ctx context.Context, j job.Job, m job.SummaryMove) error {
	return done(p.c, "store.Create", func() error {
		err := p.c.store.Create(ctx, j, m)
		if err == nil {
			p.c.made(j)
		}
		return err
	})
}

func (p store) Save(ctx context.Context, m job.Move) error {
	p.c.dawdle(m)
	return written(p.c, "store.Save", func() error {
		err := p.c.store.Save(ctx, m)
		if err == nil {
			p.c.saved(m)
		}
		return err
	})
}

func (p store) Transit(ctx context.Context, t job.Transition) error {
	return written(p.c, "store.Transit", func() error {
		err := p.c.store.Transit(ctx, t)
		if err == nil {
			p.c.transited(t)
		}
		return err
	})
}

func (p store) RemovePoint(ctx context.Context, of job.StoredPoint) error {
	return done(p.c, "store.RemovePoint", func() error {
		err := p.c.store.RemovePoint(ctx, of)
		if err == nil {
			delete(p.c.points, of.Blob)
		}
		return err
	})
}

func (b blobs) Remove(ctx context.Context, s job.Service, blob string) error {
	return done(b.c, "blobs.Remove", func() error {
		if ctx.Err() != nil {
			b.c.inject("request's time ran out before it left")
			return ctx.Err()
		}
		b.c.removing(s.Name, blob)
		return b.c.azure.Remove(ctx, s, blob)
	})
}

// sender is the queues as one call sees them.
type sender struct{ c *call }

func (p sender) Send(_ context.Context, m job.Message) error {
	return done(p.c, "queue.Send", func() error {
		p.c.secretless("message", string(m.Body))
		p.c.send(m)
		return nil
	})
}

// hooks are the webhooks as one call sees them.
type hooks struct{ c *call }

func (p hooks) Post(_ context.Context, to plan.Webhook, id, _ string, body []byte) error {
	return done(p.c, "hooks.Post", func() error {
		p.c.secretless("notice", string(body))
		p.c.posts++
		return nil
	})
}

func (p hooks) Ping(context.Context, string, job.Beat) error {
	return done(p.c, "hooks.Ping", func() error { return nil })
}

// port is what an effect belongs to.
func port(name string) string {
	of, _, _ := strings.Cut(name, ".")
	return of
}
