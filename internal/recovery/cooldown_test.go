package recovery_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// Two people ask at the same moment for two standbys of one source: wherever
// the second meets the first, one restore is begun.
func TestTwoFailoversAtOneMoment(t *testing.T) {
	p := testPlan(t, `    standbys: {apim-neu: {resourceId: `+id+`apim-neu}, apim-nor: {resourceId: `+id+`apim-nor}}
    failover: {mode: auto, rules: [down]}
`)
	met := 0
	for between := 1; between <= 40; between++ {
		t.Run(fmt.Sprint(between), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, _ := incident(t, p, nil)
				ask := func(id, to string) {
					r := request.Request{ID: id, Kind: request.Restore, Service: "apim-weu", To: to, By: "ann"}
					if err := w.Engine.Request(t.Context(), r); err != nil {
						t.Error(err)
					}
				}
				ask("one", "apim-neu")
				first, inside := len(w.Effects.Seen()), false
				w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
					if e.Number-first == between && !inside {
						inside = true
						ask("two", "apim-nor")
						w.Run(t.Context(), 10*time.Second)
					}
					return recoverytest.NoFault
				}
				w.Run(t.Context(), 3*time.Hour)
				if inside {
					met++
				}
				if got := len(restores(w)); got != 1 {
					t.Errorf("%d restores", got)
				}
			})
		})
	}
	if met < 30 {
		t.Errorf("they met %d times", met)
	}
}
