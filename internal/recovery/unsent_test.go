package recovery_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

// picky is a queue that refuses some messages, each after a while.
type picky struct {
	recovery.Sender
	refuses func(job.Message) bool
	after   time.Duration
	tries   *int
}

func (p picky) Send(ctx context.Context, m job.Message) error {
	if p.refuses(m) {
		*p.tries++
		time.Sleep(p.after)
		return fmt.Errorf("message %s is refused: its id is too long", m.ID)
	}
	return p.Sender.Send(ctx, m)
}

// unsaid is a world with notices whose prompts are lost: bad ones, which come
// first, and a good one.
func unsaid(t *testing.T, bad int) *recoverytest.World {
	t.Helper()
	w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
	for i := range bad + 1 {
		n := job.ServiceNotice("apim-weu", "apim-weu", job.NoticeLate, time.Now().Add(time.Duration(i)*time.Millisecond), job.NoticeFacts{})
		if i < bad {
			n.ID = fmt.Sprintf("a-bad-one-%02d", i)
		}
		if err := w.Store.AddNotice(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Hour)
	return w
}

func TestARefusedMessageKeepsNoOtherBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, tries := unsaid(t, 20), 0
		w.Engine.Queue = picky{w.Queue, func(m job.Message) bool { return strings.HasPrefix(m.ID, "a-bad-one") }, 10 * time.Millisecond, &tries}
		err := w.Engine.Watch(t.Context())
		if err == nil || !strings.Contains(err.Error(), "a-bad-one-00") || !strings.Contains(err.Error(), "and 15 messages more could not be sent") {
			t.Errorf("the run says %v", err)
		}
		if tries != 20 || w.Queue.Sent() != 1 {
			t.Errorf("%d refused, %d sent; want 20 and 1", tries, w.Queue.Sent())
		}
	})
}

func TestARefusedPromptKeepsNoOtherJobBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(testPlan(t, "  apim-xeu:\n    resourceId: "+id+"apim-xeu\n"), slog.New(slog.DiscardHandler))
		for len(w.Azure.Operations()) < 2 {
			w.Run(t.Context(), time.Minute)
		}
		w.Queue.Take(time.Now().Add(24 * time.Hour)) // all are lost
		tries := 0
		w.Engine.Queue = picky{w.Queue, func(m job.Message) bool { return strings.HasPrefix(m.ID, "apim-weu") }, 0, &tries}
		w.Run(t.Context(), 2*time.Hour)
		jobs := w.Store.Jobs("apim-xeu")
		if tries == 0 || len(jobs) != 1 || jobs[0].State != job.Succeeded {
			t.Errorf("%d refused, and of the other %+v", tries, jobs)
		}
	})
}

// A queue that is away costs a timeout for each message.
func TestAQueueThatIsAwayIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, tries := unsaid(t, 20), 0
		w.Engine.Queue = picky{w.Queue, func(job.Message) bool { return true }, 30 * time.Second, &tries}
		if err := w.Engine.Watch(t.Context()); err == nil || tries != 1 {
			t.Errorf("%d tries, %v", tries, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		tries = 0
		w.Engine.Queue = picky{w.Queue, func(job.Message) bool { return true }, 0, &tries}
		if err := w.Engine.Watch(ctx); err == nil || tries != 1 {
			t.Errorf("%d tries without time, %v", tries, errors.Unwrap(err))
		}
	})
}
