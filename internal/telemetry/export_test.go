package telemetry

import "testing"

// Flush sends what has not been sent.
func (t *Telemetry) Flush(test testing.TB) {
	if err := t.provider.ForceFlush(test.Context()); err != nil {
		test.Error(err)
	}
}
