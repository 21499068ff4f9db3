package recovery_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

var errRefused = errors.New("HTTP 500")

// loud is a world in which something has just happened that is worth one
// notice, with refuse deciding which hooks refuse at which of their calls.
func loud(t *testing.T, p *plan.Plan, refuse func(hook string, call int) bool) *recoverytest.World {
	t.Helper()
	w := changing(t, p)
	w.Run(t.Context(), 24*time.Hour)
	calls := map[string]int{}
	w.Hooks.Refuse = func(hook string) error {
		calls[hook]++
		if refuse(hook, calls[hook]) {
			return errRefused
		}
		return nil
	}
	oldest := w.Store.Catalogue("apim-weu")[0].Blob
	w.Azure.Delete(oldest)
	gone(t, w, oldest)
	return w
}

// withdrawal is the notice of a loud world.
func withdrawal(t *testing.T, w *recoverytest.World) job.StoredNotice {
	t.Helper()
	var found []job.StoredNotice
	for _, n := range w.Store.AllNotices() {
		if n.Type == job.NoticePointWithdrawn {
			found = append(found, n)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d notices of the withdrawal", len(found))
	}
	return found[0]
}

// posts are the posts to a hook, which must all be of one notice.
func posts(t *testing.T, w *recoverytest.World, hook, id string) (all []recoverytest.Post) {
	t.Helper()
	for _, p := range w.Hooks.Posts() {
		if p.Hook != hook {
			continue
		}
		if p.ID != id {
			t.Errorf("posted %s, want only %s", p.ID, id)
		}
		all = append(all, p)
	}
	return all
}

// spaced checks the times of attempts: doubling from 30 seconds to an hour,
// each up to a quarter longer.
func spaced(t *testing.T, all []recoverytest.Post) {
	t.Helper()
	wait := 30 * time.Second
	for i := 1; i < len(all); i++ {
		got := all[i].At.Sub(all[i-1].At)
		if got < wait-time.Second || got > wait+wait/4+time.Second {
			t.Errorf("attempt %d came %s after the one before, want %s", i+1, got, wait)
		}
		wait = min(2*wait, time.Hour)
	}
}

func TestAWebhookThatRefuses(t *testing.T) {
	for _, times := range []int{0, 1, 3, 10, 20} {
		t.Run(fmt.Sprint(times), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := loud(t, hooksPlan(t, ""), func(hook string, call int) bool { return hook == "ops" && call <= times })
				w.Copies = 2
				sent := w.Queue.Sent()
				w.Run(t.Context(), 20*time.Hour)
				if got := w.Queue.Sent() - sent; got != times {
					t.Errorf("%d more messages for %d more attempts", got, times)
				}
				n := withdrawal(t, w)
				all := posts(t, w, "ops", n.ID)
				if len(all) != times+1 || n.Attempts != times+1 || n.State != job.Delivered || n.LastError != "" {
					t.Errorf("%d posts: %s after %d attempts, %q", len(all), n.State, n.Attempts, n.LastError)
				}
				near(t, "the first attempt", all[0].At, n.At, 2*time.Second)
				spaced(t, all)
			})
		})
	}
}

// A prompt that comes before its attempt is due makes none, and comes back.
func TestAPromptForANoticeThatComesEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := loud(t, hooksPlan(t, ""), func(_ string, call int) bool { return call == 1 })
		w.Run(t.Context(), time.Second)
		n := withdrawal(t, w)
		w.Queue.Take(time.Now().Add(24 * time.Hour))
		p := recovery.NoticePrompt{Service: n.Service, Notice: n.ID, Attempt: n.Attempts, FirstSeen: n.At}
		if err := w.Engine.Deliver(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		w.Run(t.Context(), time.Minute)
		all := posts(t, w, "ops", n.ID)
		if len(all) != 2 {
			t.Fatalf("%d attempts", len(all))
		}
		near(t, "the second attempt", all[1].At, n.NotBefore, time.Second)
	})
}

const twoHooks = `version: 1
webhooks: {ops: {urlSetting: OPS_URL}, page: {urlSetting: PAGE_URL, form: slack}}
defaults: {storageAccount: stbackups, container: apim, schedule: 0 0 0 * * *, jitter: 10m}
services:
  apim-weu:
    resourceId: ` + id + `apim-weu
`

func parsed(t *testing.T, text string) *plan.Plan {
	t.Helper()
	p, err := plan.Parse("hooks.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOneOfTwoWebhooksRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := loud(t, parsed(t, twoHooks), func(hook string, call int) bool { return hook == "page" && call <= 5 })
		w.Run(t.Context(), 10*time.Minute)
		if n := withdrawal(t, w); n.State != job.DeliveryPending || !slices.Equal(n.Done, []string{"ops"}) || n.LastError == "" {
			t.Errorf("meanwhile it is %s, %v have it: %q", n.State, n.Done, n.LastError)
		}
		w.Run(t.Context(), 5*time.Hour)
		n := withdrawal(t, w)
		if got := len(posts(t, w, "ops", n.ID)); got != 1 {
			t.Errorf("%d posts to the one that takes them", got)
		}
		if got := len(posts(t, w, "page", n.ID)); got != 6 {
			t.Errorf("%d posts to the one that refuses five times", got)
		}
		slices.Sort(n.Done)
		if n.State != job.Delivered || !slices.Equal(n.Done, []string{"ops", "page"}) {
			t.Errorf("it is %s, %v have it", n.State, n.Done)
		}
	})
}

func TestOnlyThoseWhoAreToldOfAServiceAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := loud(t, parsed(t, twoHooks+"    webhooks: [page]\n"), func(string, int) bool { return false })
		w.Run(t.Context(), time.Hour)
		n := withdrawal(t, w)
		if got := posts(t, w, "ops", ""); len(got) != 0 {
			t.Errorf("%d posts to the other", len(got))
		}
		if got := posts(t, w, "page", n.ID); len(got) != 1 || got[0].ContentType != "application/json; charset=utf-8" {
			t.Errorf("posts: %+v", got)
		}
	})
}

func TestAWebhookThatRefusesForMoreThanADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := loud(t, hooksPlan(t, ""), func(hook string, _ int) bool { return hook == "ops" })
		w.Run(t.Context(), 27*time.Hour)
		n := withdrawal(t, w)
		all := posts(t, w, "ops", n.ID)
		if n.State != job.Undelivered || n.Attempts != len(all) || n.LastError != errRefused.Error() {
			t.Errorf("it is %s after %d attempts, %d posts: %q", n.State, n.Attempts, len(all), n.LastError)
		}
		spaced(t, all)
		near(t, "the last attempt", all[len(all)-1].At, n.At.Add(24*time.Hour), 76*time.Minute)
		if before := all[len(all)-2].At; !before.Before(n.At.Add(24 * time.Hour)) {
			t.Errorf("an attempt at %s was not the last", before)
		}
		sent := w.Queue.Sent()
		w.Run(t.Context(), 72*time.Hour)
		if got := w.Queue.Sent() - sent; got > 300 {
			t.Errorf("%d messages in three days", got)
		}
		if got := withdrawal(t, w); got.State != job.Undelivered || got.Attempts != n.Attempts || len(posts(t, w, "ops", n.ID)) != len(all) {
			t.Errorf("three days later it is %s after %d attempts", got.State, got.Attempts)
		}
		kept := false
		for other, err := range w.Store.Notices(t.Context()) {
			kept = kept || err == nil && other.ID == n.ID
		}
		if !kept {
			t.Error("nobody can see that it was given up")
		}
	})
}

func TestNobodyToTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := loud(t, testPlan(t, ""), func(string, int) bool { return false })
		w.Run(t.Context(), time.Hour)
		if n := withdrawal(t, w); n.State != job.Delivered || n.Attempts != 1 || len(n.Done) != 0 {
			t.Errorf("it is %s after %d attempts, %v have it", n.State, n.Attempts, n.Done)
		}
		if got := w.Hooks.Posts(); len(got) != 0 {
			t.Errorf("posts: %+v", got)
		}
	})
}

// beats are the pings that were taken.
func beats(w *recoverytest.World) (all []job.Beat) {
	for _, p := range w.Hooks.Pings() {
		if !p.Refused && p.Setting == "BEAT_URL" {
			all = append(all, p.Beat)
		}
	}
	return all
}

// A monitor measures from a start to a success or a failure, and takes what
// comes last for the state of things.
func TestHeartbeats(t *testing.T) {
	const h = time.Hour
	bad := func(nights ...int) func(*recoverytest.World, time.Time) {
		return func(w *recoverytest.World, begin time.Time) {
			w.Azure.Spoil = func(o *recoverytest.Operation) {
				if slices.Contains(nights, int(o.Started.Sub(begin)/(24*h))) {
					o.Code, o.Message = "InternalServerError", "Something went wrong."
				}
			}
		}
	}
	away := func(from, to time.Duration) func(*recoverytest.World, time.Time) {
		return func(w *recoverytest.World, begin time.Time) {
			w.Hooks.Refuse = func(hook string) error {
				if now := time.Since(begin); hook == "BEAT_URL" && now >= from && now < to {
					return errRefused
				}
				return nil
			}
		}
	}
	both := func(a, b func(*recoverytest.World, time.Time)) func(*recoverytest.World, time.Time) {
		return func(w *recoverytest.World, begin time.Time) { a(w, begin); b(w, begin) }
	}
	const start, success, fail = job.BeatStart, job.BeatSuccess, job.BeatFail
	for name, c := range map[string]struct {
		setup func(*recoverytest.World, time.Time)
		want  []job.Beat
	}{
		"three good nights":                           {bad(), []job.Beat{start, success, start, success, start, success}},
		"the second one fails, after three attempts":  {bad(1), []job.Beat{start, success, start, fail, start, success}},
		"a start that is told too late is not told":   {away(0, 25*time.Minute), []job.Beat{success, start, success, start, success}},
		"a failure that is told too late is not told": {both(bad(1), away(24*h+30*time.Minute, 48*h+30*time.Minute)), []job.Beat{start, success, start, success}},
		"a failure that is told late is told":         {both(bad(1), away(24*h+30*time.Minute, 30*h)), []job.Beat{start, success, start, fail, start, success}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := hooksPlan(t, "")
				p.Delivery.GiveUp = 48 * h
				w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
				begin := time.Now()
				c.setup(w, begin)
				w.Run(t.Context(), 71*h)
				if got := beats(w); !slices.Equal(got, c.want) {
					t.Errorf("beats %q, want %q", got, c.want)
				}
			})
		})
	}
}

// Everything in the queue is lost at any moment of a backup's life: it goes on
// within ten minutes, and whoever is to be told is told.
func TestLostMessagesAreRepairedWithinTenMinutes(t *testing.T) {
	for at := 10 * time.Second; at < 24*time.Minute; at += 40 * time.Second {
		t.Run(at.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := recoverytest.NewWorld(hooksPlan(t, "    jitter: 0s\n"), slog.New(slog.DiscardHandler))
				w.Run(t.Context(), at)
				lost := time.Now()
				w.Queue.Take(lost.Add(24 * time.Hour))
				before := w.Store.Jobs("apim-weu")[0]
				// Nothing is left to be delivered until the next tick.
				time.Sleep(time.Until(lost.Truncate(5 * time.Minute).Add(5 * time.Minute)))
				due := lost
				if before.NotBefore.After(due) {
					due = before.NotBefore
				}
				var moved time.Time
				w.Effects.Judge = func(recoverytest.Effect) recoverytest.Fault {
					if moved.IsZero() && w.Store.Jobs("apim-weu")[0].Revision != before.Revision {
						moved = time.Now()
					}
					return recoverytest.NoFault
				}
				w.Run(t.Context(), time.Hour)
				w.Effects.Judge = nil
				if !before.State.Terminal() {
					if took := moved.Sub(due); moved.IsZero() || took > 10*time.Minute {
						t.Errorf("the next move was due at %s and came at %s", due, moved)
					}
					if got := counter(t, w, "watchdog_repairs", "apim-weu"); got != 1 {
						t.Errorf("%d repairs counted, want 1", got)
					}
				}
				if j := w.Store.Jobs("apim-weu")[0]; j.State != job.Succeeded {
					t.Errorf("job is %s: %s", j.State, j.Message)
				}
				for _, n := range w.Store.AllNotices() {
					if n.State != job.Delivered {
						t.Errorf("notice %s is %s", n.ID, n.State)
					}
				}
			})
		})
	}
	t.Run("of a notice", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := loud(t, hooksPlan(t, ""), func(_ string, call int) bool { return call == 1 })
			w.Queue.Take(time.Now().Add(24 * time.Hour))
			lost := time.Now()
			w.Run(t.Context(), 5*time.Minute+10*time.Second)
			first := withdrawal(t, w)
			w.Queue.Take(time.Now().Add(24 * time.Hour))
			w.Run(t.Context(), 20*time.Minute)
			all := posts(t, w, "ops", first.ID)
			if len(all) != 2 || first.Attempts != 1 {
				t.Fatalf("%d attempts, %d of them at the first tick that finds it overdue", len(all), first.Attempts)
			}
			near(t, "the first attempt", all[0].At, lost, 10*time.Minute)
			near(t, "the second attempt", all[1].At, first.NotBefore, 10*time.Minute)
			if n := withdrawal(t, w); n.State != job.Delivered {
				t.Errorf("it is %s", n.State)
			}
		})
	})
}
