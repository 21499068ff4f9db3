package plan

import (
	"strings"
	"testing"
	"time"
)

func TestHistory(t *testing.T) {
	const services = `version: 1
defaults: {storageAccount: stbackups, container: apim}
services:
  a: {resourceId: ` + id + `a}
  b: {resourceId: ` + id + `b, restorableFor: 60d}
`
	for _, c := range []struct {
		name, text string
		want       time.Duration
		mistake    string
	}{
		{"nothing is said", services, 90 * 24 * time.Hour, ""},
		{"it is said first", "history: 61d\n" + services, 61 * 24 * time.Hour, ""},
		{"as long as a backup can be restored", services + "history: 1440h\n", 60 * 24 * time.Hour, ""},
		{"shorter than a backup can be restored", services + "history: 59d\n", 0, "x:5:3: services.b: restorableFor (1440h0m0s) is longer than history (1416h0m0s): the jobs of backups that can be restored would be gone"},
		{"shorter than a job may take", strings.Replace(services, "container: apim}", "container: apim, deadline: 100d}", 1), 0, "x:4:3: services.a: deadline (2400h0m0s) is longer than history (2160h0m0s)"},
		{"too short for anybody", "history: 34d\n" + services, 0, `x:1:10: history: want at least 840h0m0s, got "34d"`},
		{"no duration", "history: [90d]\n" + services, 0, "x:1:1: history: want a single value, got a list"},
		{"no time", "history: for ever\n" + services, 0, `x:1:10: history: want a duration such as 90d, got "for ever"`},
		{"nothing", "history: 0\n" + services, 0, `x:1:10: history: want at least 840h0m0s, got "0"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse("x", []byte(c.text))
			switch {
			case c.mistake == "" && err != nil:
				t.Fatal(err)
			case c.mistake != "" && (err == nil || !strings.Contains(err.Error(), c.mistake)):
				t.Fatalf("error %v, want %s", err, c.mistake)
			case c.mistake == "" && p.History != c.want:
				t.Errorf("history = %s, want %s", p.History, c.want)
			}
		})
	}
}
