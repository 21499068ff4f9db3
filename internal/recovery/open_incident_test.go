package recovery_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

// An incident that nothing is restored for, and whose alert never ends, does
// not keep pruning and refreshes away for good, whatever the plan allows.
func TestAnUnansweredIncidentEnds(t *testing.T) {
	for name, lines := range map[string]string{
		"while failover is off": "    standbys: {apim-neu: {resourceId: " + id + "apim-neu, mode: warm}}\n    failover: {mode: off, rules: [down]}\n",
		"without a standby":     "    failover: {mode: approve, rules: [down]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := testPlan(t, keepTwo+lines)
				w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
				w.Run(t.Context(), 2*time.Hour)
				send(t, w, fired(time.Now()))
				w.Run(t.Context(), recovery.TooOld-time.Hour)
				if n := len(w.Store.Catalogue("apim-weu")); n != 15 || w.Store.SummaryOf("apim-weu").Incident == "" {
					t.Errorf("in its last hour there are %d points, want 15, and incident %q", n, w.Store.SummaryOf("apim-weu").Incident)
				}
				refreshed := len(refreshes(w))
				w.Run(t.Context(), 24*time.Hour)
				if open := w.Store.SummaryOf("apim-weu").Incident; open != "" {
					t.Errorf("incident %s is open", open)
				}
				jobs := w.Store.Jobs("apim-weu")
				if last := jobs[len(jobs)-1]; last.State != job.Succeeded || strings.Contains(fmt.Sprint(last.Warnings), "nothing was pruned") {
					t.Errorf("job %s is %s: %q", last.ID, last.State, last.Warnings)
				}
				checkCatalogue(t, w, 2)
				if want := len(p.Services[0].Standbys); len(refreshes(w))-refreshed != want {
					t.Errorf("%d refreshes after its end, want %d", len(refreshes(w))-refreshed, want)
				}
			})
		})
	}
}

// refreshes are the warm standby's restores that succeeded.
func refreshes(w *recoverytest.World) (all []job.Job) {
	for _, j := range w.Store.Jobs("apim-neu") {
		if j.State == job.Succeeded && j.Restore != nil && j.Restore.Warm {
			all = append(all, j)
		}
	}
	return all
}
