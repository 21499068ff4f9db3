package recovery_test

import (
	"context"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

// invocation is how long a message's handler has.
const invocation = 4 * time.Minute

// bound is a store and a queue that, as real ones, do nothing for a context
// that has ended.
type bound struct {
	recovery.Store
	queue recovery.Sender
}

func bind(w *recoverytest.World) {
	b := bound{w.Engine.Store, w.Engine.Queue}
	w.Engine.Store, w.Engine.Queue = b, b
}

func unless[T any](ctx context.Context, call func() (T, error)) (none T, err error) {
	if err := ctx.Err(); err != nil {
		return none, err
	}
	return call()
}

func (b bound) Job(ctx context.Context, service, id string) (job.Stored, error) {
	return unless(ctx, func() (job.Stored, error) { return b.Store.Job(ctx, service, id) })
}

func (b bound) Save(ctx context.Context, m job.Move) error {
	_, err := unless(ctx, func() (any, error) { return nil, b.Store.Save(ctx, m) })
	return err
}

func (b bound) Transit(ctx context.Context, t job.Transition) error {
	_, err := unless(ctx, func() (any, error) { return nil, b.Store.Transit(ctx, t) })
	return err
}

func (b bound) Send(ctx context.Context, m job.Message) error {
	_, err := unless(ctx, func() (any, error) { return nil, b.queue.Send(ctx, m) })
	return err
}

// slowARM takes its time: each call waits as its field says, or until its
// context ends.
type slowARM struct {
	recovery.ARM
	poll, observe, count time.Duration
	of                   string // the service whose Observe takes its time; "" is each
	accepted             func() // before the answer to a request comes back
}

const forever = 1000 * time.Hour

func slow(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return &job.AzureError{Kind: job.ErrUnavailable, Doing: "look", Err: ctx.Err()}
	}
}

func (a *slowARM) Poll(ctx context.Context, s job.Service, token string) (job.Progress, error) {
	if err := slow(ctx, a.poll); err != nil {
		return job.Progress{}, err
	}
	return a.ARM.Poll(ctx, s, token)
}

func (a *slowARM) Observe(ctx context.Context, s job.Service) (job.Observed, error) {
	if a.of == "" || a.of == s.Name {
		if err := slow(ctx, a.observe); err != nil {
			return job.Observed{}, err
		}
	}
	return a.ARM.Observe(ctx, s)
}

func (a *slowARM) Count(ctx context.Context, s job.Service, kinds job.Resources) (job.Inventory, error) {
	if err := slow(ctx, a.count); err != nil {
		return job.Inventory{}, err
	}
	return a.ARM.Count(ctx, s, kinds)
}

// Gateway, as the real one, can't tell a look that had no time from a gateway
// that does not answer.
func (a *slowARM) Gateway(ctx context.Context, o job.Observed) job.GatewayState {
	if ctx.Err() != nil {
		return job.GatewayUnreachable
	}
	return a.ARM.Gateway(ctx, o)
}

func (a *slowARM) StartBackup(ctx context.Context, s job.Service, blob string) (job.Started, error) {
	started, err := a.ARM.StartBackup(ctx, s, blob)
	if a.accepted != nil {
		a.accepted()
	}
	return started, err
}

func (a *slowARM) StartRestore(ctx context.Context, s job.Service, blob string) (job.Started, error) {
	started, err := a.ARM.StartRestore(ctx, s, blob)
	if a.accepted != nil {
		a.accepted()
	}
	return started, err
}

func slowly(w *recoverytest.World) *slowARM {
	a := &slowARM{ARM: w.Engine.ARM}
	w.Engine.ARM = a
	bind(w)
	return a
}

// until runs w until a job of a service is in a state, and then lets its next
// move become due without making it.
func until(t *testing.T, w *recoverytest.World, service string, s job.State) job.Job {
	t.Helper()
	for range 6 * 3600 {
		for _, j := range w.Store.Jobs(service) {
			if j.State == s {
				time.Sleep(time.Until(j.NotBefore))
				return j
			}
		}
		w.Run(t.Context(), time.Second)
	}
	t.Fatalf("no job of %s came to be %s", service, s)
	return job.Job{}
}

// invoke makes the next move of j as the app does, and returns how long it took.
func invoke(t *testing.T, w *recoverytest.World, j job.Job) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), invocation)
	defer cancel()
	begun := time.Now()
	if err := w.Engine.Step(ctx, recovery.Prompt{Service: j.Service, Job: j.ID, Revision: j.Revision}); err != nil {
		t.Errorf("the move of a job that is %s: %v", j.State, err)
	}
	return time.Since(begun)
}

func reread(t *testing.T, w *recoverytest.World, j job.Job) job.Job {
	t.Helper()
	stored, err := w.Store.Job(t.Context(), j.Service, j.ID)
	if err != nil {
		t.Fatal(err)
	}
	return stored.Job
}
