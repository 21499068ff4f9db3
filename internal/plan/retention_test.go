package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/retention"
)

// numbers are p without what it has from its service.
func numbers(p retention.Policy) retention.Policy {
	p.Location, p.RestorableFor = nil, 0
	return p
}

func TestNothingIsDeletedUnlessThePlanSaysSo(t *testing.T) {
	p, err := Parse("lifeboat.yaml", []byte(twoServices))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Services[0].Retention; got != nil {
		t.Errorf("retention = %+v, want none", got)
	}
}

func TestParseReadsRetentionOverDefaults(t *testing.T) {
	const day = 24 * time.Hour
	tests := map[string]struct {
		defaults, service string
		want              *retention.Policy
	}{
		"all of it": {
			"", "{keepLast: 1, hourly: 2, daily: 3, weekly: 4, keepWithin: 36h, minKeep: 5}",
			&retention.Policy{KeepLast: 1, Hourly: 2, Daily: 3, Weekly: 4, KeepWithin: 36 * time.Hour, MinKeep: 5},
		},
		"one rule": {
			"", "{daily: 30}",
			&retention.Policy{KeepLast: 7, Daily: 30, Weekly: 5, KeepWithin: 3 * day, MinKeep: 3},
		},
		"rules that keep nothing": {
			"", "{keepLast: 0, daily: 0, weekly: 0, keepWithin: 0s, hourly: 1}",
			&retention.Policy{Hourly: 1, MinKeep: 3},
		},
		"the defaults'": {
			"{weekly: 2, minKeep: 4}", "",
			&retention.Policy{KeepLast: 7, Daily: 14, Weekly: 2, KeepWithin: 3 * day, MinKeep: 4},
		},
		"over the defaults'": {
			"{weekly: 2, minKeep: 4}", "{weekly: 3, daily: 0}",
			&retention.Policy{KeepLast: 7, Weekly: 3, KeepWithin: 3 * day, MinKeep: 4},
		},
		"off":                   {"", "off", nil},
		"off over the defaults": {"{weekly: 2}", "off", nil},
		"on over the defaults":  {"off", "{weekly: 2}", &retention.Policy{KeepLast: 7, Daily: 14, Weekly: 2, KeepWithin: 3 * day, MinKeep: 3}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text := "version: 1\ndefaults: {storageAccount: stbackups, container: apim" + key(tt.defaults) + "}\n" +
				"services: {a: {resourceId: " + id + "a" + key(tt.service) + "}}\n"
			p, err := Parse("lifeboat.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			got := p.Services[0].Retention
			if got != nil {
				own := numbers(*got)
				got = &own
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("retention (-want +got):\n%s", diff)
			}
		})
	}
}

func key(value string) string {
	if value == "" {
		return ""
	}
	return ", retention: " + value
}

func TestRetentionGoesByItsServicesClockAndLimit(t *testing.T) {
	p, err := Parse("lifeboat.yaml", []byte(`version: 1
defaults: {storageAccount: stbackups, container: apim, retention: {daily: 3}, timeZone: Europe/Berlin}
services:
  a: {resourceId: `+id+`a}
  b: {resourceId: `+id+`b, timeZone: Asia/Tokyo, restorableFor: 7d}
  c: {resourceId: `+id+`c, retention: {weekly: 1}, restorableFor: 20d, timeZone: UTC}
  d: {resourceId: `+id+`d}
`))
	if err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	for i, want := range []struct {
		zone          string
		limit         time.Duration
		daily, weekly int
	}{{"Europe/Berlin", 30 * day, 3, 5}, {"Asia/Tokyo", 7 * day, 3, 5}, {"UTC", 20 * day, 3, 1}, {"Europe/Berlin", 30 * day, 3, 5}} {
		got := p.Services[i].Retention
		if err := got.Validate(); err != nil {
			t.Errorf("%s: %v", p.Services[i].Name, err)
		}
		if got.Location.String() != want.zone || got.RestorableFor != want.limit || got.Daily != want.daily || got.Weekly != want.weekly {
			t.Errorf("%s: retention = %+v in %s, want %+v", p.Services[i].Name, got, got.Location, want)
		}
	}
}

func TestParseReportsMistakesAboutRetention(t *testing.T) {
	const nothing = "keeps nothing beyond minKeep: want at least one of keepLast, hourly, daily, weekly and keepWithin above 0"
	tests := map[string]struct{ value, want string }{
		"empty":             {"{}", "x:6:5: services.apim-weu.retention: want " + wantRetention + ", got an empty mapping"},
		"nothing":           {"", "x:6:5: services.apim-weu.retention: want " + wantRetention + ", got nothing"},
		"a list":            {"[7]", "x:6:5: services.apim-weu.retention: want " + wantRetention + ", got a list"},
		"a number":          {"7", "x:6:5: services.apim-weu.retention: want " + wantRetention + `, got "7"`},
		"on":                {"on", "x:6:5: services.apim-weu.retention: want " + wantRetention + `, got "on"`},
		"all zero":          {"{keepLast: 0, daily: 0, weekly: 0, keepWithin: 0s}", "x:6:5: services.apim-weu.retention: " + nothing},
		"only minKeep":      {"{keepLast: 0, daily: 0, weekly: 0, keepWithin: 0s, minKeep: 9}", "x:6:5: services.apim-weu.retention: " + nothing},
		"no minKeep":        {"{minKeep: 0}", `x:6:26: services.apim-weu.retention.minKeep: want a number from 1 to 1000, got "0"`},
		"below zero":        {"{daily: -1}", `x:6:24: services.apim-weu.retention.daily: want a number from 0 to 1000, got "-1"`},
		"too many":          {"{hourly: 1001}", `x:6:25: services.apim-weu.retention.hourly: want a number from 0 to 1000, got "1001"`},
		"half a point":      {"{keepLast: 1.5}", `x:6:27: services.apim-weu.retention.keepLast: want a number from 0 to 1000, got "1.5"`},
		"not a span":        {"{keepWithin: 3}", `x:6:29: services.apim-weu.retention.keepWithin: want a duration such as 3d, got "3"`},
		"a span below zero": {"{keepWithin: -1h}", `x:6:29: services.apim-weu.retention.keepWithin: want a duration such as 3d, got "-1h"`},
		"an unknown rule":   {"{monthly: 6}", "x:6:17: services.apim-weu.retention.monthly: unknown key: want one of keepLast, hourly, daily, weekly, keepWithin, minKeep"},
		"wrong case":        {"{minkeep: 6}", "x:6:17: services.apim-weu.retention.minkeep: unknown key: did you mean minKeep?"},
		"a rule twice":      {"{daily: 6, daily: 7}", "x:6:27: services.apim-weu.retention.daily: stands here a second time"},
		"a wrong rule and no other": {
			"{hourly: x, keepLast: 0, daily: 0, weekly: 0, keepWithin: 0s}",
			`x:6:25: services.apim-weu.retention.hourly: want a number from 0 to 1000, got "x"`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("x", []byte(twoServices+"    retention: "+tt.value+"\n"))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(strings.Split(tt.want, "\n"), strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRetentionInTheDefaultsIsCheckedThere(t *testing.T) {
	text := strings.Replace(twoServices, "container: apim", "container: apim, retention: {keepLast: 0, daily: 0, weekly: 0, keepWithin: 0s}", 1)
	if _, err := Parse("x", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), "x:2:") || !strings.Contains(err.Error(), "defaults.retention: keeps nothing") {
		t.Errorf("err = %v, want one about defaults.retention", err)
	}
}
