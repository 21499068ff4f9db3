package recovery_test

import (
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// incidents checks how many incidents and restores of apim-weu there have been.
func incidents(t *testing.T, w *recoverytest.World, when string, want, posts int) {
	t.Helper()
	if all := w.Store.AllIncidents("apim-weu"); len(all) != want || len(restores(w)) != posts {
		t.Errorf("%s: %d incidents, %d restores, want %d and %d", when, len(all), len(restores(w)), want, posts)
	}
}

// Resource Health has one identity for all outages. Where the end of one was
// never told, a person's word ends it, and the next one is answered.
func TestTheNextOutageAfterOneWhoseEndWasNeverTold(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		a.MonitoringService = request.ResourceHealth
		failedOver(t, w, a)
		acknowledge(t, w, request.Failback)
		for _, old := range []time.Time{a.FiredAt, a.FiredAt.Add(time.Minute), a.FiredAt.Add(-time.Hour)} {
			copied := a
			copied.FiredAt = old
			send(t, w, copied)
			incidents(t, w, fmt.Sprintf("after a copy of %s", old), 1, 1)
		}
		w.Run(t.Context(), 24*time.Hour)
		next := a
		next.FiredAt = time.Now()
		send(t, w, a)
		incidents(t, w, "a day later", 1, 1)
		failedOver(t, w, next)
		for _, copied := range []request.Alert{a, next} {
			send(t, w, copied)
		}
		w.Run(t.Context(), time.Hour)
		incidents(t, w, "after the second outage", 2, 2)
		if i := w.Store.AllIncidents("apim-weu"); i[0].Open() == i[1].Open() {
			t.Errorf("want one of them open: %+v", i)
		}
		// The end of the first one ends nothing of the second.
		late := a
		late.Condition, late.ResolvedAt = request.Resolved, next.FiredAt.Add(-time.Hour)
		send(t, w, late)
		if w.Store.SummaryOf("apim-weu").Incident == "" {
			t.Error("the end of the first outage ended the second")
		}
		send(t, w, resolved(next))
		if open := w.Store.SummaryOf("apim-weu").Incident; open != "" {
			t.Errorf("incident %s is open although its alert has resolved", open)
		}
	})
}

// An outage ends and the next begins, and the end comes last: the second one
// holds, and its own end is its end.
func TestAnEndThatTheNextFiringOvertook(t *testing.T) {
	for service, open := range map[string]bool{request.ResourceHealth: true, request.ServiceHealth: false} {
		inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
			a.MonitoringService = service
			send(t, w, a)
			time.Sleep(2 * time.Minute)
			end := resolved(a)
			time.Sleep(time.Minute)
			next := a
			next.FiredAt = time.Now()
			send(t, w, next)
			send(t, w, a)
			send(t, w, end)
			answered(t, w, open)
			send(t, w, resolved(next))
			answered(t, w, false)
		})
	}
}

// Clocks may differ by a minute: what fires right after the acknowledgement is
// answered, and so is what seems to have fired right before.
func TestAnOutageRightAfterAnAcknowledgement(t *testing.T) {
	for after, want := range map[time.Duration]int{-2 * job.Skew: 1, -job.Skew / 2: 2, job.Skew / 2: 2} {
		inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
			failedOver(t, w, a)
			acknowledge(t, w, request.Failback)
			a.FiredAt = time.Now().Add(after)
			send(t, w, a)
			if got := len(w.Store.AllIncidents("apim-weu")); got != want {
				t.Errorf("%s after the acknowledgement: %d incidents, want %d", after, got, want)
			}
		})
	}
}

// Service Health goes on to tell of what a person has acknowledged.
func TestServiceHealthTellsAgain(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		a.MonitoringService = request.ServiceHealth
		failedOver(t, w, a)
		acknowledge(t, w, request.Failback)
		time.Sleep(time.Hour)
		a.FiredAt = time.Now()
		send(t, w, a)
		incidents(t, w, "after an update", 1, 1)
	})
}

// unanswered is a world in which an alert has fired that opened an incident,
// and in which a failover was not allowed until now.
func unanswered(t *testing.T, ago time.Duration, f func(*testing.T, *recoverytest.World, request.Alert)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(failoverPlan(t, "off", ""), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 2*time.Hour)
		a := fired(time.Now())
		send(t, w, a)
		time.Sleep(ago - 2*time.Hour)
		w.Run(t.Context(), 2*time.Hour)
		silence(w, "apim-weu")
		incidents(t, w, "while failover is off", 1, 0)
		f(t, w, a)
	})
}

func permit(w *recoverytest.World) { w.Engine.Plan.Services[0].Failover.Mode = plan.FailoverAuto }

// A plan that allows failovers from now on does not mean what fired weeks ago.
func TestAnOldIncidentIsNotAnswered(t *testing.T) {
	for ago, posts := range map[time.Duration]int{recovery.TooOld - time.Hour: 1, recovery.TooOld + time.Hour: 0} {
		t.Run(ago.String(), func(t *testing.T) {
			unanswered(t, ago, func(t *testing.T, w *recoverytest.World, _ request.Alert) {
				permit(w)
				w.Run(t.Context(), 3*time.Hour)
				incidents(t, w, "once failover is allowed", 1, posts)
				if open := w.Store.SummaryOf("apim-weu").Incident != ""; open != (posts == 1) {
					t.Errorf("the incident is open: %t", open)
				}
			})
		})
	}
}

// What fires anew is answered, whatever lies open from weeks ago, and whoever
// ends that first.
func TestAnOldIncidentStandsInNobodysWay(t *testing.T) {
	for _, same := range []bool{true, false} {
		for _, watched := range []bool{true, false} {
			t.Run(fmt.Sprintf("same %t, watched %t", same, watched), func(t *testing.T) {
				unanswered(t, recovery.TooOld-time.Hour, func(t *testing.T, w *recoverytest.World, old request.Alert) {
					time.Sleep(2 * time.Hour) // and nobody has looked since it is too old
					next := fired(time.Now().Add(-time.Minute))
					if !same {
						next.ID = "/alerts/next"
					}
					permit(w)
					if watched {
						if err := w.Engine.Watch(t.Context()); err != nil {
							t.Fatal(err)
						}
					}
					send(t, w, next)
					send(t, w, old)
					w.Run(t.Context(), 3*time.Hour)
					incidents(t, w, "after a new outage", 2, 1)
				})
			})
		}
	}
}
