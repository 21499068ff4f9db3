package preflight

import (
	"time"

	"lifeboat/internal/plan"
)

const (
	// ahead is how far a schedule is followed: a year and more.
	ahead = 400 * 24 * time.Hour
	// near is how many runs are followed one by one.
	near = 400
	// blink is the longest gap that may be overlooked after those, and less
	// where that would matter, down to leastBlink: the runs of a schedule for
	// every second are too many to look at.
	blink      = time.Hour
	leastBlink = time.Minute
)

// runs are the next three of s, and the longest gap between two runs.
func runs(s plan.Service, now time.Time) (next []string, gap time.Duration) {
	last, end := now, now.Add(ahead)
	for i := range near {
		if i >= 3 && last.After(end) {
			return next, gap
		}
		due := s.Schedule.Next(last)
		if due.IsZero() {
			return next, gap
		}
		if i > 0 {
			gap = max(gap, due.Sub(last))
		}
		if i < 3 {
			next = append(next, due.UTC().Format("2006-01-02 15:04"))
		}
		last = due
	}
	harmless := s.Interval + s.Grace - s.Jitter
	return next, longest(s.Schedule, last, end, gap, max(min(harmless, s.RestorableFor-1, blink), leastBlink))
}

// longest is the longest gap that begins between a run and end, if it is longer
// than gap and than blind; gap otherwise. Two leaps get further than the longer
// of these, however many runs there are in between.
func longest(s plan.Schedule, run, end time.Time, gap, blind time.Duration) time.Duration {
	for run.Before(end) {
		until := run.Add(max(gap, blind))
		if last, _ := s.Latest(until); last.After(run) {
			run = last
			continue
		}
		due := s.Next(until)
		if due.IsZero() {
			break
		}
		gap, run = due.Sub(run), due
	}
	return gap
}
