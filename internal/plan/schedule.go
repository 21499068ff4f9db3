package plan

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	_ "time/tzdata" // the host may have no time zone database

	cron "github.com/netresearch/go-cron"
)

// Schedule is an NCRONTAB expression in a time zone. Day of month and day of
// week must both match. A local time that daylight saving leaves out happens
// at the first instant after the gap; one that it repeats happens once, the
// first time.
type Schedule struct {
	// spec runs on the civil clock, written as if it were UTC: a clock that
	// has no gaps and repeats nothing.
	spec cron.Schedule
	zone *time.Location
}

var thursday = regexp.MustCompile(`(?i)\bTHU\b`)

// rarest is more years than can lie between two occurrences of whatever has
// any: 29 February comes on the same weekday after 40 at most.
const rarest = 50

// The parser's own limit of five years would miss occurrences that come, and
// find or miss a schedule by the year in which it is asked.
var parser = cron.MustNewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).WithMaxSearchYears(rarest)

// ParseSchedule reads an expression of six fields (second first) or five, for
// the IANA time zone that zone names.
func ParseSchedule(expression, zone string) (Schedule, error) {
	location, err := parseZone(zone)
	if err != nil {
		return Schedule{}, err
	}
	spec, err := parseExpression(expression)
	if err != nil {
		return Schedule{}, err
	}
	return Schedule{spec: spec, zone: location}, nil
}

func parseZone(zone string) (*time.Location, error) {
	if zone == "" || zone == "Local" {
		return nil, errors.New(`want an IANA time zone such as Europe/Berlin or UTC`)
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("want an IANA time zone such as Europe/Berlin or UTC, got %q", zone)
	}
	return location, nil
}

func parseExpression(expression string) (cron.Schedule, error) {
	const want = "want five or six NCRONTAB fields ({second} {minute} {hour} {day} {month} {day-of-week})"
	if strings.ContainsAny(expression, "=@?") {
		return nil, fmt.Errorf("%s, got %q", want, expression)
	}
	// The parser takes the H of THU for an extension of its own.
	spec, err := parser.Parse(thursday.ReplaceAllString(expression, "4"))
	if err != nil {
		return nil, fmt.Errorf("%s, got %q: %v", want, expression, err)
	}
	if spec.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("want a schedule that ever happens, got %q", expression)
	}
	return spec, nil
}

// previous is what go-cron's schedules have beside its Schedule interface.
type previous interface{ Prev(time.Time) time.Time }

// Latest returns the newest occurrence that is not after now, in UTC; false
// if there was none in living memory.
func (s Schedule) Latest(now time.Time) (time.Time, bool) {
	civil := s.spec.(previous).Prev(s.reached(now).Truncate(time.Second).Add(time.Second))
	for range maxSteps {
		if civil.IsZero() {
			return time.Time{}, false
		}
		if at := s.instant(civil); !at.After(now) {
			return at, true
		}
		civil = s.spec.(previous).Prev(civil)
	}
	return time.Time{}, false
}

// Next returns the first occurrence after now, in UTC; the zero time if there
// is none in this age.
func (s Schedule) Next(now time.Time) time.Time {
	civil := s.spec.Next(clock(now.In(s.zone)).Add(-overlapMax))
	for {
		if civil.IsZero() {
			return time.Time{}
		}
		if at := s.instant(civil); at.After(now) {
			return at
		}
		civil = s.spec.Next(civil)
	}
}

const (
	// overlapMax is more than any time zone has ever put its clock back for
	// daylight saving.
	overlapMax = 3 * time.Hour
	// maxSteps is how many occurrences can share one instant: a gap's worth
	// of seconds.
	maxSteps = 4 * 3600
)

// clock is what a clock on the wall shows at t, written as UTC.
func clock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// reached is the latest time that the wall clock has shown by now: while an
// hour is repeated, that is the end of its first run.
func (s Schedule) reached(now time.Time) time.Time {
	local := now.In(s.zone)
	shown := clock(local)
	if start, _ := local.ZoneBounds(); !start.IsZero() {
		if before := clock(start.Add(-1).In(s.zone)); before.After(shown) {
			return before
		}
	}
	return shown
}

// instant is when the wall clock first shows civil, or, where it never does,
// the first instant after the gap.
func (s Schedule) instant(civil time.Time) time.Time {
	at := time.Date(civil.Year(), civil.Month(), civil.Day(), civil.Hour(), civil.Minute(), civil.Second(), 0, s.zone)
	start, end := at.ZoneBounds()
	switch shown := clock(at); {
	case shown.After(civil):
		return start.UTC()
	case shown.Before(civil):
		return end.UTC()
	}
	if start.IsZero() {
		return at.UTC()
	}
	_, offset := at.Zone()
	_, earlier := start.Add(-1).Zone()
	first := at.Add(time.Duration(offset-earlier) * time.Second)
	if first.Before(start) && clock(first.In(s.zone)).Equal(civil) {
		return first.UTC()
	}
	return at.UTC()
}
