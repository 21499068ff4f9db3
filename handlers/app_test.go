package handlers_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/handlers"
	"lifeboat/internal/config"
	"lifeboat/internal/functions"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
)

const root = ".."

type binding struct {
	Type, Direction, Name, Schedule, QueueName, Connection, DataType string
}

// folders reads the trigger of every function folder.
func folders(t *testing.T) map[string]binding {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "*", "function.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]binding{}
	for _, file := range files {
		var f struct{ Bindings []binding }
		readJSON(t, file, &f)
		if len(f.Bindings) == 2 && f.Bindings[1].Type == "http" {
			f.Bindings = f.Bindings[:1]
		}
		if len(f.Bindings) != 1 {
			t.Fatalf("%s has %d bindings, want one trigger, and an answer if that is HTTP", file, len(f.Bindings))
		}
		all[filepath.Base(filepath.Dir(file))] = f.Bindings[0]
	}
	return all
}

func readJSON(t *testing.T, file string, v any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func TestFoldersAndRoutesAreTheSame(t *testing.T) {
	triggers := map[functions.Trigger]string{
		functions.TimerTrigger: "timerTrigger", functions.ServiceBusTrigger: "serviceBusTrigger", functions.EventGridTrigger: "eventGridTrigger",
		functions.HTTPTrigger: "httpTrigger",
	}
	routes := map[string]string{}
	for _, r := range handlers.New(&recovery.Engine{}, slog.New(slog.DiscardHandler)).Functions() {
		routes[r.Name] = triggers[r.Trigger]
	}
	declared := map[string]string{}
	for name, b := range folders(t) {
		declared[name] = b.Type
	}
	if diff := cmp.Diff(declared, routes); diff != "" {
		t.Errorf("folders and the handler's routes differ (-folders +routes):\n%s", diff)
	}
}

// deadLetters is the sub-queue of what a queue has given up.
const deadLetters = "/$deadletterqueue"

func TestServiceBusTriggersAreBinaryAndConnected(t *testing.T) {
	for name, b := range folders(t) {
		if b.Type != "serviceBusTrigger" {
			continue
		}
		if b.DataType != "binary" {
			t.Errorf("%s: dataType is %q, want binary: a JSON body would overwrite the metadata", name, b.DataType)
		}
		if b.Connection != config.ServiceBus {
			t.Errorf("%s: connection is %q, want %q", name, b.Connection, config.ServiceBus)
		}
	}
	for name, queue := range map[string]string{
		"JobStep": recovery.StepQueue, "RecoveryRequest": recovery.RequestQueue, "Approval": recovery.ApprovalQueue, "Notice": recovery.NoticeQueue,
		"DeadStep": recovery.StepQueue + deadLetters, "DeadRequest": recovery.RequestQueue + deadLetters,
		"DeadApproval": recovery.ApprovalQueue + deadLetters, "DeadNotice": recovery.NoticeQueue + deadLetters,
	} {
		if got := folders(t)[name].QueueName; got != queue {
			t.Errorf("%s listens on %q, messages go to %q", name, got, queue)
		}
	}
}

func TestHostSettingsFitTheHandler(t *testing.T) {
	var host struct {
		FunctionTimeout string
		Logging         struct {
			ApplicationInsights struct {
				SamplingSettings struct{ ExcludedTypes string }
			}
		}
		Extensions struct {
			ServiceBus struct{ MaxAutoLockRenewalDuration string }
		}
		CustomHandler struct {
			Description struct {
				DefaultExecutablePath string
				Arguments             []string
			}
		}
		Retry json.RawMessage
	}
	readJSON(t, filepath.Join(root, "host.json"), &host)
	for setting, value := range map[string]string{
		"functionTimeout": host.FunctionTimeout, "maxAutoLockRenewalDuration": host.Extensions.ServiceBus.MaxAutoLockRenewalDuration,
	} {
		clock, err := time.Parse("15:04:05", value)
		if err != nil {
			t.Fatalf("%s: %v", setting, err)
		}
		if span := clock.Sub(clock.Truncate(24 * time.Hour)); span <= handlers.Deadline+recovery.AnswerTime {
			t.Errorf("%s is %s, the handler's own deadline is %s, and an answer has %s more", setting, span, handlers.Deadline, recovery.AnswerTime)
		}
	}
	if !regexp.MustCompile(`\bTrace\b`).MatchString(host.Logging.ApplicationInsights.SamplingSettings.ExcludedTypes) {
		t.Error("log traces are sampled: a job's story would have holes")
	}
	if got := host.CustomHandler.Description; got.DefaultExecutablePath != "bin/lifeboat" || !slices.Equal(got.Arguments, []string{"serve"}) {
		t.Errorf("custom handler = %+v", got)
	}
	if host.Retry != nil {
		t.Error("a global retry multiplies Service Bus deliveries")
	}
}

func TestSampleSettingsAreTheSettings(t *testing.T) {
	var sample struct{ Values map[string]string }
	readJSON(t, filepath.Join(root, "local.settings.sample.json"), &sample)
	var got []string
	for name := range sample.Values {
		if name != "FUNCTIONS_WORKER_RUNTIME" && name != "AzureWebJobsStorage" {
			got = append(got, name)
		}
	}
	want := config.Settings()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("local.settings.sample.json (-code +sample):\n%s", diff)
	}
}

func TestSamplePlanIsAPlan(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "lifeboat.sample.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Parse("lifeboat.sample.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Services) != 2 {
		t.Errorf("%d services, want 2", len(p.Services))
	}
	// What the sample shows as a comment is what applies when nothing is said.
	for _, line := range regexp.MustCompile(`(?m)^  # (\w+): (\S+)`).FindAllStringSubmatch(string(data), -1) {
		said, err := plan.Parse("x", []byte("version: 1\ndefaults: {storageAccount: abc, container: abc, "+line[1]+": "+line[2]+"}\nservices: {a: {resourceId: "+p.Services[0].ResourceID()+"}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		unsaid, _ := plan.Parse("x", []byte("version: 1\ndefaults: {storageAccount: abc, container: abc}\nservices: {a: {resourceId: "+p.Services[0].ResourceID()+"}}\n"))
		if said.Services[0].Rules != unsaid.Services[0].Rules || said.Services[0].Interval != unsaid.Services[0].Interval ||
			said.Services[0].Grace != unsaid.Services[0].Grace || said.Services[0].Jitter != unsaid.Services[0].Jitter || said.Services[0].RestorableFor != unsaid.Services[0].RestorableFor {
			t.Errorf("%s: %s is not the default", line[1], line[2])
		}
	}
}
