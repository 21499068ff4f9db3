package recovery_test

import (
	"context"
	"testing"
	"time"

	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// What one instance is told of an alert may overtake what another is just
// being told, at any of its effects: what has ended opens nothing, and what is
// fired stays answered.
func TestAlertsOvertakeEachOther(t *testing.T) {
	for _, c := range []struct {
		name         string
		known        bool // an incident of the first alert is open
		first, other func(*recoverytest.World, request.Alert) error
		open         bool // an incident, when both are through
	}{
		{"an end overtakes its firing", false, alertFires, alertEnds, false},
		{"a firing overtakes its end", false, alertEnds, alertFires, false},
		{"the end of the only alert overtakes the next", true, nextFires, alertEnds, true},
		{"the next alert overtakes the end of the only one", true, alertEnds, nextFires, true},
		{"an acknowledgement overtakes the end of the only alert", true, alertEnds, acknowledged, false},
		{"the end of the only alert overtakes an acknowledgement", true, acknowledged, alertEnds, false},
		{"two alerts at once", false, alertFires, nextFires, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for number, met := 1, true; met && !t.Failed(); number++ {
				inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
					if c.known {
						send(t, w, a)
					}
					time.Sleep(time.Minute)
					met = overtaken(t, w, number, func() error { return c.first(w, a) }, func() error { return c.other(w, a) })
					answered(t, w, c.open)
				})
				if number > 40 {
					t.Fatal("no end of effects")
				}
			}
		})
	}
}

func alertFires(w *recoverytest.World, a request.Alert) error {
	return w.Engine.Alert(context.Background(), a)
}

func alertEnds(w *recoverytest.World, a request.Alert) error { return alertFires(w, resolved(a)) }

func nextFires(w *recoverytest.World, a request.Alert) error {
	a.ID = "/alerts/2"
	return alertFires(w, a)
}

func acknowledged(w *recoverytest.World, _ request.Alert) error {
	return w.Engine.Request(context.Background(), request.Request{Kind: request.Acknowledge, ID: "ack", Service: "apim-weu", By: "ann"})
}

// overtaken runs first, and other before the effect of that number, or at last
// if first has not so many; then it reports false.
func overtaken(t *testing.T, w *recoverytest.World, number int, first, other func() error) (met bool) {
	t.Helper()
	seen := 0
	w.Effects.Judge = func(recoverytest.Effect) recoverytest.Fault {
		if seen++; seen == number {
			met = true
			if err := other(); err != nil {
				t.Errorf("the other, before effect %d: %v", number, err)
			}
		}
		return recoverytest.NoFault
	}
	if err := first(); err != nil {
		t.Errorf("overtaken before effect %d: %v", number, err)
	}
	w.Effects.Judge = nil
	if !met {
		if err := other(); err != nil {
			t.Error(err)
		}
	}
	return met
}

// answered checks that every alert that is fired has an incident that is open,
// and that the summary names that one.
func answered(t *testing.T, w *recoverytest.World, wantOpen bool) {
	t.Helper()
	summary, err := w.Store.Summary(t.Context(), "apim-weu")
	if err != nil {
		t.Fatal(err)
	}
	open := map[string]bool{}
	for _, i := range w.Store.AllIncidents("apim-weu") {
		if i.Open() {
			open[i.ID] = true
		}
	}
	if len(open) > 1 || len(open) == 1 != wantOpen || wantOpen && !open[summary.Incident] || !wantOpen && summary.Incident != "" {
		t.Errorf("open incidents %v, in the summary %q, want one: %t", open, summary.Incident, wantOpen)
	}
	for _, a := range w.Store.AllAlerts("apim-weu") {
		if a.ResolvedAt.IsZero() && wantOpen != open[a.Incident] {
			t.Errorf("alert %s is fired, and its incident %s open: %t", a.ID, a.Incident, open[a.Incident])
		}
	}
}
