package plan

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
)

func decodedSchema(t *testing.T) map[string]any {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// mapOf is what a YAML or JSON object became.
func mapOf(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// against reports every key of value that s does not have, and every value
// that is not of its form.
func against(t *testing.T, path string, s map[string]any, value any) (keys int) {
	t.Helper()
	if options, ok := s["anyOf"].([]any); ok {
		for _, o := range options {
			if object := mapOf(o)["type"] == "object"; object == (mapOf(value) != nil) {
				return against(t, path, mapOf(o), value)
			}
		}
	}
	switch value := value.(type) {
	case map[string]any:
		for key, one := range value {
			where, part := join(path, key), mapOf(mapOf(s["properties"])[key])
			if names := mapOf(s["propertyNames"]); names != nil {
				if !regexp.MustCompile(names["pattern"].(string)).MatchString(key) {
					t.Errorf("%s is no name", where)
				}
				part = mapOf(s["additionalProperties"])
			}
			if part == nil {
				t.Errorf("%s is not in the schema", where)
				continue
			}
			keys += 1 + against(t, where, part, one)
		}
		required, _ := s["required"].([]any)
		for _, key := range required {
			if value[key.(string)] == nil {
				t.Errorf("%s lacks %s", path, key)
			}
		}
		return keys
	case []any:
		if s["type"] != "array" {
			t.Errorf("%s: a list is not %v", path, s["type"])
		}
		for _, item := range value {
			keys += against(t, path, mapOf(s["items"]), item)
		}
		return keys
	}
	scalarAgainst(t, path, s, value)
	return keys
}

func scalarAgainst(t *testing.T, path string, s map[string]any, value any) {
	t.Helper()
	if all, ok := s["enum"].([]any); ok && !slices.Contains(all, value) {
		t.Errorf("%s: %v is not among %v", path, value, all)
	}
	text, isText := value.(string)
	if pattern, ok := s["pattern"].(string); ok && isText && !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("%s: %q does not match %s", path, text, pattern)
	}
	if s["type"] == "string" && !isText {
		t.Errorf("%s: %v is no string", path, value)
	}
	if s["type"] == "boolean" && value != true && value != false {
		t.Errorf("%s: %v is no boolean", path, value)
	}
}

// shown matches a setting that the sample shows in a comment.
var shown = regexp.MustCompile(`(?m)^( *)# ( *\w+:( |$))`)

// The sample is what people copy, and what it comments out is what they
// uncomment.
func TestEveryKeyOfTheSampleIsInTheSchema(t *testing.T) {
	data, err := os.ReadFile("../../lifeboat.sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"as it is": string(data), "uncommented": shown.ReplaceAllString(string(data), "$1$2")} {
		t.Run(name, func(t *testing.T) {
			var value any
			if err := yaml.Unmarshal([]byte(text), &value); err != nil {
				t.Fatal(err)
			}
			if keys := against(t, "", decodedSchema(t), value); keys < 20 {
				t.Errorf("only %d keys were looked at", keys)
			}
		})
	}
}

// Every setting is described, and its form agrees with what reads it.
func TestTheSchemaAgreesWithTheSettings(t *testing.T) {
	parts := serviceParts()
	for _, s := range serviceSettings {
		if _, ok := parts[s.key]; s.nested != nil && !ok {
			t.Errorf("%s: the schema has no form for it: add it to serviceParts", s.key)
		}
	}
	agree(t, serviceSettings)
	agree(t, standbySettings)
	agree(t, failoverSettings)
	agree(t, changesSettings)
	agree(t, retentionSettings)
	agree(t, webhookSettings)
	agree(t, deliverySettings)
	agree(t, historySettings)
}

// What only takes some words is offered as just those.
func TestTheSchemaOffersWords(t *testing.T) {
	for want, words := range map[string][]string{
		wantAccess: {"SystemAssignedManagedIdentity", "UserAssignedManagedIdentity", "AccessKey"}, wantForm: {"cloudevents", "teams", "slack"},
		"off, approve or auto": {"off", "approve", "auto"}, "cold or warm": {"cold", "warm"}, wantHeartbeat: nil,
	} {
		if got, _ := scalarOf(want)["enum"].([]string); !slices.Equal(got, words) {
			t.Errorf("words of %q = %q, want %q", want, got, words)
		}
	}
}

func agree[T any](t *testing.T, settings []setting[T]) {
	t.Helper()
	reads := func(s setting[T], value string) bool { return s.set(new(T), value) == nil }
	for _, s := range settings {
		if s.nested != nil {
			continue
		}
		form := scalarOf(s.want)
		words, _ := form["enum"].([]string)
		for _, word := range words {
			if !reads(s, word) {
				t.Errorf("%s: the schema has %q, the plan refuses it", s.key, word)
			}
		}
		if words != nil && reads(s, "no-such-word") {
			t.Errorf("%s: the schema has only %q, the plan takes more", s.key, words)
		}
		if most, ok := form["maximum"].(int); ok && form["type"] == "integer" {
			if !reads(s, itoa(most)) || reads(s, itoa(most+1)) {
				t.Errorf("%s: the plan's most is not %d", s.key, most)
			}
		}
		if pattern, ok := form["pattern"].(string); ok {
			for value, want := range map[string]bool{"100d": true, "2400h": true, "2399h60m": true, "tomorrow": false, "-2400h": false, "1w": false} {
				if got := regexp.MustCompile(pattern).MatchString(value); got != want || reads(s, value) != want {
					t.Errorf("%s: %q: schema %t, plan %t, want %t", s.key, value, got, reads(s, value), want)
				}
			}
		}
		if form["type"] == "boolean" && (!reads(s, "true") || !reads(s, "false")) {
			t.Errorf("%s is no boolean", s.key)
		}
	}
}

func itoa(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}
