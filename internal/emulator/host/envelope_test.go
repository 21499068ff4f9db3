package host

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestEnvelopes compares with the recorded shapes byte for byte, white space
// apart.
func TestEnvelopes(t *testing.T) {
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	s := func(function string) sys {
		return newSys(function, "6f1c1a0e-9c0c-4a55-9a53-0a7b3a9f6a11", at("2026-09-30T02:00:00.0151234Z"))
	}
	timer, everysec := Function{Name: "nightly", Binding: "timer"}, Function{Name: "everysec", Binding: "timer"}
	status := Status{Last: at("2026-09-29T02:00:00.0012345Z"), Next: at("2026-09-30T02:00:00Z"), LastUpdated: at("2026-09-29T02:00:00.0012345Z")}
	first := Status{Next: at("2026-09-30T02:05:00Z"), LastUpdated: at("2026-09-30T02:00:00.403838Z")}

	m := Message{
		Body: []byte(`{"id":1005,"MessageId":"spoofed","ok":true,"customer":{"name":"Ann"},"lines":[1,2]}`),
		ID:   "order-1001", LockToken: "4e773554-f6b7-4ea2-b07d-4c5fd5aba741", DeliveryCount: 1, SequenceNumber: 42,
		EnqueuedAt: at("2026-09-30T02:00:00.9Z"), ExpiresAt: at("2026-10-14T02:00:00.9Z"), CorrelationID: "corr-7", Subject: "order.created",
		ContentType: "application/json", Properties: map[string]any{"tenant": "a", "attempt": 2},
	}
	plain := m
	plain.Body = []byte(`hello "world"`)
	c := client{FullyQualifiedNamespace: "ns.servicebus.windows.net", Identifier: "ns-4e773554-f6b7-4ea2-b07d-4c5fd5aba741"}
	binary, text, event := Function{Name: "onOrder", Binding: "msg", Binary: true}, Function{Name: "onOrder", Binding: "msg"}, Function{Name: "onBlob", Binding: "event"}

	for name, got := range map[string][]byte{
		"timer":                   timerEnvelope(timer, &status, false, s("nightly")),
		"timer_first_run":         timerEnvelope(timer, &first, false, s("nightly")),
		"timer_no_monitor":        timerEnvelope(everysec, nil, false, s("everysec")),
		"servicebus_binary":       messageEnvelope(binary, m, c, s("onOrder")),
		"servicebus_string_json":  messageEnvelope(text, m, c, s("onOrder")),
		"servicebus_string_plain": messageEnvelope(text, plain, c, s("onOrder")),
		"eventgrid":               eventEnvelope(event, recordedEvent(t, "eventgrid"), s("onBlob")),
		"cloudevent":              eventEnvelope(event, recordedEvent(t, "cloudevent"), s("onBlob")),
		"eventgrid_string_data":   eventEnvelope(event, recordedEvent(t, "eventgrid_string_data"), s("onBlob")),
	} {
		want := strings.ReplaceAll(string(fixture(t, name)), `{"tenant":"a","attempt":2}`, `{"attempt":2,"tenant":"a"}`) // a Go map is in order
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		t.Fatal(err)
	}
	return compact.Bytes()
}

func recordedEvent(t *testing.T, name string) json.RawMessage {
	t.Helper()
	var e struct {
		Data struct{ Event json.RawMessage }
	}
	if err := json.Unmarshal(fixture(t, name), &e); err != nil {
		t.Fatal(err)
	}
	return e.Data.Event
}

func TestLeak(t *testing.T) {
	for body, want := range map[string]string{
		`{"sys":{"a":1}}`:                  `{"MessageId":"1","sys":{"a":1}}`,
		`{"messageid":"x"}`:                `{"MessageId":"\"x\"","sys":"s"}`,
		`{"at":"2026-09-30T02:00:00Z"}`:    `{"MessageId":"1","sys":"s","at":"\"09/30/2026 02:00:00\""}`,
		`{"a":null,"b":[1],"myTrigger":1}`: `{"MessageId":"1","sys":"s"}`,
		`{"f":false,"n":1.50}`:             `{"MessageId":"1","sys":"s","f":"\"False\"","n":"\"1.50\""}`,
		`[{"a":1}]`:                        `{"MessageId":"1","sys":"s"}`,
		`{"a":1} trailing`:                 `{"MessageId":"1","sys":"s"}`,
		``:                                 `{"MessageId":"1","sys":"s"}`,
	} {
		got := string(encode(leak(object{{"MessageId", "1"}, {"sys", "s"}}, body)))
		if got != want {
			t.Errorf("leak(%s) = %s, want %s", body, got, want)
		}
	}
}
