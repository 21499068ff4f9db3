package fleet

import (
	"cmp"
	"slices"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

func service(s plan.Service, row job.Summary, load Load, now time.Time) Service {
	v := Service{
		Name: s.Name, Interval: s.Interval, Grace: s.Grace,
		ProtectedSince: row.ProtectedSince,
		Health:         row.HealthAt(s.Cadence(), now), Announced: row.Health,
		LastJob: row.LastJob, LastStatus: row.LastState, LastCode: row.LastCode, LastEnded: row.LastEnded,
		Waiting: row.Waiting, Load: load, Incident: row.Incident,
	}
	if row.PointBlob != "" {
		v.LastSuccess, v.LastPointStarted = row.PointVerified, row.PointStarted
		v.RestorableUntil = row.PointStarted.Add(s.RestorableFor)
		v.Restorable = now.Before(v.RestorableUntil)
	}
	if v.Restorable {
		v.RPO = max(now.Sub(row.PointStarted), 0)
	}
	if now.Before(row.MaintenanceUntil) {
		v.MaintenanceUntil = row.MaintenanceUntil
	}
	return v
}

func standbyOf(source string, s plan.Standby, row job.Summary) Standby {
	return Standby{
		Name: s.Name, Source: source, Mode: s.Mode,
		Readiness: row.Readiness, Reason: row.ReadyReason, CheckedAt: row.ReadyAt,
		ServingFor: row.ServingFor, ServingSince: row.ServingSince,
	}
}

// about is the protected service that j is about: a restore lives with its
// standby.
func about(j job.Job) string {
	if j.Restore != nil {
		return j.Restore.Source
	}
	return j.Service
}

// and is l with j added.
func (l Load) and(j job.Job, now time.Time) Load {
	return Load{
		JobsInFlight: l.JobsInFlight + 1,
		OldestJobAge: max(l.OldestJobAge, now.Sub(j.CreatedAt)),
		PollLag:      max(l.PollLag, now.Sub(j.NotBefore)),
	}
}

// merged sorts counters and adds up those that stand twice.
func merged(counters []job.Counter) []job.Counter {
	type key struct{ name, label string }
	sums := map[key]int64{}
	for _, c := range counters {
		sums[key{c.Name, c.Label}] += c.Value
	}
	var sorted []job.Counter
	for k, v := range sums {
		sorted = append(sorted, job.Counter{Name: k.name, Label: k.label, Value: v})
	}
	slices.SortFunc(sorted, func(a, b job.Counter) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Label, b.Label))
	})
	return sorted
}
