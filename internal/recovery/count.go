package recovery

import "context"

// The counters.
const (
	countIgnored     = "events_ignored"    // by reason
	countDeadLetters = "dead_letters"      // by queue
	countRepairs     = "watchdog_repairs"  // by service
	countBlocked     = "failovers_blocked" // by source/gate
)

// Why events are ignored, beside what package event says.
const (
	outsidePlan = "OutsidePlan"
	blobNotOurs = "BlobNotOurs"
)

// Ignored counts an event that means nothing to Lifeboat.
func (e *Engine) Ignored(ctx context.Context, reason string) {
	e.count1(ctx, countIgnored, reason)
}

// count1 adds one to a counter. Nothing is decided by a counter, so a failure
// is only worth a log line.
func (e *Engine) count1(ctx context.Context, name, label string) {
	if err := e.Store.Count(ctx, name, label, 1); err != nil {
		e.Log.WarnContext(ctx, "not counted", "counter", name, "label", label, keyError, err.Error())
	}
}
