package main

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/terminal"
)

func TestTimesForPeople(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0 s ago"}, {89 * time.Second, "89 s ago"}, {90 * time.Second, "2 min ago"}, {89 * time.Minute, "89 min ago"},
		{3 * time.Hour, "3 h ago"}, {71 * time.Hour, "71 h ago"}, {72 * time.Hour, "3 d ago"}, {-time.Hour, "in 60 min"}, {-96 * time.Hour, "in 4 d"},
	} {
		if got := ago(now.Add(-tt.d), now); got != tt.want {
			t.Errorf("%s ago = %q, want %q", tt.d, got, tt.want)
		}
	}
	if got := when(now.In(time.FixedZone("east", 7200)), now.Add(time.Hour)); got != "2026-03-01 12:00 (60 min ago)" {
		t.Errorf("a time is not in UTC: %s", got)
	}
}

// Colour stands beside words and never in the way of the columns.
func TestColoursChangeNothingButColour(t *testing.T) {
	var plain, painted bytes.Buffer
	table := newTable("job", "state", "note")
	table.shades[1] = true
	table.add("Failed-1", "Failed", "Failed again")
	table.add("b", "Succeeded", "\x1b]0;title\a hostile\nlines")
	table.write(&plain, terminal.Palette{})
	table.write(&painted, terminal.Palette{On: true})
	if strings.Contains(plain.String(), "\x1b") || strings.Count(plain.String(), "\n") != 3 {
		t.Errorf("plain table %q", plain.String())
	}
	if !strings.Contains(painted.String(), "Failed-1  \x1b[31mFailed\x1b[0m     Failed again") {
		t.Errorf("painted table %q", painted.String())
	}
	bare := painted.String()
	for _, escape := range []string{"\x1b[0m", "\x1b[2m", "\x1b[31m", "\x1b[32m"} {
		bare = strings.ReplaceAll(bare, escape, "")
	}
	if bare != plain.String() {
		t.Errorf("without colours %q, want %q", bare, plain.String())
	}
	if terminal.PaletteFor(&plain, func(string) string { return "" }).On {
		t.Error("colours for what is no terminal")
	}
}

func TestVerdict(t *testing.T) {
	hour, two := 3600.0, 7200.0
	ok := func(name string, rpo *float64) statusService {
		return statusService{Service: name, Health: "ok", RPO: rpo}
	}
	none := statusService{Service: "c", Health: "new"}
	late := statusService{Service: "d", Health: "late", RPO: &two}
	unready := statusService{Service: "e", Health: "ok", RPO: &hour, Standbys: []statusStandby{{Standby: "s", Readiness: "not ready"}}}
	for _, tt := range []struct {
		services []statusService
		good     bool
		want     string
	}{
		{[]statusService{ok("a", &hour)}, true, "a is restorable, as it was 60 min ago."},
		{[]statusService{ok("a", &hour), ok("b", &two)}, true, "Everything is restorable: 2 services, the oldest as it was 2 h ago (b)."},
		{[]statusService{ok("a", &hour), none}, false, "NOT everything is restorable: no backup of c; 1 of 2 services restorable, the oldest as it was 60 min ago (a)."},
		{[]statusService{none}, false, "NOTHING is restorable: no backup of c."},
		{[]statusService{ok("a", &hour), late}, false, "Everything is restorable: 2 services, the oldest as it was 2 h ago (d). Late: d."},
		{[]statusService{unready}, false, "e is restorable, as it was 60 min ago. Not ready: s for e."},
	} {
		if good, got := verdict(tt.services); good != tt.good || got != tt.want {
			t.Errorf("verdict = %t, %q, want %t, %q", good, got, tt.good, tt.want)
		}
	}
}

func TestSomeNames(t *testing.T) {
	for want, names := range map[string][]string{
		"none": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"}, "a, b, c and 2 more": {"a", "b", "c", "d", "e"},
	} {
		if got := some(names, "and"); got != want {
			t.Errorf("some(%q) = %q, want %q", names, got, want)
		}
	}
}

// The name in a token is told to people; a token that is none has no name.
func TestNameInAToken(t *testing.T) {
	token := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	for text, want := range map[string]string{
		token(`{"upn":"ann@contoso.example","unique_name":"x"}`): "ann@contoso.example",
		token(`{"unique_name":"live.com#ann"}`):                  "live.com#ann",
		token(`{"appid":"1111"}`):                                "1111",
		token(`{}`):                                              "", token(`no JSON`): "", "opaque": "", "a.%%%.c": "",
	} {
		if got := nameIn(text); got != want {
			t.Errorf("nameIn(%s) = %q, want %q", text, got, want)
		}
	}
}

// A night whose minute has not come yet is the next run, also after its hour.
func TestNextRun(t *testing.T) {
	p, err := plan.Parse("world.yaml", []byte(worldPlan))
	if err != nil {
		t.Fatal(err)
	}
	s := p.Services[0]
	due := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	start := due.Add(job.Jitter(s.Jitter, s.Name, due))
	if !start.After(due) {
		t.Fatal("the service has no jitter: choose another night")
	}
	for name, at := range map[string]time.Time{"before it is due": due.Add(-time.Hour), "while it is spread": start.Add(-time.Second)} {
		if got := nextRun(s, at); !got.Equal(start) {
			t.Errorf("%s: %s, want %s", name, got, start)
		}
	}
	if got := nextRun(s, start); !got.After(start.Add(20 * time.Hour)) {
		t.Errorf("after its start: %s, want the next night", got)
	}
}
