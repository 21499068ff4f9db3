package plan

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const hooks = `version: 1
environment: prod-1
webhooks:
  ops: {urlSetting: OPS_URL, keySetting: OPS_KEY}
  chat: {form: teams, urlSetting: CHAT_URL}
  talk: {urlSetting: TALK_URL, form: slack}
`

func TestParseReadsEnvironmentAndWebhooks(t *testing.T) {
	p, err := Parse("lifeboat.yaml", []byte(hooks+`defaults: {storageAccount: stbackups, container: apim, webhooks: [chat]}
services:
  as-default: {resourceId: `+id+`a}
  another: {resourceId: `+id+`b, webhooks: [talk, ops], heartbeatSetting: BEAT_B}
  nobody: {resourceId: `+id+`c, webhooks: []}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Webhook{
		{Name: "ops", Form: FormCloudEvents, URLSetting: "OPS_URL", KeySetting: "OPS_KEY"},
		{Name: "chat", Form: FormTeams, URLSetting: "CHAT_URL"},
		{Name: "talk", Form: FormSlack, URLSetting: "TALK_URL"},
	}
	if diff := cmp.Diff(want, p.Webhooks); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
	if p.Environment != "prod-1" {
		t.Errorf("environment = %q", p.Environment)
	}
	for service, want := range map[string]string{"as-default": "chat", "another": "ops talk", "nobody": "", "not in the plan": "ops chat talk"} {
		var told []string
		for _, w := range p.Told(service) {
			told = append(told, w.Name)
		}
		if got := strings.Join(told, " "); got != want {
			t.Errorf("Told(%s) = %q, want %q", service, got, want)
		}
	}
	if b, _ := p.Service("another"); b.Heartbeat != "BEAT_B" {
		t.Errorf("heartbeat = %q", b.Heartbeat)
	}
	if c, _ := p.Service("nobody"); c.Heartbeat != "" {
		t.Errorf("heartbeat of another service = %q", c.Heartbeat)
	}
}

func TestServicesAreToldOfWebhooksThatStandBelowThem(t *testing.T) {
	p, err := Parse("lifeboat.yaml", []byte(twoServices+"    webhooks: [b]\nwebhooks: {a: {urlSetting: A}, b: {urlSetting: B}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if told := p.Told("apim-weu"); len(told) != 1 || told[0].Name != "b" {
		t.Errorf("told = %v, want b", told)
	}
}

func TestAServiceThatNamesNoWebhooksHasAll(t *testing.T) {
	p, err := Parse("lifeboat.yaml", []byte(twoServices+"webhooks: {a: {urlSetting: A}, b: {urlSetting: B}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if told := p.Told("apim-weu"); len(told) != 2 {
		t.Errorf("told = %v, want both", told)
	}
}

func TestParseReadsChangesOverDefaults(t *testing.T) {
	p, err := Parse("lifeboat.yaml", []byte(`version: 1
defaults: {storageAccount: stbackups, container: apim, lapseWarning: 2d, changes: {quiet: 5m, minInterval: 0s}}
services:
  a: {resourceId: `+id+`a}
  b: {resourceId: `+id+`b, lapseWarning: 0s, changes: {quiet: 1s, atMost: 1s}}
  c: {resourceId: `+id+`c, changes: {}}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Changes{
		{Quiet: 5 * time.Minute, AtMost: time.Hour},
		{Quiet: time.Second, AtMost: time.Second},
		{Quiet: 5 * time.Minute, AtMost: time.Hour},
	}
	for i, s := range p.Services {
		if diff := cmp.Diff(want[i], s.Changes); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.Name, diff)
		}
	}
	if a, b := p.Services[0].LapseWarning, p.Services[1].LapseWarning; a != 48*time.Hour || b != 0 {
		t.Errorf("lapseWarning = %s and %s, want 48h and 0s", a, b)
	}
}

func TestParseReportsMistakesAboutNotices(t *testing.T) {
	_, err := Parse("x", []byte(`version: 1
environment: pre prod
webhooks:
  ops: {form: email, urlSetting: OPS_URL, keySetting: 1KEY}
  Chat: {}
  talk: {keySetting: TALK_KEY, form: slack, urlSetting: OPS_URL, url: x}
  ops: {urlSetting: OTHER}
  pager:
defaults:
  storageAccount: stbackups
  container: apim
  webhooks: ops
  heartbeatSetting: BEAT
services:
  a:
    resourceId: `+id+`a
    webhooks: [ops, nobody, talk, ops, [ops]]
    heartbeatSetting: BEAT_A
    changes: {quiet: 0s, wait: 1m, quiet: 2m, minInterval: -1s}
    lapseWarning: 30d
  b:
    resourceId: `+id+`b
    heartbeatSetting: BEAT_A
    changes: {quiet: 2h}
    lapseWarning: soon
  c:
    resourceId: `+id+`c
    heartbeatSetting: OPS_URL
    changes: 10m
`))
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		`x:2:14: environment: want 1 to 20 letters, digits and hyphens, got "pre prod"`,
		`x:4:15: webhooks.ops.form: want cloudevents, teams or slack, got "email"`,
		`x:4:55: webhooks.ops.keySetting: want the name of the app setting that holds the key that signs (never the key itself)`,
		`x:5:3: webhooks: want a name of 1 to 50 lower-case letters, digits and single hyphens`,
		`x:5:3: webhooks.urlSetting: missing: want the name of the app setting that holds the webhook's URL (never the URL itself)`,
		`x:6:10: webhooks.talk.keySetting: belongs to form cloudevents: nobody checks a signature on form slack`,
		`x:6:57: webhooks.talk.urlSetting: is the same app setting as webhooks.ops.urlSetting: each needs its own`,
		`x:6:66: webhooks.talk.url: unknown key: want one of form, urlSetting, keySetting`,
		`x:7:3: webhooks.ops: stands here a second time`,
		`x:8:3: webhooks.pager: want a mapping of form, urlSetting and keySetting`,
		`x:12:3: defaults.webhooks: want a list of webhooks' names`,
		`x:13:3: defaults.heartbeatSetting: belongs to one service, not to defaults`,
		`x:15:3: services.a: lapseWarning (720h0m0s) is not shorter than restorableFor (720h0m0s)`,
		`x:17:21: services.a.webhooks[1]: unknown webhook: want one of ops, talk, pager`,
		`x:17:35: services.a.webhooks[3]: stands here a second time`,
		`x:17:40: services.a.webhooks[4]: want a single value, got a list`,
		`x:19:22: services.a.changes.quiet: want at least 1s, got "0s"`,
		`x:19:26: services.a.changes.wait: unknown key: want one of quiet, atMost, minInterval`,
		`x:19:36: services.a.changes.quiet: stands here a second time`,
		`x:19:60: services.a.changes.minInterval: want a duration such as 1h, got "-1s"`,
		`x:21:3: services.b: changes.atMost (1h0m0s) is shorter than changes.quiet (2h0m0s)`,
		`x:23:23: services.b.heartbeatSetting: is the same app setting as services.a.heartbeatSetting: each needs its own`,
		`x:25:19: services.b.lapseWarning: want a duration such as 3d, got "soon"`,
		`x:28:23: services.c.heartbeatSetting: is the same app setting as webhooks.ops.urlSetting: each needs its own`,
		`x:29:14: services.c.changes: want a mapping of keys to values, got "10m"`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

// Whoever writes a plan in haste puts the secret where its setting's name
// belongs; the mistake ends in logs.
func TestParseNeverRepeatsWhatMayBeAWebhooksURL(t *testing.T) {
	const url = "https://hooks.example/S3cr3t"
	const service = "services: {a: {resourceId: " + id + "a, storageAccount: abc, container: abc"
	for name, text := range map[string]string{
		"in place of a URL's setting":  "webhooks: {ops: {urlSetting: '" + url + "'}}\n" + service + "}}\n",
		"in place of a key's setting":  "webhooks: {ops: {urlSetting: A, keySetting: '" + url + "'}}\n" + service + "}}\n",
		"in place of a webhook":        "webhooks: {ops: '" + url + "'}\n" + service + "}}\n",
		"in place of a webhook's name": "webhooks: {'" + url + "': {form: x}}\n" + service + "}}\n",
		"in place of all webhooks":     "webhooks: '" + url + "'\n" + service + "}}\n",
		"in a list of webhooks":        "webhooks: ['" + url + "']\n" + service + "}}\n",
		"in a service's list":          service + ", webhooks: ['" + url + "']}}\n",
		"in place of a service's list": service + ", webhooks: '" + url + "'}}\n",
		"in place of a heartbeat":      service + ", heartbeatSetting: '" + url + "'}}\n",
		"in the defaults":              "defaults: {heartbeatSetting: '" + url + "'}\n" + service + "}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("x", []byte("version: 1\n"+text))
			if err == nil || strings.Contains(err.Error(), "S3cr3t") || !strings.HasPrefix(err.Error(), "x:") {
				t.Errorf("err = %v, want one with a place and without the URL", err)
			}
		})
	}
}

func TestEnvironmentIsShortAndPlain(t *testing.T) {
	for name, good := range map[string]bool{
		"p": true, "Prod-EU-2": true, strings.Repeat("x", 20): true, "42": true,
		strings.Repeat("x", 21): false, `""`: false, "a_b": false, `"a\nb"`: false, "[a]": false, "é": false,
	} {
		p, err := Parse("x", []byte(twoServices+"environment: "+name+"\n"))
		if (err == nil) != good {
			t.Errorf("environment %q: err = %v", name, err)
		}
		if err == nil && p.Environment != name {
			t.Errorf("environment = %q, want %q", p.Environment, name)
		}
	}
}

func TestSettingsAreAllThatThePlanRefersTo(t *testing.T) {
	p, err := Parse("lifeboat.yaml", []byte(hooks+`defaults: {storageAccount: stbackups, container: apim, access: AccessKey, accessKeySetting: KEY}
services:
  a: {resourceId: `+id+`a, heartbeatSetting: BEAT_A}
  b:
    resourceId: `+id+`b
    accessKeySetting: B_KEY
    standbys: {c: {resourceId: `+id+`c, accessKeySetting: C_KEY}}
  d: {resourceId: `+id+`d}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"BEAT_A", "B_KEY", "CHAT_URL", "C_KEY", "KEY", "OPS_KEY", "OPS_URL", "TALK_URL"}
	if diff := cmp.Diff(want, p.Settings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestSampleShowsTheDefaultsAndWorksUncommented(t *testing.T) {
	data, err := os.ReadFile("../../lifeboat.sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	said, err := Parse("lifeboat.sample.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	commented := regexp.MustCompile(`(?m)^( *)# ( *\w+:( |$))`)
	all, err := Parse("uncommented", commented.ReplaceAll(data, []byte("$1$2")))
	if err != nil {
		t.Fatal(err)
	}
	if all.Environment == "" || len(all.Webhooks) != 2 || len(all.Settings()) != 4 || len(all.Told("apim-weu")) != 1 {
		t.Errorf("environment %q, webhooks %v, settings %q", all.Environment, all.Webhooks, all.Settings())
	}
	// What only examples can show is not among the defaults.
	all.Services[0].Webhooks, all.Services[0].Heartbeat, all.Services[0].Failover.Approvers = nil, "", ""
	for i := range all.Services {
		if got := all.Services[i].Retention; got == nil || numbers(*got) != defaultRetention {
			t.Errorf("%s keeps %+v, want %+v", all.Services[i].Name, got, defaultRetention)
		}
		all.Services[i].Retention = nil
		if !reflect.DeepEqual(all.Services[i], said.Services[i]) {
			t.Errorf("%s uncommented = %+v, want %+v", all.Services[i].Name, all.Services[i], said.Services[i])
		}
	}
	shows(t, string(data), serviceSettings)
	shows(t, string(data), standbySettings)
	shows(t, string(data), failoverSettings)
	shows(t, string(data), changesSettings)
	shows(t, string(data), retentionSettings)
	shows(t, string(data), webhookSettings)
	shows(t, string(data), deliverySettings)
}

// shows wants a sample to name every setting.
func shows[T any](t *testing.T, sample string, settings []setting[T]) {
	t.Helper()
	for _, s := range settings {
		if !strings.Contains(sample, s.key+":") {
			t.Errorf("the sample does not show %s", s.key)
		}
	}
}

func TestLinkLocalAddressesAreAllowedByThePlanAlone(t *testing.T) {
	for text, want := range map[string]bool{"": false, "delivery: {retryMax: 2h}\n": false, "delivery: {allowLinkLocal: false}\n": false, "delivery: {allowLinkLocal: true}\n": true} {
		p, err := Parse("lifeboat.yaml", []byte(twoServices+text))
		if err != nil {
			t.Fatal(err)
		}
		if p.AllowLinkLocal != want {
			t.Errorf("%q: allowed %v, want %v", text, p.AllowLinkLocal, want)
		}
	}
	if _, err := Parse("lifeboat.yaml", []byte(twoServices+"delivery: {allowLinkLocal: yes please}\n")); err == nil {
		t.Error("anything allows them")
	}
}
