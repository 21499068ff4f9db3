package plan

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// SchemaID names the form of a plan, version 1.
const SchemaID = "urn:lifeboat:plan:1"

// Schema is a JSON Schema (2020-12) of a plan file, for editors: which keys
// there are, what each wants, and in which form. Parse is stricter: it also
// knows time zones, schedules and what must fit together.
func Schema() []byte {
	text, err := json.MarshalIndent(planSchema(), "", "  ")
	if err != nil {
		panic(err) // strings, numbers and maps of them always encode
	}
	return append(text, '\n')
}

// schema is one JSON Schema.
type schema map[string]any

func planSchema() schema {
	history := scalarOf(wantHistory)
	history["description"] = "want " + wantHistory
	return schema{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"$id":                  SchemaID,
		"title":                "Lifeboat's plan: what is protected, and how",
		"type":                 "object",
		"required":             []string{"version", "services"},
		"additionalProperties": false,
		"properties": schema{
			"version":     schema{"const": 1, "description": "want 1"},
			"environment": schema{"type": "string", "pattern": environmentName.String(), "description": "what notices name beside the service, such as prod"},
			"webhooks":    byName("want "+wantHooks, object(webhookSettings, nil, "urlSetting")),
			"delivery":    object(deliverySettings, nil),
			"history":     history,
			"defaults":    object(shared(serviceSettings), serviceParts()),
			"services":    byName("want at least one service by its name", object(serviceSettings, serviceParts(), "resourceId")),
		},
	}
}

// serviceParts are the settings of a service that are no single value.
func serviceParts() map[string]schema {
	failover := object(failoverSettings, map[string]schema{"rules": texts(schema{"type": "string"})})
	return map[string]schema{
		"standbys":         byName("what a restore of this service may overwrite, best first", object(standbySettings, nil, "resourceId")),
		"failover":         failover,
		"changes":          object(changesSettings, nil),
		"retention":        {"anyOf": []schema{{"const": "off"}, nonEmpty(object(retentionSettings, nil))}},
		"webhooks":         texts(nameOf(schema{"type": "string"})),
		"heartbeatSetting": {"type": "string", "pattern": appSetting.String()},
	}
}

// object is a mapping with settings; parts are those that are no single value.
func object[T any](settings []setting[T], parts map[string]schema, required ...string) schema {
	properties := schema{}
	for _, s := range settings {
		one := scalarOf(s.want)
		if part, ok := parts[s.key]; ok {
			one = part
		} else if s.nested != nil {
			one = schema{"type": "string", "pattern": appSetting.String()} // a webhook's address
		}
		if one["description"] == nil {
			one["description"] = "want " + s.want
		}
		properties[s.key] = one
	}
	o := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

func nonEmpty(o schema) schema {
	o["minProperties"] = 1
	return o
}

// byName is a mapping of names to one kind of thing, at least one of them.
func byName(description string, one schema) schema {
	return nonEmpty(schema{
		"type": "object", "description": description,
		"propertyNames": nameOf(schema{}), "additionalProperties": one,
	})
}

// nameOf is s for names only.
func nameOf(s schema) schema {
	s["pattern"], s["maxLength"] = nameForm.String(), maxName
	return s
}

func texts(item schema) schema { return schema{"type": "array", "items": item} }

// shared are the settings that may be defaults.
func shared(settings []setting[Service]) (all []setting[Service]) {
	for _, s := range settings {
		if !s.own {
			all = append(all, s)
		}
	}
	return all
}

var wantRange = regexp.MustCompile(`^a number from (\d+) to (\d+)$`)

// durationForm is what parseDuration reads.
const durationForm = `^(\d+d|0|(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+)$`

// scalarOf is the form of a single value, by the words that say what is wanted.
func scalarOf(want string) schema {
	if bounds := wantRange.FindStringSubmatch(want); bounds != nil {
		return schema{"type": "integer", "minimum": atoi(bounds[1]), "maximum": atoi(bounds[2])}
	}
	switch {
	case strings.HasPrefix(want, "a duration"):
		return schema{"type": []string{"string", "integer"}, "pattern": durationForm, "maximum": 0, "minimum": 0}
	case want == "true or false":
		return schema{"type": "boolean"}
	}
	if words := alternatives(want); words != nil {
		return schema{"enum": words}
	}
	return schema{"type": "string"}
}

// alternatives are the words of "a, b or c", or nil.
func alternatives(want string) (words []string) {
	head, last, ok := strings.Cut(want, " or ")
	if !ok {
		return nil
	}
	for _, word := range append(strings.Split(head, ", "), last) {
		if strings.ContainsAny(word, " (") {
			return nil
		}
		words = append(words, word)
	}
	return words
}

func atoi(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic(fmt.Sprintf("plan: %q in a setting's words is no number", digits))
	}
	return n
}
