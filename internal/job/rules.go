package job

import (
	"hash/fnv"
	"strconv"
	"time"
)

// Rules are the plan's decisions that a job's life depends on.
type Rules struct {
	// Deadline is how long a job may take from its NotBefore to its end.
	Deadline time.Duration
	// OperationDeadline is how long one attempt may take from its intent to
	// the operation's end.
	OperationDeadline time.Duration
	// PollMin and PollMax bound the time between two looks at an operation,
	// whatever Retry-After says and however long such operations took before.
	PollMin, PollMax time.Duration
	// Settling is how long a found intent is left alone before anybody
	// concludes anything from what can be seen. It must be well above the
	// time that the intent's owner has for its request.
	Settling time.Duration
	// BusyWait is how long a job waits for a service that is busy and does
	// not say for how long.
	BusyWait time.Duration
	// Attempts is how many attempts may fail before the job does.
	Attempts int
	// RetryWait lies between a failed attempt and the next.
	RetryWait time.Duration
	// MinSizePercent is how small a backup may be, in percent of the last
	// good one, before it counts as unfit. 0 accepts any size above zero.
	MinSizePercent int
}

// defaultPoll is ARM's own interval, for answers without a Retry-After.
const defaultPoll = time.Minute

// poll is the time to the next look at an operation.
func (r Rules) poll(retryAfter time.Duration) time.Duration {
	if retryAfter <= 0 {
		retryAfter = defaultPoll
	}
	return min(max(retryAfter, r.PollMin), r.PollMax)
}

const (
	backoffFirst = 15 * time.Second
	backoffMax   = 5 * time.Minute
)

// Backoff is how long to wait after the nth look in a row (from 1) that told
// nothing: doubling from 15 s to 5 min, spread by key so that a thousand
// jobs that lost the same service do not come back at the same second.
func Backoff(n int, key string) time.Duration {
	d := backoffMax
	if n < 1 {
		n = 1
	}
	if n <= 5 {
		d = min(backoffFirst<<(n-1), backoffMax)
	}
	return d + spread(d/4, key+"/"+strconv.Itoa(n))
}

// longestTold is the longest wait that ARM has reasons for: in some clouds its
// limits are by the hour.
const longestTold = time.Hour

// affordable is a wait that Azure asked for, but not one for years, which would
// cost a job its deadline.
func affordable(told time.Duration) time.Duration { return min(told, longestTold) }

// Jitter spreads the services of a night over width. It is the same whenever
// it is computed for the same service and occurrence, in [0, width).
func Jitter(width time.Duration, service string, due time.Time) time.Duration {
	return spread(width, service+"/"+due.UTC().Format(time.RFC3339))
}

func spread(width time.Duration, key string) time.Duration {
	if width <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(key))
	// The last bytes reach only the low bits of FNV; mixing lets them count.
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return time.Duration(x % uint64(width))
}
