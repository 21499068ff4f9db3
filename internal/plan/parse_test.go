package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
)

const id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-apim/providers/Microsoft.ApiManagement/service/"

func TestParseReadsServicesOverDefaults(t *testing.T) {
	p, err := Parse("lifeboat.yaml", []byte(`version: 1
defaults:
  storageAccount: stbackups
  container: apim
  timeZone: Europe/Berlin
  jitter: 5m
services:
  apim-weu:
    resourceId: `+id+`apim-weu
    schedule: 30 2 * * *
    restorableFor: 29d
  apim-neu:
    resourceId: `+id+`Apim-NEU
    container: other
    access: UserAssignedManagedIdentity
    clientId: 00000000-0000-0000-0000-00000000000a
    apiVersion: 2024-05-01
    attempts: 1
`))
	if err != nil {
		t.Fatal(err)
	}
	weu, ok := p.Service("apim-weu")
	if !ok {
		t.Fatal("apim-weu is not in the plan")
	}
	want := job.Service{
		Name: "apim-weu", Subscription: "00000000-0000-0000-0000-000000000001", ResourceGroup: "rg-apim", Resource: "apim-weu",
		Account: "stbackups", Container: "apim", Access: job.Access{Mode: job.AccessSystemIdentity},
	}
	if diff := cmp.Diff(want, weu.Service); diff != "" {
		t.Errorf("apim-weu (-want +got):\n%s", diff)
	}
	if weu.Jitter != 5*time.Minute || weu.RestorableFor != 29*24*time.Hour || weu.Interval != 24*time.Hour {
		t.Errorf("jitter %s, restorableFor %s, interval %s", weu.Jitter, weu.RestorableFor, weu.Interval)
	}
	if got := weu.Schedule.Next(at(t, "2026-07-01T00:00:00Z")); !got.Equal(at(t, "2026-07-01T00:30:00Z")) {
		t.Errorf("next run = %s, want 02:30 in Berlin", got)
	}
	neu, _ := p.Service("apim-neu")
	if neu.Container != "other" || neu.Access.ClientID == "" || neu.APIVersion != "2024-05-01" || neu.Rules.Attempts != 1 {
		t.Errorf("apim-neu = %+v", neu)
	}
}

func TestParseReportsEveryMistakeWithItsPlace(t *testing.T) {
	_, err := Parse("lifeboat.yaml", []byte(`version: 2
default: {}
defaults:
  jitter: soon
  resourceId: x
services:
  Apim_WEU:
    resourceId: /subscriptions/x
    storageaccount: st
    schedule: every night
    schedule: "0 0 1 * * *"
    access: UserAssignedManagedIdentity
    pollMin: 10m
    interval:
  apim-neu:
    - nothing
  apim-sea:
    resourceId: `+id+`apim-sea
    storageAccount: stbackups
    container: apim
    timeZone: Mars
    attempts: 0
    accessKeySetting: "a key==with/secret+chars"
  apim-sea2:
    resourceId: `+strings.ToUpper(id)+`apim-sea
    storageAccount: stbackups
    container: apim
`))
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		`lifeboat.yaml:1:10: version: want 1, got "2"`,
		`lifeboat.yaml:2:1: default: unknown key: want version, environment, webhooks, delivery, history, defaults or services`,
		`lifeboat.yaml:4:11: defaults.jitter: want a duration such as 20m, got "soon"`,
		`lifeboat.yaml:5:3: defaults.resourceId: belongs to one service, not to defaults`,
		`lifeboat.yaml:7:3: services.Apim_WEU: want a name of 1 to 50 lower-case letters, digits and single hyphens`,
		`lifeboat.yaml:7:3: services.Apim_WEU.storageAccount: missing: want a storage account's name, 3 to 24 lower-case letters and digits`,
		`lifeboat.yaml:7:3: services.Apim_WEU.container: missing: want a blob container's name, 3 to 63 lower-case letters, digits and single hyphens`,
		`lifeboat.yaml:7:3: services.Apim_WEU.clientId: missing with access UserAssignedManagedIdentity: want the client id of a user-assigned identity, a GUID`,
		`lifeboat.yaml:7:3: services.Apim_WEU: pollMin (10m0s) is longer than pollMax (5m0s)`,
		`lifeboat.yaml:8:17: services.Apim_WEU.resourceId: want an ARM resource id such as /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ApiManagement/service/<name>, got "/subscriptions/x"`,
		`lifeboat.yaml:9:5: services.Apim_WEU.storageaccount: unknown key: did you mean storageAccount?`,
		`lifeboat.yaml:10:15: services.Apim_WEU.schedule: want five or six NCRONTAB fields ({second} {minute} {hour} {day} {month} {day-of-week}), got "every night"`,
		`lifeboat.yaml:11:5: services.Apim_WEU.schedule: stands here a second time`,
		`lifeboat.yaml:14:5: services.Apim_WEU.interval: want a single value, got nothing`,
		`lifeboat.yaml:16:5: services.apim-neu: want a mapping of keys to values, got a list`,
		`lifeboat.yaml:21:15: services.apim-sea.timeZone: want an IANA time zone such as Europe/Berlin or UTC, got "Mars"`,
		`lifeboat.yaml:22:15: services.apim-sea.attempts: want a number from 1 to 10, got "0"`,
		`lifeboat.yaml:23:23: services.apim-sea.accessKeySetting: want the name of the app setting that holds the storage key (never the key itself)`,
		`lifeboat.yaml:24:3: services.apim-sea2: has the same resourceId as apim-sea: a service is protected once`,
	}
	got := strings.Split(err.Error(), "\n")
	for i := range got {
		// The parser's own words may change; ours come first.
		got[i], _, _ = strings.Cut(got[i], `": expected`)
	}
	for i := range want {
		want[i] = strings.TrimSuffix(want[i], `"`)
	}
	for i := range got {
		got[i] = strings.TrimSuffix(got[i], `"`)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

// A value that is not what accessKeySetting wants may be the key itself.
func TestParseNeverRepeatsWhatMayBeAKey(t *testing.T) {
	_, err := Parse("lifeboat.yaml", []byte("version: 1\ndefaults: {accessKeySetting: \"S3cr3t/Key==\"}\nservices: {a: {}}\n"))
	if err == nil || strings.Contains(err.Error(), "S3cr3t") {
		t.Errorf("err = %v", err)
	}
}

func TestParseRefusesFilesThatAreNoPlan(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "a comment": "# nothing\n", "a list": "- a\n", "a word": "hello", "two documents": "version: 1\n---\nversion: 1\n",
		"broken": "a: [1", "tabs": "a:\n\tb: 1\n", "no services": "version: 1\nservices: {}\n", "only a version": "version: 1",
		"an anchor":  "version: 1\ndefaults: &d {jitter: 1m}\nservices: *d\n",
		"binary":     "\x00\x01\x02",
		"no version": "services: {a: {resourceId: " + id + "a, storageAccount: abc, container: abc}}",
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := Parse("lifeboat.yaml", []byte(text)); err == nil {
				t.Errorf("Parse = %+v", p)
			} else if !strings.HasPrefix(err.Error(), "lifeboat.yaml") {
				t.Errorf("error does not name the file: %v", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("version: 1\nservices:\n  a:\n    resourceId: " + id + "a\n    storageAccount: abc\n    container: abc\n"))
	f.Add([]byte("version: 1\ndefaults: {<<: *a}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("x", data)
		if (p == nil) == (err == nil) {
			t.Errorf("Parse = %v, %v", p, err)
		}
	})
}

func TestAWrongDefaultIsOneMistake(t *testing.T) {
	const services = `version: 1
defaults: {storageAccount: St, container: Cont, access: UserAssignedManagedIdentity, clientId: me}
services:
  a: {resourceId: ID-a}
  b: {resourceId: ID-b}
  c: {container: apim}
`
	_, err := Parse("p", []byte(strings.ReplaceAll(services, "ID-", id)))
	if err == nil {
		t.Fatal("no error")
	}
	got := strings.Split(err.Error(), "\n")
	if len(got) != 4 || !strings.HasPrefix(got[3], "p:6:3: services.c.resourceId: missing") {
		t.Errorf("want the three defaults and c's resource once each:\n%v", err)
	}
}
