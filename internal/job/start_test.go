package job

import (
	"testing"
	"time"
)

// An intent that is made shortly before the deadline would be judged by what
// can be seen before its owner has sent the request.
func TestNoStartWithoutTimeToSettle(t *testing.T) {
	for left, want := range map[time.Duration]State{
		sampleRules.Settling: Starting, sampleRules.Settling - time.Second: Failed, time.Second: Failed, 0: Failed, -time.Hour: Failed,
	} {
		j := NewBackup("apim-weu", midnight, midnight, sampleRules, midnight)
		got, err := Apply(j, Start{Owner: "invocation"}, sampleRules, j.Deadline.Add(-left))
		if err != nil || got.State != want {
			t.Errorf("%s before the deadline: %s, %v, want %s", left, got.State, err, want)
		}
		if got.State == Starting && got.NotBefore.Before(got.Attempt.StartedAt.Add(sampleRules.Settling)) {
			t.Errorf("%s before the deadline: looked at again at %s, begun at %s", left, got.NotBefore, got.Attempt.StartedAt)
		}
	}
}
