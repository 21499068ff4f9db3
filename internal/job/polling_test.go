package job

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// timesOf are so many minutes, newest first.
func timesOf(minutes ...float64) (t Times) {
	for i, m := range minutes {
		t[i] = time.Duration(m * float64(time.Minute))
	}
	return t
}

func TestNextLook(t *testing.T) {
	const m = time.Minute
	steady := timesOf(30, 31, 30.5, 32, 31)
	two := timesOf(8, 30, 8.5, 31, 8)
	for name, tt := range map[string]struct {
		past       Times
		elapsed    time.Duration
		retryAfter time.Duration
		want       time.Duration
	}{
		"nothing is known":                         {Times{}, m, m, m},
		"four are too few":                         {timesOf(30, 31, 30.5, 32), m, m, m},
		"far from the end":                         {steady, m, m, 5 * m},
		"just before it may end":                   {steady, 26 * m, m, 4*m + 30*time.Second},
		"sooner than Azure allows":                 {steady, 30*m + 10*time.Second, m, m},
		"where it may end":                         {steady, 29 * m, m, m + 30*time.Second},
		"where a later look serves no other end":   {timesOf(30, 40, 41, 42, 43), 28 * m, m, 2*m + 30*time.Second},
		"a minute after the last":                  {steady, 33 * m, m, m},
		"where the quick ones end":                 {two, 9 * m, m, m},
		"beyond all":                               {steady, 2 * time.Hour, m, m},
		"between the quick ones and the slow":      {two, 10 * m, m, 5 * m},
		"just before the slow ones":                {two, 27 * m, m, 3*m + 30*time.Second},
		"Azure asks for more than the rules allow": {steady, 29 * m, time.Hour, 5 * m},
		"Azure asks for less than the rules allow": {steady, 31*m + 30*time.Second, time.Second, 15 * time.Second},
		"Azure says nothing":                       {steady, 31*m + 30*time.Second, 0, m},
		"the clock is behind":                      {steady, -time.Hour, m, 5 * m},
		"absurd times":                             {Times{1 << 62, 1<<63 - 1, 1 << 62, 1 << 62, 1 << 62}, 0, m, 5 * m},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sampleRules.nextLook(tt.elapsed, tt.past, tt.retryAfter); got != tt.want {
				t.Errorf("next look in %s, want %s", got, tt.want)
			}
		})
	}
}

func drawTimes(t *rapid.T) (times Times) {
	for i := range rapid.IntRange(0, len(times)).Draw(t, "known") {
		times[i] = drawSpan(t, time.Second, 3*time.Hour, "took")
	}
	return times
}

// drawSpan is in from..to, all over it: of a range of nanoseconds rapid would
// draw little but the ends.
func drawSpan(t *rapid.T, from, to time.Duration, label string) time.Duration {
	const steps = 127
	return from + (to-from)*time.Duration(rapid.IntRange(0, steps).Draw(t, label))/steps
}

// Never sooner than Azure asks, never later than the rules allow; and what is
// looked at later is not looked at again sooner.
func TestNextLookIsBoundedAndMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, past := drawRules(t), drawTimes(t)
		retryAfter := drawSpan(t, -time.Minute, time.Hour, "retry after")
		elapsed := drawSpan(t, -time.Hour, 4*time.Hour, "elapsed")
		wait := rules.nextLook(elapsed, past, retryAfter)
		if wait < rules.poll(retryAfter) || wait > rules.PollMax || wait < min(retryAfter, rules.PollMax) {
			t.Fatalf("wait %s, Azure asks for %s, rules %+v", wait, retryAfter, rules)
		}
		if len(past.Known()) < 5 && wait != rules.poll(retryAfter) {
			t.Fatalf("wait %s with %d times known", wait, len(past.Known()))
		}
		more := elapsed + drawSpan(t, 0, time.Hour, "later")
		if elapsed >= 0 && more+rules.nextLook(more, past, retryAfter) < elapsed+wait {
			t.Fatalf("a look at %s asks for the next at %s, one at %s for %s", elapsed, elapsed+wait, more, more+rules.nextLook(more, past, retryAfter))
		}
	})
}

// started is j with its operation accepted at now.
func started(t *rapid.T, j Job, rules Rules, now time.Time) Job {
	for _, e := range []Event{Start{Owner: "invocation", Past: j.Past, Phase: map[Kind]Phase{Restore: Overwrite}[j.Kind]}, Accepted{ResumeToken: "token", RetryAfter: time.Minute}} {
		var err error
		if j, err = Apply(j, e, rules, now); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// follow looks at an operation that ends after d, whenever a look is due, and
// returns the job that found the end.
func follow(t *rapid.T, j Job, rules Rules, d time.Duration) (found Job, at time.Time) {
	for {
		at = j.NotBefore
		var e Event = Running{ResumeToken: "token", RetryAfter: time.Minute}
		if done := !at.Before(j.Attempt.StartedAt.Add(d)); done {
			e = OperationSucceeded{}
		}
		next, err := Apply(j, e, rules, at)
		if err != nil {
			t.Fatal(err)
		}
		if next.State != InProgress {
			return next, at
		}
		if next.NotBefore.After(next.limit(rules)) {
			t.Fatalf("a look at %s, the limit is %s", next.NotBefore, next.limit(rules))
		}
		j = next
	}
}

// However wrong the past is, an end is found within PollMax, what fails at once
// with the first look, and what is told of the duration is right to half of it.
func TestAnUnexpectedEndIsFoundWithinPollMax(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := sampleRules
		rules.PollMax = drawSpan(t, time.Minute, 20*time.Minute, "poll max")
		j := drawJob(t, rules)
		j.Past = drawTimes(t)
		d := drawSpan(t, 0, 170*time.Minute, "duration")
		j = started(t, j, rules, j.NotBefore)
		begun := j.Attempt.StartedAt
		if first := j.NotBefore.Sub(begun); first != time.Minute {
			t.Fatalf("first look after %s", first)
		}
		j, at := follow(t, j, rules, d)
		if late := at.Sub(begun.Add(d)); late > rules.PollMax {
			t.Fatalf("an end after %s is found %s late", d, late)
		}
		if off := (j.Attempt.Took - d).Abs(); off > rules.PollMax/2+time.Second {
			t.Fatalf("an operation of %s took %s", d, j.Attempt.Took)
		}
	})
}

// Wherever it goes, a few nights later the end is found within a poll again.
func TestTheLooksFollowAServiceThatHasChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Summary
		run := func(d time.Duration) (late time.Duration) {
			j := NewBackup("apim-weu", midnight, midnight, sampleRules, midnight)
			j.Past = s.BackupTimes
			j, at := follow(t, started(t, j, sampleRules, midnight), sampleRules, d)
			for _, e := range []Event{Verified{}, Pruned{}} {
				next, err := Apply(j, e, sampleRules, at)
				if err != nil {
					t.Fatal(err)
				}
				s, j = SummaryBetween(j, next).Apply(s), next
			}
			return at.Sub(j.Attempt.StartedAt.Add(d))
		}
		for _, label := range []string{"before", "after"} {
			d := drawSpan(t, time.Second, 170*time.Minute, label)
			var late time.Duration
			for range 12 {
				late = run(d)
			}
			if late > time.Minute {
				t.Fatalf("twelve nights at %s, %s late: %s", d, late, s.BackupTimes)
			}
		}
	})
}

// A failover is looked at as often as Azure allows, whatever is known.
func TestAFailoverDoesNotGoByThePast(t *testing.T) {
	for _, warm := range []bool{false, true} {
		rapid.Check(t, func(t *rapid.T) {
			j := NewRestore("apim-neu", "cause", RestoreOrder{Source: "apim-weu", Warm: warm}, sampleRules, midnight)
			j.Past = timesOf(40, 41, 42, 40, 41)
			j = started(t, j, sampleRules, midnight)
			j, err := Apply(j, Running{ResumeToken: "token", RetryAfter: time.Minute}, sampleRules, j.NotBefore)
			if err != nil {
				t.Fatal(err)
			}
			want := time.Minute
			if warm {
				want = sampleRules.PollMax
			}
			if wait := j.NotBefore.Sub(j.UpdatedAt); wait != want {
				t.Errorf("warm %t: next look in %s, want %s", warm, wait, want)
			}
		})
	}
}

// Only a success whose length is known adds to the past.
func TestWhatIsLearnt(t *testing.T) {
	took := 9 * time.Minute
	for name, tt := range map[string]struct {
		kind            Kind
		state           State
		phase           Phase
		took            time.Duration
		backup, restore bool
	}{
		"a backup":                    {Backup, Succeeded, "", took, true, false},
		"a backup that failed":        {Backup, Failed, "", took, false, false},
		"a backup told from evidence": {Backup, Succeeded, "", 0, false, false},
		"a restore":                   {Restore, Succeeded, Overwrite, took, false, true},
		"a restore that failed":       {Restore, Failed, Overwrite, took, false, false},
		"a restore not needed":        {Restore, Succeeded, SafetyBackup, took, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			j := Job{Kind: tt.kind, State: Pruning, Attempt: Attempt{Phase: tt.phase, Took: tt.took}, Past: timesOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)}
			to := j
			to.State = tt.state
			m := SummaryBetween(j, to)
			if (m.BackupTimes != nil) != tt.backup || (m.RestoreTimes != nil) != tt.restore {
				t.Fatalf("backups %v, restores %v", m.BackupTimes, m.RestoreTimes)
			}
			for _, times := range []*Times{m.BackupTimes, m.RestoreTimes} {
				if want := timesOf(9, 1, 2, 3, 4, 5, 6, 7, 8, 9); times != nil && *times != want {
					t.Errorf("times %v, want %v", *times, want)
				}
			}
		})
	}
}

func TestTook(t *testing.T) {
	const m = time.Minute
	for name, tt := range map[string]struct {
		running, found, want time.Duration
	}{
		"between two looks":              {6 * m, 7 * m, 6*m + 30*time.Second},
		"found late":                     {6 * m, 14 * m, 10 * m},
		"found too late to tell":         {6 * m, 17 * m, 0},
		"found before it was running":    {6 * m, 5 * m, 0},
		"running before it was begun":    {-3 * m, m, 0},
		"no look has ever said anything": {-1 << 63, m, 0},
	} {
		t.Run(name, func(t *testing.T) {
			j := Job{Attempt: Attempt{StartedAt: midnight}}
			if tt.running > -time.Hour {
				j.Attempt.RunningAt = midnight.Add(tt.running)
			}
			if got := j.took(sampleRules, midnight.Add(tt.found)); got != tt.want {
				t.Errorf("took %s, want %s", got, tt.want)
			}
		})
	}
}

func TestUsual(t *testing.T) {
	for _, tt := range []struct{ times, want Times }{
		{Times{}, Times{}}, {timesOf(7), timesOf(7)}, {timesOf(9, 5), timesOf(7)}, {timesOf(60, 5, 7), timesOf(7)},
	} {
		if got := tt.times.Usual(); got != tt.want[0] {
			t.Errorf("usual of %v = %s, want %s", tt.times, got, tt.want[0])
		}
	}
}
