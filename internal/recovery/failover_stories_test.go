package recovery_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// inBubble runs f in virtual time, with apim-weu down since minute 120 and a
// good point of it.
func inBubble(t *testing.T, mode, extra string, f func(*testing.T, *recoverytest.World, request.Alert)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, alert := incident(t, failoverPlan(t, mode, extra), nil)
		f(t, w, alert)
		if len(w.Dead) > 0 {
			t.Errorf("%d dead letters: %s", len(w.Dead), w.Dead[0].Body)
		}
		alone(w.Azure.Operations(), t.Errorf)
	})
}

// alone checks that no two operations ran on one service together.
func alone(all []recoverytest.Operation, report func(string, ...any)) {
	for i, a := range all {
		for _, b := range all[:i] {
			if a.Service == b.Service && a.Started.Before(b.Ends) {
				report("two operations on %s together: %s from %s, %s from %s", a.Service, b.Kind, b.Started, a.Kind, a.Started)
			}
		}
	}
}

// last is the newest restore onto apim-neu.
func last(t *testing.T, w *recoverytest.World) job.Job {
	t.Helper()
	var found job.Job
	for _, j := range w.Store.Jobs("apim-neu") {
		if j.Kind == job.Restore && (found.ID == "" || j.CreatedAt.After(found.CreatedAt)) {
			found = j
		}
	}
	if found.ID == "" {
		t.Fatal("no restore was ordered")
	}
	return found
}

// ended checks how a job ended, and how many restores Azure has accepted.
func ended(t *testing.T, w *recoverytest.World, j job.Job, state job.State, code string, posts int) {
	t.Helper()
	if j.State != state || j.Code != code {
		t.Errorf("job %s is %s %s, want %s %s: %s %s", j.ID, j.State, j.Code, state, code, j.Message, j.Reason)
	}
	if got := len(restores(w)); got != posts {
		t.Errorf("%d restores, want %d", got, posts)
	}
}

// refusedBy checks that the newest restore was refused by a gate.
func refusedBy(t *testing.T, w *recoverytest.World, name string, posts int) {
	t.Helper()
	j := last(t, w)
	ended(t, w, j, job.Failed, job.CodeGateRefused, posts)
	for _, g := range j.Restore.Gates {
		if g.Name == name {
			if g.Outcome != "Refused" {
				t.Errorf("gate %s: %s", name, g.Outcome)
			}
			return
		}
	}
	t.Errorf("no verdict of gate %s in %+v", name, j.Restore.Gates)
}

func resolved(a request.Alert) request.Alert {
	a.Condition, a.ResolvedAt = request.Resolved, time.Now()
	return a
}

func again(n int) request.Alert {
	a := fired(time.Now())
	a.ID = fmt.Sprintf("/alerts/again-%d", n)
	return a
}

func ask(t *testing.T, w *recoverytest.World, r request.Request) {
	t.Helper()
	if err := w.Engine.Request(context.Background(), r); err != nil {
		t.Fatalf("%s %s: %v", r.Kind, r.ID, err)
	}
}

func acknowledge(t *testing.T, w *recoverytest.World, o request.Outcome) {
	t.Helper()
	ask(t, w, request.Request{ID: "ack", Kind: request.Acknowledge, Service: "apim-weu", By: "ann", Outcome: o})
}

func repair(w *recoverytest.World) {
	w.Azure.Change("apim-weu", func(i *recoverytest.Instance) { i.Silent = false })
}

func TestAThousandCopiesInTwoForms(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		for n := range 1000 {
			if n%2 == 1 {
				a.ID = fmt.Sprintf("/alerts/other-%d", n%10)
			}
			send(t, w, a)
		}
		w.Run(t.Context(), 6*time.Hour)
		restored(t, w)
		if got := w.Store.AllIncidents("apim-weu"); len(got) != 1 {
			t.Errorf("%d incidents", len(got))
		}
	})
}

func TestResolvedBeforeTheStartCancels(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		send(t, w, a)
		w.Run(t.Context(), 4*time.Minute)
		send(t, w, resolved(a))
		w.Run(t.Context(), time.Hour)
		ended(t, w, last(t, w), job.Canceled, job.CodeResolved, 0)
		send(t, w, a)
		w.Run(t.Context(), time.Hour)
		if got := w.Store.AllIncidents("apim-weu"); len(got) != 1 || len(restores(w)) != 0 {
			t.Errorf("a late copy of the resolved alert made %d incidents, %d restores", len(got), len(restores(w)))
		}
		fresh := a // the same identity, as Resource Health has it, and a new outage
		fresh.FiredAt = time.Now()
		send(t, w, fresh)
		w.Run(t.Context(), 3*time.Hour)
		if j := last(t, w); j.State != job.Succeeded {
			t.Errorf("restore of the second outage is %s %s", j.State, j.Message)
		}
	})
}

// An alert that fires and resolves twice; the second end overtakes its firing.
func TestAnEndOvertakesItsFiring(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		send(t, w, a)
		send(t, w, resolved(a))
		w.Run(t.Context(), 10*time.Minute)
		second := fired(time.Now())
		w.Run(t.Context(), 10*time.Minute)
		send(t, w, resolved(second))
		send(t, w, second)
		w.Run(t.Context(), time.Hour)
		ended(t, w, last(t, w), job.Canceled, job.CodeResolved, 0)
	})
}

func TestResolvedAfterTheRequestDoesNot(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		send(t, w, a)
		w.Run(t.Context(), 8*time.Minute)
		if len(restores(w)) != 1 {
			t.Fatal("the restore has not begun")
		}
		send(t, w, resolved(a))
		w.Run(t.Context(), 3*time.Hour)
		restored(t, w)
	})
}

func TestOneOfTwoAlertsResolves(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		send(t, w, a)
		send(t, w, again(1))
		send(t, w, resolved(a))
		w.Run(t.Context(), 3*time.Hour)
		restored(t, w)
	})
}

func TestARefireInsideTheCooldown(t *testing.T) {
	for name, c := range map[string]struct {
		between func(*testing.T, *recoverytest.World)
		gate    string // "" is none
	}{
		"is refused":                      {func(t *testing.T, w *recoverytest.World) {}, "sourceCooledDown"},
		"is refused after a plain notice": {func(t *testing.T, w *recoverytest.World) { acknowledge(t, w, request.None) }, "notServing"},
		"is restored after a failback":    {func(t *testing.T, w *recoverytest.World) { acknowledge(t, w, request.Failback) }, ""},
		"is refused after a promotion":    {func(t *testing.T, w *recoverytest.World) { acknowledge(t, w, request.Promote) }, "notServing"},
		"is refused by serving when it is over": {func(t *testing.T, w *recoverytest.World) {
			w.Run(t.Context(), 5*time.Hour)
		}, "notServing"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, "auto", ", cooldown: 4h", func(t *testing.T, w *recoverytest.World, a request.Alert) {
				send(t, w, a)
				w.Run(t.Context(), time.Hour)
				restored(t, w)
				send(t, w, resolved(a))
				c.between(t, w)
				send(t, w, again(1))
				w.Run(t.Context(), 2*time.Hour)
				if c.gate != "" {
					refusedBy(t, w, c.gate, 1)
					return
				}
				if j := last(t, w); j.State != job.Succeeded || len(restores(w)) != 2 {
					t.Errorf("restore after the failback is %s %s, %d requests", j.State, j.Message, len(restores(w)))
				}
			})
		})
	}
}

func TestTheGatewayDecidesAfterMinFor(t *testing.T) {
	for healthy, want := range map[bool]job.State{true: job.Failed, false: job.Succeeded} {
		inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
			repair(w) // it answers while the alert is young
			send(t, w, a)
			w.Run(t.Context(), 4*time.Minute)
			if j := last(t, w); j.State != job.Pending {
				t.Errorf("job is %s before minFor is over: %s", j.State, j.Message)
			}
			w.Azure.Change("apim-weu", func(i *recoverytest.Instance) { i.Silent = !healthy })
			w.Run(t.Context(), time.Hour)
			if j := last(t, w); j.State != want {
				t.Errorf("healthy %t: job is %s: %s", healthy, j.State, j.Message)
			}
			if healthy {
				refusedBy(t, w, "gatewayDown", 0)
			}
		})
	}
}

func TestMaintenanceHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := incident(t, failoverPlan(t, "auto", ""), nil)
		until := time.Now().Add(2 * time.Hour)
		ask(t, w, request.Request{ID: "m", Kind: request.Maintenance, Service: "apim-weu", On: true, Until: until, By: "ann"})
		repair(w)
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), 110*time.Minute)
		ended(t, w, last(t, w), job.Pending, "", 0)
		silence(w, "apim-weu")
		w.Run(t.Context(), time.Hour)
		restored(t, w)

		w, _ = incident(t, failoverPlan(t, "auto", ""), nil)
		ask(t, w, request.Request{ID: "m", Kind: request.Maintenance, Service: "apim-weu", On: true, Until: time.Now().Add(9 * time.Hour), By: "ann"})
		ask(t, w, request.Request{ID: "n", Kind: request.Maintenance, Service: "apim-weu", By: "ann"})
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), time.Hour)
		restored(t, w)
	})
}

func TestOffAnswersNoAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(failoverPlan(t, "off", ""), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 2*time.Hour)
		send(t, w, fired(time.Now()))
		stranger := fired(time.Now())
		stranger.Rule = "another"
		send(t, w, stranger)
		w.Run(t.Context(), 2*time.Hour)
		if got := w.Store.Jobs("apim-neu"); len(got) != 0 || len(w.Store.AllIncidents("apim-weu")) != 1 {
			t.Errorf("jobs %+v, incidents %+v", got, w.Store.AllIncidents("apim-weu"))
		}
	})
}
