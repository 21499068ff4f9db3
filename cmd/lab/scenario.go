package main

import (
	"context"

	"lifeboat/internal/emulator/arm"
)

// scenario is a story that the real binary lives through, and that checks
// itself. A new one is a file of its own and a line in scenarios.
type scenario struct {
	name    string
	summary string // one line, for the list
	// services are what ARM has, in the order of the report, and plan are
	// settings beside the lab's own.
	services []arm.Service
	plan     []string
	// protected are the services of the plan; all if nil.
	protected []protected
	schedule  string
	// act makes the story happen and returns when it is over. What it returns
	// is why it could not be played to its end.
	act func(context.Context, *stage) error
	// gone: the app is not there any more at the end, so what it would deliver
	// stays in the table.
	gone bool
	// check returns what is not as it must be.
	check func(outcome) []string
}

// scenarios are all there are. Each call makes them anew.
func scenarios() []scenario {
	return []scenario{nightly(), failover(), changes(), silence(), lostRegion()}
}

// text is the plan of a scenario.
func (s scenario) text() string {
	if s.protected == nil {
		return planText(s.services, s.schedule, s.plan...)
	}
	return planOf(s.protected, s.schedule, s.plan...)
}

func findScenario(name string) (scenario, bool) {
	for _, s := range scenarios() {
		if s.name == name {
			return s, true
		}
	}
	return scenario{}, false
}
