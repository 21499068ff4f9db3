package recovery_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// failoverPlan protects apim-weu with the standby apim-neu.
func failoverPlan(t testing.TB, mode, extra string) *plan.Plan {
	return testPlan(t, `    standbys: {apim-neu: {resourceId: `+id+`apim-neu}}
    failover: {mode: `+mode+`, rules: [down], minFor: 5m`+extra+`}
`)
}

func fired(at time.Time) request.Alert {
	return request.Alert{ID: "/alerts/1", Rule: "down", Condition: request.Fired, FiredAt: at}
}

// incident is the world two hours into a night, with a good point, when
// apim-weu has gone silent and its alert has fired.
func incident(t *testing.T, p *plan.Plan, judge func(recoverytest.Effect) recoverytest.Fault) (*recoverytest.World, request.Alert) {
	t.Helper()
	w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
	w.Run(t.Context(), 2*time.Hour)
	if len(w.Store.Catalogue("apim-weu")) == 0 {
		t.Fatal("no point to restore")
	}
	silence(w, "apim-weu")
	w.Effects.Judge = judge
	return w, fired(time.Now())
}

// silence makes a service's gateway answer no more.
func silence(w *recoverytest.World, service string) {
	w.Azure.Change(service, func(i *recoverytest.Instance) { i.Silent = true })
}

// send delivers an alert until the engine has taken it, as the queue would.
func send(t *testing.T, w *recoverytest.World, a request.Alert) {
	t.Helper()
	for range 10 {
		if w.Survive(func() error { return w.Engine.Alert(context.Background(), a) }) {
			return
		}
	}
	t.Error("the alert became a dead letter")
}

func restores(w *recoverytest.World) (all []recoverytest.Operation) {
	for _, o := range w.Azure.Operations() {
		if o.Kind == job.Restore {
			all = append(all, o)
		}
	}
	return all
}

// restored checks that the failover took place once and right.
func restored(t *testing.T, w *recoverytest.World) {
	t.Helper()
	jobs := w.Store.Jobs("apim-neu")
	if len(jobs) != 1 || jobs[0].State != job.Succeeded {
		for _, j := range jobs {
			t.Errorf("job %s is %s: %s %s %s", j.ID, j.State, j.Code, j.Message, j.Reason)
		}
		t.Fatalf("%d jobs, want one that succeeded", len(jobs))
	}
	if got := w.Azure.Instance("apim-neu").Content.Inventory(); got != w.Azure.Instance("apim-weu").Content.Inventory() {
		t.Errorf("apim-neu holds %+v", got)
	}
	if got := len(restores(w)); got != 1 {
		t.Errorf("%d restores, want 1", got)
	}
	summary, err := w.Store.Summary(context.Background(), "apim-neu")
	if err != nil || summary.ServingFor != "apim-weu" || summary.Holds == "" {
		t.Errorf("apim-neu's summary: %+v, %v", summary, err)
	}
	if lease, ok := w.Store.Leased("apim-neu"); ok {
		t.Errorf("lease left behind: %+v", lease)
	}
	if len(w.Dead) > 0 {
		t.Errorf("%d dead letters", len(w.Dead))
	}
	for _, g := range jobs[0].Restore.Gates {
		if !strings.HasPrefix(g.Outcome, "Passed") {
			t.Errorf("restored although gate %s says %s: %s", g.Name, g.Outcome, g.Sentence)
		}
	}
}

func TestAnAlertRestoresTheStandby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, alert := incident(t, failoverPlan(t, "auto", ""), nil)
		for range 1000 {
			send(t, w, alert)
		}
		w.Run(t.Context(), 3*time.Hour)
		restored(t, w)
		if got := w.Store.AllIncidents("apim-weu"); len(got) != 1 {
			t.Errorf("%d incidents for a thousand copies of one alert", len(got))
		}
	})
}

// numbers are those from 1 to n.
func numbers(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 1; i <= n && yield(i); i++ {
		}
	}
}

// Every effect of a failover fails or kills the handler once.
func TestFailoverCrashAnywhere(t *testing.T) {
	for name, extra := range map[string]string{"plain": "", "with a safety backup": ", safetyBackup: true"} {
		t.Run(name, func(t *testing.T) {
			run := func(t *testing.T, number int, fault recoverytest.Fault) (calls int) {
				p := failoverPlan(t, "auto", extra)
				first := 0
				w, alert := incident(t, p, nil)
				first = len(w.Effects.Seen())
				w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
					if e.Number-first == number {
						return fault
					}
					return recoverytest.NoFault
				}
				send(t, w, alert)
				w.Run(t.Context(), 5*time.Hour)
				w.Effects.Judge = nil
				calls = len(firstNight(w.Effects.Seen()[first:]))
				restored(t, w)
				return calls
			}
			calls := 0
			synctest.Test(t, func(t *testing.T) { calls = run(t, 0, recoverytest.NoFault) })
			t.Logf("%d effects", calls)
			for _, fault := range recoverytest.Faults() {
				for _, number := range sampled(slices.Collect(numbers(calls))) {
					t.Run(fmt.Sprintf("%s %d", fault, number), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { run(t, number, fault) })
					})
				}
			}
		})
	}
}
