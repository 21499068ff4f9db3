package recovery_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// A look that hangs is deferred, with its cause, while its invocation has time
// to save that.
func TestALookThatHangsIsDeferred(t *testing.T) {
	for name, c := range map[string]struct {
		warm    bool
		service string
		state   job.State
		hang    func(*slowARM)
	}{
		"the poll of a backup":      {false, "apim-weu", job.InProgress, func(a *slowARM) { a.poll = forever }},
		"the inventory before":      {false, "apim-weu", job.Pending, func(a *slowARM) { a.count = forever }},
		"the inventory after":       {false, "apim-weu", job.Verifying, func(a *slowARM) { a.count = forever }},
		"what the gates look at":    {false, "apim-neu", job.Pending, func(a *slowARM) { a.observe = forever }},
		"the target's inventory":    {false, "apim-neu", job.Pending, func(a *slowARM) { a.count = forever }},
		"what a warm standby holds": {true, "apim-neu", job.Pending, func(a *slowARM) { a.count = 3 * time.Minute }}, // of many lists, each in its own time
		"the poll of a restore":     {false, "apim-neu", job.InProgress, func(a *slowARM) { a.poll = forever }},
		"the look at what is there": {false, "apim-neu", job.Verifying, func(a *slowARM) { a.observe = forever }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := failoverPlan(t, "auto", "")
				if c.warm {
					p = warmPlan(t, "auto", "")
				}
				w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
				if c.service == "apim-neu" {
					outage(t, w)
				}
				before := until(t, w, c.service, c.state)
				a := slowly(w)
				c.hang(a)
				took := invoke(t, w, before)
				after := reread(t, w, before)
				if after.State != before.State || after.Delays != before.Delays+1 || after.Reason == "" || !after.NotBefore.After(time.Now()) {
					t.Errorf("after %s the job is %s, with %d delays: %q", took, after.State, after.Delays, after.Reason)
				}
				w.Engine.ARM = a.ARM
				w.Run(t.Context(), 3*time.Hour)
				if got := reread(t, w, before); got.State != job.Succeeded || len(w.Dead) > 0 {
					t.Errorf("when Azure answers again the job is %s (%s), with %d dead letters", got.State, got.Reason, len(w.Dead))
				}
			})
		})
	}
}

// outage lets apim-weu have backups and then answer no more, and asks for its
// restore.
func outage(t *testing.T, w *recoverytest.World) {
	t.Helper()
	w.Run(t.Context(), 2*time.Hour)
	silence(w, "apim-weu")
	ask(t, w, request.Request{ID: "r", Kind: request.Restore, Service: "apim-weu", By: "ann"})
}

// A count that hangs after a restore says nothing of the gateway.
func TestACountThatHangsIsNotTheGateways(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(failoverPlan(t, "auto", ""), slog.New(slog.DiscardHandler))
		outage(t, w)
		before := until(t, w, "apim-neu", job.Verifying)
		slowly(w).count = forever
		invoke(t, w, before)
		after := reread(t, w, before)
		warned := func(of string) bool {
			return slices.ContainsFunc(after.Warnings, func(warning string) bool { return strings.Contains(warning, of) })
		}
		if after.State != job.Succeeded || !warned("could not be counted") || warned("gateway") {
			t.Errorf("it is %s, with the warnings %q", after.State, after.Warnings)
		}
	})
}

// The answer to a request is saved although the invocation has ended
// meanwhile: nobody else has the operation's handle.
func TestAnAnswerThatComesAtTheEndIsSaved(t *testing.T) {
	for name, service := range map[string]string{"a backup": "apim-weu", "a restore": "apim-neu"} {
		for how, wait := range map[string]time.Duration{"its time is over": invocation + time.Second, "somebody ended it": 0} {
			t.Run(name+", "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := recoverytest.NewWorld(failoverPlan(t, "auto", ""), slog.New(slog.DiscardHandler))
					if service == "apim-neu" {
						outage(t, w)
					}
					j := until(t, w, service, job.Pending)
					ctx, end := context.WithTimeout(t.Context(), invocation)
					defer end()
					slowly(w).accepted = func() {
						if wait == 0 {
							end()
						}
						time.Sleep(wait)
					}
					if err := w.Engine.Step(ctx, recovery.Prompt{Service: j.Service, Job: j.ID, Revision: j.Revision}); err != nil {
						t.Error(err)
					}
					if got := reread(t, w, j); ctx.Err() == nil || got.State != job.InProgress || got.Attempt.ResumeToken == "" {
						t.Errorf("the job is %s, with a handle: %t", got.State, got.Attempt.ResumeToken != "")
					}
				})
			})
		}
	}
}

// Where the looks have used up the invocation's time, no request goes out.
func TestNoRequestAtTheEndOfAnInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(testPlan(t, ""), slog.New(slog.DiscardHandler))
		j := until(t, w, "apim-weu", job.Pending)
		slowly(w).count = 2*time.Minute + 40*time.Second
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if e.Call == "blobs.Authority" {
				time.Sleep(30 * time.Second)
			}
			return recoverytest.NoFault
		}
		invoke(t, w, j)
		if got := reread(t, w, j); got.State != job.Pending || got.Delays != 1 || len(w.Azure.Operations()) > 0 {
			t.Errorf("the job is %s (%s), Azure has %v", got.State, got.Reason, w.Azure.Operations())
		}
		w.Effects.Judge = nil
		j = until(t, w, "apim-weu", job.Pending)
		invoke(t, w, j)
		if got := reread(t, w, j); got.State != job.InProgress {
			t.Errorf("with slow looks alone the job is %s (%s)", got.State, got.Reason)
		}
	})
}

// However long Azure keeps silent about an orphaned lease, it is told that
// backups have stopped.
func TestAnOrphanThatHangsDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(testPlan(t, "    operationDeadline: 12m\n"), slog.New(slog.DiscardHandler))
		w.Azure.Spoil = func(o *recoverytest.Operation) { o.Ends = o.Started.Add(1000 * time.Hour) }
		w.Run(t.Context(), time.Hour)
		if l, ok := w.Store.Leased("apim-weu"); !ok || !l.Orphaned {
			t.Fatalf("lease %+v, %t", l, ok)
		}
		slowly(w).poll = forever
		for end := time.Now().Add(27 * time.Hour); time.Now().Before(end); time.Sleep(5 * time.Minute) {
			ctx, cancel := context.WithTimeout(t.Context(), invocation)
			begun := time.Now()
			if err := w.Engine.Watch(ctx); err == nil {
				t.Error("nothing is said of an operation that can't be looked at")
			}
			if took := time.Since(begun); took > time.Minute {
				t.Errorf("the watchdog took %s", took)
			}
			cancel()
		}
		late := 0
		for _, n := range w.Store.AllNotices() {
			if n.Type == job.NoticeLate {
				late++
			}
		}
		if late != 1 {
			t.Errorf("%d notices that backups are late, want 1", late)
		}
	})
}
