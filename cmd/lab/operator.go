package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lifeboat/internal/emulator/arm"
)

// callers are the variables that settings takes from the caller's own
// environment.
var callers = []string{"PATH", "HOME", "TMPDIR", "TZ", "SYSTEMROOT"}

const operatorName = "env.json"

// operatorFile is where `lifeboat --lab` finds this lab.
func (s *stage) operatorFile() string { return filepath.Join(s.dir, operatorName) }

// writeOperatorFile leaves the app's settings for the operator's commands, in
// the form of local.settings.json, without the caller's own environment.
func (s *stage) writeOperatorFile() error {
	return s.writeSettings(s.operatorFile(), func(string) bool { return true })
}

// writeSettings writes those settings that are wanted.
func (s *stage) writeSettings(file string, wanted func(name string) bool) error {
	settings, err := s.settings()
	if err != nil {
		return err
	}
	values := map[string]string{}
	for _, line := range settings {
		name, value, _ := strings.Cut(line, "=")
		if !slices.Contains(callers, name) && wanted(name) {
			values[name] = value
		}
	}
	text, err := json.MarshalIndent(map[string]any{"IsEncrypted": false, "Values": values}, "", "  ")
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the lab's addresses: %w", err)
	}
	return nil
}

// runPlan protects services on loopback; the second may be overwritten by a
// restore of the first, after an approval.
func runPlan(services []arm.Service) string {
	all := []protected{
		{services[0], []string{fmt.Sprintf("standbys: {%s: {resourceId: %s}}", services[1].Name, resourceOf(services[1])), "failover: {mode: approve}"}},
	}
	for _, s := range services[1:] {
		all = append(all, protected{Service: s})
	}
	return planOf(all, everyTenMinutes, "interval: 10m", "grace: 2m")
}
