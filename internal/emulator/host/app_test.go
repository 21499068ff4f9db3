package host_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lifeboat/internal/emulator/host"
)

func TestLoad(t *testing.T) {
	dir := files(t, map[string]string{
		"host.json": `{"version":"2.0","functionTimeout":"00:10:00","logging":{"logLevel":{"default":"Information"}},
			"extensionBundle":{"id":"Microsoft.Azure.Functions.ExtensionBundle","version":"[4.*, 5.0.0)"},
			"extensions":{"serviceBus":{"maxConcurrentCalls":8,"maxAutoLockRenewalDuration":"00:15:00"}},
			"customHandler":{"description":{"defaultExecutablePath":"bin/lifeboat","arguments":["serve","%MODE%x%UNSET%","a b"]},"enableForwardingHttpRequest":true,"initializationTimeout":"00:00:10"}}`,
		"bin/lifeboat":            "",
		"Watchdog/function.json":  `{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","schedule":"%TICK%","runOnStartup":false,"useMonitor":true}]}`,
		"Often/function.json":     `{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","schedule":"*/30 * * * * *"}]}`,
		"JobStep/function.json":   messageFile,
		"Text/function.json":      `{"bindings":[{"type":"serviceBusTrigger","direction":"in","name":"m","queueName":"%QUEUE%","connection":"Bus","autoCompleteMessages":false}]}`,
		"Change/function.json":    eventFile,
		"Dead/function.json":      strings.Replace(messageFile, `"steps"`, `"steps/$deadletterqueue"`, 1),
		"AlertHook/function.json": `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":"function","methods":["post"],"route":"alerts"},{"type":"http","direction":"out","name":"res"}]}`,
		"docs/readme.md":          "no function",
	})
	app, err := host.Load(dir, func(name string) string {
		return map[string]string{"TICK": "0 */5 * * * *", "QUEUE": "texts", "MODE": "m"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	want := host.App{
		Dir: dir, Timeout: 10 * time.Minute,
		Handler:   host.CustomHandler{Executable: dir + "/bin/lifeboat", Arguments: []string{"serve", "mx", "a", "b"}, WorkingDirectory: dir, Forwarding: true, InitTimeout: 10 * time.Second},
		Messaging: host.Messaging{MaxConcurrentCalls: 8, MaxAutoLockRenewal: 15 * time.Minute, AutoComplete: true},
		Functions: []host.Function{
			{Name: "AlertHook", Trigger: host.HTTPTrigger, Binding: "req", Route: "alerts", Methods: []string{"POST"}, AuthLevel: host.FunctionAuth},
			{Name: "Change", Trigger: host.EventGridTrigger, Binding: "event"},
			{Name: "Dead", Trigger: host.ServiceBusTrigger, Binding: "msg", Queue: "steps/$deadletterqueue", Connection: "Bus", Binary: true, AutoComplete: true},
			{Name: "JobStep", Trigger: host.ServiceBusTrigger, Binding: "msg", Queue: "steps", Connection: "Bus", Binary: true, AutoComplete: true},
			{Name: "Often", Trigger: host.TimerTrigger, Binding: "timer"},
			{Name: "Text", Trigger: host.ServiceBusTrigger, Binding: "m", Queue: "texts", Connection: "Bus"},
			{Name: "Watchdog", Trigger: host.TimerTrigger, Binding: "timer", UseMonitor: true},
		},
	}
	if diff := cmp.Diff(want, app, cmpopts.IgnoreTypes(host.Schedule{})); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

func TestLoadFindsMistakes(t *testing.T) {
	binding := func(members string) string {
		return `{"bindings":[{"direction":"in","name":"b",` + members + `}]}`
	}
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"the wrong name that samples carry", map[string]string{"host.json": hostFile(`,"enableHttpProxyingRequest":true`, "")}, "the name is enableProxyingHttpRequest"},
		{"an unknown key", map[string]string{"host.json": hostFile(`,"enabled":true`, "")}, `unknown field "enabled"`},
		{"customHandler.type", map[string]string{"host.json": hostFile(`,"type":"Http"`, "")}, "leave it out"},
		{"no version", map[string]string{"host.json": `{"customHandler":{"description":{"defaultExecutablePath":"x"}}}`}, `version: want "2.0"`},
		{"no executable", map[string]string{"host.json": `{"version":"2.0"}`}, "defaultExecutablePath is empty"},
		{"a timeout that is none", map[string]string{"host.json": hostFile("", `,"functionTimeout":"10m"`)}, "functionTimeout: want a positive time span"},
		{"a timeout with the minutes first", map[string]string{"host.json": hostFile("", `,"functionTimeout":"00:90:00"`)}, "functionTimeout: want a positive time span"},
		{"no concurrency", map[string]string{"host.json": hostFile("", `,"extensions":{"serviceBus":{"maxConcurrentCalls":0}}`)}, "maxConcurrentCalls: want at least 1"},
		{"routes with a function.json", map[string]string{"host.json": hostFile(`,"http":{"routes":[{"route":"x"}]}`, ""), "F/function.json": timerFile}, "http.routes can't be mixed"},
		{"a global retry with Service Bus", map[string]string{"host.json": hostFile("", `,"retry":{"strategy":"fixedDelay"}`), "F/function.json": messageFile}, "retry applies to Service Bus"},
		{"a retry of a Service Bus function", map[string]string{"F/function.json": strings.Replace(messageFile, "{", `{"retry":{},`, 1)}, "retry is not supported"},
		{"a second file in the folder", map[string]string{"F/function.json": timerFile, "F/notes.txt": ""}, "more than function.json"},
		{"a folder with a bad name", map[string]string{"1st/function.json": timerFile}, `refuses "1st"`},
		{"a folder named host", map[string]string{"Host/function.json": timerFile}, `refuses "Host"`},
		{"no trigger", map[string]string{"F/function.json": `{"bindings":[]}`}, "want one trigger, got 0"},
		{"an unknown trigger", map[string]string{"F/function.json": binding(`"type":"blobTrigger"`)}, "does not play blobTrigger"},
		{"an output", map[string]string{"F/function.json": strings.Replace(timerFile, "[", `[{"type":"queue","direction":"out","name":"o"},`, 1)}, "not queue"},
		{"an unknown member", map[string]string{"F/function.json": binding(`"type":"timerTrigger","schedule":"0 * * * * *","cron":1`)}, `unknown field "cron"`},
		{"an unset setting", map[string]string{"F/function.json": binding(`"type":"timerTrigger","schedule":"%TICK%"`)}, "the setting TICK is not set"},
		{"a time span for a schedule", map[string]string{"F/function.json": binding(`"type":"timerTrigger","schedule":"00:05:00"`)}, "only App Service plans"},
		{"a schedule that is none", map[string]string{"F/function.json": binding(`"type":"timerTrigger","schedule":"@daily"`)}, "want an NCRONTAB"},
		{"four fields", map[string]string{"F/function.json": binding(`"type":"timerTrigger","schedule":"* * * *"`)}, "want an NCRONTAB"},
		{"no queue", map[string]string{"F/function.json": binding(`"type":"serviceBusTrigger","connection":"Bus"`)}, "queueName: want a queue"},
		{"a topic", map[string]string{"F/function.json": binding(`"type":"serviceBusTrigger","queueName":"t/Subscriptions/s","connection":"Bus"`)}, "want a queue, or <queue>/$DeadLetterQueue"},
		{"no connection", map[string]string{"F/function.json": binding(`"type":"serviceBusTrigger","queueName":"q"`)}, "connection: want"},
		{"a batch", map[string]string{"F/function.json": binding(`"type":"serviceBusTrigger","queueName":"q","connection":"Bus","cardinality":"many"`)}, "cardinality"},
		{"a trigger that goes out", map[string]string{"F/function.json": strings.Replace(timerFile, `"in"`, `"out"`, 1)}, `direction: want "in"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := host.Load(files(t, tt.files), func(string) string { return "" })
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load = %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestLoadReportsEveryMistakeAtOnce(t *testing.T) {
	_, err := host.Load(files(t, map[string]string{
		"host.json":       hostFile("", `,"functionTimeout":"x"`),
		"A/function.json": `{"bindings":[]}`,
		"B/function.json": `{"bindings":[{"type":"timerTrigger","direction":"in","name":"t","schedule":"x"}]}`,
	}), func(string) string { return "" })
	for _, want := range []string{"functionTimeout", "A/function.json", "B/function.json"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load = %v, want %s in it", err, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	app := load(t, map[string]string{
		"host.json":       hostFile("", `,"extensions":{"serviceBus":{"autoCompleteMessages":false,"prefetchCount":5}}`),
		"F/function.json": messageFile,
	})
	for _, want := range []string{"autoCompleteMessages", "prefetchCount", "maxAutoLockRenewalDuration"} {
		if all := strings.Join(app.Warnings, "\n"); !strings.Contains(all, want) {
			t.Errorf("Warnings = %s, want %s in it", all, want)
		}
	}
}

func TestSchedule(t *testing.T) {
	from := time.Date(2026, 9, 30, 2, 0, 0, 0, time.UTC) // a Wednesday
	for _, tt := range []struct{ spec, want string }{
		{"0 */5 * * * *", "2026-09-30T02:05:00Z"},
		{"*/5 * * * *", "2026-09-30T02:05:00Z"},
		{"30 0 1 * * *", "2026-10-01T01:00:30Z"},
		{"0 0 3 * * Mon-Fri", "2026-09-30T03:00:00Z"},
		{"0 0 0 1 Jan *", "2027-01-01T00:00:00Z"},
		{"0 0 0 13 * Fri", "2026-11-13T00:00:00Z"}, // day and weekday must match
		{"0 0 0 * * 0", "2026-10-04T00:00:00Z"},
	} {
		s, err := host.ParseSchedule(tt.spec)
		if err != nil {
			t.Errorf("ParseSchedule(%q): %v", tt.spec, err)
			continue
		}
		zone := time.FixedZone("local", 2*3600)
		if got := s.After(from.In(zone)).Format(time.RFC3339); got != tt.want {
			t.Errorf("%q after %v = %s, want %s", tt.spec, from, got, tt.want)
		}
	}
}
