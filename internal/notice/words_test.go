package notice

import (
	"strings"
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	tests := map[time.Duration]string{
		-time.Hour:                            "less than a minute",
		29 * time.Second:                      "less than a minute",
		31 * time.Second:                      "1 min",
		90 * time.Minute:                      "90 min",
		2 * time.Hour:                         "2 h",
		2*time.Hour + 5*time.Minute:           "2 h 5 min",
		9*time.Hour + 59*time.Minute + 40*1e9: "10 h",
		26*time.Hour + 31*time.Minute:         "27 h",
		71*time.Hour + 29*time.Minute:         "71 h",
		71*time.Hour + 31*time.Minute:         "3 days",
		30 * 24 * time.Hour:                   "30 days",
	}
	for d, want := range tests {
		if got := span(d); got != want {
			t.Errorf("span(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestFit(t *testing.T) {
	tests := []struct {
		name, s string
		limit   int
		want    string
	}{
		{"short enough", "abc", 30, "abc"},
		{"exactly", strings.Repeat("a", 30), 30, strings.Repeat("a", 30)},
		{"one too long", strings.Repeat("a", 31), 30, strings.Repeat("a", 30-len(cut)) + cut},
		{"no character is halved", strings.Repeat("界", 11), 30, strings.Repeat("界", 7) + cut},
		{"no escape is halved", strings.Repeat("&", 10), 30, strings.Repeat("&amp;", 4) + cut},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := fit(test.s, test.limit, entities)
			if got != test.want || len(got) > test.limit {
				t.Errorf("fit = %q (%d bytes), want %q", got, len(got), test.want)
			}
		})
	}
}

func TestClean(t *testing.T) {
	tests := []struct{ name, s, want string }{
		{"nothing", "", ""},
		{"spaces", "  a \t b\r\n ", "a b"},
		{"controls and directions", "a\x00b\u202ec\u2028d\x1b[0m", "a b c d [0m"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"too long", strings.Repeat("ab ", 20), "ab ab ab ab ab ab ab " + cut},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := clean(test.s, 30); got != test.want {
				t.Errorf("clean = %q, want %q", got, test.want)
			}
		})
	}
}
