package gate

import (
	"strings"
	"testing"
	"time"
)

func TestSpanReadsAsThePlanWrites(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 90 * time.Second: "1m30s", 90 * time.Minute: "1h30m", time.Hour: "1h", 24 * time.Hour: "24h",
		30 * 24 * time.Hour: "30d", 50*time.Hour + 20*time.Minute: "2d2h20m", 48*time.Hour + time.Minute: "2d1m", 49 * time.Hour: "2d1h", 20 * time.Minute: "20m", 10 * time.Second: "10s",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%s) = %q, want %q", time.Duration(d), got, want)
		}
	}
}

func TestNamesFromOutsideStayOnOneShortLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "(not named)",
		"\x00\x1b[31m\n":               "[31m",
		"Kim\r\n  of   Contoso":        "Kim of Contoso",
		"\u202eevil":                   "evil",
		strings.Repeat("é", maxName+1): strings.Repeat("é", maxName-1) + "…",
	} {
		if got := name(in); got != want {
			t.Errorf("name(%q) = %q, want %q", in, got, want)
		}
	}
}
