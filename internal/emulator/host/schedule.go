package host

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// Schedule is an NCRONTAB expression in UTC, as a timerTrigger has it: day and
// weekday must both match.
type Schedule struct{ cron.Schedule }

// five or six fields: seconds are optional. The parser's AND of day and weekday
// is its default.
var ncrontab = cron.MustNewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// fields keeps out what the parser knows beyond NCRONTAB, time zones included.
var fields = regexp.MustCompile(`^[0-9A-Za-z*,/ -]+$`)

// ParseSchedule reads an NCRONTAB expression of five or six fields. A TimeSpan,
// which only App Service plans take, is refused.
func ParseSchedule(text string) (Schedule, error) {
	if strings.Contains(text, ":") {
		return Schedule{}, fmt.Errorf("%q is a time span: only App Service plans take those", text)
	}
	if !fields.MatchString(text) {
		return Schedule{}, fmt.Errorf("want an NCRONTAB expression such as 0 */5 * * * *, got %q", text)
	}
	s, err := ncrontab.Parse("CRON_TZ=UTC " + text)
	if err != nil {
		return Schedule{}, fmt.Errorf("want an NCRONTAB expression such as 0 */5 * * * *: %w", err)
	}
	return Schedule{s}, nil
}

// After returns the first occurrence after t.
func (s Schedule) After(t time.Time) time.Time { return s.Next(t.UTC()).UTC() }

// oftenerThanAMinute is where the host keeps no status. It looks at a few
// occurrences, as the extension does.
func (s Schedule) oftenerThanAMinute() bool {
	at := s.After(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	for range 10 {
		next := s.After(at)
		if next.Sub(at) < time.Minute {
			return true
		}
		at = next
	}
	return false
}
