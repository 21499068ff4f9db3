package gate

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// maxName keeps a sentence readable, whatever a sender called itself.
const maxName = 120

// name shows a name from outside in a sentence, on one line.
func name(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)), " ")
	if runes := []rune(s); len(runes) > maxName {
		s = string(runes[:maxName-1]) + "…"
	}
	if s == "" {
		return "(not named)"
	}
	return s
}

// quote shows a name that may have spaces in it, or be missing.
func quote(s string) string {
	if s == "" {
		return `""`
	}
	return strconv.Quote(name(s))
}

func list(names []string) string {
	if len(names) == 0 {
		return "(none in the plan)"
	}
	return name(strings.Join(names, ", "))
}

// clock is a time as the logs and the portal can show it too.
func clock(t time.Time) string {
	if t.Second() == 0 {
		return t.UTC().Format("2006-01-02 15:04 UTC")
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// end is a time that may be open.
func end(t time.Time) string {
	if t.IsZero() {
		return "a person ends it"
	}
	return clock(t)
}

// span writes a duration as the plan does: 90m, 24h, 30d. What is over whole
// days follows them, such as 2d3h.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d < 2*day {
		return short(d)
	}
	d = d.Round(time.Minute)
	s := strconv.FormatInt(int64(d/day), 10) + "d"
	if rest := d % day; rest > 0 {
		s += short(rest)
	}
	return s
}

func short(d time.Duration) string {
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
