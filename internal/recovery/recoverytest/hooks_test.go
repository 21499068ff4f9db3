package recoverytest_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

var _ recovery.Webhooks = (*recoverytest.Hooks)(nil)

func TestHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := new(recoverytest.Effects)
		h := recoverytest.NewHooks(e)
		down := errors.New("HTTP 503")
		h.Refuse = func(hook string) error {
			if len(h.Posts())+len(h.Pings()) < 2 { // it may look
				return down
			}
			return nil
		}
		begin := time.Now().UTC()
		body := []byte("{}")
		for n, want := range []error{down, nil} {
			if err := h.Post(t.Context(), plan.Webhook{Name: "ops"}, "a:1:Late", "application/json", body); !errors.Is(err, want) {
				t.Errorf("post %d: %v, want %v", n, err, want)
			}
			body[0] = '!'
			if err := h.Ping(t.Context(), "HEARTBEAT", job.BeatFail); !errors.Is(err, want) {
				t.Errorf("ping %d: %v, want %v", n, err, want)
			}
			time.Sleep(time.Minute)
		}
		posts := []recoverytest.Post{
			{Hook: "ops", ID: "a:1:Late", ContentType: "application/json", Body: []byte("{}"), At: begin, Refused: true},
			{Hook: "ops", ID: "a:1:Late", ContentType: "application/json", Body: []byte("!}"), At: begin.Add(time.Minute)},
		}
		pings := []recoverytest.Ping{{Setting: "HEARTBEAT", Beat: job.BeatFail, At: begin, Refused: true}, {Setting: "HEARTBEAT", Beat: job.BeatFail, At: begin.Add(time.Minute)}}
		for what, diff := range map[string]string{
			"posts": cmp.Diff(posts, h.Posts()), "taken": cmp.Diff(posts[1:], h.Taken()), "pings": cmp.Diff(pings, h.Pings()),
		} {
			if diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		// A fault after the effect: it was taken, and its sender is told otherwise.
		e.Judge = func(recoverytest.Effect) recoverytest.Fault { return recoverytest.FailAfter }
		if err := h.Post(t.Context(), plan.Webhook{Name: "ops"}, "b", "", nil); !errors.Is(err, recoverytest.ErrInjected) || len(h.Taken()) != 2 {
			t.Errorf("post: %v, %d taken, want the fault and 2", err, len(h.Taken()))
		}
		if seen := e.Seen(); seen[0].Call != "hooks.Post" || seen[1].Call != "hooks.Ping" {
			t.Errorf("effects %v", seen)
		}
	})
}
