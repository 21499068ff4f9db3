package main

import (
	"fmt"
	"math"
)

// goal is what a figure is to be.
type goal struct {
	what            string
	benchmark, name string
	unit            string
	most            float64
	// least: at least that much instead.
	least bool
	// against is the case whose figure is to be within most of this one's,
	// as a share.
	against string
}

func goals() []goal {
	all := []goal{
		{what: "handler: p50 within 3x of a bare echo", benchmark: "Invocation", unit: "p50-ratio", most: 3},
		{what: "handler: p99, ms", benchmark: "Invocation", unit: "p99-ms", most: 5},
		{what: "start to ready: p50, ms", benchmark: "Ready", unit: "p50-ms", most: 50},
		{what: "memory for each of 10,000 operations in flight, bytes", benchmark: "InFlight", name: "lifeboat/n=10000", unit: "held-B/operation", most: 1},
		{what: "goroutines for 10,000 operations in flight", benchmark: "InFlight", name: "lifeboat/n=10000", unit: "goroutines", most: 0},
	}
	// By default the starts are spread over 20 minutes, which is too short for
	// so many reads in one subscription.
	for _, c := range []struct{ spread, name string }{{"3 h", "memory-jitter=3h/n=10000"}, {"20 min", "memory/n=10000"}} {
		for _, unit := range []string{"arm/job", "table/job", "blob/job", "messages/job", "timers-table/run"} {
			all = append(all, goal{what: unit + " of 10,000 services in " + c.spread + " against 10, share", benchmark: "Night", name: c.name, unit: unit, against: "memory/n=10", most: 0.05})
		}
	}
	for _, shape := range []string{"steady-7m", "steady-10m", "steady-30m", "wide-30m", "drift", "bimodal", "steps", "uniform-7-45m", "wide-10m"} {
		all = append(all,
			goal{what: "learned polling, " + shape + ": polls saved against 60 s, %", benchmark: "Polling", name: shape + "/learned", unit: "saved-%", most: 40, least: true},
			goal{what: "learned polling, " + shape + ": median delay, s", benchmark: "Polling", name: shape + "/learned", unit: "late-p50-s", most: 60})
	}
	return all
}

// verdict is a goal and what came of it.
type verdict struct {
	Goal  string  `json:"goal"`
	Want  string  `json:"want"`
	Got   float64 `json:"got"`
	State string  `json:"state"` // met, missed or not measured
}

func judge(results []result) (all []verdict) {
	for _, g := range goals() {
		all = append(all, g.judge(results))
	}
	return all
}

func (g goal) judge(results []result) verdict {
	v := verdict{Goal: g.what, Want: fmt.Sprintf("≤ %g", g.most), State: "not measured"}
	if g.least {
		v.Want = fmt.Sprintf("≥ %g", g.most)
	}
	got, ok := figure(results, g.benchmark, g.name, g.unit)
	if ok && g.against != "" {
		var base float64
		if base, ok = figure(results, g.benchmark, g.against, g.unit); ok {
			got = math.Abs(got-base) / base
		}
	}
	if !ok {
		return v
	}
	v.Got, v.State = got, "missed"
	if got <= g.most && !g.least || got >= g.most && g.least {
		v.State = "met"
	}
	return v
}

func figure(results []result, benchmark, name, unit string) (float64, bool) {
	for _, r := range results {
		if r.Benchmark == benchmark && r.Case == name {
			value, ok := r.Figures[unit]
			return value, ok
		}
	}
	return 0, false
}
