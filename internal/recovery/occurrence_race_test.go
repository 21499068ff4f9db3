package recovery_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// pasts are what may lie behind an alert that fires anew.
var pasts = map[string]func(t *testing.T, f func(*testing.T, *recoverytest.World, request.Alert)){
	"acknowledged": func(t *testing.T, f func(*testing.T, *recoverytest.World, request.Alert)) {
		inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
			send(t, w, a)
			acknowledge(t, w, request.Failback)
			time.Sleep(time.Hour)
			f(t, w, a)
		})
	},
	"too old": func(t *testing.T, f func(*testing.T, *recoverytest.World, request.Alert)) {
		unanswered(t, recovery.TooOld-time.Hour, func(t *testing.T, w *recoverytest.World, a request.Alert) {
			time.Sleep(2 * time.Hour) // and nobody has looked since it is too old
			permit(w)
			f(t, w, a)
		})
	},
}

// Another copy of what fires anew, or the watchdog, may come between any two
// effects of the first: one more incident is opened, and it is answered once.
func TestTheNextOutageIsOvertaken(t *testing.T) {
	for name, past := range pasts {
		for other, overtake := range map[string]func(*recoverytest.World, request.Alert) error{
			"by its copy":     alertFires,
			"by the watchdog": func(w *recoverytest.World, _ request.Alert) error { return w.Engine.Watch(context.Background()) },
		} {
			t.Run(name+" "+other, func(t *testing.T) {
				for number, met := 1, true; met && !t.Failed(); number++ {
					past(t, func(t *testing.T, w *recoverytest.World, a request.Alert) {
						a.FiredAt = time.Now()
						met = overtaken(t, w, number, func() error { return alertFires(w, a) }, func() error { return overtake(w, a) })
						answeredAnew(t, w)
					})
				}
			})
		}
	}
}

// Every effect of what fires anew fails or kills the handler once.
func TestTheNextOutageCrashAnywhere(t *testing.T) {
	for name, past := range pasts {
		for _, fault := range recoverytest.Faults() {
			for number, met := 1, true; met && !t.Failed(); number++ {
				t.Run(fmt.Sprintf("%s %s %d", name, fault, number), func(t *testing.T) {
					past(t, func(t *testing.T, w *recoverytest.World, a request.Alert) {
						a.FiredAt = time.Now()
						seen := 0
						w.Effects.Judge = func(recoverytest.Effect) recoverytest.Fault {
							if seen++; seen == number {
								return fault
							}
							return recoverytest.NoFault
						}
						send(t, w, a)
						met = seen >= number
						w.Effects.Judge = nil
						answeredAnew(t, w)
					})
				})
			}
		}
	}
}

func answeredAnew(t *testing.T, w *recoverytest.World) {
	t.Helper()
	if got := len(w.Store.AllIncidents("apim-weu")); got != 2 {
		t.Errorf("%d incidents, want 2", got)
	}
	answered(t, w, true)
	if err := w.Engine.Watch(t.Context()); err != nil {
		t.Error(err)
	}
	i, err := w.Store.Incident(t.Context(), "apim-weu", w.Store.SummaryOf("apim-weu").Incident)
	if err != nil || i.Restore == "" || onto(w, i.Restore).ID == "" {
		t.Errorf("the open incident has no restore: %+v, %v", i, err)
	}
}
