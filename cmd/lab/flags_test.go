package main

import (
	"strings"
	"testing"
	"time"

	"lifeboat/internal/emulator/servicebus"
)

func TestParseQueue(t *testing.T) {
	for value, want := range map[string]extraQueue{
		"orders":                           {name: "orders"},
		"a/b.c-d_e:lock=30s":               {name: "a/b.c-d_e", options: servicebus.QueueOptions{LockDuration: 30 * time.Second}},
		"orders:lock=30s,max=5,dup=10m":    {name: "orders", options: servicebus.QueueOptions{LockDuration: 30 * time.Second, MaxDeliveryCount: 5, DuplicateDetection: 10 * time.Minute}},
		"orders:dup=168h,max=2000,lock=5m": {name: "orders", options: servicebus.QueueOptions{LockDuration: 5 * time.Minute, MaxDeliveryCount: 2000, DuplicateDetection: 168 * time.Hour}},
	} {
		got, err := parseQueue(value)
		if err != nil || got != want {
			t.Errorf("parseQueue(%q) = %+v, %v, want %+v", value, got, err, want)
		}
	}
}

func TestParseQueueSaysWhatItWants(t *testing.T) {
	for value, want := range map[string]string{
		"":                  "want a queue's name",
		":max=5":            "want a queue's name",
		"a b":               "want a queue's name",
		"orders:":           `"" is unknown: want lock=DURATION`,
		"orders:lock":       `lock: want a duration from 1s to 5m, got ""`,
		"orders:lock=6m":    `lock: want a duration from 1s to 5m, got "6m"`,
		"orders:lock=30":    `lock: want a duration from 1s to 5m, got "30"`,
		"orders:max=0":      `max: want a number of deliveries from 1 to 2000, got "0"`,
		"orders:max=many":   `max: want a number of deliveries from 1 to 2000, got "many"`,
		"orders:dup=1s":     `dup: want a duration from 20s to 168h, got "1s"`,
		"orders:ttl=1h":     `"ttl" is unknown: want lock=DURATION`,
		"orders:max=5 lock": `max: want a number of deliveries`,
	} {
		if _, err := parseQueue(value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseQueue(%q) = %v, want %q", value, err, want)
		}
	}
}

func TestUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"other machines can't be served":   {[]string{"azure", "--listen", "0.0.0.0:8800"}, exitUsage, "want a loopback host"},
		"a port is needed":                 {[]string{"run", "--listen", "localhost"}, exitUsage, "want HOST:PORT"},
		"a bad queue":                      {[]string{"azure", "--queue", "a:max=x"}, exitUsage, "want a number of deliveries"},
		"a queue stands there twice":       {[]string{"azure", "--queue", "a", "--queue", "A"}, exitUsage, "twice"},
		"an unknown scenario":              {[]string{"play", "daily"}, exitUsage, "`lab play` lists them"},
		"an unknown command":               {[]string{"fly"}, exitUsage, "unknown command"},
		"play lists the scenarios":         {[]string{"play"}, exitDone, "nightly"},
		"and as JSON":                      {[]string{"play", "--json"}, exitDone, `{"scenarios":[{"scenario":"nightly",`},
		"a folder without a function app":  {[]string{"run", "--app", t.TempDir()}, exitError, "there is no host.json in"},
		"play has no function app, either": {[]string{"play", "nightly", "--app", t.TempDir()}, exitError, "there is no host.json in"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if code := run(t.Context(), c.args, &out, &out); code != c.code || !strings.Contains(out.String(), c.says) {
				t.Errorf("lab %s = %d, %q, want %d, %q", strings.Join(c.args, " "), code, out.String(), c.code, c.says)
			}
		})
	}
}
