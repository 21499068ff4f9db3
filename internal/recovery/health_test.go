package recovery_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
)

// said are the notices of one type, in their order; each must have been
// delivered and posted.
func said(t *testing.T, w *recoverytest.World, typ job.NoticeType) (all []job.StoredNotice) {
	t.Helper()
	posted := map[string]bool{}
	for _, p := range w.Hooks.Taken() {
		posted[p.ID] = true
	}
	for _, n := range w.Store.AllNotices() {
		if n.Type != typ {
			continue
		}
		if n.State != job.Delivered || !posted[n.ID] {
			t.Errorf("notice %s is %s, posted: %t", n.ID, n.State, posted[n.ID])
		}
		all = append(all, n)
	}
	return all
}

// once checks that there is exactly one notice of each type.
func once(t *testing.T, w *recoverytest.World, types ...job.NoticeType) {
	t.Helper()
	for _, typ := range types {
		if got := said(t, w, typ); len(got) != 1 {
			t.Errorf("%d notices %s, want 1: %v", len(got), typ, got)
		}
	}
}

// only is the one notice of a type.
func only(t *testing.T, w *recoverytest.World, typ job.NoticeType) job.StoredNotice {
	t.Helper()
	all := said(t, w, typ)
	if len(all) != 1 {
		t.Fatalf("%d notices %s, want 1: %v", len(all), typ, all)
	}
	return all[0]
}

// failing lets every backup fail that is begun between two times.
func failing(w *recoverytest.World, from, to time.Time) {
	w.Azure.Spoil = func(o *recoverytest.Operation) {
		if !o.Started.Before(from) && o.Started.Before(to) {
			o.Code, o.Message = "InternalServerError", "Something went wrong."
		}
	}
}

type sleep struct{ at, until time.Duration }

// sleepy runs w until the end, but for the time when nobody handles anything.
func sleepy(t *testing.T, w *recoverytest.World, end time.Duration, sleeps ...sleep) {
	begin := time.Now()
	for _, s := range sleeps {
		w.Run(t.Context(), time.Until(begin.Add(s.at)))
		time.Sleep(time.Until(begin.Add(s.until)))
	}
	w.Run(t.Context(), time.Until(begin.Add(end)))
}

// The backups of four days fail. Whenever nobody looks, each change is said
// once (I10).
func TestLateDownAndRecovered(t *testing.T) {
	const h = time.Hour
	for name, sleeps := range map[string][]sleep{
		"always there":                 nil,
		"away when it gets late":       {{25 * h, 28 * h}},
		"away when it goes down":       {{49 * h, 53 * h}},
		"away for both":                {{20 * h, 60 * h}},
		"away for late, and for down":  {{25 * h, 27 * h}, {49 * h, 51 * h}},
		"away from the first day on":   {{2 * h, 95 * h}},
		"away when it recovers":        {{96*h + 21*time.Minute, 99 * h}},
		"away while the backup works":  {{96*h + 5*time.Minute, 98 * h}},
		"away half of the time":        {{10 * h, 20 * h}, {30 * h, 40 * h}, {45 * h, 55 * h}, {90 * h, 96*h + 15*time.Minute}},
		"away for the shortest moment": {{26*h + 9*time.Minute, 26*h + 11*time.Minute}, {50*h + 9*time.Minute, 50*h + 11*time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
				begin := time.Now()
				failing(w, begin.Add(20*h), begin.Add(94*h))
				sleepy(t, w, 110*h, sleeps...)
				once(t, w, job.NoticeLate, job.NoticeDown, job.NoticeRecovered)
				points := w.Store.Catalogue("apim-weu")
				if len(points) < 2 {
					t.Fatalf("%d points", len(points))
				}
				late, down, recovered := only(t, w, job.NoticeLate), only(t, w, job.NoticeDown), only(t, w, job.NoticeRecovered)
				for _, n := range []job.StoredNotice{late, down} {
					if !n.Facts.Since.Equal(points[0].StartedAt) || n.Facts.Point != points[0].Blob {
						t.Errorf("%s says %+v", n.Type, n.Facts)
					}
				}
				if recovered.Facts.Point != points[1].Blob {
					t.Errorf("%s says %+v", recovered.Type, recovered.Facts)
				}
				if sleeps == nil {
					near(t, "late", late.At, points[0].StartedAt.Add(26*h), 5*time.Minute)
					near(t, "down", down.At, points[0].StartedAt.Add(50*h), 5*time.Minute)
					near(t, "recovered", recovered.At, points[1].VerifiedAt, 5*time.Minute)
				}
			})
		})
	}
}

func TestAServiceThatWasNeverBackedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
		begin := time.Now()
		failing(w, begin, begin.Add(70*time.Hour))
		w.Run(t.Context(), 70*time.Hour)
		once(t, w, job.NoticeLate, job.NoticeDown)
		near(t, "late", only(t, w, job.NoticeLate).At, begin.Add(26*time.Hour), 5*time.Minute+time.Second)
		near(t, "down", only(t, w, job.NoticeDown).At, begin.Add(50*time.Hour), 5*time.Minute+time.Second)
		w.Run(t.Context(), 30*time.Hour)
		once(t, w, job.NoticeLate, job.NoticeDown, job.NoticeRecovered)
	})
}

// What is late a second time is said a second time.
func TestLateAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
		for range 3 {
			w.Run(t.Context(), 4*time.Hour)
			time.Sleep(27 * time.Hour)
			w.Run(t.Context(), 17*time.Hour)
		}
		for _, typ := range []job.NoticeType{job.NoticeLate, job.NoticeRecovered} {
			if got := said(t, w, typ); len(got) != 3 {
				t.Errorf("%d notices %s, want 3", len(got), typ)
			}
		}
		if got := said(t, w, job.NoticeDown); len(got) != 0 {
			t.Errorf("%d notices Down", len(got))
		}
	})
}

// A backup that takes so long that it is late when it is done makes nothing
// well: one outage is down once.
func TestABackupThatIsLateWhenItIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(hooksPlan(t, "    deadline: 48h\n    operationDeadline: 40h\n"), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 3*time.Hour)
		w.Azure.Duration = 30 * time.Hour
		w.Run(t.Context(), 100*time.Hour)
		w.Azure.Duration = 10 * time.Minute
		once(t, w, job.NoticeLate, job.NoticeDown)
		w.Run(t.Context(), 48*time.Hour)
		once(t, w, job.NoticeLate, job.NoticeDown, job.NoticeRecovered)
	})
}

func TestPointLapsingIsSaidOncePerPoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const h = time.Hour
		w := recoverytest.NewWorld(hooksPlan(t, "    restorableFor: 4d\n    lapseWarning: 1d\n"), slog.New(slog.DiscardHandler))
		begin := time.Now()
		failing(w, begin.Add(20*h), begin.Add(5*24*h-2*h))
		w.Run(t.Context(), 5*24*h+2*h)
		points := w.Store.Catalogue("apim-weu")
		once(t, w, job.NoticePointLapsing, job.NoticeLate, job.NoticeDown, job.NoticeRecovered)
		first := only(t, w, job.NoticePointLapsing)
		near(t, "lapsing", first.At, points[0].StartedAt.Add(72*h), 5*time.Minute)
		if first.Facts.Point != points[0].Blob || !first.Facts.Until.Equal(points[0].StartedAt.Add(96*h)) {
			t.Errorf("it says %+v", first.Facts)
		}
		time.Sleep(80 * h)
		silence(w, "apim-weu")
		w.Run(t.Context(), 40*h)
		lapsing := said(t, w, job.NoticePointLapsing)
		if len(lapsing) != 2 || lapsing[1].Facts.Point != points[1].Blob {
			t.Errorf("%d notices PointLapsing: %+v", len(lapsing), lapsing)
		}
	})
}

// Where nothing is late yet, a point that has lapsed is no point all the same.
func TestALapsedPointIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(hooksPlan(t, "    schedule: 0 0 0 1 * *\n    interval: 4d\n    grace: 2d\n    restorableFor: 4d\n    lapseWarning: 1d\n"), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 5*24*time.Hour)
		once(t, w, job.NoticePointLapsing, job.NoticeDown)
		if late := said(t, w, job.NoticeLate); len(late) != 0 {
			t.Errorf("%d notices Late", len(late))
		}
		near(t, "down", only(t, w, job.NoticeDown).At, w.Store.Catalogue("apim-weu")[0].StartedAt.Add(96*time.Hour), 5*time.Minute)
	})
}

// Two instances watch at the same moment, the second in the middle of each
// effect of the first.
func TestTwoWatchesAtOneMoment(t *testing.T) {
	for name, c := range map[string]struct {
		after  time.Duration
		behind time.Duration // the second one's clock
		down   int
	}{
		"late":                                 {27 * time.Hour, 0, 0},
		"late and down":                        {60 * time.Hour, 0, 1},
		"late by one clock, down by the other": {47*time.Hour + 11*time.Minute, 3 * time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for number := 1; ; number++ {
				struck := false
				t.Run(fmt.Sprint(number), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := changing(t, hooksPlan(t, ""))
						time.Sleep(c.after)
						other := *w.Engine
						other.Now = func() time.Time { return time.Now().Add(-c.behind) }
						before := len(w.Effects.Seen())
						w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
							if e.Number-before == number && !struck {
								struck = true
								if err := other.Watch(t.Context()); err != nil {
									t.Errorf("second instance: %v", err)
								}
							}
							return recoverytest.NoFault
						}
						if err := w.Engine.Watch(t.Context()); err != nil {
							t.Error(err)
						}
						w.Effects.Judge = nil
						w.Run(t.Context(), 3*time.Hour)
						once(t, w, job.NoticeLate, job.NoticeRecovered)
						if down := said(t, w, job.NoticeDown); len(down) != c.down {
							t.Errorf("%d notices Down, want %d", len(down), c.down)
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

// fleetPlan protects n services.
func fleetPlan(t testing.TB, n int) *plan.Plan {
	t.Helper()
	var b strings.Builder
	b.WriteString("version: 1\ndefaults: {storageAccount: stbackups, container: apim, schedule: 0 0 0 * * *, jitter: 10m}\nservices:\n")
	for i := range n {
		fmt.Fprintf(&b, "  apim-%d:\n    resourceId: %sapim-%d\n    standbys: {standby-%d: {resourceId: %sstandby-%d}}\n", i, id, i, i, id, i)
	}
	p, err := plan.Parse("fleet.yaml", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A watch that has nothing to do reads each kind of row once, however many
// services there are.
func TestAnIdleWatchCostsTheSameForAll(t *testing.T) {
	for _, n := range []int{1, 10, 100} {
		synctest.Test(t, func(t *testing.T) {
			w := recoverytest.NewWorld(fleetPlan(t, n), slog.New(slog.DiscardHandler))
			w.Run(t.Context(), 2*time.Hour) // by then the day's clean-up is done
			for range 6 {                   // whatever is looked at every half hour has its turn
				before := len(w.Effects.Seen())
				if err := w.Engine.Watch(t.Context()); err != nil {
					t.Fatal(err)
				}
				var calls []string
				for _, e := range w.Effects.Seen()[before:] {
					calls = append(calls, e.Call)
				}
				looked := strings.Contains(strings.Join(calls, " "), "arm.Observe")
				if got := len(calls); !looked && got != 5 {
					t.Errorf("%d effects for %d services: %v", got, n, calls)
				}
				if most := 5 + 10*n; len(calls) > most {
					t.Errorf("%d effects for a look at %d standbys, want at most %d", len(calls), n, most)
				}
				time.Sleep(5 * time.Minute)
			}
		})
	}
}

// The lines that alerts rest on are true or missing: what could not be read
// is not told as well.
func TestAWatchThatCouldNotReadTellsNoState(t *testing.T) {
	for _, unread := range []string{"store.Summaries", "store.Unfinished", "store.Notices"} {
		synctest.Test(t, func(t *testing.T) {
			var log strings.Builder
			w := recoverytest.NewWorld(fleetPlan(t, 1), slog.New(slog.NewTextHandler(&log, nil)))
			w.Run(t.Context(), time.Hour)
			log.Reset()
			w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
				if e.Call == unread {
					return recoverytest.FailInstead
				}
				return recoverytest.NoFault
			}
			if err := w.Engine.Watch(t.Context()); err == nil || strings.Contains(log.String(), "service watched") {
				t.Errorf("without %s: %v\n%s", unread, err, &log)
			}
			w.Effects.Judge = nil
			if err := w.Engine.Watch(t.Context()); err != nil || !strings.Contains(log.String(), "service watched") {
				t.Errorf("with %s again: %v\n%s", unread, err, &log)
			}
		})
	}
}

// Instances' clocks differ: what one has announced as late is not well again by
// another's clock, by which it is not late yet.
func TestAClockThatIsBehindAnnouncesNoRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const behind = 3 * time.Minute
		w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
		failing(w, time.Now().Add(time.Hour), time.Now().Add(40*time.Hour))
		w.Run(t.Context(), 2*time.Hour)
		slow := *w.Engine
		slow.Now = func() time.Time { return time.Now().Add(-behind) }
		for end := time.Now().Add(26 * time.Hour); time.Now().Before(end); w.Run(t.Context(), time.Minute) {
			if err := slow.Watch(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		once(t, w, job.NoticeLate)
		if n := len(said(t, w, job.NoticeRecovered)); n != 0 {
			t.Errorf("%d notices that backups work again, and none did", n)
		}
		w.Run(t.Context(), 26*time.Hour)
		once(t, w, job.NoticeLate, job.NoticeRecovered)
	})
}
