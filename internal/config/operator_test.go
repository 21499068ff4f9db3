package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func without(settings map[string]string, names ...string) map[string]string {
	for _, name := range names {
		delete(settings, name)
	}
	return settings
}

func loadOperator(settings map[string]string, sends bool) (Config, error) {
	return LoadOperator(func(name string) string { return settings[name] }, sends)
}

func TestAnOperatorNeedsNoPort(t *testing.T) {
	c, err := loadOperator(without(azure(), Port), true)
	if err != nil || c.Port != 0 || c.ServiceBus.Name == "" || c.State.Name == "" {
		t.Errorf("config = %+v, %v", c, err)
	}
}

func TestAnOperatorWhoOnlyLooksNeedsNoServiceBus(t *testing.T) {
	settings := without(azure(), Port, ServiceBusNamespace)
	if _, err := loadOperator(settings, false); err != nil {
		t.Error(err)
	}
	_, err := loadOperator(settings, true)
	checkMistake(t, err, ServiceBusNamespace, "missing: want a namespace")
}

// The rules are those of the app, whoever reads.
func TestAnOperatorsConnectionStringsLeadToLoopbackOnly(t *testing.T) {
	settings := without(azure(State, account+"TableEndpoint=https://dev.table.core.windows.net"), Port, StateTableURI)
	_, err := loadOperator(settings, false)
	checkMistake(t, err, State, "leads to another machine")
	settings = without(azure(ServiceBus, strings.Replace(busText, "localhost:5672", "lifeboat.servicebus.windows.net", 1)), Port, ServiceBusNamespace)
	_, err = loadOperator(settings, false)
	checkMistake(t, err, ServiceBus, "leads to another machine")
}

func TestSettingsOfAFile(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		file := filepath.Join(dir, "local.settings.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for text, want := range map[string]string{
		`{"Values": {}}`: filepath.Join(dir, "lifeboat.yaml"),
		`{"Values": {"LIFEBOAT_PLAN": "plans/a.yaml"}}`:    filepath.Join(dir, "plans/a.yaml"),
		`{"Values": {"LIFEBOAT_PLAN": "/plans/a.yaml"}}`:   "/plans/a.yaml",
		`{"Values": {"FUNCTIONS_APP_ROOT_PATH": "/home"}}`: filepath.Join(dir, "lifeboat.yaml"),
	} {
		getenv, err := File(write(text))
		if err != nil {
			t.Fatal(err)
		}
		l := loader{getenv: getenv}
		if got := l.planFile(); got != want {
			t.Errorf("%s: plan %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		`{"Values": {"StateStorage": "` + secret + `"`:             "byte",
		`{"StateStorage": "` + secret + `"}`:                       "want JSON such as",
		`{"IsEncrypted": true, "Values": {"a": "` + secret + `"}}`: "is encrypted",
		`{"Values": {"A": "` + secret + `", "B": 7071}}`:           `"B" in Values has to be text`,
		`{"Values": {"A": ["` + secret + `"]}}`:                    `"A" in Values has to be text`,
	} {
		_, err := File(write(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := File(filepath.Join(dir, "none.json")); err == nil {
		t.Error("a file that is not there was read")
	}
}
