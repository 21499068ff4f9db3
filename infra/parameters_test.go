package infra_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const parametersFile = "main.parameters.json"

// checkParameters wants main.parameters.json and main.bicep to have the same
// parameters, each with a value that the template allows. Which one is its
// user's to say.
func checkParameters(t tree, m *mistakes) {
	data, err := os.ReadFile(parametersFile)
	if err != nil {
		m.add(parametersFile, 1, "%v", err)
		return
	}
	holdParameters(t, data, m)
}

func holdParameters(t tree, data []byte, m *mistakes) {
	var p struct {
		Parameters map[string]struct{ Value any }
	}
	if err := json.Unmarshal(data, &p); err != nil {
		m.add(parametersFile, 1, "%v", err)
		return
	}
	for name := range p.Parameters {
		if t[mainFile].one("parameter", name).Name == "" {
			m.add(parametersFile, 1, "%s is no parameter of main.bicep", name)
		}
	}
	for _, s := range t[mainFile].all("parameter") {
		one, ok := p.Parameters[s.Name]
		if !ok {
			m.add(parametersFile, 1, "%s is missing", s.Name)
			continue
		}
		if text, ok := one.Value.(string); ok && strings.HasPrefix(text, "${") {
			continue // azd fills it in
		}
		if want := wants(one.Value, s, t[mainFile].decorated(s.Name)); want != "" {
			m.add(parametersFile, 1, "%s is %v, want %s", s.Name, one.Value, want)
		}
	}
}

var (
	allowed = regexp.MustCompile(`@allowed\(\[([^\]]*)\]\)`)
	least   = regexp.MustCompile(`@minValue\((\d+)\)`)
	most    = regexp.MustCompile(`@maxValue\((\d+)\)`)
)

// wants says what a parameter asks for if v is not that: its type, one of the
// values that it lists, a number between its bounds.
func wants(v any, s statement, decorators string) string {
	number, isNumber := v.(float64)
	kinds := map[string]bool{"int": isNumber && number == float64(int(number)), "string": is[string](v), "bool": is[bool](v), "array": is[[]any](v)}
	if kind := strings.Fields(s.Text)[2]; !kinds[kind] {
		return "a value of type " + kind
	}
	if list := allowed.FindStringSubmatch(decorators); list != nil {
		if !slices.Contains(strings.Split(strings.ReplaceAll(list[1], "'", ""), ", "), fmt.Sprint(v)) {
			return "one of " + list[1]
		}
	}
	if n, ok := bound(least, decorators); ok && number < n {
		return fmt.Sprint("at least ", n)
	}
	if n, ok := bound(most, decorators); ok && number > n {
		return fmt.Sprint("at most ", n)
	}
	return ""
}

func is[T any](v any) bool { _, ok := v.(T); return ok }

func bound(which *regexp.Regexp, decorators string) (n float64, ok bool) {
	found := which.FindStringSubmatch(decorators)
	if found == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(found[1], 64)
	return n, err == nil
}

// What docs/deploy.md lets a user set stays green; a mistake does not.
func TestParametersAreTheUsersToSet(t *testing.T) {
	all := readTree(t)
	for change, want := range map[string]string{ // "" is: nothing to say
		`"alwaysReady": { "value": 0 }`:                       "",
		`"logLevel": { "value": "warn" }`:                     "",
		`"alertEmails": { "value": ["ops@contoso.example"] }`: "",
		`"network": { "value": "private" }`:                   "",
		`"createBackupStorage": { "value": false }`:           "",
		`"stateAccount": { "value": "stother" }`:              "",
		`"alwaysReady": { "value": 6 }`:                       "at most 5",
		`"maximumInstances": { "value": 39 }`:                 "at least 40",
		`"instanceMemory": { "value": 1024 }`:                 "one of 512, 2048, 4096",
		`"logLevel": { "value": "loud" }`:                     "one of",
		`"createBackupStorage": { "value": "false" }`:         "type bool",
		`"softDeleteDays": { "value": 1.5 }`:                  "type int",
		`"alertEmails": { "value": "ops@contoso.example" }`:   "type array",
	} {
		var m mistakes
		holdParameters(all, withParameter(t, change), &m)
		if (len(m) == 0) != (want == "") || len(m) > 0 && !strings.Contains(m[0], want) {
			t.Errorf("%s: %q, want %q", change, m, want)
		}
	}
}

// withParameter is main.parameters.json with the line of one parameter changed.
func withParameter(t *testing.T, change string) []byte {
	t.Helper()
	data, err := os.ReadFile(parametersFile)
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(change, ":")
	line := regexp.MustCompile(name + `: \{ "value": [^}]* \}`)
	if !line.Match(data) {
		t.Fatalf("there is no %s in %s", name, parametersFile)
	}
	return line.ReplaceAllLiteral(data, []byte(change))
}

var (
	tableRow = regexp.MustCompile("(?m)^\\| (`[^|]*) \\|([^|]*)\\|")
	inCodes  = regexp.MustCompile("`([^`]+)`")
)

// checkDefaults wants docs/deploy.md to tell every parameter, with the default
// that main.bicep has.
func checkDefaults(t tree, m *mistakes) {
	const file = "../docs/deploy.md"
	data, err := os.ReadFile(file)
	if err != nil {
		m.add(file, 1, "%v", err)
		return
	}
	_, text, _ := strings.Cut(string(data), "\n## Parameters\n")
	text, _, _ = strings.Cut(text, "\n## ")
	told := map[string]string{}
	for _, r := range tableRow.FindAllStringSubmatch(text, -1) {
		defaults := strings.Split(strings.TrimSpace(r[2]), ", ")
		for i, name := range inCodes.FindAllStringSubmatch(r[1], -1) {
			told[name[1]] = strings.Trim(defaults[min(i, len(defaults)-1)], "`")
		}
	}
	for _, s := range t[mainFile].all("parameter") {
		got, ok := told[s.Name]
		delete(told, s.Name)
		switch {
		case !ok:
			m.add(file, 1, "the parameter %s is not in the table", s.Name)
		case len(s.Parts) <= 2: // azd gives it
		case got != strings.Trim(s.last().String(), "[]") && !(s.last().String() == "[]" && got == "none"):
			m.add(file, 1, "the default of %s is %q, and %q in main.bicep", s.Name, got, s.last())
		}
	}
	for name := range told {
		m.add(file, 1, "%s is no parameter of main.bicep", name)
	}
}
