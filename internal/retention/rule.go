package retention

import (
	"fmt"
	"time"
)

// rule judges one good point after another, from the newest to the oldest.
type rule func(i Item) (keeps bool, why string)

// rules are p's, in the order in which they are documented.
func (p Policy) rules(now time.Time) []rule {
	var all []rule
	if p.KeepLast > 0 {
		all = append(all, newest(p.KeepLast, "keepLast"))
	}
	for _, c := range []struct {
		of int
		calendar
	}{{p.Hourly, hours}, {p.Daily, days}, {p.Weekly, weeks}} {
		if c.of > 0 {
			all = append(all, newestOfEach(c.of, c.calendar, p.location()))
		}
	}
	if p.KeepWithin > 0 {
		all = append(all, recent(p.KeepWithin, now))
	}
	return append(all, floor(p.MinKeep))
}

func newest(n int, name string) rule {
	seen := 0
	return func(Item) (bool, string) {
		seen++
		if seen > n {
			return false, fmt.Sprintf("not %s (%s)", among(n, "good point"), name)
		}
		return true, fmt.Sprintf("%s (%s)", among(n, "good point"), name)
	}
}

// floor keeps the n newest, and the n newest without concurrent changes.
func floor(n int) rule {
	all, clean := newest(n, "minKeep"), 0
	return func(i Item) (bool, string) {
		keeps, why := all(i)
		if i.ConcurrentChanges {
			return keeps, why
		}
		clean++
		if !keeps && clean <= n {
			return true, among(n, "good point") + " without concurrent changes (minKeep)"
		}
		return keeps, why
	}
}

func recent(within time.Duration, now time.Time) rule {
	return func(i Item) (bool, string) {
		if i.StartedAt.Before(now.Add(-within)) {
			return false, fmt.Sprintf("started more than %s ago (keepWithin)", span(within))
		}
		return true, fmt.Sprintf("started within the last %s (keepWithin)", span(within))
	}
}

// calendar puts points into buckets by a clock on the wall.
type calendar struct {
	name   string
	unit   string
	bucket func(time.Time) string
}

var (
	// An hour that daylight saving repeats is two, told apart by the offset.
	hours = calendar{"hourly", "hour", func(t time.Time) string { return t.Format("2006-01-02 15h -07:00") }}
	days  = calendar{"daily", "day", func(t time.Time) string { return t.Format("2006-01-02") }}
	weeks = calendar{"weekly", "week", func(t time.Time) string {
		year, week := t.ISOWeek()
		return fmt.Sprintf("%d-W%02d", year, week)
	}}
)

// newestOfEach keeps the newest point of each of the n newest buckets that
// have one.
func newestOfEach(n int, c calendar, zone *time.Location) rule {
	// A clock put back over midnight comes to a day a second time, so it is
	// not enough to know the last one.
	seen := map[string]bool{}
	return func(i Item) (bool, string) {
		bucket := c.bucket(i.StartedAt.In(zone))
		if seen[bucket] {
			return false, fmt.Sprintf("%s has a newer good point (%s)", bucket, c.name)
		}
		seen[bucket] = true
		if len(seen) > n {
			return false, fmt.Sprintf("%s is not %s with a good point (%s)", bucket, among(n, c.unit), c.name)
		}
		return true, fmt.Sprintf("newest of %s (%s %d of %d)", bucket, c.name, len(seen), n)
	}
}
