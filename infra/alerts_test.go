package infra_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"lifeboat/internal/event"
	"lifeboat/internal/fleet"
)

const alertFile = "modules/alerts.bicep"

// checkAlerts wants Lifeboat's own alerts on people, those of the services on
// AlertHook, and the queries to ask for lines that the code logs.
func checkAlerts(t tree, m *mistakes) {
	f := t[alertFile]
	watch, err := os.ReadFile("../internal/recovery/watch.go")
	if err != nil {
		m.add(alertFile, 1, "%v", err)
	}
	for name, want := range map[string]struct {
		line, operator string
		keys           []string
	}{
		"behind": {"service watched", "GreaterThan", []string{"service", "health"}},
		"silent": {"fleet watched", "LessThan", nil},
	} {
		s := f.one("resource", name)
		criteria := s.body().at("properties/criteria/allOf")
		if len(criteria.Items) != 1 {
			m.add(alertFile, s.Line, "%s: want one criterion", name)
			continue
		}
		query := criteria.Items[0].at("query").String()
		if !strings.Contains(query, `message has "`+want.line+`"`) || !strings.Contains(string(watch), `"`+want.line+`"`) {
			m.add(alertFile, s.Line, "%s asks for another line than %q, which the watchdog logs", name, want.line)
		}
		logged := fmt.Sprint(fleet.Service{}.LogArgs()...)
		for _, key := range want.keys {
			if !strings.Contains(query, "tostring(d."+key+")") || !slices.Contains(keysOf(fleet.Service{}.LogArgs()), key) {
				m.add(alertFile, s.Line, "%s: the key %s is not in %s", name, key, logged)
			}
		}
		if name == "behind" && !strings.Contains(query, `health != "`+fleet.Word("")+`"`) {
			m.add(alertFile, s.Line, "%s: a service that is well is %q", name, fleet.Word(""))
		}
		if got := criteria.Items[0].at("operator").String(); got != want.operator {
			m.add(alertFile, s.Line, "%s: operator %s, want %s", name, got, want.operator)
		}
		if got := s.body().at("properties/actions/actionGroups").String(); got != "[people.id]" {
			m.add(alertFile, s.Line, "%s tells %s, want people", name, got)
		}
		if got := s.body().at("properties/enabled").String(); got != "watched" {
			m.add(alertFile, s.Line, "%s is enabled by %s, want it where the watchdog logs", name, got)
		}
	}
	checkWatched(t, string(watch), m)
	dead := f.one("resource", "deadLetters")
	if c := dead.body().at("properties/criteria/allOf"); len(c.Items) != 1 || c.Items[0].at("metricName").String() != "DeadletteredMessages" || c.Items[0].at("operator").String() != "GreaterThan" {
		m.add(alertFile, dead.Line, "dead letters: want DeadletteredMessages above none")
	}
	if got := dead.body().at("properties/actions"); len(got.Items) != 1 || got.Items[0].at("actionGroupId").String() != "people.id" {
		m.add(alertFile, dead.Line, "dead letters tell %s, want people", got)
	}
	checkFailoverAlerts(t, m)
}

// checkWatched wants the log alerts at exactly the levels at which the watchdog
// logs its lines.
func checkWatched(t tree, watch string, m *mistakes) {
	var levels []string
	for _, level := range []string{"debug", "info", "warn", "error"} {
		var l slog.Level
		if err := l.UnmarshalText([]byte(level)); err == nil && l <= slog.LevelInfo {
			levels = append(levels, "'"+level+"'")
		}
	}
	if !strings.Contains(watch, `e.Log.InfoContext(ctx, "fleet watched"`) || !strings.Contains(watch, `e.Log.InfoContext(ctx, "service watched"`) {
		m.add(alertFile, 1, "the watchdog does not log at info, as the alerts have it")
	}
	s := t[mainFile].one("module", "alerts")
	if got, want := s.body().at("params/watched").String(), "contains(["+strings.Join(levels, ", ")+"], logLevel)"; got != want {
		m.add(mainFile, s.Line, "the log alerts are on by %s, want %s", got, want)
	}
}

func keysOf(args []any) (keys []string) {
	for i := 0; i < len(args); i += 2 {
		keys = append(keys, fmt.Sprint(args[i]))
	}
	return keys
}

func checkFailoverAlerts(t tree, m *mistakes) {
	f := t[afterFile]
	for module, suffix := range map[string]string{"gatewayAlerts": "gateway-down", "healthAlerts": "health"} {
		s := f.one("module", module)
		rule := "'${s.name}-" + suffix + "'"
		if p := s.body().at("params"); p.at("alertName").String() != rule || p.at("actionGroupId").String() != "failoverGroup.outputs.id" || !strings.Contains(s.Text, "if (contains(s.rules, "+rule+"))") {
			m.add(afterFile, s.Line, "%s: want the rule %s where the plan names it, on the failover group", module, rule)
		}
	}
	health := t["modules/health-alert.bicep"].one("resource", "alert").Text
	for _, want := range []string{"'category'", "'ResourceHealth'", "'properties.currentHealthStatus'", "'Unavailable'", "'Available'"} {
		if !strings.Contains(health, want) {
			m.add("modules/health-alert.bicep", 1, "%s is missing: an alert would not fire, or not resolve", want)
		}
	}
	gateway := t["modules/gateway-alert.bicep"].one("resource", "alert").body().at("properties/criteria")
	if gateway.at("odata.type").String() != "Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria" || gateway.at("webTestId").String() != "test.id" {
		m.add("modules/gateway-alert.bicep", 1, "the alert is not on the availability test")
	}
}

const (
	someService = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/a"
	someBlob    = "/blobServices/default/containers/c/blobs/b"
	someAccount = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/x"
)

// checkEvents wants subscriptions to all that ConfigChange acts on, and to
// nothing that it ignores.
func checkEvents(t tree, m *mistakes) {
	for module, want := range map[string]struct {
		topic, source, subject string
		types                  []string
	}{
		"serviceEvents": {"Microsoft.ApiManagement.Service", "s.id", "", nil},
		"groupEvents": {"Microsoft.Resources.ResourceGroups", "g.id", someService + "/policies/policy", []string{
			"Microsoft.Resources.ResourceWriteSuccess", "Microsoft.Resources.ResourceDeleteSuccess", "Microsoft.Resources.ResourceActionSuccess",
		}},
		"backupEvents": {"Microsoft.Storage.StorageAccounts", "a.id", someBlob, []string{"Microsoft.Storage.BlobDeleted"}},
	} {
		s := t[afterFile].one("module", module)
		p := s.body().at("params")
		if p.at("topicType").String() != want.topic || p.at("sourceId").String() != want.source || p.at("appId").String() != "app.id" {
			m.add(afterFile, s.Line, "%s: topic %s of %s", module, p.at("topicType"), p.at("sourceId"))
		}
		if p.at("existingTopic").String() != "existingTopics[?"+want.source+"] ?? ''" {
			m.add(afterFile, s.Line, "%s does not use a topic that is there already", module)
		}
		types := p.at("eventTypes").texts()
		sameSet(m, afterFile, "event types of "+module, types, want.types)
		for _, kind := range types {
			if what := meaning(kind, want.subject); !acted(what) {
				m.add(afterFile, s.Line, "%s: ConfigChange ignores %s: %+v", module, kind, what)
			}
		}
	}
	if got := t["modules/eventgrid-topic.bicep"].one("resource", "toConfigChange").body().at("properties/eventDeliverySchema").String(); got != "CloudEventSchemaV1_0" && got != "EventGridSchema" {
		m.add("modules/eventgrid-topic.bicep", 1, "ConfigChange does not read %s", got)
	}
}

// meaning is what the code makes of an event of that kind.
func meaning(kind, subject string) event.Event {
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": "1", "type": kind, "source": someAccount, "subject": subject, "time": "2026-01-01T00:00:00Z",
		"data": map[string]any{"resourceUri": someService + "/policies/policy", "operationName": "Microsoft.ApiManagement/service/policies/write"},
	})
	if err != nil {
		return nil
	}
	e, err := event.Decode(raw)
	if err != nil {
		return nil
	}
	return e
}

func acted(e event.Event) bool {
	switch e.(type) {
	case event.Change, event.BlobDeleted:
		return true
	}
	return false
}
