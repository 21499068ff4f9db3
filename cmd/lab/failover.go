package main

import (
	"context"
	"fmt"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
)

// The sources, each with a fate of its own.
const (
	flooded   = "apim-weu" // a thousand alerts, one restore
	recovers  = "apim-uks" // is back before anybody approves
	mistiered = "apim-eus" // its standby has another tier
	outdated  = "apim-jpe" // is asked for by a backup that has expired
	warmed    = "apim-frc" // its standby is kept warm
	rivalA    = "apim-sea" // shares a standby with rivalB
	rivalB    = "apim-eas"
	stuck     = "apim-cus" // its own backup hangs
)

// standbyOf is the standby of a source.
func standbyOf(source string) string {
	if source == rivalA || source == rivalB {
		return "apim-asia-dr"
	}
	return source + "-dr"
}

// The spans of the plan, in seconds instead of minutes. The cool-down is long
// enough to be there when the alert comes again, however slow this machine is.
const (
	minFor      = 3 * time.Second
	cooldown    = 5 * time.Minute
	backupTime  = 3 * time.Second
	restoreTime = 12 * time.Second
	retryAfter  = 2 * time.Second
)

// failover is a day on which everything goes wrong at once.
func failover() scenario { return failoverOf(500) }

// failoverOf is a failover with so many copies of each of two alerts.
func failoverOf(copies int) scenario {
	return scenario{
		name:      "failover",
		summary:   "eight services fail over, or must not: a flood of alerts, an approval, and all that a gate refuses",
		services:  failoverServices(),
		plan:      []string{"pollMax: 5s", "settling: 10s"},
		protected: failoverPlan(),
		schedule:  longPast(time.Now()),
		act:       func(ctx context.Context, s *stage) error { return actFailover(ctx, s, copies) },
		check:     checkFailover,
	}
}

var sources = []string{flooded, recovers, mistiered, outdated, warmed, rivalA, rivalB, stuck}

// failoverServices are the sources with content of their own, each followed by
// its standby, which holds something else.
func failoverServices() []arm.Service {
	sample := emulator.SampleServices()
	var all []arm.Service
	for _, name := range sources {
		all = append(all, named(sample[0], name))
		if name == rivalB {
			continue // its standby is rivalA's
		}
		standby := named(sample[1], standbyOf(name))
		standby.Settings = sample[0].Settings
		switch name {
		case mistiered:
			standby.SKU = "Premium"
		case flooded:
			standby.Settings.DeveloperPortal = "Disabled"
		}
		all = append(all, standby)
	}
	return all
}

// named is a sample under another name, with content that no other has.
func named(sample arm.Service, name string) arm.Service {
	v := sample
	v.Name = name
	v.Content.APIs = append(v.Content.APIs[:len(v.Content.APIs):len(v.Content.APIs)], arm.API{
		Name: "about-" + name, DisplayName: "About " + name, Path: "about", ServiceURL: "https://" + name + ".contoso.example",
	})
	v.BackupDuration, v.RestoreDuration, v.RetryAfter = backupTime, restoreTime, retryAfter
	return v
}

// failoverPlan is the part of the plan that says who stands by for whom.
func failoverPlan() []protected {
	services := map[string]arm.Service{}
	for _, v := range failoverServices() {
		services[v.Name] = v
	}
	var all []protected
	for _, name := range sources {
		all = append(all, protected{Service: services[name], settings: recoveryOf(name, services[standbyOf(name)])})
	}
	return all
}

// recoveryOf is how the plan lets a source be restored.
func recoveryOf(source string, standby arm.Service) []string {
	mode, kept := "auto", "cold"
	switch source {
	case flooded, recovers, outdated:
		mode = "approve"
	case warmed:
		kept = "warm"
	}
	return []string{
		fmt.Sprintf("standbys: {%s: {resourceId: %s, mode: %s}}", standby.Name, resourceOf(standby), kept),
		"failover:", "  mode: " + mode,
		fmt.Sprintf("  rules: [%s, %s]", metricRule(source), healthRule(source)),
		fmt.Sprintf("  minFor: %s", minFor), fmt.Sprintf("  cooldown: %s", cooldown),
		"  maxPointAge: 1h", "  approvers: the on-call engineer of the platform team",
	}
}
