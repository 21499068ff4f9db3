package main

import (
	"fmt"
	"slices"
	"strings"

	"lifeboat/internal/emulator/arm"
)

// backupContainer is where the lab's plans put backups.
const backupContainer = "apim-backups"

// labAccount is their storage account.
const labAccount = "stlab"

// environmentName is what notices call the place that they are from.
const environmentName = "lab"

// The app settings that the lab's plans name.
const (
	hookURLSetting = "LAB_WEBHOOK_URL"
	hookKeySetting = "LAB_WEBHOOK_KEY"

	storageKeySetting = "LAB_STORAGE_KEY"
)

// heartbeatSetting is the app setting with a service's heartbeat.
func heartbeatSetting(service string) string {
	return "LAB_HEARTBEAT_" + strings.ToUpper(strings.ReplaceAll(service, "-", "_"))
}

// protected is a service in a plan, with settings of its own as lines of YAML.
type protected struct {
	arm.Service
	settings []string
}

// planText is a lifeboat.yaml for services, with spans that a person can wait
// for. more are settings beside or instead of them, "key: value".
func planText(services []arm.Service, schedule string, more ...string) string {
	var all []protected
	for _, s := range services {
		all = append(all, protected{Service: s})
	}
	return planOf(all, schedule, more...)
}

func planOf(services []protected, schedule string, more ...string) string {
	settings := []string{
		"storageAccount: " + labAccount, "container: " + backupContainer, "schedule: " + schedule, "timeZone: UTC",
		"jitter: 0s", "pollMin: 1s", "pollMax: 1m", "busyWait: 2s", "retryWait: 2s",
		"settling: 30s", "operationDeadline: 10m", "deadline: 30m",
	}
	for _, m := range more {
		key, _, _ := strings.Cut(m, ":")
		settings = slices.DeleteFunc(settings, func(s string) bool { return strings.HasPrefix(s, key+":") })
		settings = append(settings, m)
	}
	var text strings.Builder
	text.WriteString("# Written by the lab, at every start anew.\nversion: 1\n")
	fmt.Fprintf(&text, "environment: %s\nwebhooks: {receiver: {urlSetting: %s, keySetting: %s}}\ndelivery: {retryFirst: 100ms, retryMax: 500ms, giveUp: 1m}\ndefaults:\n",
		environmentName, hookURLSetting, hookKeySetting)
	for _, s := range settings {
		fmt.Fprintf(&text, "  %s\n", s)
	}
	text.WriteString("services:\n")
	for _, s := range services {
		fmt.Fprintf(&text, "  %s:\n    resourceId: %s\n", s.Name, resourceOf(s.Service))
		for _, line := range s.settings {
			fmt.Fprintf(&text, "    %s\n", line)
		}
	}
	return text.String()
}
