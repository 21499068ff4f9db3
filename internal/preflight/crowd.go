package preflight

import (
	"cmp"
	"slices"
	"time"

	"lifeboat/internal/plan"
)

const (
	// readsOfBackup is what one backup asks of ARM: see make bench.
	readsOfBackup = 15
	// readsPerSecond is what ARM allows a subscription in the long run:
	// "Understand how Azure Resource Manager throttles requests", 2025.
	readsPerSecond = 25
	// shortest is the time over which even backups that start together spread
	// their reads: they take that long.
	shortest = 10 * time.Minute
)

// Crowds tells of services that share a subscription and are due at the same
// time, and are more than ARM answers within their jitter.
func Crowds(p *plan.Plan, now time.Time) (all []Verdict) {
	type due struct {
		subscription string
		at           time.Time
	}
	crowds := map[due][]plan.Service{}
	for _, s := range p.Services {
		together := due{s.Subscription, s.Schedule.Next(now)}
		crowds[together] = append(crowds[together], s)
	}
	for of, crowd := range crowds {
		var rate float64
		for _, s := range crowd {
			rate += readsOfBackup / max(s.Jitter, shortest).Seconds()
		}
		if rate <= readsPerSecond {
			continue
		}
		wide := (time.Duration(len(crowd)) * readsOfBackup * time.Second / readsPerSecond * 3 / 2).Truncate(time.Hour) + time.Hour
		all = append(all, verdict(Warn, "throttle", of.subscription, "set jitter to "+span(wide)+", and grace above it",
			"%d of its services are due together at %s UTC: about %.0f reads a second while ARM allows a subscription %d, so they will wait and take more requests",
			len(crowd), of.at.UTC().Format("2006-01-02 15:04"), rate, readsPerSecond))
	}
	slices.SortFunc(all, func(a, b Verdict) int { return cmp.Or(cmp.Compare(a.On, b.On), cmp.Compare(a.Found, b.Found)) })
	return all
}
