package job

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawRules are rules that a plan could have.
func drawRules(t *rapid.T) Rules {
	span := func(from, to time.Duration, label string) time.Duration { return drawSpan(t, from, to, label) }
	r := Rules{
		Deadline: span(10*time.Minute, 4*time.Hour, "deadline"), OperationDeadline: span(5*time.Minute, 4*time.Hour, "operation deadline"),
		PollMin: span(15*time.Second, time.Minute, "poll min"), Settling: span(time.Minute, 10*time.Minute, "settling"),
		BusyWait: span(15*time.Second, 10*time.Minute, "busy wait"), Attempts: rapid.IntRange(1, 4).Draw(t, "attempts"),
		RetryWait: span(time.Minute, 30*time.Minute, "retry wait"),
	}
	r.PollMax = r.PollMin + span(0, 10*time.Minute, "poll max")
	return r
}

// drawEvent is any event, with any time that Azure may ask for.
func drawEvent(t *rapid.T) Event {
	e := reflect.New(reflect.TypeOf(rapid.SampledFrom(sampleEvents()).Draw(t, "event"))).Elem()
	for i := range e.NumField() {
		switch field := e.Field(i); field.Interface().(type) {
		case string:
			field.SetString(rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, e.Type().Field(i).Name))
		case time.Duration:
			field.SetInt(int64(drawSpan(t, -time.Hour, 9*time.Hour, "retry after")))
		}
	}
	if e.Type() == reflect.TypeFor[Accepted]() || e.Type() == reflect.TypeFor[Running]() {
		e.FieldByName("ResumeToken").SetString("token") // the adapter gives none without
	}
	return e.Interface().(Event)
}

// drawJob is a new backup of a service, to start at some time.
func drawJob(t *rapid.T, r Rules) Job {
	wait := drawSpan(t, 0, time.Hour, "jitter")
	j := NewBackup("apim-weu", midnight, midnight.Add(wait), r, midnight)
	j.OnChange = rapid.Bool().Draw(t, "on change")
	j.Past = drawTimes(t)
	return j
}

// Whatever happens in whatever order, early, late or twice.
func TestAnySequenceOfEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		j, now, held, verified := drawJob(t, rules), midnight, false, false
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			now = now.Add(drawSpan(t, 0, 20*time.Minute, "later"))
			e := drawEvent(t)
			// Room behind the warnings, where a careless append would write.
			j.Warnings = append(make([]string, 0, len(j.Warnings)+4), j.Warnings...)
			before := j
			before.Warnings = slices.Clone(j.Warnings[:cap(j.Warnings)])
			next, err := Apply(j, e, rules, now)
			after := j
			after.Warnings = j.Warnings[:cap(j.Warnings)]
			if !reflect.DeepEqual(before, after) {
				t.Fatalf("%T changed its argument to %+v", e, after)
			}
			if err != nil {
				if !reflect.DeepEqual(next, j) || errors.Is(err, ErrEnded) != j.State.Terminal() {
					t.Fatalf("%T on %s = %+v, %v", e, j.State, next, err)
				}
				continue
			}
			_, isVerified := e.(Verified)
			verified = verified || isVerified
			held = checkMove(t, rules, j, next, now, held)
			if next.State == Succeeded && !verified {
				t.Fatalf("%T made %s Succeeded, which was never verified", e, j.State)
			}
			j = next
		}
	})
}

// checkMove checks one move that was made, and returns whether the lease is
// held after it.
func checkMove(t *rapid.T, rules Rules, j, next Job, now time.Time, held bool) bool {
	switch {
	case j.State.Terminal():
		t.Fatalf("%s became %s", j.State, next.State)
	case next.Revision != j.Revision+1 || !next.UpdatedAt.Equal(now):
		t.Fatalf("revision %d at %s became %d at %s", j.Revision, now, next.Revision, next.UpdatedAt)
	case next.ID != j.ID || next.Service != j.Service || !next.Deadline.Equal(j.Deadline) || !next.Due.Equal(j.Due):
		t.Fatalf("%+v became another job: %+v", j, next)
	case next.Attempt.Number < j.Attempt.Number, next.Failures > rules.Attempts, next.Failures < j.Failures:
		t.Fatalf("attempt %d with %d failures became %d with %d", j.Attempt.Number, j.Failures, next.Attempt.Number, next.Failures)
	case next.Attempt.ResumeToken != "" && next.State != InProgress && !next.Stranded:
		t.Fatalf("%s has a resume token", next.State)
	case next.State.Terminal() && !next.EndedAt.Equal(now):
		t.Fatalf("ended at %s, want %s", next.EndedAt, now)
	case !next.State.Terminal() && (next.NotBefore.Before(now) || next.NotBefore.After(later(next.limit(rules), now))):
		t.Fatalf("%s at %s: next move at %s, but the limit is %s", next.State, now, next.NotBefore, next.limit(rules))
	case (next.Code != "") != (next.State == Failed || next.State == Canceled):
		t.Fatalf("%s has code %q", next.State, next.Code)
	}
	for _, at := range []time.Time{next.NotBefore, next.UpdatedAt, next.EndedAt, next.Attempt.StartedAt} {
		if at.Location() != time.UTC {
			t.Fatalf("%s is not UTC", at)
		}
	}
	switch move := LeaseBetween(j, next); move {
	case TakeLease:
		if held {
			t.Fatalf("%s to %s takes a lease twice", j.State, next.State)
		}
		held = true
	case ReleaseLease, OrphanLease:
		if !held || (move == OrphanLease) != next.Stranded {
			t.Fatalf("%s to %s: move %d of a lease that is held: %t, stranded: %t", j.State, next.State, move, held, next.Stranded)
		}
		held = false
	}
	if held != next.State.HoldsLease() {
		t.Fatalf("in %s the lease is held: %t", next.State, held)
	}
	return held
}

// Events that come when they are due, and never lead anywhere for good.
func TestEveryJobEndsByItsDeadline(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		j := drawJob(t, rules)
		for moves := 0; !j.State.Terminal(); moves++ {
			now := j.NotBefore
			next, err := Apply(j, drawEvent(t), rules, now)
			if err != nil {
				next, err = Apply(j, Deferred{Reason: "nothing new"}, rules, now)
			}
			if err != nil || moves > 2000 {
				t.Fatalf("after %d moves %s, %v", moves, j.State, err)
			}
			j = next
		}
		if j.EndedAt.After(j.Deadline) {
			t.Fatalf("%s at %s, deadline %s", j.State, j.EndedAt, j.Deadline)
		}
	})
}

// A service that is throttled for hours must not be asked four times a minute.
func TestThrottledStartsSpreadOut(t *testing.T) {
	j := NewBackup("apim-weu", midnight, midnight, sampleRules, midnight)
	for n := 1; n <= 8; n++ {
		now := j.NotBefore
		for _, e := range []Event{Start{Owner: "invocation"}, Throttled{Reason: "429"}} {
			var err error
			if j, err = Apply(j, e, sampleRules, now); err != nil {
				t.Fatal(err)
			}
		}
		if wait := j.NotBefore.Sub(now); wait != Backoff(n, j.ID) {
			t.Errorf("wait %d = %s, want %s", n, wait, Backoff(n, j.ID))
		}
	}
	for _, e := range []Event{Start{}, Accepted{ResumeToken: "token"}, Deferred{}} {
		now := j.NotBefore
		var err error
		if j, err = Apply(j, e, sampleRules, now); err != nil {
			t.Fatal(err)
		}
	}
	if j.Delays != 1 {
		t.Errorf("after an answer and a look that failed: %d delays, want 1", j.Delays)
	}
}
