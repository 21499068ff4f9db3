package request

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata")

func sample(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "alerts", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func alert(t testing.TB, body []byte) Alert {
	t.Helper()
	m, err := Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	a, ok := m.(Alert)
	if !ok {
		t.Fatalf("decoded a %T", m)
	}
	return a
}

var samples = []string{
	"metric-fired", "metric-resolved", "log-fired", "log-resolved", "administrative",
	"health-unavailable", "health-available", "service-health-active", "service-health-resolved",
}

func TestDecodeAlerts(t *testing.T) {
	var b strings.Builder
	for _, name := range samples {
		body := sample(t, name)
		a := alert(t, body)
		reduced, err := EncodeAlert(a)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, alert(t, reduced)); diff != "" {
			t.Errorf("%s, reduced and decoded (-want +got):\n%s", name, diff)
		}
		fmt.Fprintf(&b, "%s\n  %+v\n  %s\n\n", name, a, reduced)
	}
	const file = "testdata/alerts.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, diff)
	}
}

func TestWhatResolvesAnAlertHasItsIdentity(t *testing.T) {
	for fired, resolved := range map[string]string{
		"metric-fired": "metric-resolved", "log-fired": "log-resolved",
		"health-unavailable": "health-available", "service-health-active": "service-health-resolved",
	} {
		f, r := alert(t, sample(t, fired)), alert(t, sample(t, resolved))
		if f.Condition != Fired || r.Condition != Resolved {
			t.Errorf("%s is %s, %s is %s", fired, f.Condition, resolved, r.Condition)
		}
		if f.ID != r.ID {
			t.Errorf("%s has id %s, %s has %s", fired, f.ID, resolved, r.ID)
		}
		if !r.Resolves(f.FiredAt) {
			t.Errorf("%s does not resolve %s", resolved, fired)
		}
		if !r.ResolvedAt.IsZero() && !f.Late(r.ResolvedAt) {
			t.Errorf("%s is not late after %s", fired, resolved)
		}
	}
}

func TestDifferentAlertsDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"metric-fired", "log-fired", "administrative", "health-unavailable", "service-health-active"} {
		body := string(sample(t, name))
		for what, b := range map[string]string{
			name: body, name + " of another rule": strings.ReplaceAll(strings.Replace(body, `"alertRule": "`, `"alertRule": "x`, 1), "alerts/", "alerts/1"),
		} {
			id := alert(t, []byte(b)).ID
			if other, twice := seen[id]; twice {
				t.Errorf("%s has the id of %s", what, other)
			}
			seen[id] = what
			if !identityForm.MatchString(id) {
				t.Errorf("%s has id %q, not fit for a key", what, id)
			}
		}
	}
}

func TestAnAlertThatFiresAgainIsNotLate(t *testing.T) {
	resolved := at("2026-03-01T02:40:00Z")
	for _, c := range []struct {
		name     string
		alert    Alert
		resolved time.Time
		want     bool
	}{
		{"fired before", Alert{Condition: Fired, FiredAt: resolved.Add(-time.Minute)}, resolved, true},
		{"fired at that time", Alert{Condition: Fired, FiredAt: resolved}, resolved, true},
		{"fired again", Alert{Condition: Fired, FiredAt: resolved.Add(time.Second)}, resolved, false},
		{"never resolved", Alert{Condition: Fired, FiredAt: resolved}, time.Time{}, false},
		{"resolves once more", Alert{Condition: Resolved, FiredAt: resolved.Add(-time.Minute)}, resolved, false},
	} {
		if got := c.alert.Late(c.resolved); got != c.want {
			t.Errorf("%s: late = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestALateResolvedEndsNoLaterOccurrence(t *testing.T) {
	fired := at("2026-03-01T02:10:00Z")
	for _, c := range []struct {
		name  string
		alert Alert
		want  bool
	}{
		{"resolved after", Alert{Condition: Resolved, ResolvedAt: fired.Add(time.Minute)}, true},
		{"resolved at that time", Alert{Condition: Resolved, ResolvedAt: fired}, true},
		{"resolved at an unknown time", Alert{Condition: Resolved}, true},
		{"resolved before", Alert{Condition: Resolved, ResolvedAt: fired.Add(-time.Second)}, false},
		{"fired", Alert{Condition: Fired, FiredAt: fired}, false},
	} {
		if got := c.alert.Resolves(fired); got != c.want {
			t.Errorf("%s: resolves = %v, want %v", c.name, got, c.want)
		}
	}
}

// essentialsWith is a small alert, changed.
func essentialsWith(old, new string) []byte {
	const body = `{"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"/x/a1","alertRule":"down","monitorCondition":"Fired",` +
		`"monitoringService":"Platform","originAlertId":"o1","firedDateTime":"2026-03-01T02:10:00Z"},"alertContext":null}}`
	if !strings.Contains(body, old) {
		panic(old)
	}
	return []byte(strings.Replace(body, old, new, 1))
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"/%d"`, i)
	}
	return b.String()
}

func TestAlertsAreReadLeniently(t *testing.T) {
	for _, c := range []struct {
		name     string
		old, new string
		check    func(Alert) bool
	}{
		{"as it is", "", "", func(a Alert) bool { return a.ID == "a1" && a.FiredAt.Equal(at("2026-03-01T02:10:00Z")) }},
		{"a field that Azure adds", `"alertRule"`, `"blast":{"radius":[1]},"alertRule"`, func(a Alert) bool { return a.Rule == "down" }},
		{"a number where text was", `"Platform"`, `7`, func(a Alert) bool { return a.MonitoringService == "" }},
		{"a time without a zone", `02:10:00Z`, `02:10:00.5`, func(a Alert) bool { return a.FiredAt.Equal(at("2026-03-01T02:10:00.5Z")) }},
		{"a time in another zone", `02:10:00Z`, `02:10:00+02:00`, func(a Alert) bool { return a.FiredAt.Equal(at("2026-03-01T00:10:00Z")) }},
		{"a condition in other letters", `"Fired"`, `"resolved"`, func(a Alert) bool { return a.Condition == Resolved }},
		{"a rule with spaces is kept exactly", `"down"`, `" down  "`, func(a Alert) bool { return a.Rule == " down  " }},
		{"no alertId", `"alertId":"/x/a1",`, ``, func(a Alert) bool { return strings.HasPrefix(a.ID, "origin-") }},
		{"an alertId that is not fit for a key", `/x/a1`, `/x/a?1`, func(a Alert) bool { return strings.HasPrefix(a.ID, "alert-") }},
		{"targets of every kind", `"alertRule"`, `"alertTargetIDs":["/A","/a",null,7,"","/b"],"alertRule"`, func(a Alert) bool { return cmp.Equal(a.Targets, []string{"/a", "/b"}) }},
		{"a context of another form", `null`, `"none"`, func(a Alert) bool { return a.Condition == Fired }},
		{"a context with an event", `null`, `{"eventTimestamp":"2026-03-01T02:04:00+00:00","properties":"none"}`, func(a Alert) bool { return a.FiredAt.Equal(at("2026-03-01T02:04:00Z")) }},
		{"a context with an event at no time", `null`, `{"eventTimestamp":"0001-01-01T00:00:00Z"}`, func(a Alert) bool { return a.FiredAt.Equal(at("2026-03-01T02:10:00Z")) }},
		{"an event that resolves", `"Fired","monitoringService":"Platform","originAlertId":"o1","firedDateTime":"2026-03-01T02:10:00Z"},"alertContext":null`,
			`"Resolved","monitoringService":"Platform"},"alertContext":{"eventTimestamp":"2026-03-01T02:04:00Z"}`,
			func(a Alert) bool { return a.FiredAt.IsZero() && a.ResolvedAt.Equal(at("2026-03-01T02:04:00Z")) }},
		{"health without a time of its event", `"Platform","originAlertId":"o1","firedDateTime":"2026-03-01T02:10:00Z"},"alertContext":null`,
			`"resource health","firedDateTime":"2026-03-01T02:10:00Z"},"alertContext":{"properties":{"currentHealthStatus":"available"}}`,
			func(a Alert) bool {
				return a.Condition == Resolved && a.ResolvedAt.Equal(at("2026-03-01T02:10:00Z")) && a.MonitoringService == ResourceHealth
			}},
		{"service health without a stage and a tracking id", `"Platform"`, `"ServiceHealth"`, func(a Alert) bool { return a.Condition == Fired && a.ID == "a1" }},
		{"a rule as long as may be", `"down"`, `"` + strings.Repeat("x", 260) + `"`, func(a Alert) bool { return len(a.Rule) == 260 }},
		{"more targets than are kept", `"alertRule"`, `"alertTargetIDs":["` + strings.Repeat("x", 513) + `","` + strings.Repeat("y", 512) + `"` + numbered(40) + `],"alertRule"`,
			func(a Alert) bool { return len(a.Targets) == 16 && len(a.Targets[0]) == 512 }},
		{"a long description", `"alertRule"`, `"description":"` + strings.Repeat("é ", 5000) + `","alertRule"`, func(a Alert) bool { return len(a.Description) <= 1000 && len(a.Description) > 900 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := alert(t, essentialsWith(c.old, c.new))
			if !c.check(a) {
				t.Errorf("decoded %+v", a)
			}
			reduced, err := EncodeAlert(a)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(a, alert(t, reduced)); diff != "" {
				t.Errorf("reduced and decoded (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeRefusesAlerts(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"another schema", "azureMonitorCommonAlertSchema", "AzureMonitorMetricAlert", "enable the common alert schema"},
		{"a schema that only begins like it", "azureMonitorCommonAlertSchema", "azureMonitorCommonAlertSchemaV2", "enable the common alert schema"},
		{"a schema that is no text", `"azureMonitorCommonAlertSchema"`, "1", "enable the common alert schema"},
		{"essentials of another form", `{"alertId"`, `[{"alertId"`, "not JSON"},
		{"data of another form", `"data":{`, `"data":7,"x":{`, "want data.essentials"},
		{"no data", `"data"`, `"dat"`, "want data.essentials"},
		{"no condition", `"monitorCondition":"Fired",`, ``, "want monitorCondition"},
		{"a condition that nobody knows", `"Fired"`, `"Suppressed"`, "want monitorCondition"},
		{"a condition that only begins like one", `"Fired"`, `"FiredOnce"`, "want monitorCondition"},
		{"no rule", `"down"`, `null`, "want alertRule"},
		{"a blank rule", `"down"`, `"  "`, "want alertRule"},
		{"a rule of two lines", `"down"`, `"do\nwn"`, "want alertRule"},
		{"a rule that is too long", `"down"`, `"` + strings.Repeat("x", 261) + `"`, "want alertRule"},
		{"no identity", `"alertId":"/x/a1","alertRule":"down","monitorCondition":"Fired","monitoringService":"Platform","originAlertId":"o1"`,
			`"alertRule":"down","monitorCondition":"Fired"`, "want alertId"},
		{"no time", `"2026-03-01T02:10:00Z"`, `null`, "want firedDateTime"},
		{"a time that nobody can read", `2026-03-01T02:10:00Z`, `yesterday`, "want firedDateTime"},
		{"health without a status", `"Platform"`, `"Resource Health"`, "want alertContext.properties.currentHealthStatus"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(essentialsWith(c.old, c.new))
			refused(t, err, c.want)
		})
	}
}

func TestDecodeRefusesReducedAlerts(t *testing.T) {
	const whole = `{"schema":1,"kind":"Alert","id":"a1","rule":"down","condition":"Fired","firedAt":"2026-03-01T02:10:00Z","severity":"Sev1","targets":["/a"]}`
	if _, err := Decode([]byte(whole)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"an unknown field", `"id"`, `"more":1,"id"`, `unknown field "more"`},
		{"an id that is not fit for a key", `"a1"`, `"a/1"`, "want an id"},
		{"a condition that nobody knows", `"Fired"`, `"fired"`, "want condition"},
		{"no rule", `"down"`, `""`, "want rule"},
		{"no time", `,"firedAt":"2026-03-01T02:10:00Z"`, ``, "want firedDateTime"},
		{"a time that nobody can read", `2026-03-01T02:10:00Z`, `soon`, "want firedAt"},
		{"a second time that nobody can read", `"severity"`, `"resolvedAt":"soon","severity"`, "want resolvedAt"},
		{"two lines", `"Sev1"`, `"Sev\n1"`, "on one line each"},
		{"targets in upper case", `"/a"`, `"/A"`, "want targets"},
		{"targets of another form", `["/a"]`, `"/a"`, "want an alert as Lifeboat writes it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(whole, c.old) {
				t.Fatalf("nothing to replace: %s", c.old)
			}
			_, err := Decode([]byte(strings.Replace(whole, c.old, c.new, 1)))
			refused(t, err, c.want)
		})
	}
}

func TestAReducedAlertIsSmall(t *testing.T) {
	rows := strings.Repeat(`["row",1],`, 25_000) + `[]`
	body := essentialsWith("null", `{"SearchResults":[`+rows+`]}`)
	reduced, err := EncodeAlert(alert(t, body))
	if err != nil || len(body) < 250_000 || len(reduced) > 500 {
		t.Errorf("reduced %d bytes to %d, %v", len(body), len(reduced), err)
	}
}

func TestEncodeAlertRefusesWhatDecodeWould(t *testing.T) {
	if body, err := EncodeAlert(Alert{ID: "a1", Condition: Fired}); !errors.Is(err, ErrMalformed) || body != nil {
		t.Errorf("EncodeAlert without a rule = %s, %v, want ErrMalformed", body, err)
	}
}
