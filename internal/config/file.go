package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// File reads settings from a file in the form of local.settings.json, which
// then stand for the whole environment. A plan's path in it is relative to the
// file's folder. The error never quotes the file, which may hold secrets.
func File(name string) (getenv func(string) string, err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	var file struct {
		IsEncrypted bool
		Values      map[string]any
	}
	if err := json.Unmarshal(data, &file); err != nil || file.Values == nil {
		return nil, fmt.Errorf(`%s: want JSON such as {"Values": {%q: "https://account.table.core.windows.net"}}, as in local.settings.sample.json%s`, name, StateTableURI, place(err))
	}
	if file.IsEncrypted {
		return nil, fmt.Errorf("%s: is encrypted: run func settings decrypt, or name another file", name)
	}
	values := make(map[string]string, len(file.Values))
	for _, setting := range slices.Sorted(maps.Keys(file.Values)) {
		text, ok := file.Values[setting].(string)
		if !ok {
			return nil, fmt.Errorf("%s: %q in Values has to be text: put its value between quotation marks", name, setting)
		}
		values[setting] = text
	}
	plan := values[PlanFile]
	if plan == "" {
		plan = "lifeboat.yaml"
	}
	if !filepath.IsAbs(plan) {
		values[PlanFile] = filepath.Join(filepath.Dir(name), plan)
	}
	delete(values, AppRoot)
	return func(setting string) string { return values[setting] }, nil
}

// place says where a file is no JSON, and nothing of what stands there.
func place(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("; byte %d is wrong", syntax.Offset)
	}
	return ""
}
