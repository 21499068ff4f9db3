package recovery_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

func tier(service, name string) func(*recoverytest.World) {
	return func(w *recoverytest.World) {
		w.Azure.Change(service, func(i *recoverytest.Instance) { i.Facts.Tier = name })
	}
}

func TestRefusedBeforeAnyRequest(t *testing.T) {
	for name, c := range map[string]struct {
		extra   string
		prepare func(*recoverytest.World)
		gate    string
	}{
		"another tier":             {"", tier("apim-neu", "Premium"), "sameTier"},
		"a v2 tier":                {"", tier("apim-neu", "StandardV2"), "classicTier"},
		"a point past the maximum": {", maxPointAge: 1h", func(*recoverytest.World) {}, "pointRecent"},
		"a target that failed": {"", func(w *recoverytest.World) {
			w.Azure.Change("apim-neu", func(i *recoverytest.Instance) { i.State = "Failed" })
		}, "targetReady"},
		"a rule that left the plan": {"", func(w *recoverytest.World) {
			p := *w.Engine.Plan
			p.Services = append([]plan.Service(nil), p.Services...)
			p.Services[0].Failover.Rules = []string{"another"}
			w.Engine.Plan = &p
		}, "ruleInPlan"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, "auto", c.extra, func(t *testing.T, w *recoverytest.World, a request.Alert) {
				if c.gate != "ruleInPlan" {
					c.prepare(w)
				}
				send(t, w, a)
				c.prepare(w)
				w.Run(t.Context(), time.Hour)
				refusedBy(t, w, c.gate, 0)
			})
		})
	}
}

func TestPointsThatCantBeRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(failoverPlan(t, "auto", ""), slog.New(slog.DiscardHandler))
		silence(w, "apim-weu") // never backed up
		w.Run(t.Context(), 10*time.Minute)
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), time.Hour)
		refusedBy(t, w, "pointFound", 0)
	})
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, _ request.Alert) {
		w.Engine.Plan.Services[0].Failover.MaxPointAge = 0
		w.Run(t.Context(), 31*24*time.Hour)
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), time.Hour)
		refusedBy(t, w, "pointUnexpired", 0)
	})
}

func TestAPersonNamesAPoint(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, _ request.Alert) {
		oldest := w.Store.Catalogue("apim-weu")[0]
		content := w.Azure.Instance("apim-weu").Content
		repair(w)
		w.Azure.Change("apim-weu", func(i *recoverytest.Instance) { i.Content.APIs = append(i.Content.APIs, "mistake") })
		w.Run(t.Context(), 72*time.Hour)
		ask(t, w, request.Request{ID: "unknown", Kind: request.Restore, Service: "apim-weu", By: "ann", Point: "no such blob"})
		w.Run(t.Context(), 10*time.Minute)
		refusedBy(t, w, "pointFound", 0)
		ask(t, w, request.Request{ID: "r", Kind: request.Restore, Service: "apim-weu", By: "ann", Point: oldest.Blob})
		w.Run(t.Context(), time.Hour)
		ended(t, w, last(t, w), job.Succeeded, "", 1)
		if got := w.Azure.Instance("apim-neu").Content.Inventory(); got != content.Inventory() {
			t.Errorf("apim-neu holds %+v", got)
		}
	})
}

// twoSources is a plan in which two services share one standby.
func twoSources(t *testing.T) *plan.Plan {
	return testPlan(t, `    standbys: {apim-neu: {resourceId: `+id+`apim-neu}}
    failover: {mode: auto, rules: [down], minFor: 5m}
  apim-sea:
    resourceId: `+id+`apim-sea
    standbys: {apim-neu: {resourceId: `+id+`apim-neu}}
    failover: {mode: auto, rules: [sea down], minFor: 5m}
`)
}

func TestTwoSourcesWantOneStandby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, a := incident(t, twoSources(t), nil)
		silence(w, "apim-sea")
		sea := again(1)
		sea.Rule = "sea down"
		send(t, w, a)
		send(t, w, sea)
		w.Run(t.Context(), 5*time.Hour)
		states := map[job.State]int{}
		for _, j := range w.Store.Jobs("apim-neu") {
			states[j.State]++
		}
		if states[job.Succeeded] != 1 || states[job.Failed] != 1 || len(restores(w)) != 1 {
			t.Errorf("jobs %v, %d restores", states, len(restores(w)))
		}
	})
}

// What one source's people acknowledge ends no cool-down of another's failover.
func TestAnAcknowledgementIsOfOneSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, a := incident(t, twoSources(t), nil)
		spoilRestores(w, func(o *recoverytest.Operation) { o.Code = "RestoreFailed" })
		send(t, w, a)
		w.Run(t.Context(), 30*time.Minute)
		ask(t, w, request.Request{ID: "k", Kind: request.Acknowledge, Service: "apim-sea", By: "ann"})
		sea := again(1)
		sea.Rule, sea.FiredAt = "sea down", time.Now().Add(-time.Hour)
		silence(w, "apim-sea")
		send(t, w, sea)
		w.Run(t.Context(), 20*time.Minute)
		refusedBy(t, w, "targetCooledDown", 1)
	})
}

// Whoever judges a standby while another restore onto it ends must not miss
// that it serves now.
func TestServingIsSeenBetweenAnyTwoLooks(t *testing.T) {
	for offset := 1; offset <= 14; offset++ {
		t.Run(fmt.Sprint(offset), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := twoSources(t)
				for i := range p.Services {
					p.Services[i].Failover.Cooldown = 0
				}
				w, a := incident(t, p, nil)
				silence(w, "apim-sea")
				send(t, w, a)
				for last(t, w).State != job.Verifying {
					w.Run(t.Context(), time.Second)
				}
				first, start, inside := last(t, w), 0, false
				sea := again(1)
				sea.Rule, sea.FiredAt = "sea down", a.FiredAt
				send(t, w, sea)
				second := w.Store.AllIncidents("apim-sea")[0]
				start = len(w.Effects.Seen())
				step := func(id string) {
					j, err := w.Store.Job(t.Context(), "apim-neu", id)
					if err == nil {
						err = w.Engine.Step(t.Context(), recovery.Prompt{Service: "apim-neu", Job: id, Revision: j.Revision})
					}
					if err != nil {
						t.Error(err)
					}
				}
				w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
					if e.Number == start+2+offset && !inside {
						inside = true
						step(first.ID)
					}
					return recoverytest.NoFault
				}
				step(second.Restore)
				w.Run(t.Context(), time.Hour)
				if got := len(restores(w)); got != 1 {
					t.Errorf("%d restores onto a standby that serves", got)
				}
			})
		})
	}
}

func TestNothingThatTheSourceDoesDelaysAFailover(t *testing.T) {
	for name, silent := range map[string]bool{"a backup that hangs": false, "silence": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := recoverytest.NewWorld(failoverPlan(t, "auto", ""), slog.New(slog.DiscardHandler))
				w.Run(t.Context(), 2*time.Hour)
				w.Azure.Spoil = func(o *recoverytest.Operation) {
					if o.Kind == job.Backup {
						o.Ends = o.Started.Add(1000 * time.Hour)
					}
				}
				ask(t, w, request.Request{ID: "b", Kind: request.Backup, Service: "apim-weu"})
				w.Run(t.Context(), 5*time.Minute)
				if lease, ok := w.Store.Leased("apim-weu"); !ok {
					t.Fatalf("the backup does not run: %+v", lease)
				}
				w.Azure.Change("apim-weu", func(i *recoverytest.Instance) { i.Silent, i.Gateway = silent, job.GatewayUnhealthy })
				send(t, w, fired(time.Now()))
				w.Run(t.Context(), 17*time.Minute)
				restored(t, w)
			})
		})
	}
}

// The lease of a restore that outlasts its deadline is freed when it ends.
func TestAnOrphanedStandbyIsFreed(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		w.Azure.Spoil = func(o *recoverytest.Operation) { o.Ends = o.Started.Add(5 * time.Hour) }
		send(t, w, a)
		w.Run(t.Context(), 4*time.Hour)
		ended(t, w, last(t, w), job.Failed, job.CodeDeadlineExceeded, 1)
		if l, ok := w.Store.Leased("apim-neu"); !ok || !l.Orphaned {
			t.Errorf("lease %+v, %t, while the operation runs", l, ok)
		}
		w.Run(t.Context(), 90*time.Minute)
		if l, ok := w.Store.Leased("apim-neu"); ok {
			t.Errorf("lease %+v after the operation's end", l)
		}
	})
}

// The lease of a service that is not there any more is freed too.
func TestTheOrphanOfADeletedServiceIsFreed(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		w.Azure.Spoil = func(o *recoverytest.Operation) {
			o.Ends, o.Forgotten = o.Started.Add(100*time.Hour), true
		}
		send(t, w, a)
		w.Run(t.Context(), 4*time.Hour)
		ended(t, w, last(t, w), job.Failed, job.CodeDeadlineExceeded, 1)
		if l, ok := w.Store.Leased("apim-neu"); !ok || !l.Orphaned {
			t.Errorf("lease %+v, %t, while the operation runs", l, ok)
		}
		w.Engine.ARM = missing{w.Azure, "apim-neu"}
		w.Run(t.Context(), 10*time.Minute)
		if l, ok := w.Store.Leased("apim-neu"); ok {
			t.Errorf("lease %+v of a service that is gone", l)
		}
		if err := w.Engine.Watch(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestRequests(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		for name, r := range map[string]request.Request{
			"service": {Kind: request.Restore, Service: "apim-x", By: "ann"}, "standby": {Kind: request.Restore, Service: "apim-weu", To: "apim-weu", By: "ann"},
			"backup": {Kind: request.Backup, Service: "apim-neu"}, "job": {Kind: request.Cancel, Job: "apim-neu-x-restore", By: "ann"},
			"acknowledged": {Kind: request.Acknowledge, Service: "apim-neu", By: "ann"}, "maintained": {Kind: request.Maintenance, Service: "apim-x", By: "ann"}, "kind": {},
		} {
			if err := w.Engine.Request(t.Context(), r); !errors.Is(err, recovery.ErrRefused) {
				t.Errorf("unknown %s: %v", name, err)
			}
		}
		repair(w)
		for range 3 {
			ask(t, w, request.Request{ID: "b", Kind: request.Backup, Service: "apim-weu"})
			ask(t, w, request.Request{ID: "r", Kind: request.Restore, Service: "apim-weu", By: "ann"})
			w.Run(t.Context(), time.Hour)
		}
		restored(t, w)
		if got := len(w.Store.Catalogue("apim-weu")); got != 2 {
			t.Errorf("%d points, want the night's and the one asked for", got)
		}
		err := w.Engine.Request(t.Context(), request.Request{ID: "c", Kind: request.Cancel, Job: last(t, w).ID, By: "ann"})
		if !errors.Is(err, recovery.ErrRefused) || !strings.Contains(err.Error(), "ended") {
			t.Errorf("cancel of what has ended: %v", err)
		}
	})
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		send(t, w, a)
		ask(t, w, request.Request{ID: "c", Kind: request.Cancel, Job: last(t, w).ID, By: "ann", Reason: "known"})
		send(t, w, a)
		w.Run(t.Context(), 2*time.Hour)
		ended(t, w, last(t, w), job.Canceled, job.CodeCanceled, 0)
	})
}
