package recovery_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// pressed delivers an approval until it is taken, or for as long as given, and
// returns whether it was. No delivery that is not taken may be short, and none
// as long as an invocation.
func pressed(t *testing.T, limit time.Duration, deliver func() error) (taken bool) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < limit; {
		this := time.Now()
		err := deliver()
		if err == nil {
			return true
		}
		if took := time.Since(this); took < 10*time.Second || took > time.Minute || took < time.Minute && time.Since(begin) > 15*time.Minute {
			t.Fatalf("said no after %s: %v", took, err)
		}
		if strings.Contains(err.Error(), "unauthorized") {
			t.Fatalf("tried to send an approval: %v", err)
		}
	}
	return false
}

// Nobody can do anything with it but its sender, who hears of it at once.
func TestADeadApprovalOfANewerVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const body = `{"schema":2,"id":"a1"}`
		w := changing(t, hooksPlan(t, ""))
		d := letter(recovery.ApprovalQueue, body)
		sent := w.Queue.Sent()
		// While it lives, a newer instance may take it.
		_, newer := request.DecodeApproval(d.Body)
		for _, why := range []error{newer, fmt.Errorf("its job: %w", job.ErrNewerSchema)} {
			if pressed(t, 10*time.Minute, func() error { return w.Engine.PostponeMessage(t.Context(), d, why) }) {
				t.Errorf("it was let go: %v", why)
			}
		}
		checkNotices(t, w, nil)
		if got := w.Queue.Sent(); got != sent {
			t.Errorf("%d messages were sent", got-sent)
		}
		bury(t, w, d)
		bury(t, w, d) // the settlement was lost
		w.Run(t.Context(), time.Minute)
		checkNotices(t, w, map[job.NoticeType]int{job.NoticeDeadMessage: 1})
		if n := only(t, w, job.NoticeDeadMessage); n.Facts.Excerpt != body || n.Facts.Queue != recovery.ApprovalQueue {
			t.Errorf("it says %+v", n.Facts)
		}
	})
}

// An approval that can't be carried out for a while stays where it is, is
// carried out afterwards, and is told to people after a day.
func TestADeadApprovalStays(t *testing.T) {
	for fails, given := range map[time.Duration]bool{0: true, 7 * time.Minute: true, 30 * time.Hour: false} {
		t.Run(fails.String(), func(t *testing.T) {
			inBubble(t, "approve", "", func(t *testing.T, w *recoverytest.World, _ request.Alert) {
				j := awaiting(t, w)
				body, err := request.EncodeApproval(yes(j))
				if err != nil {
					t.Fatal(err)
				}
				begin, d := time.Now(), letter(recovery.ApprovalQueue, string(body))
				w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
					if e.Call == "store.Job" && time.Since(begin) < fails {
						return recoverytest.FailInstead
					}
					return recoverytest.NoFault
				}
				if !pressed(t, 40*time.Hour, func() error { return w.Engine.DeadApproval(t.Context(), d) }) {
					t.Fatal("it was never let go")
				}
				near(t, "it is let go", time.Now(), begin.Add(min(fails, 24*time.Hour)), 2*time.Minute)
				w.Effects.Judge = nil
				if got := counter(t, w, "dead_letters", recovery.ApprovalQueue); got != 1 {
					t.Errorf("%d dead letters counted, want 1", got)
				}
				w.Run(t.Context(), time.Hour)
				told := 0
				for _, n := range w.Store.AllNotices() {
					if n.Type == job.NoticeDeadMessage {
						told++
					}
				}
				if given != (told == 0) || told > 1 {
					t.Errorf("told %d times, and given: %t", told, given)
				}
				if !given {
					ended(t, w, last(t, w), job.Canceled, job.CodeApprovalExpired, 0)
					return
				}
				ended(t, w, last(t, w), job.Succeeded, "", 1)
			})
		})
	}
}
