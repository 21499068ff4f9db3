package recovery_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
)

// standbyPlan is hooksPlan with the standby apim-neu.
func standbyPlan(t testing.TB, extra string) *plan.Plan {
	t.Helper()
	return hooksPlan(t, "    standbys: {apim-neu: {resourceId: "+id+"apim-neu}}\n"+extra)
}

// missing is an Azure in which one service is not there.
type missing struct {
	*recoverytest.Azure
	name string
}

func (m missing) Observe(ctx context.Context, s job.Service) (job.Observed, error) {
	if s.Name == m.name {
		return job.Observed{}, &job.AzureError{Kind: job.ErrRefused, Doing: "look at " + s.Name, Status: http.StatusNotFound, Code: "ResourceNotFound"}
	}
	return m.Azure.Observe(ctx, s)
}

// readiness is what was last seen of a standby.
func readiness(t *testing.T, w *recoverytest.World, name string) job.Summary {
	t.Helper()
	s, err := w.Store.Summary(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func standby(w *recoverytest.World, f func(*recoverytest.Instance)) {
	w.Azure.Change("apim-neu", f)
}

func serve(t *testing.T, w *recoverytest.World, source string) {
	t.Helper()
	now := time.Now()
	if err := w.Store.Note(t.Context(), "apim-neu", job.SummaryMove{ServingFor: &source, ServingSince: &now}); err != nil {
		t.Fatal(err)
	}
}

func TestAStandbyThatIsNotReady(t *testing.T) {
	type world = recoverytest.World
	for name, c := range map[string]struct {
		spoil, repair func(*testing.T, *world)
		want          string // in the reason
	}{
		"it is gone": {
			func(_ *testing.T, w *world) { w.Engine.ARM = missing{w.Azure, "apim-neu"} },
			func(_ *testing.T, w *world) { w.Engine.ARM = w.Azure }, "does not exist",
		},
		"it has failed": {
			func(_ *testing.T, w *world) { standby(w, func(i *recoverytest.Instance) { i.State = "Failed" }) },
			func(_ *testing.T, w *world) { standby(w, func(i *recoverytest.Instance) { i.State = "" }) }, "Failed",
		},
		"somebody else's operation holds it": {
			func(_ *testing.T, w *world) { w.Azure.Lock("apim-neu", 100*time.Hour) },
			func(_ *testing.T, w *world) { w.Azure.Lock("apim-neu", 0) }, "Updating",
		},
		"its tier differs from the backup's": {
			func(_ *testing.T, w *world) { standby(w, func(i *recoverytest.Instance) { i.Facts.Tier = "Premium" }) },
			func(_ *testing.T, w *world) {
				standby(w, func(i *recoverytest.Instance) { i.Facts.Tier = "Developer" })
			}, "Premium",
		},
		"its tier can't be restored": {
			func(_ *testing.T, w *world) {
				standby(w, func(i *recoverytest.Instance) { i.Facts.Tier = "StandardV2" })
			},
			func(_ *testing.T, w *world) {
				standby(w, func(i *recoverytest.Instance) { i.Facts.Tier = "Developer" })
			}, "StandardV2",
		},
		"it serves": {
			func(t *testing.T, w *world) { serve(t, w, "apim-weu") },
			func(t *testing.T, w *world) { serve(t, w, "") }, "serving in place of apim-weu",
		},
		"it may not read the backups": {
			func(_ *testing.T, w *world) {
				standby(w, func(i *recoverytest.Instance) {
					i.Grant = job.Grant{State: job.NotGranted, Reason: "Grant it the role."}
				})
			},
			func(_ *testing.T, w *world) { standby(w, func(i *recoverytest.Instance) { i.Grant = job.Grant{} }) }, "Grant it the role.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := changing(t, standbyPlan(t, ""))
				if s := readiness(t, w, "apim-neu"); s.Readiness != job.Ready {
					t.Fatalf("it is %s: %s", s.Readiness, s.ReadyReason)
				}
				checkNotices(t, w, nil) // the first look, at a fit one, is no news
				c.spoil(t, w)
				begin := time.Now()
				w.Run(t.Context(), 6*time.Hour)
				if s := readiness(t, w, "apim-neu"); s.Readiness != job.NotReady || !strings.Contains(s.ReadyReason, c.want) {
					t.Errorf("it is %s: %s", s.Readiness, s.ReadyReason)
				}
				checkNotices(t, w, map[job.NoticeType]int{job.NoticeStandbyNotReady: 1})
				n := only(t, w, job.NoticeStandbyNotReady)
				near(t, "it is said", n.At, begin, 30*time.Minute)
				if n.About != "apim-weu" || n.Facts.Standby != "apim-neu" || !strings.Contains(n.Facts.Message, c.want) {
					t.Errorf("about %s it says %+v", n.About, n.Facts)
				}
				c.repair(t, w)
				begin = time.Now()
				w.Run(t.Context(), 6*time.Hour)
				if s := readiness(t, w, "apim-neu"); s.Readiness != job.Ready || s.ReadyReason != "" {
					t.Errorf("it is %s: %s", s.Readiness, s.ReadyReason)
				}
				checkNotices(t, w, map[job.NoticeType]int{job.NoticeStandbyNotReady: 1, job.NoticeStandbyReady: 1})
				near(t, "it is said", only(t, w, job.NoticeStandbyReady).At, begin, 30*time.Minute)
			})
		})
	}
}

// What the first look finds unfit is said, and what Lifeboat may not see
// stands in nobody's way.
func TestTheFirstLookAtAStandby(t *testing.T) {
	for state, want := range map[job.GrantState]map[job.NoticeType]int{
		job.NotGranted: {job.NoticeStandbyNotReady: 1}, job.GrantUnknown: nil,
	} {
		t.Run(string(state), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := recoverytest.NewWorld(standbyPlan(t, ""), slog.New(slog.DiscardHandler))
				standby(w, func(i *recoverytest.Instance) { i.Grant = job.Grant{State: state, Reason: "See its role."} })
				w.Run(t.Context(), 3*time.Hour)
				checkNotices(t, w, want)
				if s := readiness(t, w, "apim-neu"); !strings.Contains(s.ReadyReason, "See its role.") {
					t.Errorf("it is %s: %s", s.Readiness, s.ReadyReason)
				}
			})
		})
	}
}

// It is looked at every half hour at least, and not at every watch.
func TestAStandbyIsLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, standbyPlan(t, ""))
		looks, before := 0, readiness(t, w, "apim-neu").ReadyAt
		for range 12 * 6 {
			w.Run(t.Context(), 5*time.Minute)
			now := readiness(t, w, "apim-neu").ReadyAt
			if now.Equal(before) {
				continue
			}
			if gap := now.Sub(before); gap > 30*time.Minute {
				t.Errorf("%s between two looks", gap)
			}
			looks, before = looks+1, now
		}
		if looks < 12 || looks > 18 {
			t.Errorf("%d looks in six hours", looks)
		}
	})
}

// While ARM does not answer, the last answer stands; then it is asked at once.
func TestAStandbyThatNobodyCanSee(t *testing.T) {
	for _, state := range []string{"", "Failed"} {
		t.Run(state, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := changing(t, standbyPlan(t, ""))
				standby(w, func(i *recoverytest.Instance) { i.State = state })
				w.Run(t.Context(), 40*time.Minute)
				before, told := readiness(t, w, "apim-neu"), len(w.Store.AllNotices())
				standby(w, func(i *recoverytest.Instance) { i.Silent = true })
				w.Run(t.Context(), 3*time.Hour)
				if got := readiness(t, w, "apim-neu"); got != before {
					t.Errorf("it is %s since %s: %s", got.Readiness, got.ReadyAt, got.ReadyReason)
				}
				if got := len(w.Store.AllNotices()); got != told {
					t.Errorf("%d notices more", got-told)
				}
				standby(w, func(i *recoverytest.Instance) { i.Silent = false })
				w.Run(t.Context(), 6*time.Minute)
				if got := readiness(t, w, "apim-neu"); got.Readiness != before.Readiness || time.Since(got.ReadyAt) > 6*time.Minute {
					t.Errorf("it is %s since %s", got.Readiness, got.ReadyAt)
				}
			})
		})
	}
}

// A standby that two services share is looked at once for both.
func TestASharedStandby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		share := "    standbys: {apim-neu: {resourceId: " + id + "apim-neu}}\n"
		w := recoverytest.NewWorld(hooksPlan(t, share+"  apim-sea:\n    resourceId: "+id+"apim-sea\n"+share), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 3*time.Hour)
		before := len(w.Effects.Seen())
		standby(w, func(i *recoverytest.Instance) { i.State = "Failed" })
		w.Run(t.Context(), 4*time.Hour)
		standby(w, func(i *recoverytest.Instance) { i.State = "" })
		w.Run(t.Context(), 4*time.Hour)
		// Each of its sources' people are told.
		checkNotices(t, w, map[job.NoticeType]int{job.NoticeStandbyNotReady: 2, job.NoticeStandbyReady: 2})
		about := map[string]int{}
		for _, n := range w.Store.AllNotices() {
			if n.Facts.Standby == "apim-neu" {
				about[n.About]++
			}
		}
		if about["apim-weu"] != 2 || about["apim-sea"] != 2 {
			t.Errorf("notices %v", about)
		}
		looks := map[string]int{}
		for _, e := range w.Effects.Seen()[before:] {
			looks[e.Call]++
		}
		if most := 8*60/25 + 2; looks["arm.Observe"] > most || looks["arm.Access"] > most {
			t.Errorf("%v in eight hours", looks)
		}
	})
}

// A shared standby is ready if it is so for each of its sources.
func TestASharedStandbyThatFitsOneSourceOnly(t *testing.T) {
	share := "    standbys: {apim-neu: {resourceId: " + id + "apim-neu}}\n"
	sea := "  apim-sea:\n    resourceId: " + id + "apim-sea\n    container: seas\n"
	for name, c := range map[string]struct {
		spoil func(*recoverytest.World)
		want  string
	}{
		"its backups are of another tier": {func(w *recoverytest.World) {
			w.Azure.Change("apim-sea", func(i *recoverytest.Instance) { i.Facts.Tier = "Premium" })
		}, "As a standby of apim-sea: The newest backup is of tier Premium"},
		"its backups can't be read": {func(w *recoverytest.World) {
			w.Engine.ARM = choosy{w.Azure, "seas"}
		}, "As a standby of apim-sea: Grant it a role."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := recoverytest.NewWorld(hooksPlan(t, share+sea+share), slog.New(slog.DiscardHandler))
				c.spoil(w)
				w.Run(t.Context(), 4*time.Hour)
				if s := readiness(t, w, "apim-neu"); s.Readiness != job.NotReady || !strings.HasPrefix(s.ReadyReason, c.want) {
					t.Errorf("it is %s: %s", s.Readiness, s.ReadyReason)
				}
				checkNotices(t, w, map[job.NoticeType]int{job.NoticeStandbyNotReady: 2})
			})
		})
	}
}

// choosy is an Azure in which no standby may read one container.
type choosy struct {
	*recoverytest.Azure
	container string
}

func (c choosy) Access(ctx context.Context, s job.Service) job.Grant {
	if s.Container == c.container {
		return job.Grant{State: job.NotGranted, Reason: "Grant it a role."}
	}
	return c.Azure.Access(ctx, s)
}

// Two instances look at the same moment.
func TestTwoLooksAtOneMoment(t *testing.T) {
	for number := 1; ; number++ {
		struck := false
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := changing(t, standbyPlan(t, ""))
				standby(w, func(i *recoverytest.Instance) { i.State = "Failed" })
				time.Sleep(30 * time.Minute)
				other := *w.Engine
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
				w.Run(t.Context(), time.Hour)
				once(t, w, job.NoticeStandbyNotReady)
			})
		})
		if !struck {
			return
		}
	}
}
