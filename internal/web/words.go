package web

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"
)

// How much of a text is shown: of most, and of one whose field says long.
const (
	maxShort = 300
	maxLong  = 2000
)

// tidy makes every text in view, which is a pointer to a struct, safe to show
// among ours. Every view passes here when it is made, so no field is left out.
func tidy(view any) { tidyValue(reflect.ValueOf(view).Elem(), maxShort) }

func tidyValue(v reflect.Value, limit int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(words(v.String(), limit))
	case reflect.Pointer:
		if !v.IsNil() {
			tidyValue(v.Elem(), limit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			tidyValue(v.Index(i), limit)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("text") == "long" {
				tidyValue(v.Field(i), maxLong)
			} else {
				tidyValue(v.Field(i), maxShort)
			}
		}
	}
}

// words is text with what is not UTF-8, with control characters and with those
// that turn the direction of what follows replaced by what can be seen, and cut
// to limit characters.
func words(text string, limit int) string {
	runes := []rune(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.Is(unicode.C, r):
			return unicode.ReplacementChar
		}
		return r
	}, text))
	if len(runes) <= limit {
		return string(runes)
	}
	const room = 40 // for saying what is missing, so that twice is as once
	return fmt.Sprintf("%s… (%d more characters)", string(runes[:limit-room]), len(runes)-limit+room)
}

// Seconds is a span as JSON writes it, a number, and as people read it.
type Seconds int64

func secondsOf(d time.Duration) Seconds { return Seconds(d / time.Second) }

// String gives s in its two largest units, such as 2 d 3 h.
func (s Seconds) String() string {
	if s < 0 {
		return "-" + (-s).String()
	}
	const minute, hour, day = 60, 60 * 60, 24 * 60 * 60
	switch {
	case s < minute:
		return fmt.Sprintf("%d s", int64(s))
	case s < 2*hour:
		return fmt.Sprintf("%d min", s/minute)
	case s < 2*day:
		return both(s/hour, "h", s%hour/minute, "min")
	}
	return both(s/day, "d", s%day/hour, "h")
}

func both(large Seconds, unit string, small Seconds, smallUnit string) string {
	if small == 0 || large >= 10 {
		return fmt.Sprintf("%d %s", int64(large), unit)
	}
	return fmt.Sprintf("%d %s %d %s", int64(large), unit, int64(small), smallUnit)
}

// clock is a time for people; the page says once that all are UTC.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// exact is clock with seconds, for a time line.
func exact(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// some lists the first few of names and says how many there are besides.
func some(names []string) string {
	const few = 5
	if len(names) > few {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
	}
	return strings.Join(names, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
