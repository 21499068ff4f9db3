package preflight_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/preflight"
)

func TestStateVerdicts(t *testing.T) {
	s := &sheet{T: t}
	s.add("signed in", preflight.Account("ann@contoso.example", false, none))
	s.add("signed in as somebody", preflight.Account("", false, none))
	s.add("signed in as the app", preflight.Account("lifeboat", true, none))
	s.add("not signed in", preflight.Account("", false, preflight.Fault{Text: "no token."}))

	s.add("the table", preflight.Table("lifeboat", 2, none))
	s.add("an empty table", preflight.Table("lifeboat", 0, none))
	s.add("no table", preflight.Table("lifeboat", 0, preflight.Fault{Status: 404, Code: "TableNotFound", Text: "list summaries: TableNotFound: there is no such table"}))
	s.add("a table of another tenant", preflight.Table("lifeboat", 0, preflight.Fault{Status: 401, Code: "InvalidAuthenticationInfo", Text: "list summaries: HTTP 401 InvalidAuthenticationInfo from st"}))
	s.add("a table that is not mine", preflight.Table("lifeboat", 0, preflight.Fault{Status: 403, Code: "AuthorizationPermissionMismatch", Text: "list summaries: HTTP 403 AuthorizationPermissionMismatch from st"}))
	s.add("a table out of reach", preflight.Table("lifeboat", 0, cut))
	s.add("rows of a newer version", preflight.Newer(1)...)
	s.add("none of them", preflight.Newer(0)...)
	s.add("notices", preflight.Notices(0))
	s.add("notices that nobody took", preflight.Notices(3))

	for _, f := range []preflight.Fault{none, {Status: 404, Code: "ContainerNotFound"}, denied, cut} {
		s.add("container: "+f.Code+f.Text, preflight.Container("stbackups", "apim", f))
	}
	s.add("no CORS", preflight.CORS("stbackups", 0, false, none))
	s.add("CORS", preflight.CORS("stbackups", 2, false, none))
	s.add("CORS that can't be seen", preflight.CORS("stbackups", 0, false, denied))
	s.add("CORS of a development storage", preflight.CORS("stbackups", 0, true, preflight.Fault{Status: 501, Text: "not built"}))
	s.add("CORS of a development storage that is away", preflight.CORS("stbackups", 0, true, cut))

	for _, ahead := range []time.Duration{
		0, 400 * time.Millisecond, -time.Minute, time.Minute + time.Millisecond, -90 * time.Second, 5 * time.Minute, 5*time.Minute + time.Second, -26 * time.Hour,
	} {
		s.add(fmt.Sprint("clock ahead by ", ahead), preflight.Clock("management.azure.com", ahead, none))
	}
	s.add("no clock", preflight.Clock("management.azure.com", 0, cut))
	s.golden("state")
}

func TestQueueVerdicts(t *testing.T) {
	s := &sheet{T: t}
	busy := preflight.Fault{Text: "(timeout): context deadline exceeded"}
	good := preflight.QueueSettings{Lock: time.Minute, Deliveries: 10, TTL: 14 * 24 * time.Hour, Status: "Active", Idle: time.Duration(1<<63 - 1024)}
	for _, tt := range []struct {
		name   string
		change func(*preflight.Queue)
	}{
		{"well", func(*preflight.Queue) {}},
		{"missing", func(q *preflight.Queue) { q.Send, q.Peek = missing, none }},
		{"may be sent to only", func(q *preflight.Queue) { q.Peek, q.Dead = denied, -1 }},
		{"may be looked into only", func(q *preflight.Queue) { q.Send = denied }},
		{"may be looked into only, and commands need more", func(q *preflight.Queue) { q.Send, q.Commands = denied, true }},
		{"not mine", func(q *preflight.Queue) { q.Send, q.Peek, q.Dead = denied, denied, -1 }},
		{"out of reach", func(q *preflight.Queue) { q.Send, q.Peek, q.Dead = cut, cut, -1 }},
		{"out of reach once refused", func(q *preflight.Queue) { q.Send, q.Peek, q.Dead = denied, cut, -1 }},
		{"can't be sent to", func(q *preflight.Queue) { q.Send = busy }},
		{"can't be sent to, and may not be looked into", func(q *preflight.Queue) { q.Send, q.Peek, q.Hidden, q.Dead = busy, denied, denied, -1 }},
		{"can't be sent to by commands", func(q *preflight.Queue) { q.Send, q.Commands = busy, true }},
		{"can't be looked into", func(q *preflight.Queue) { q.Peek, q.Hidden, q.Dead = busy, busy, -1 }},
		{"dead letters may not be seen", func(q *preflight.Queue) { q.Hidden, q.Dead = denied, -1 }},
		{"dead letters can't be seen", func(q *preflight.Queue) { q.Hidden, q.Dead = busy, -1 }},
		{"settings can't be read", func(q *preflight.Queue) { q.Settings, q.Blind = nil, denied }},
		{"development", func(q *preflight.Queue) { q.Settings, q.StandIn = nil, true }},
		{"a dead letter", func(q *preflight.Queue) { q.Dead = 1 }},
		{"dead letters", func(q *preflight.Queue) { q.Dead = 7 }},
		{"a short lock", func(q *preflight.Queue) { q.Settings.Lock = 29 * time.Second }},
		{"one delivery", func(q *preflight.Queue) { q.Settings.Deliveries = 1 }},
		{"nine deliveries", func(q *preflight.Queue) { q.Settings.Deliveries = 9 }},
		{"short lives", func(q *preflight.Queue) { q.Settings.TTL = 59 * time.Minute }},
		{"sessions", func(q *preflight.Queue) { q.Settings.Sessions = true }},
		{"forwarding", func(q *preflight.Queue) { q.Settings.ForwardTo = "elsewhere" }},
		{"disabled", func(q *preflight.Queue) { q.Settings.Status = "ReceiveDisabled" }},
		{"deleted when idle", func(q *preflight.Queue) { q.Settings.Idle = time.Hour }},
	} {
		settings := good
		q := preflight.Queue{Name: "job-steps", Settings: &settings}
		tt.change(&q)
		s.add(tt.name, preflight.Queues([]preflight.Queue{q})...)
	}
	other := preflight.Queue{Name: "notices", Settings: &good}
	s.add("two that are the same", preflight.Queues([]preflight.Queue{{Name: "job-steps", Settings: &good}, other})...)
	s.add("two of which one is missing", preflight.Queues([]preflight.Queue{{Name: "job-steps", Send: missing}, other})...)
	s.add("no namespace", preflight.NoBus())
	s.golden("queues")
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"PT1M": time.Minute, "PT30S": 30 * time.Second, "P14D": 14 * 24 * time.Hour, "PT1H2M3.5S": time.Hour + 2*time.Minute + 3500*time.Millisecond,
		"P1DT1H": 25 * time.Hour, "PT0S": 0,
	} {
		if got, err := preflight.ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %s, %v, want %s", text, got, err, want)
		}
	}
	if got, err := preflight.ParseDuration("P10675199DT2H48M5.4775807S"); err != nil || got < 200*365*24*time.Hour {
		t.Errorf("forever = %s, %v", got, err)
	}
	for _, text := range []string{"", "P", "PT", "1M", "PTM", "PT1X", "P1M", "PT-1M", "PT1", "PT1MT", "P1DT", "PT1M1D"} {
		if got, err := preflight.ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %s, want an error", text, got)
		}
	}
}

func TestWorst(t *testing.T) {
	for _, tt := range []struct {
		levels []preflight.Level
		want   preflight.Level
	}{
		{nil, preflight.OK},
		{[]preflight.Level{preflight.OK, preflight.Skip}, preflight.OK},
		{[]preflight.Level{preflight.OK, preflight.Warn, preflight.Skip}, preflight.Warn},
		{[]preflight.Level{preflight.Fail, preflight.Warn}, preflight.Fail},
		{[]preflight.Level{preflight.Warn, preflight.Fail}, preflight.Fail},
	} {
		var all []preflight.Verdict
		for _, l := range tt.levels {
			all = append(all, preflight.Verdict{Level: l})
		}
		if got := preflight.Worst(all); got != tt.want {
			t.Errorf("Worst(%v) = %s, want %s", tt.levels, got, tt.want)
		}
	}
}

func TestFaultOf(t *testing.T) {
	if f := preflight.FaultOf(nil); !f.None() {
		t.Errorf("of no error: %+v", f)
	}
	err := fmt.Errorf("look: %w", &job.AzureError{Kind: job.ErrUnavailable, Doing: "read", Status: 403, Code: "AuthorizationFailed"})
	if f := preflight.FaultOf(err); !f.Denied() || f.Missing() || f.Text != "look: read: AuthorizationFailed" {
		t.Errorf("of ARM's: %+v", f)
	}
	if f := preflight.FaultOf(errors.New("two\nlines")); f.Text != "two lines" || f.Denied() {
		t.Errorf("of any: %+v", f)
	}
}
