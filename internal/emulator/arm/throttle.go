package arm

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Bucket is a token bucket as ARM throttles with: it holds Burst requests and
// gains PerSecond of them.
type Bucket struct{ Burst, PerSecond float64 }

// limiter keeps the buckets of every subscription. ARM has them per principal
// as well; the emulator has one principal.
type limiter struct {
	reads, writes Bucket
	levels        map[string]*level
	recent        []time.Time // writes of the last second
	stats         Stats
}

type level struct {
	tokens float64
	at     time.Time
}

// Stats counts the requests that passed authentication.
type Stats struct {
	Reads, Writes      int
	Throttled          int
	Conflicts          int // answered 409 ServiceLocked
	MaxWritesPerSecond int // in any span of one second, throttled ones included
}

func newLimiter(reads, writes Bucket) limiter {
	return limiter{reads: reads, writes: writes, levels: map[string]*level{}}
}

// remaining is the header that tells a caller what is left.
type remaining struct{ header, value string }

func (l *limiter) take(subscription, method string, now time.Time) (left remaining, refused reply, ok bool) {
	bucket, kind := l.writes, "writes"
	switch method {
	case http.MethodGet, http.MethodHead:
		bucket, kind = l.reads, "reads"
		l.stats.Reads++
	case http.MethodDelete:
		kind = "deletes"
		l.countWrite(now)
	default:
		l.countWrite(now)
	}
	left.header = "x-ms-ratelimit-remaining-subscription-" + kind
	v := l.levels[subscription+" "+kind]
	if v == nil {
		v = &level{tokens: bucket.Burst, at: now}
		l.levels[subscription+" "+kind] = v
	}
	v.tokens = min(bucket.Burst, v.tokens+bucket.PerSecond*now.Sub(v.at).Seconds())
	v.at = now
	if v.tokens < 1 {
		l.stats.Throttled++
		refused = failure(http.StatusTooManyRequests, "SubscriptionRequestsThrottled", fmt.Sprintf("Number of '%s' for subscription '%s' exceeded the limit.", kind, subscription))
		refused.set("Retry-After", strconv.Itoa(max(1, int(math.Ceil((1-v.tokens)/bucket.PerSecond)))))
		refused.set(left.header, "0")
		return left, refused, false
	}
	v.tokens--
	left.value = strconv.Itoa(int(v.tokens))
	return left, reply{}, true
}

func (l *limiter) countWrite(now time.Time) {
	l.stats.Writes++
	l.recent = append(l.recent, now)
	for now.Sub(l.recent[0]) >= time.Second {
		l.recent = l.recent[1:]
	}
	l.stats.MaxWritesPerSecond = max(l.stats.MaxWritesPerSecond, len(l.recent))
}

// Stats returns the counts so far.
func (s *Simulator) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limiter.stats
}
