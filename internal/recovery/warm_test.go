package recovery_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// warmPlan is failoverPlan with a standby that follows every backup.
func warmPlan(t testing.TB, mode, extra string) *plan.Plan {
	return testPlan(t, `    standbys: {apim-neu: {resourceId: `+id+`apim-neu, mode: warm}}
    failover: {mode: `+mode+`, rules: [down], minFor: 5m`+extra+`}
`)
}

// night brings a warm standby to the morning.
func night(t *testing.T, p *plan.Plan) *recoverytest.World {
	t.Helper()
	w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
	w.Run(t.Context(), 2*time.Hour)
	return w
}

func TestAWarmStandbyFollowsEveryBackup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := night(t, warmPlan(t, "approve", ", cooldown: 100h"))
		for n := 1; n <= 3; n++ {
			ended(t, w, last(t, w), job.Succeeded, "", n)
			summary, err := w.Store.Summary(t.Context(), "apim-neu")
			if err != nil || summary.ServingFor != "" || !summary.FailedOver.IsZero() || summary.Holds != last(t, w).Restore.Point.Blob {
				t.Errorf("after refresh %d: %+v, %v", n, summary, err)
			}
			if got, want := w.Azure.Instance("apim-neu").Content.Inventory(), w.Azure.Instance("apim-weu").Content.Inventory(); got != want {
				t.Errorf("after refresh %d apim-neu holds %+v", n, got)
			}
			w.Azure.Change("apim-weu", func(i *recoverytest.Instance) { i.Content.APIs = append(i.Content.APIs, "more") })
			w.Run(t.Context(), 24*time.Hour)
		}
	})
}

// A standby that holds the newest point takes over after its checks, and what
// then serves is left alone, also by the backups of a source that recovers.
func TestAWarmStandbyTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := night(t, warmPlan(t, "auto", ""))
		silence(w, "apim-weu")
		a := fired(time.Now())
		send(t, w, a)
		w.Run(t.Context(), 10*time.Minute)
		failover := last(t, w)
		ended(t, w, failover, job.Succeeded, "", 1)
		for _, service := range []string{"apim-weu", "apim-neu"} {
			summary, err := w.Store.Summary(t.Context(), service)
			if err != nil || summary.FailoverJob != failover.ID || summary.FailedOver.IsZero() {
				t.Errorf("no cool-down of %s: %+v, %v", service, summary, err)
			}
		}

		repair(w)
		send(t, w, resolved(a))
		w.Run(t.Context(), 48*time.Hour)
		refusedBy(t, w, "notServing", 1)
		acknowledge(t, w, request.Promote)
		w.Run(t.Context(), 24*time.Hour)
		refusedBy(t, w, "notServing", 1)
		acknowledge(t, w, request.Failback)
		w.Run(t.Context(), 24*time.Hour)
		ended(t, w, last(t, w), job.Succeeded, "", 2)
	})
}

// After a failback nobody knows what the standby holds.
func TestAStandbyThatServedIsRestoredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := night(t, warmPlan(t, "auto", ""))
		silence(w, "apim-weu")
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), 10*time.Minute)
		w.Azure.Change("apim-neu", func(i *recoverytest.Instance) { i.Content.APIs = []string{"edited"} })
		acknowledge(t, w, request.Failback)
		send(t, w, again(1))
		w.Run(t.Context(), time.Hour)
		ended(t, w, last(t, w), job.Succeeded, "", 2)
	})
}

func TestARefreshYieldsToAnIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := night(t, warmPlan(t, "approve", ""))
		w.Azure.Change("apim-weu", func(i *recoverytest.Instance) { i.Gateway = job.GatewayUnhealthy })
		send(t, w, fired(time.Now()))
		ask(t, w, request.Request{ID: "b", Kind: request.Backup, Service: "apim-weu"})
		w.Run(t.Context(), time.Hour)
		refused := 0
		for _, j := range w.Store.Jobs("apim-neu") {
			if j.Restore.Warm && j.Code == job.CodeGateRefused {
				refused++
			}
		}
		if refused != 1 || len(restores(w)) != 1 {
			t.Errorf("%d refreshes refused, %d restores", refused, len(restores(w)))
		}
	})
}

// Another service's incident may need the standby too.
func TestARefreshYieldsToAnotherServicesIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := twoSources(t)
		p.Services[0].Standbys[0].Mode = plan.StandbyWarm
		p.Services[1].Failover.Mode = plan.FailoverApprove
		w := night(t, p)
		sea := fired(time.Now())
		sea.Rule = "sea down"
		send(t, w, sea)
		ask(t, w, request.Request{ID: "b", Kind: request.Backup, Service: "apim-weu"})
		w.Run(t.Context(), time.Hour)
		refusedBy(t, w, "noIncident", 1)
	})
}

func TestAColdStandbyIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := night(t, failoverPlan(t, "auto", ""))
		if got := len(w.Store.Jobs("apim-neu")); got != 0 {
			t.Errorf("%d jobs of a cold standby", got)
		}
	})
}

// A refresh that runs when the incident opens is waited for, and not repeated.
func TestAFailoverDuringARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(warmPlan(t, "auto", ""), slog.New(slog.DiscardHandler))
		for len(restores(w)) == 0 {
			w.Run(t.Context(), time.Minute)
		}
		silence(w, "apim-weu")
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), time.Hour)
		ended(t, w, last(t, w), job.Succeeded, "", 1)
		if last(t, w).Restore.Warm {
			t.Error("no failover took place")
		}
	})
}

// A failover that needs no operation, because its standby holds the point,
// may complete while a refresh has judged already: the refresh must not
// overwrite what serves by then.
func TestARefreshThatAFailoverOvertakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(testPlan(t, "    standbys: {apim-neu: {resourceId: "+id+"apim-neu, mode: warm}}\n"), slog.New(slog.DiscardHandler))
		serves := false
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if jobs := w.Store.Jobs("apim-neu"); !serves && len(jobs) == 1 && e.Call == "arm.Count" {
				serves = true // the gates have looked
				source := "apim-weu"
				if err := w.Store.Note(context.Background(), "apim-neu", job.SummaryMove{ServingFor: &source}); err != nil {
					t.Error(err)
				}
			}
			return recoverytest.NoFault
		}
		w.Run(t.Context(), 3*time.Hour)
		if got := restores(w); !serves || len(got) > 0 {
			t.Errorf("serves: %t, and %d restores onto it", serves, len(got))
		}
		ended(t, w, last(t, w), job.Failed, job.CodeGateRefused, 0)
	})
}
