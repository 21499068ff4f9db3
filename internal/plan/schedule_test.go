package plan

import (
	"fmt"
	"testing"
	"time"

	cron "github.com/netresearch/go-cron"
	"pgregory.net/rapid"
)

func mustSchedule(t *testing.T, expression, zone string) Schedule {
	t.Helper()
	s, err := ParseSchedule(expression, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(t *testing.T, value string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, value)
	if err != nil {
		t.Fatal(err)
	}
	return when.UTC()
}

func TestNextFollowsTheWallClock(t *testing.T) {
	tests := []struct {
		name, expression, zone, after string
		want                          []string
	}{
		{"six fields", "0 30 2 * * *", "UTC", "2026-03-01T00:00:00Z", []string{"2026-03-01T02:30:00Z", "2026-03-02T02:30:00Z"}},
		{"five fields", "30 2 * * *", "UTC", "2026-03-01T02:30:00Z", []string{"2026-03-02T02:30:00Z"}},
		{"a time in the spring gap happens right after it", "0 30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"a repeated autumn hour happens once, the first time", "0 30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"quarters of a repeated hour happen once", "0 */15 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:00:00Z", "2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z", "2026-10-25T00:45:00Z", "2026-10-26T01:00:00Z"}},
		{"quarters of a gap are one occurrence", "0 */15 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"}},
		{"a midnight that does not exist", "0 0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", []string{"2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"}},
		{"half an hour of daylight saving", "0 15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", []string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
		{"half an hour before the gap", "0 30 1 * * *", "America/New_York", "2026-03-07T12:00:00Z", []string{"2026-03-08T06:30:00Z", "2026-03-09T05:30:00Z"}},
		{"the first of two, in New York", "0 30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", []string{"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
		{"day and weekday must both match", "0 0 1 13 * FRI", "UTC", "2026-01-01T00:00:00Z", []string{"2026-02-13T01:00:00Z", "2026-03-13T01:00:00Z", "2026-11-13T01:00:00Z"}},
		{"day, month and weekday must all match", "0 0 1 1 1 THU", "UTC", "2026-01-02T00:00:00Z", []string{"2032-01-01T01:00:00Z", "2037-01-01T01:00:00Z", "2043-01-01T01:00:00Z"}},
		{"29 February on a Monday, over a year that is no leap year", "0 0 1 29 2 MON", "UTC", "2070-01-01T00:00:00Z", []string{"2072-02-29T01:00:00Z", "2112-02-29T01:00:00Z"}},
		{"29 February waits for a leap year", "0 0 1 29 2 *", "UTC", "2026-01-01T00:00:00Z", []string{"2028-02-29T01:00:00Z"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := mustSchedule(t, tt.expression, tt.zone)
			now := at(t, tt.after)
			for _, want := range tt.want {
				got := s.Next(now)
				if !got.Equal(at(t, want)) {
					t.Fatalf("Next(%s) = %s, want %s", now, got, want)
				}
				if latest, ok := s.Latest(got); !ok || !latest.Equal(got) {
					t.Errorf("Latest(%s) = %s, %t, want the same", got, latest, ok)
				}
				now = got
			}
		})
	}
}

// Whatever can happen does so within the years that are searched.
func TestNextOfTheRarest(t *testing.T) {
	for weekday := range 7 {
		s := mustSchedule(t, fmt.Sprintf("0 0 1 29 2 %d", weekday), "UTC")
		for year := 1990; year < 2400; year++ {
			now := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
			if next := s.Next(now); !next.After(now) {
				t.Fatalf("weekday %d: Next(%s) = %s", weekday, now, next)
			}
		}
	}
}

func TestNextOfWhatNeverHappens(t *testing.T) {
	s := mustSchedule(t, "0 0 1 29 2 *", "UTC")
	s.spec = never{s.spec}
	if got := s.Next(at(t, "2026-01-01T00:00:00Z")); !got.IsZero() {
		t.Errorf("Next = %s, want none", got)
	}
}

type never struct{ cron.Schedule }

func (never) Next(time.Time) time.Time { return time.Time{} }

func TestLatestDuringTheRepeatedHourKeepsTheFirstRun(t *testing.T) {
	s := mustSchedule(t, "0 */15 * * * *", "Europe/Berlin")
	// 02:20 the second time: 02:45 has been shown already.
	got, ok := s.Latest(at(t, "2026-10-25T01:20:00Z"))
	if want := at(t, "2026-10-25T00:45:00Z"); !ok || !got.Equal(want) {
		t.Errorf("Latest = %s, %t, want %s", got, ok, want)
	}
}

// The newest occurrence never goes back while time goes forward, and whatever
// Next promises, Latest finds.
func TestLatestIsMonotonicAndAgreesWithNext(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"}
	expressions := []string{"0 0 1 * * *", "0 30 2 * * *", "0 */20 * * * *", "15 5 2,3 * * 0", "0 0 0 1 * *"}
	rapid.Check(t, func(t *rapid.T) {
		s, err := ParseSchedule(rapid.SampledFrom(expressions).Draw(t, "expression"), rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(rapid.Int64Range(1_500_000_000, 1_900_000_000).Draw(t, "now"), 0).UTC()
		step := time.Duration(rapid.IntRange(1, 5*3600).Draw(t, "step")) * time.Second
		first, ok1 := s.Latest(now)
		second, ok2 := s.Latest(now.Add(step))
		if !ok1 || !ok2 || second.Before(first) || first.After(now) {
			t.Fatalf("Latest(%s) = %s, Latest(+%s) = %s", now, first, step, second)
		}
		next := s.Next(now)
		if found, _ := s.Latest(next); !next.After(now) || !found.Equal(next) {
			t.Fatalf("Next(%s) = %s, Latest of it = %s", now, next, found)
		}
		if found, _ := s.Latest(next.Add(-time.Second)); found.After(now) {
			t.Fatalf("Next(%s) = %s, but %s comes first", now, next, found)
		}
	})
}

func TestParseScheduleRefuses(t *testing.T) {
	for _, tt := range []struct{ expression, zone string }{
		{"", "UTC"}, {"0 0 1 * *  * *", "UTC"}, {"@daily", "UTC"}, {"TZ=UTC 0 0 1 * * *", "UTC"},
		{"0 0 25 * * *", "UTC"}, {"0 0 1 31 2 *", "UTC"}, {"0 0 1 * * *", "Mars/Olympus"}, {"0 0 1 * * *", ""}, {"0 0 1 * * *", "Local"},
	} {
		if _, err := ParseSchedule(tt.expression, tt.zone); err == nil {
			t.Errorf("ParseSchedule(%q, %q) succeeded", tt.expression, tt.zone)
		}
	}
}
