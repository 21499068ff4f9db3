package job

import (
	"errors"
	"testing"
	"time"
)

// What a restore is held for may end after its deadline: then it has as much
// time again, up to a bound.
func TestHeldBeyondTheDeadline(t *testing.T) {
	const d = 6 * time.Hour // sampleRules.Deadline
	for name, c := range map[string]struct{ until, next, deadline time.Duration }{
		"by a maintenance of a night":   {10 * time.Hour, 15 * time.Minute, 10*time.Hour + d},
		"by one that is soon over":      {20 * time.Minute, 15 * time.Minute, 20*time.Minute + d},
		"by one of a month":             {30 * 24 * time.Hour, 15 * time.Minute, 14 * 24 * time.Hour},
		"by one of a lifetime":          {100 * 365 * 24 * time.Hour, 15 * time.Minute, 14 * 24 * time.Hour},
		"by an operation on its target": {time.Minute, time.Minute, d},
		"until a moment ago":            {-time.Minute, 15 * time.Second, d},
	} {
		t.Run(name, func(t *testing.T) {
			j := NewRestore("apim-neu", "cause", RestoreOrder{Source: "apim-weu"}, sampleRules, midnight)
			got, err := Apply(j, Held{Reason: "held", Until: midnight.Add(c.until)}, sampleRules, midnight)
			if err != nil || got.State != Pending || !got.NotBefore.Equal(midnight.Add(c.next)) || !got.Deadline.Equal(midnight.Add(c.deadline)) {
				t.Errorf("is %s, looks again at %s until %s, %v; want %s and %s", got.State, got.NotBefore, got.Deadline, err, midnight.Add(c.next), midnight.Add(c.deadline))
			}
		})
	}
}

// A hold that is put off again and again ends the restore at last.
func TestHeldForEver(t *testing.T) {
	j := NewRestore("apim-neu", "cause", RestoreOrder{Source: "apim-weu"}, sampleRules, midnight)
	now := midnight
	for !j.State.Terminal() {
		next, err := Apply(j, Held{Reason: "held", Until: now.Add(8 * time.Hour)}, sampleRules, now)
		if err != nil {
			t.Fatal(err)
		}
		j, now = next, next.NotBefore
	}
	if j.Code != CodeDeadlineExceeded || !j.EndedAt.Equal(midnight.Add(14*24*time.Hour)) {
		t.Errorf("%s %s at %s", j.State, j.Code, j.EndedAt)
	}
	if _, err := Apply(j, Held{}, sampleRules, now); !errors.Is(err, ErrEnded) {
		t.Error(err)
	}
}

// A notice says whether anything was begun that changes the standby.
func TestUntouched(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Job)
		want   bool
	}{
		"held until its deadline":                    {func(*Job) {}, true},
		"its safety backup failed":                   {func(j *Job) { j.Attempt.Phase, j.Code = SafetyBackup, "Azure's" }, true},
		"its safety backup may go on":                {func(j *Job) { j.Attempt.Phase, j.Stranded = SafetyBackup, true }, false},
		"the request to overwrite it was to be sent": {func(j *Job) { j.Restore.Attempted = midnight }, false},
		"it goes on": {func(j *Job) { j.State = AwaitingApproval }, false},
	} {
		from := NewRestore("apim-neu", "cause", RestoreOrder{Source: "apim-weu"}, sampleRules, midnight)
		to := NewRestore("apim-neu", "cause", RestoreOrder{Source: "apim-weu"}, sampleRules, midnight)
		to.State, to.Code = Failed, CodeDeadlineExceeded
		c.change(&to)
		notices := NoticesBetween(from, to)
		if len(notices) != 1 || notices[0].Facts.Untouched != c.want {
			t.Errorf("%s: %+v, want untouched %t", name, notices, c.want)
		}
	}
}
