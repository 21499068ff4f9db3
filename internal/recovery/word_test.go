package recovery_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// doubting is a store whose client repeats each save of which the answer was
// lost, and is told of a conflict: with its own first try.
type doubting struct{ recovery.Store }

func (s doubting) Save(ctx context.Context, m job.Move) error {
	if err := s.Store.Save(ctx, m); err != nil {
		return err
	}
	return job.ErrConflict
}

// A person's word that counts is not told as refused.
func TestAWordThatMeetsItsOwnFirstTry(t *testing.T) {
	for name, c := range map[string]struct {
		say   func(*recovery.Engine, job.Job) error
		state job.State
	}{
		"yes": {func(e *recovery.Engine, j job.Job) error { return e.Approval(context.Background(), yes(j)) }, job.Pending},
		"no": {func(e *recovery.Engine, j job.Job) error {
			return e.Approval(context.Background(), request.Approval{ID: "no", Job: j.ID, By: "cleo", Reason: "no"})
		}, job.Canceled},
		"cancel": {func(e *recovery.Engine, j job.Job) error {
			return e.Request(context.Background(), request.Request{ID: "c", Kind: request.Cancel, Job: j.ID, By: "ann"})
		}, job.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, _ := incident(t, failoverPlan(t, "approve", ""), nil)
				j := awaiting(t, w)
				sure := w.Engine.Store
				w.Engine.Store = doubting{sure}
				if err := c.say(w.Engine, j); err != nil {
					t.Error(err)
				}
				w.Engine.Store = sure
				if got := reread(t, w, j); got.State != c.state {
					t.Errorf("the job is %s, want %s", got.State, c.state)
				}
			})
		})
	}
}

// proxied is an Azure in front of which somebody else answers about one
// service: 404, and nothing of ARM's.
type proxied struct {
	*recoverytest.Azure
	name string
}

func (p proxied) Observe(ctx context.Context, s job.Service) (job.Observed, error) {
	if s.Name == p.name {
		return job.Observed{}, &job.AzureError{Kind: job.ErrUnavailable, Doing: "look at " + s.Name, Status: http.StatusNotFound, Message: "HTTP 404 Not Found"}
	}
	return p.Azure.Observe(ctx, s)
}

// A 404 that is not ARM's does not say that the standby is gone: the incident's
// only restore waits.
func TestANotFoundOfSomebodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, a := incident(t, failoverPlan(t, "auto", ""), nil)
		arm := w.Engine.ARM
		w.Engine.ARM = proxied{w.Azure, "apim-neu"}
		send(t, w, a)
		w.Run(t.Context(), 20*time.Minute)
		if j := last(t, w); j.State != job.Pending || j.Delays == 0 {
			t.Errorf("the restore is %s (%s %s)", j.State, j.Code, j.Message)
		}
		w.Engine.ARM = arm
		w.Run(t.Context(), time.Hour)
		restored(t, w)
	})
}
