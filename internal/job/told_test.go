package job

import (
	"testing"
	"time"
)

// A wait that nobody can have meant does not cost a job its deadline; one that
// ARM may have meant is obeyed.
func TestNoWaitIsObeyedForYears(t *testing.T) {
	now := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ told, want time.Duration }{
		{100 * 365 * 24 * time.Hour, time.Hour},
		{8 * time.Hour, time.Hour},
		{40 * time.Minute, 40 * time.Minute},
	} {
		for state, e := range map[State]Event{
			Pending:   Deferred{RetryAfter: tt.told},
			Verifying: Deferred{RetryAfter: tt.told},
			Starting:  Throttled{RetryAfter: tt.told},
		} {
			j := Job{ID: "j", Service: "apim-weu", Kind: Backup, State: state, Deadline: now.Add(8 * time.Hour)}
			to, err := Apply(j, e, sampleRules, now)
			if err != nil || to.NotBefore.Sub(now) != tt.want {
				t.Errorf("%s, %T told to wait %s: waits %s, %v, want %s", state, e, tt.told, to.NotBefore.Sub(now), err, tt.want)
			}
		}
		to, err := Apply(Job{ID: "j", State: Starting, Deadline: now.Add(8 * time.Hour)}, Busy{RetryAfter: tt.told}, sampleRules, now)
		if err != nil || to.NotBefore.Sub(now) != tt.want {
			t.Errorf("Busy, told to wait %s: waits %s, %v", tt.told, to.NotBefore.Sub(now), err)
		}
	}
}
