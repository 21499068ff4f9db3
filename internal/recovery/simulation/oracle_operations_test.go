package simulation

import (
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/request"
)

// A restore whose target holds the point already ends without an operation, and
// is judged long before if its instance stands still: what was acknowledged in
// between was that failover.
func TestAcknowledgedBetweenNoteAndEnd(t *testing.T) {
	for name, tc := range map[string]struct {
		sent time.Duration // of the acknowledgement, after the note
		want bool
	}{
		"between":     {5 * time.Minute, true},
		"long before": {-time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(*testing.T) {
				h := newHistory(1, NewFigures(), nil)
				decided := h.now()
				h.acknowledged(request.Request{Kind: request.Acknowledge, Service: "a", EnqueuedAt: decided.Add(tc.sent)})
				time.Sleep(8 * time.Minute) // in the bubble
				h.failsOver(failover{job: "j", source: "a", target: "b", at: decided})
				if got := h.failovers[0].acknowledged; got != tc.want {
					t.Errorf("acknowledged: %v, want %v", got, tc.want)
				}
			})
		})
	}
}
