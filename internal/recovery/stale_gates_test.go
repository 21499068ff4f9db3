package recovery_test

import (
	"testing"
	"time"

	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// While an instance stands still between the gates' look and the intent,
// somebody announces maintenance: the gates look again.
func TestGatesThatLookedLongAgoLookAgain(t *testing.T) {
	for stall, want := range map[time.Duration]int{time.Second: 1, 30 * time.Minute: 0} {
		inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
			stalled := false
			w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
				if e.Call == "arm.Count" && !stalled {
					stalled = true
					time.Sleep(stall)
					if want == 0 {
						ask(t, w, request.Request{ID: "m", Kind: request.Maintenance, Service: "apim-weu", On: true, Until: time.Now().Add(9 * time.Hour), By: "ann"})
					}
				}
				return recoverytest.NoFault
			}
			send(t, w, a)
			w.Run(t.Context(), 3*time.Hour)
			if got := len(restores(w)); !stalled || got != want {
				t.Errorf("held up for %s: %t, %d restores, want %d", stall, stalled, got, want)
			}
		})
	}
}
