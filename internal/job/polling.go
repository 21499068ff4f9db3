package job

import (
	"slices"
	"time"
)

// Times are how long the last operations of one kind on one service took,
// newest first. Zeros stand for those that there were not.
type Times [10]time.Duration

// With is t after another operation that took d.
func (t Times) With(d time.Duration) Times {
	copy(t[1:], t[:])
	t[0] = d
	return t
}

// Known are the durations in t, newest first.
func (t Times) Known() []time.Duration {
	for n, d := range t {
		if d <= 0 {
			return t[:n]
		}
	}
	return t[:]
}

// Usual is the middle of the durations in t, 0 if there are none.
func (t Times) Usual() time.Duration {
	known := t.Known()
	slices.Sort(known)
	n := len(known)
	if n == 0 {
		return 0
	}
	return (known[(n-1)/2] + known[n/2]) / 2
}

const (
	// enoughTimes is how many durations it takes to go by them.
	enoughTimes = 5
	// around is how near to a past duration an end is likely. What is known of
	// one is no finer: Azure says to look once a minute.
	around = time.Minute
)

// nextLook is the time to the next look at an operation that has gone on for
// elapsed, by the durations of such operations in the past. The next of them is
// when an end is likely: then comes a look, a little later if that serves the
// two after it as well. Beyond all of them Retry-After decides; far from them
// the looks are PollMax apart. So no look is sooner than poll allows, and
// whatever ends unexpectedly is found within PollMax.
func (r Rules) nextLook(elapsed time.Duration, past Times, retryAfter time.Duration) time.Duration {
	soonest := r.poll(retryAfter)
	if len(past.Known()) < enoughTimes {
		return soonest
	}
	ahead := slices.DeleteFunc(past.Known(), func(p time.Duration) bool { return p <= elapsed-around })
	if len(ahead) == 0 {
		return soonest
	}
	slices.Sort(ahead)
	end := min(ahead[min(2, len(ahead)-1)], ahead[0]+around)
	return max(soonest, min(end-around/2-elapsed, r.PollMax))
}

// learns reports whether j's looks go by the past. In an outage a poll saved
// is worth nothing, and the end found late costs minutes of it: a failover is
// looked at as often as Azure allows.
func (j Job) learns() bool { return j.Kind == Backup || j.order().Warm }

// lookAgain is the time to the next look at j's operation, which goes on.
func (j Job) lookAgain(rules Rules, retryAfter time.Duration, now time.Time) time.Duration {
	if !j.learns() {
		return rules.poll(retryAfter)
	}
	return rules.nextLook(now.Sub(j.Attempt.StartedAt), j.Past, retryAfter)
}

// took is how long j's operation took, found done at now: it ended between the
// last two looks, and the middle errs least. It is 0 where they lie too far
// apart to tell, or on clocks that differ too much.
func (j Job) took(rules Rules, now time.Time) time.Duration {
	last := j.Attempt.RunningAt
	gap := now.Sub(last)
	if last.IsZero() || gap < 0 || gap > 2*rules.PollMax {
		return 0
	}
	return max(last.Add(gap/2).Sub(j.Attempt.StartedAt).Round(time.Second), 0)
}

// times is j.Past with the operation of j, which has succeeded, if it is known
// how long that took; nil if not.
//
// Past is as it was read when j was made or begun. Should another job have
// ended since, its duration is lost, and nothing hangs on it.
func (j Job) times() *Times {
	if j.Attempt.Took <= 0 || j.Kind == Restore && j.Attempt.Phase != Overwrite {
		return nil
	}
	times := j.Past.With(j.Attempt.Took)
	return &times
}
