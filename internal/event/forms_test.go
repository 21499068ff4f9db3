package event

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// secret stands wherever an event tells what must not get out.
const secret = "hunter2"

// body is an event's content, whatever its schema.
type body struct {
	kind, source, subject string
	data                  any
}

// operated is what Resource Manager tells about an operation, with a caller.
func operated(resource, operation string) map[string]any {
	return map[string]any{
		"resourceUri": resource, "operationName": operation, "status": "Succeeded", "correlationId": secret, "tenantId": secret,
		"authorization": map[string]any{"scope": secret, "evidence": map[string]any{"principalId": secret}},
		"claims":        map[string]any{"name": secret, "ipaddr": secret},
		"httpRequest":   map[string]any{"clientIpAddress": secret, "url": "https://management.azure.com/?key=" + secret},
	}
}

func (b body) eventGrid() map[string]any {
	e := map[string]any{
		"id": "e1", "eventType": b.kind, "topic": b.source, "subject": b.subject, "eventTime": "2026-03-01T02:10:00.1234567Z",
		"dataVersion": "2", "metadataVersion": "1", "x": secret,
	}
	if b.data != nil {
		e["data"] = b.data
	}
	return e
}

func (b body) cloudEvent() map[string]any {
	e := map[string]any{
		"specversion": "1.0", "id": "e1", "type": b.kind, "source": b.source, "subject": b.subject, "time": "2026-03-01T02:10:00.1234567Z",
		"datacontenttype": "application/json", "traceparent": secret,
		// Extensions that are called like fields of the other schema.
		"eventtype": "Microsoft.Other.Thing", "eventtime": "2001-01-01T00:00:00Z", "topic": "/elsewhere",
	}
	if b.data != nil {
		e["data"] = b.data
	}
	return e
}

// forms are all the ways in which b may arrive.
func (b body) forms() map[string][]byte {
	forms := map[string]map[string]any{"Event Grid": b.eventGrid(), "CloudEvent": b.cloudEvent()}
	numbered := b.cloudEvent()
	numbered["specversion"] = 1.0
	forms["CloudEvent with a number for a version"] = numbered
	mixed := b.eventGrid()
	mixed["type"], mixed["time"], mixed["source"] = mixed["eventType"], mixed["eventTime"], mixed["topic"]
	delete(mixed, "eventType")
	delete(mixed, "eventTime")
	delete(mixed, "topic")
	forms["CloudEvent without a version"] = mixed
	for name, form := range maps.Clone(forms) {
		forms[name+", names in upper case"] = renamed(form, strings.ToUpper)
		forms[name+", names in title case"] = renamed(form, func(s string) string { return strings.ToUpper(s[:1]) + s[1:] })
	}
	encoded := map[string][]byte{}
	for name, form := range forms {
		raw, err := json.MarshalIndent(form, " ", "\t")
		if err != nil {
			panic(err)
		}
		encoded[name] = fmt.Appendf(nil, " \r\n\t%s\n", raw)
	}
	return encoded
}

// renamed is e with every field's name changed, and those of its data.
func renamed(e map[string]any, change func(string) string) map[string]any {
	all := map[string]any{}
	for name, value := range e {
		if inner, ok := value.(map[string]any); ok {
			value = renamed(inner, change)
		}
		all[change(name)] = value
	}
	return all
}

// cased are the ways in which b's type and operation may be written.
func (b body) cased() []body {
	all := []body{b}
	for _, change := range []func(string) string{strings.ToUpper, strings.ToLower} {
		c := b
		c.kind = change(b.kind)
		if data, ok := b.data.(map[string]any); ok {
			data = maps.Clone(data)
			if operation, ok := data["operationName"].(string); ok {
				data["operationName"] = change(operation)
			}
			c.data = data
		}
		all = append(all, c)
	}
	return all
}

// decoded decodes raw and holds it to keeping secrets.
func decoded(t testing.TB, raw []byte) Event {
	t.Helper()
	e, err := Decode(raw)
	if err != nil {
		t.Fatalf("Decode(%s): %v", raw, err)
	}
	if shown := fmt.Sprintf("%+v", e); strings.Contains(shown, secret) {
		t.Errorf("told a secret: %s", shown)
	}
	return e
}
