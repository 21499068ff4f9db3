package retention

import (
	"fmt"
	"strings"
	"time"
)

// among says that something is among the n newest of its kind.
func among(n int, kind string) string {
	if n == 1 {
		return "the newest " + kind
	}
	return fmt.Sprintf("one of the %d newest %ss", n, kind)
}

func labelled(label, separator, text string) string {
	if text == "" {
		return label
	}
	return label + separator + text
}

// withdrawn says what becomes of the record of a point whose blob is gone.
func withdrawn(i Item, until time.Time, stays bool) string {
	what := labelled("withdrawn", ": ", i.WithdrawnWhy)
	if stays {
		return fmt.Sprintf("%s; its record stays until %s", what, moment(until))
	}
	return fmt.Sprintf("%s; its record has been past its restorable limit since %s", what, moment(until))
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// span writes a duration as the plan can: 30m, 36h, 3d.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
