package recovery_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/event"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

// Two nights have passed when an event arrives that is older, and arrives
// again and again.
func TestAnEventThatComesLate(t *testing.T) {
	for _, c := range []struct {
		name   string
		at     func(old, newest job.Point) time.Time
		marked int // the point, from 0; -1 is none
		more   int // backups
	}{
		{"in the middle of the newest backup", func(_, n job.Point) time.Time { return n.StartedAt.Add(4 * time.Minute) }, 1, 1},
		{"at its start", func(_, n job.Point) time.Time { return n.StartedAt }, 1, 1},
		{"just before its start, by another clock", func(_, n job.Point) time.Time { return n.StartedAt.Add(-40 * time.Second) }, 1, 1},
		{"just after its end, by another clock", func(_, n job.Point) time.Time { return n.VerifiedAt.Add(40 * time.Second) }, 1, 1},
		{"well before its start", func(_, n job.Point) time.Time { return n.StartedAt.Add(-2 * time.Minute) }, -1, 0},
		{"well after its end", func(_, n job.Point) time.Time { return n.VerifiedAt.Add(2 * time.Minute) }, -1, 1},
		{"in the middle of the older backup", func(o, _ job.Point) time.Time { return o.StartedAt.Add(4 * time.Minute) }, 0, 0},
		{"between the two", func(o, _ job.Point) time.Time { return o.VerifiedAt.Add(5 * time.Hour) }, -1, 0},
		{"before both", func(o, _ job.Point) time.Time { return o.StartedAt.Add(-time.Hour) }, -1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
				w.Run(t.Context(), 27*time.Hour)
				points := w.Store.Catalogue("apim-weu")
				if len(points) != 2 {
					t.Fatalf("%d points", len(points))
				}
				late := changed(c.at(points[0], points[1]), "late")
				for range 30 {
					tell(t, w, late)
					w.Run(t.Context(), 10*time.Minute)
				}
				for i, p := range w.Store.Catalogue("apim-weu") {
					says, ok := w.Azure.Sidecar(p.Blob)
					if want := i == c.marked; !ok || p.ConcurrentChanges != want || says.ConcurrentChanges != want {
						t.Errorf("point %d: marked %t, in its sidecar %t", i, p.ConcurrentChanges, says.ConcurrentChanges)
					}
				}
				if got := len(started(w)) - 2; got != c.more {
					t.Errorf("%d more backups, want %d", got, c.more)
				}
				holdsAll(t, w)
			})
		})
	}
}

// What a fast clock dates ahead was made when it arrived, at the latest.
func TestAnEventFromTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, ""))
		c := edit(w, "ahead")
		c.At = c.At.Add(3 * time.Hour)
		begin := time.Now()
		tell(t, w, c)
		w.Run(t.Context(), 4*time.Hour)
		if starts := started(w); len(starts) != 2 {
			t.Errorf("backups at %s", starts)
		} else {
			near(t, "its backup", starts[1], begin.Add(10*time.Minute), 5*time.Second)
		}
		holdsAll(t, w)
		tell(t, w, changed(time.Now(), "next"))
		w.Run(t.Context(), 16*time.Minute) // into its backup
		during := edit(w, "during")
		during.At = during.At.Add(time.Hour)
		tell(t, w, during)
		w.Run(t.Context(), 4*time.Hour)
		points := w.Store.Catalogue("apim-weu")
		if len(points) != 4 || !points[2].ConcurrentChanges || points[3].ConcurrentChanges {
			t.Errorf("%+v", points)
		}
		holdsAll(t, w)
	})
}

// Event Grid delivers again for up to a day. Whenever that is, what is done
// has been done.
func TestAnEventDeliveredAgain(t *testing.T) {
	// The first change is at three, the second in the middle of its backup,
	// and what is told again is told at each of the minutes.
	play := func(t *testing.T, again ...int) (starts []time.Time) {
		w := changing(t, hooksPlan(t, ""))
		begin := time.Now()
		var past []event.Change
		for minute := range 5 * 60 {
			if minute == 0 || minute == 16 {
				past = append(past, edit(w, fmt.Sprintf("api-%d", minute)))
				tell(t, w, past[len(past)-1])
			}
			if slices.Contains(again, minute) {
				for _, c := range past {
					tell(t, w, c)
				}
			}
			w.Run(t.Context(), time.Until(begin.Add(time.Duration(minute+1)*time.Minute)))
		}
		holdsAll(t, w)
		marked := 0
		for _, p := range w.Store.Catalogue("apim-weu") {
			if p.ConcurrentChanges {
				marked++
			}
		}
		if marked != 1 {
			t.Errorf("%d points marked", marked)
		}
		return started(w)
	}
	var want []time.Time
	synctest.Test(t, func(t *testing.T) { want = play(t) })
	if len(want) != 3 {
		t.Fatalf("backups at %s", want)
	}
	var every []int
	same := func(t *testing.T, again ...int) {
		synctest.Test(t, func(t *testing.T) {
			got := play(t, again...)
			if !slices.EqualFunc(got, want, func(a, b time.Time) bool { return a.Sub(b).Abs() < 5*time.Second }) {
				t.Errorf("backups at %s, want %s", got, want)
			}
		})
	}
	for minute := 1; minute < 5*60; minute += 1 + minute/10 {
		every = append(every, minute)
		t.Run(fmt.Sprintf("after %d minutes", minute), func(t *testing.T) { same(t, minute) })
	}
	t.Run("all the time", func(t *testing.T) { same(t, every...) })
}

// A backup that was given up holds nothing, though its operation goes on.
func TestAnEventAfterItsBackupWasGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, "    operationDeadline: 12m\n"))
		w.Azure.Spoil = func(o *recoverytest.Operation) { o.Ends = o.Started.Add(2 * time.Hour) }
		first := time.Now()
		tell(t, w, edit(w, "first"))
		w.Run(t.Context(), 40*time.Minute)
		w.Azure.Spoil = nil
		if lease, ok := w.Store.Leased("apim-weu"); !ok || !lease.Orphaned {
			t.Fatalf("lease: %+v", lease)
		}
		tell(t, w, changed(first.Add(time.Minute), "late"))
		w.Run(t.Context(), 6*time.Hour)
		if starts := started(w); len(starts) != 3 {
			t.Errorf("backups at %s", starts)
		}
		holdsAll(t, w)
		oneAtATime(t, w.Azure.Operations())
	})
}

// A second instance takes another event in the middle of each effect of the
// first's: whoever wins, there is one backup.
func TestTwoEventsAtOneMoment(t *testing.T) {
	for name, second := range map[string]string{"another event": "b", "the same event": "a"} {
		t.Run(name, func(t *testing.T) {
			for number := 1; ; number++ {
				struck := false
				t.Run(fmt.Sprint(number), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := changing(t, hooksPlan(t, ""))
						other := *w.Engine
						before := len(w.Effects.Seen())
						w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
							if e.Number-before == number && !struck {
								struck = true
								if err := other.Change(t.Context(), changed(time.Now(), second)); err != nil {
									t.Errorf("second instance: %v", err)
								}
							}
							return recoverytest.NoFault
						}
						tell(t, w, changed(time.Now(), "a"))
						w.Effects.Judge = nil
						w.Run(t.Context(), 5*time.Hour)
						if got, jobs := started(w), w.Store.Jobs("apim-weu"); len(got) != 2 || len(jobs) != 2 {
							t.Errorf("backups at %s of %d jobs", got, len(jobs))
						}
					})
				})
				if !struck {
					return
				}
			}
		})
	}
}

// A change that was made during a backup is taken in the middle of each effect
// of the backup's last moves. The point says so all the same.
func TestAChangeWhileTheBackupIsVerified(t *testing.T) {
	for number, met := 1, true; met && !t.Failed(); number++ {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
				for operations := w.Azure.Operations(); len(operations) == 0 || time.Now().Add(5*time.Second).Before(operations[0].Ends); operations = w.Azure.Operations() {
					w.Run(t.Context(), 5*time.Second)
				}
				during := changed(time.Now(), "during")
				before := len(w.Effects.Seen())
				met = false
				w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
					if e.Number-before == number && !met {
						met = true
						tell(t, w, during)
					}
					return recoverytest.NoFault
				}
				for len(w.Store.Catalogue("apim-weu")) == 0 {
					w.Run(t.Context(), 5*time.Second)
				}
				w.Effects.Judge = nil
				w.Run(t.Context(), 5*time.Minute)
				p := w.Store.Catalogue("apim-weu")[0]
				if says, ok := w.Azure.Sidecar(p.Blob); met && (!p.ConcurrentChanges || !ok || !says.ConcurrentChanges) {
					t.Errorf("point says %t, its sidecar %t", p.ConcurrentChanges, says.ConcurrentChanges)
				}
			})
		})
	}
}

// A backup makes its next move in the middle of each effect of a change that
// was made during it, while the next occurrence waits already. The mark must
// not get lost between the attempt and the point.
func TestAChangeBetweenTheAttemptAndThePoint(t *testing.T) {
	for _, waits := range []bool{false, true} {
		for number := 1; ; number++ {
			struck := false
			t.Run(fmt.Sprintf("another backup waits: %t, %d", waits, number), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					extra := ""
					if waits {
						extra = "    schedule: 0 20 3 * * *\n    jitter: 0s\n    interval: 24h\n"
					}
					w := recoverytest.NewWorld(hooksPlan(t, extra), slog.New(slog.DiscardHandler))
					if waits {
						// Its occurrence of yesterday at 03:20 is made up for at once.
						w.Azure.Duration = 21 * time.Minute
					}
					w.Run(t.Context(), 3*time.Hour)
					begin := time.Now()
					tell(t, w, changed(begin, "first"))
					w.Run(t.Context(), 10*time.Minute+30*time.Second)
					if lease, ok := w.Store.Leased("apim-weu"); !ok || lease.Orphaned {
						t.Fatalf("no backup goes on: %+v", w.Store.Jobs("apim-weu"))
					}
					for goesOn := true; goesOn; { // until its operation has ended
						w.Run(t.Context(), 5*time.Second)
						operations := w.Azure.Operations()
						goesOn = time.Now().Before(operations[len(operations)-1].Ends)
					}
					before := len(w.Effects.Seen())
					w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
						if e.Number-before == number && !struck {
							struck = true
							finish(t, w)
						}
						return recoverytest.NoFault
					}
					tell(t, w, changed(time.Now(), "during"))
					w.Effects.Judge = nil
					w.Run(t.Context(), 5*time.Hour)
					points := w.Store.Catalogue("apim-weu")
					if len(points) != 3 || !points[1].ConcurrentChanges || points[2].ConcurrentChanges {
						t.Errorf("%d points: %+v", len(points), points)
					}
					if says, ok := w.Azure.Sidecar(points[1].Blob); !ok || !says.ConcurrentChanges {
						t.Errorf("its sidecar does not say it")
					}
				})
			})
			if !struck {
				break
			}
		}
	}
}

// finish lets another instance bring the backup that goes on to its end.
func finish(t *testing.T, w *recoverytest.World) {
	other := *w.Engine
	other.Now = func() time.Time { return time.Now().Add(2 * time.Minute) }
	for range 4 {
		for _, j := range w.Store.Jobs("apim-weu") {
			if !j.State.HoldsLease() {
				continue
			}
			if err := other.Step(t.Context(), recovery.Prompt{Service: j.Service, Job: j.ID, Revision: j.Revision}); err != nil {
				t.Errorf("second instance: %v", err)
			}
		}
	}
}
