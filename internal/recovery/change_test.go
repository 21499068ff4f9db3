package recovery_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/event"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// changing is a world for p at three in the morning, with the night's backup
// behind it.
func changing(t *testing.T, p *plan.Plan) *recoverytest.World {
	t.Helper()
	w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
	w.Run(t.Context(), 3*time.Hour)
	if got := len(w.Store.Catalogue("apim-weu")); got != 1 {
		t.Fatalf("%d points after the night", got)
	}
	return w
}

// tell delivers one change, which must be taken at once.
func tell(t *testing.T, w *recoverytest.World, c event.Change) {
	t.Helper()
	if err := w.Engine.Change(t.Context(), c); err != nil {
		t.Fatalf("change %s: %v", c.ID, err)
	}
}

// edit changes apim-weu, which brings the event that it returns.
func edit(w *recoverytest.World, name string) event.Change {
	w.Azure.Change("apim-weu", func(i *recoverytest.Instance) { i.Content.APIs = append(i.Content.APIs, name) })
	return changed(time.Now(), name)
}

// started are the starts of all backups of apim-weu.
func started(w *recoverytest.World) (all []time.Time) {
	for _, o := range w.Azure.Operations() {
		if o.Kind == job.Backup && o.Service == "apim-weu" {
			all = append(all, o.Started)
		}
	}
	return all
}

// holdsAll checks that the newest point is good and holds apim-weu as it is.
func holdsAll(t *testing.T, w *recoverytest.World) {
	t.Helper()
	points := w.Store.Catalogue("apim-weu")
	newest := points[len(points)-1]
	if newest.ConcurrentChanges || !newest.Live() {
		t.Errorf("the newest point is not good: %+v", newest)
	}
	for _, o := range w.Azure.Operations() {
		if o.Blob == newest.Blob && o.Content.Inventory() != w.Azure.Instance("apim-weu").Content.Inventory() {
			t.Errorf("the newest backup, of %s, holds %v", o.Started, o.Content.APIs)
		}
	}
}

// near checks that got is want, or up to slack later.
func near(t *testing.T, what string, got, want time.Time, slack time.Duration) {
	t.Helper()
	if late := got.Sub(want); late < 0 || late > slack {
		t.Errorf("%s at %s, want %s", what, got, want)
	}
}

func TestAStormOfChangesIsOneBackup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, ""))
		before := len(w.Effects.Seen())
		var last time.Time
		for n := range 500 {
			last = time.Now()
			tell(t, w, edit(w, fmt.Sprintf("api-%d", n)))
			time.Sleep(2 * time.Minute / 500)
		}
		saves := 0
		for _, e := range w.Effects.Seen()[before:] {
			if e.Call == "store.Save" || e.Call == "store.Transit" {
				saves++
			}
		}
		if saves > 4 {
			t.Errorf("%d writes for a storm of two minutes", saves)
		}
		w.Run(t.Context(), 5*time.Hour)
		starts := started(w)
		if len(starts) != 2 {
			t.Fatalf("backups at %s, want the night's and one after the storm", starts)
		}
		near(t, "the storm's backup", starts[1], last.Add(9*time.Minute), time.Minute+5*time.Second)
		holdsAll(t, w)
		checkNotices(t, w, nil)
	})
}

// Events come every five minutes for three hours, so that there is never quiet
// enough for a backup that waits for it.
func TestChangesThatDoNotEnd(t *testing.T) {
	for changes, c := range map[string]plan.Changes{
		"":                         {AtMost: time.Hour, MinInterval: time.Hour},
		"{atMost: 20m}":            {AtMost: 20 * time.Minute, MinInterval: time.Hour},
		"{minInterval: 100m}":      {AtMost: time.Hour, MinInterval: 100 * time.Minute},
		"{minInterval: 0s}":        {AtMost: time.Hour},
		"{quiet: 1m, atMost: 30m}": {AtMost: 30 * time.Minute, MinInterval: time.Hour},
	} {
		t.Run(changes, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				extra := ""
				if changes != "" {
					extra = "    changes: " + changes + "\n"
				}
				w := changing(t, hooksPlan(t, extra))
				var events []time.Time
				for n := range 36 {
					events = append(events, time.Now())
					tell(t, w, edit(w, fmt.Sprintf("api-%d", n)))
					w.Run(t.Context(), 5*time.Minute)
				}
				w.Run(t.Context(), 5*time.Hour)
				starts := started(w)
				if len(starts) < 3 {
					t.Fatalf("backups at %s", starts)
				}
				for i, start := range starts[1:] {
					before := starts[i]
					if gap := start.Sub(before); gap < c.MinInterval-time.Second {
						t.Errorf("backup at %s, %s after the one before", start, gap)
					}
					first := events[slices.IndexFunc(events, before.Before)]
					limit := first.Add(c.AtMost)
					if soonest := before.Add(c.MinInterval); limit.Before(soonest) {
						limit = soonest
					}
					if start.After(limit.Add(5 * time.Second)) {
						t.Errorf("backup at %s for a change at %s", start, first)
					}
				}
				if last := events[len(events)-1]; !starts[len(starts)-1].After(last) {
					t.Errorf("no backup after the last change at %s: %s", last, starts)
				}
				holdsAll(t, w)
				oneAtATime(t, w.Azure.Operations())
			})
		})
	}
}

func TestAScheduledBackupAndChanges(t *testing.T) {
	t.Run("an occurrence joins the changes' backup", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := changing(t, hooksPlan(t, ""))
			w.Run(t.Context(), 20*time.Hour+55*time.Minute)
			at := time.Now()
			tell(t, w, edit(w, "late at night"))
			w.Run(t.Context(), 3*time.Hour)
			starts := started(w)
			if len(starts) != 2 {
				t.Fatalf("backups at %s", starts)
			}
			near(t, "the joint backup", starts[1], at.Add(10*time.Minute), 5*time.Second)
			midnight := at.Truncate(24 * time.Hour).Add(24 * time.Hour)
			if s, err := w.Store.Summary(t.Context(), "apim-weu"); err != nil || !s.ScheduledThrough.Equal(midnight) {
				t.Errorf("scheduled through %s, %v", s.ScheduledThrough, err)
			}
			holdsAll(t, w)
		})
	})
	t.Run("a change joins the scheduled backup and does not put it off", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := changing(t, hooksPlan(t, ""))
			w.Run(t.Context(), 21*time.Hour)
			due := time.Now()
			start := due.Add(job.Jitter(10*time.Minute, "apim-weu", due))
			tell(t, w, edit(w, "at midnight"))
			w.Run(t.Context(), 3*time.Hour)
			starts := started(w)
			if len(starts) != 2 {
				t.Fatalf("backups at %s", starts)
			}
			near(t, "the joint backup", starts[1], start, 5*time.Second)
			holdsAll(t, w)
		})
	})
}

func TestAChangeWhileARetryIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, ""))
		failed := false
		w.Azure.Spoil = func(o *recoverytest.Operation) {
			if !failed {
				failed, o.Code, o.Message = true, "InternalServerError", "Something went wrong."
			}
		}
		tell(t, w, edit(w, "first"))
		w.Run(t.Context(), 25*time.Minute)
		operations := w.Azure.Operations()
		tell(t, w, edit(w, "second"))
		w.Run(t.Context(), 4*time.Hour)
		starts, jobs := started(w), w.Store.Jobs("apim-weu")
		if len(starts) != 3 || len(jobs) != 2 {
			t.Fatalf("backups at %s of %d jobs, want the night's and two attempts of one more", starts, len(jobs))
		}
		near(t, "the retry", starts[2], operations[1].Ends.Add(15*time.Minute), 2*time.Minute)
		holdsAll(t, w)
	})
}

func TestAChangeOfSomethingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, ""))
		for _, service := range []string{id0("apim-other"), id0("apim-weu-2"), "", "nonsense"} {
			c := changed(time.Now(), "other")
			c.Service = service
			tell(t, w, c)
		}
		if got := counter(t, w, "events_ignored", "OutsidePlan"); got != 4 {
			t.Errorf("%d events outside the plan counted, want 4", got)
		}
		w.Run(t.Context(), 3*time.Hour)
		if got := len(started(w)); got != 1 {
			t.Errorf("%d backups", got)
		}
		c := changed(time.Now(), "mine")
		c.Service = strings.ToUpper(c.Service)
		tell(t, w, c)
		w.Run(t.Context(), 3*time.Hour)
		if got := len(started(w)); got != 2 {
			t.Errorf("%d backups after a change of the service in other letters", got)
		}
	})
}

// counter is a counter's value.
func counter(t *testing.T, w *recoverytest.World, name, label string) (value int64) {
	t.Helper()
	for c, err := range w.Store.Counters(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if c.Name == name && c.Label == label {
			value = c.Value
		}
	}
	return value
}

func TestACanceledChangeBackupStaysCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, ""))
		tell(t, w, edit(w, "first"))
		jobs := w.Store.Jobs("apim-weu")
		ordered := jobs[slices.IndexFunc(jobs, func(j job.Job) bool { return j.OnChange })]
		ask(t, w, request.Request{ID: "c", Kind: request.Cancel, Job: ordered.ID, By: "ann"})
		w.Run(t.Context(), 6*time.Hour)
		if got := started(w); len(got) != 1 {
			t.Errorf("backups at %s although a person canceled", got)
		}
		tell(t, w, edit(w, "second"))
		w.Run(t.Context(), 3*time.Hour)
		if got := started(w); len(got) != 2 {
			t.Errorf("backups at %s, want one after the next change", got)
		}
		for _, j := range w.Store.Jobs("apim-weu") {
			if j.ID == ordered.ID && (j.State != job.Canceled || j.Code != job.CodeCanceled) {
				t.Errorf("job %s is %s %s", j.ID, j.State, j.Code)
			}
		}
		holdsAll(t, w)
	})
}

// The time between two starts may be longer than a job may take.
func TestMinIntervalBeyondTheDeadline(t *testing.T) {
	const extra = "    deadline: 1h\n    operationDeadline: 40m\n    changes: {minInterval: 5h}\n"
	t.Run("from the night's backup on", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := changing(t, hooksPlan(t, extra))
			tell(t, w, edit(w, "first"))
			for _, j := range w.Store.Jobs("apim-weu") {
				if j.OnChange {
					near(t, "it says that it begins", j.NotBefore, started(w)[0].Add(5*time.Hour), 0)
				}
			}
			w.Run(t.Context(), 8*time.Hour)
			waited(t, w, 2)
		})
	})
	t.Run("from a backup that a person wants meanwhile", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := changing(t, hooksPlan(t, extra))
			w.Run(t.Context(), 4*time.Hour)
			tell(t, w, edit(w, "first"))
			ask(t, w, request.Request{ID: "b", Kind: request.Backup, Service: "apim-weu"})
			w.Run(t.Context(), 12*time.Hour)
			waited(t, w, 3)
		})
	})
}

// waited checks that the last of so many backups began five hours after the
// one before, and that all jobs succeeded.
func waited(t *testing.T, w *recoverytest.World, backups int) {
	t.Helper()
	starts := started(w)
	if len(starts) != backups {
		t.Fatalf("backups at %s, want %d", starts, backups)
	}
	near(t, "the changes' backup", starts[backups-1], starts[backups-2].Add(5*time.Hour-time.Second), 5*time.Second)
	for _, j := range w.Store.Jobs("apim-weu") {
		if j.State != job.Succeeded {
			t.Errorf("job %s is %s %s: %s", j.ID, j.State, j.Code, j.Message)
		}
	}
	holdsAll(t, w)
}

func TestAChangeBackupThatFailsForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, "    attempts: 2\n"))
		w.Azure.Spoil = func(o *recoverytest.Operation) { o.Code, o.Message = "InternalServerError", "Something went wrong." }
		tell(t, w, edit(w, "first"))
		w.Run(t.Context(), 4*time.Hour)
		w.Azure.Spoil = nil
		if got := started(w); len(got) != 3 {
			t.Errorf("backups at %s, want two attempts", got)
		}
		checkNotices(t, w, map[job.NoticeType]int{job.NoticeBackupFailed: 1})
		tell(t, w, edit(w, "second"))
		w.Run(t.Context(), 4*time.Hour)
		holdsAll(t, w)
		checkNotices(t, w, map[job.NoticeType]int{job.NoticeBackupFailed: 1})
	})
}
