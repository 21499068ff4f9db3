package recovery_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/recovery/recoverytest"
)

// However many standbys Azure keeps silent about, an orphaned lease is freed
// once its operation has ended, and time is left for the rest.
func TestStandbysThatHangDelayNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var standbys []string
		for n := range 12 {
			standbys = append(standbys, fmt.Sprintf("apim-s%d: {resourceId: %sapim-s%d}", n, id, n))
		}
		p := testPlan(t, "    operationDeadline: 12m\n    standbys: {"+strings.Join(standbys, ", ")+"}\n")
		w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
		w.Azure.Spoil = func(o *recoverytest.Operation) { o.Ends = o.Started.Add(2 * time.Hour) }
		w.Run(t.Context(), time.Hour)
		if l, ok := w.Store.Leased("apim-weu"); !ok || !l.Orphaned {
			t.Fatalf("lease %+v, %t", l, ok)
		}
		time.Sleep(2 * time.Hour)
		a := slowly(w)
		a.observe, a.poll = forever, time.Second
		ctx, cancel := context.WithTimeout(t.Context(), invocation)
		defer cancel()
		begun := time.Now()
		if err := w.Engine.Watch(ctx); err == nil {
			t.Error("nothing is said of standbys that can't be looked at")
		}
		if took := time.Since(begun); took > invocation-time.Minute {
			t.Errorf("the watchdog took %s", took)
		}
		if l, ok := w.Store.Leased("apim-weu"); ok {
			t.Errorf("lease left behind: %+v", l)
		}
	})
}

// A standby that Azure keeps silent about delays the looks at the others by no
// more than its share.
func TestAStandbyThatHangsDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPlan(t, "    standbys: {apim-neu: {resourceId: "+id+"apim-neu}, apim-sea: {resourceId: "+id+"apim-sea}}\n")
		w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
		a := slowly(w)
		a.observe, a.of = forever, "apim-neu"
		ctx, cancel := context.WithTimeout(t.Context(), invocation)
		defer cancel()
		if err := w.Engine.Watch(ctx); err == nil || !strings.Contains(err.Error(), "apim-neu") {
			t.Errorf("of a standby that can't be looked at is said: %v", err)
		}
		if s := w.Store.SummaryOf("apim-sea"); time.Since(s.ReadyAt) > time.Minute {
			t.Errorf("apim-sea was looked at at %s", s.ReadyAt)
		}
	})
}
