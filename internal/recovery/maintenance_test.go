package recovery_test

import (
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

func maintained(t *testing.T, w *recoverytest.World, id string, until time.Time) {
	t.Helper()
	ask(t, w, request.Request{ID: id, Kind: request.Maintenance, Service: "apim-weu", On: !until.IsZero(), Until: until, By: "ann", EnqueuedAt: time.Now()})
}

// An outage that outlasts a maintenance, or minFor, is an outage, however much
// longer than a job's time that is.
func TestWhatOutlastsItsHoldIsRestored(t *testing.T) {
	for name, hold := range map[string]func(*testing.T, *recoverytest.World){
		"a maintenance": func(t *testing.T, w *recoverytest.World) { maintained(t, w, "m", time.Now().Add(10*time.Hour)) },
		"minFor":        func(_ *testing.T, w *recoverytest.World) { w.Engine.Plan.Services[0].Failover.MinFor = 10 * time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
				hold(t, w)
				send(t, w, a)
				w.Run(t.Context(), 10*time.Hour-time.Minute)
				ended(t, w, last(t, w), job.Pending, "", 0)
				w.Run(t.Context(), 3*time.Hour)
				restored(t, w)
			})
		})
	}
}

// A person may end a maintenance sooner than they said.
func TestAMaintenanceThatEndsSooner(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		maintained(t, w, "on", time.Now().Add(10*time.Hour))
		send(t, w, a)
		w.Run(t.Context(), time.Hour)
		ended(t, w, last(t, w), job.Pending, "", 0)
		maintained(t, w, "off", time.Time{})
		w.Run(t.Context(), 2*time.Hour)
		restored(t, w)
	})
}

// The source is well again when the maintenance ends, or its alert resolves
// before: nothing is restored.
func TestWhatEndsWithinItsHoldIsNot(t *testing.T) {
	for _, tells := range []bool{true, false} {
		inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
			maintained(t, w, "m", time.Now().Add(10*time.Hour))
			send(t, w, a)
			w.Run(t.Context(), 9*time.Hour)
			repair(w)
			if tells {
				send(t, w, resolved(a))
			}
			w.Run(t.Context(), 3*time.Hour)
			if tells {
				ended(t, w, last(t, w), job.Canceled, job.CodeResolved, 0)
			} else {
				refusedBy(t, w, "gatewayDown", 0)
			}
		})
	}
}
