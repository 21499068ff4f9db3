package recovery_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

// hushed is a world with a point and an alert's restore, whose gates have yet
// to look, and in which ARM says nothing of the source.
func hushed(t *testing.T, mode string) *recoverytest.World {
	t.Helper()
	w := recoverytest.NewWorld(failoverPlan(t, mode, ""), slog.New(slog.DiscardHandler))
	w.Run(t.Context(), 2*time.Hour)
	send(t, w, fired(time.Now()))
	a := slowly(w)
	a.observe, a.of = forever, "apim-weu"
	return w
}

// ARM says nothing of the source: its gateway is asked all the same, and has
// its own time for the answer.
func TestASlowARMIsNotTheGateways(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := hushed(t, "auto")
		w.Run(t.Context(), time.Hour)
		refusedBy(t, w, "gatewayDown", 0)
	})
	synctest.Test(t, func(t *testing.T) {
		w := hushed(t, "auto")
		silence(w, "apim-weu")
		w.Run(t.Context(), time.Hour)
		restored(t, w)
	})
}

// A gateway that there was no time to ask is not one that does not answer.
func TestAGatewayThatNobodyCouldAskIsNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := hushed(t, "approve")
		time.Sleep(10 * time.Minute)
		before := last(t, w)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := w.Engine.Step(ctx, recovery.Prompt{Service: before.Service, Job: before.ID, Revision: before.Revision}); err != nil {
			t.Error(err)
		}
		if after := reread(t, w, before); after.State != job.Pending || after.Delays != 1 || !strings.Contains(after.Reason, "gateway of apim-weu") {
			t.Errorf("the job is %s, with %d delays: %q", after.State, after.Delays, after.Reason)
		}
	})
}
