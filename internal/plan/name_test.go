package plan

import (
	"regexp"
	"strings"
	"testing"
)

// Whatever has a name, Parse and the schema take the same ones.
func TestNames(t *testing.T) {
	services := mapOf(mapOf(decodedSchema(t)["properties"])["services"])
	settings := mapOf(mapOf(services["additionalProperties"])["properties"])
	schemas := map[string]map[string]any{
		"service": mapOf(services["propertyNames"]), "standby": mapOf(mapOf(settings["standbys"])["propertyNames"]),
		"webhook":           mapOf(mapOf(mapOf(decodedSchema(t)["properties"])["webhooks"])["propertyNames"]),
		"webhook's mention": mapOf(mapOf(settings["webhooks"])["items"]),
	}
	texts := map[string]func(name string) string{
		"service": func(name string) string {
			return "services: {" + name + ": {resourceId: " + id + "a, storageAccount: stbackups, container: apim}}\n"
		},
		"standby": func(name string) string {
			return twoServices + "    standbys: {" + name + ": {resourceId: " + id + "b}}\n"
		},
		"webhook": func(name string) string { return twoServices + "webhooks: {" + name + ": {urlSetting: A}}\n" },
		"webhook's mention": func(name string) string {
			return twoServices + "    webhooks: [" + name + "]\nwebhooks: {" + name + ": {urlSetting: A}}\n"
		},
	}
	for name, good := range map[string]bool{
		"a": true, "7": true, "apim-1-weu": true, strings.Repeat("a", 50): true, strings.Repeat("a-", 24) + "aa": true,
		strings.Repeat("a", 51): false, strings.Repeat("a-", 25) + "a": false, strings.Repeat("a-", 49) + "a": false,
		"-a": false, "a-": false, "a--b": false, "A": false, "a_b": false, "ä": false,
	} {
		for what, text := range texts {
			body := text(name)
			if !strings.HasPrefix(body, "version") {
				body = "version: 1\n" + body
			}
			_, err := Parse("x", []byte(body))
			if got := err == nil; got != good || err != nil && !strings.Contains(err.Error(), wantName) {
				t.Errorf("%s %q: %v, want it taken: %t", what, name, err, good)
			}
			form := schemas[what]
			most, _ := form["maxLength"].(float64)
			if got := regexp.MustCompile(form["pattern"].(string)).MatchString(name) && len(name) <= int(most); got != good {
				t.Errorf("%s %q: the schema %v takes it: %t, want %t", what, name, form, got, good)
			}
		}
	}
}
