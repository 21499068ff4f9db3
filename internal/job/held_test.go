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

// Who approves in time has the job's whole time for the restore, however long
// the approval was waited for, up to a bound.
func TestAnApprovedRestoreHasItsTime(t *testing.T) {
	const d, day = 6 * time.Hour, 24 * time.Hour // sampleRules.Deadline
	for name, c := range map[string]struct{ asked, wait, expires, approved, deadline time.Duration }{
		"at once":                              {0, d, d, 0, d},
		"in the last minute of its deadline":   {0, d, d, d - time.Minute, 2*d - time.Minute},
		"the next day":                         {time.Hour, day, 25 * time.Hour, 25*time.Hour - 1, 25*time.Hour - 1 + d},
		"in the last minute of all":            {d - time.Hour, 30 * day, 14 * day, 14*day - time.Minute, 14*day - time.Minute + d},
		"of an order whose deadline was moved": {2 * time.Hour, time.Hour, 3 * time.Hour, 150 * time.Minute, 150*time.Minute + d},
	} {
		t.Run(name, func(t *testing.T) {
			j := NewRestore("apim-neu", "cause", RestoreOrder{Source: "apim-weu", By: "ann"}, sampleRules, midnight)
			ask := AskApproval{Point: Point{Blob: "point"}, Expires: midnight.Add(c.asked + c.wait)}
			j, err := Apply(j, ask, sampleRules, midnight.Add(c.asked))
			if err != nil {
				t.Fatal(err)
			}
			if expires := midnight.Add(c.expires); !j.Restore.Approval.Expires.Equal(expires) || !j.NotBefore.Equal(expires) || j.Deadline.Before(expires) {
				t.Errorf("waits until %s, looks at %s, deadline %s; want %s", j.Restore.Approval.Expires, j.NotBefore, j.Deadline, expires)
			}
			j, err = Apply(j, Approve{By: "bob", Point: "point", Target: "apim-neu"}, sampleRules, midnight.Add(c.approved))
			if err != nil || j.State != Pending || !j.Deadline.Equal(midnight.Add(c.deadline)) {
				t.Errorf("is %s until %s, %v; want until %s", j.State, j.Deadline, err, midnight.Add(c.deadline))
			}
		})
	}
}

// To ask again and again, and to approve each time, does not put the end off
// without bound.
func TestApprovedForEver(t *testing.T) {
	j := NewRestore("apim-neu", "cause", RestoreOrder{Source: "apim-weu", By: "ann"}, sampleRules, midnight)
	now := midnight
	for !j.State.Terminal() {
		now = now.Add(time.Minute)
		var e Event = AskApproval{Point: Point{Blob: "point"}, Expires: now.Add(24 * time.Hour)}
		if expires := j.order().Approval.Expires; j.State == AwaitingApproval {
			e = Approve{By: "bob", Point: "point", Target: "apim-neu"}
			if now = later(now, expires.Add(-time.Minute)); !now.Before(expires) {
				e = ApprovalExpired{}
			}
		}
		next, err := Apply(j, e, sampleRules, now)
		if err != nil {
			t.Fatal(err)
		}
		j = next
	}
	if most := midnight.Add(MostHeld + sampleRules.Deadline); j.EndedAt.After(most) || j.Deadline.After(most) {
		t.Errorf("%s %s at %s, deadline %s", j.State, j.Code, j.EndedAt, j.Deadline)
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

// A restore that begins in the last minutes of its time is followed to its end:
// a target that was overwritten serves.
func TestARestoreThatBeginsLateIsFollowed(t *testing.T) {
	begun := midnight.Add(sampleRules.Deadline - 10*time.Minute)
	end := begun.Add(sampleRules.OperationDeadline)
	for phase, want := range map[Phase]State{Overwrite: Succeeded, SafetyBackup: Failed} {
		j := NewRestore("apim-neu", "cause", RestoreOrder{Source: "apim-weu", By: "ann"}, sampleRules, midnight)
		for _, step := range []struct {
			e  Event
			at time.Time
		}{
			{Start{Owner: "invocation", Phase: phase, Point: Point{Blob: "point"}}, begun},
			{Accepted{ResumeToken: "token"}, begun},
			{Running{ResumeToken: "next"}, begun.Add(20 * time.Minute)},
			{OperationSucceeded{}, end.Add(-time.Minute)},
			{Restored{}, end.Add(-time.Minute)},
		} {
			var err error
			if j, err = Apply(j, step.e, sampleRules, step.at); err != nil && !j.State.Terminal() {
				t.Fatal(err)
			}
		}
		if j.State != want {
			t.Errorf("with phase %s it is %s %s: %s, want %s", phase, j.State, j.Code, j.Message, want)
		}
	}
}

// A restore that Azure does not take goes on asking until its deadline, and no
// longer.
func TestARestoreThatIsNeverTakenEnds(t *testing.T) {
	for _, no := range []Event{Busy{Reason: "409"}, Throttled{Reason: "429"}, NotLanded{Reason: "no sign of it"}} {
		j := NewRestore("apim-neu", "cause", RestoreOrder{Source: "apim-weu", By: "ann"}, sampleRules, midnight)
		for now := midnight; !j.State.Terminal(); now = later(now, j.NotBefore) {
			var err error
			if j, err = Apply(j, Start{Owner: "invocation", Phase: Overwrite, Point: Point{Blob: "point"}}, sampleRules, now); err != nil || j.State.Terminal() {
				break
			}
			if j, err = Apply(j, no, sampleRules, now); err != nil {
				t.Fatal(err)
			}
			if now.After(midnight.Add(sampleRules.Deadline)) {
				t.Fatalf("after %T it is %s at %s, deadline %s", no, j.State, now, j.Deadline)
			}
		}
		if j.State != Failed || j.EndedAt.After(midnight.Add(sampleRules.Deadline)) {
			t.Errorf("after %T it is %s, ended at %s", no, j.State, j.EndedAt)
		}
	}
}

// Nobody is asked to approve what has run out of time.
func TestNobodyIsAskedTooLate(t *testing.T) {
	j := NewRestore("apim-neu", "cause", RestoreOrder{Source: "apim-weu", By: "ann"}, sampleRules, midnight)
	late := j.Deadline.Add(time.Second)
	j, err := Apply(j, AskApproval{Point: Point{Blob: "point"}, Expires: late.Add(time.Hour)}, sampleRules, late)
	if err != nil || j.State != Failed || j.Code != CodeDeadlineExceeded {
		t.Errorf("it is %s %s, %v", j.State, j.Code, err)
	}
}

// A standby that holds the point already begins to serve in the job's time or
// not at all, as one that is restored.
func TestWhatIsHeldDoesNotServeTooLate(t *testing.T) {
	order := RestoreOrder{Source: "apim-weu", By: "ann", Safety: Artefact{Name: "a1"}}
	pending := NewRestore("apim-neu", "cause", order, sampleRules, midnight)
	safe := pending
	safe.State, safe.Attempt = Verifying, Attempt{Number: 1, Phase: SafetyBackup}
	for _, from := range []Job{pending, safe} {
		for after, want := range map[time.Duration]State{-time.Second: Succeeded, 0: Failed, 20 * time.Hour: Failed} {
			j, err := Apply(from, Restored{Point: Point{Blob: "point"}}, sampleRules, from.Deadline.Add(after))
			if serves := restoreSummary(from, j).ServingFor != nil; err != nil || j.State != want || serves != (want == Succeeded) || j.Stranded {
				t.Errorf("while %s, %s after the deadline, it is %s %s, serves: %t, %v", from.State, after, j.State, j.Code, serves, err)
			}
		}
	}
}
