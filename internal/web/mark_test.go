package web

import "testing"

// What passed is never told as bad, and what this does not know never as good.
func TestVerdicts(t *testing.T) {
	for outcome, want := range map[string]mark{
		"Passed": {Good, "Passed"}, "PassedWithWarning": {Warn, "Passed with warning"},
		"NeedsApproval": {Warn, "NeedsApproval"}, "Waits": {Warn, "Waits"},
		"Refused": {Bad, "Refused"}, "Later": {Bad, "Later"}, "": {Bad, ""},
	} {
		if got := verdictMark(outcome); got != want {
			t.Errorf("%q = %+v, want %+v", outcome, got, want)
		}
	}
}
