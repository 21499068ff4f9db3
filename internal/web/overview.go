package web

import (
	"cmp"
	"slices"
	"time"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Overview is what k says of the whole fleet.
func Overview(k Known) View { return overview(k, k.Plan) }

// overview is Overview where k's plan may be a part of all.
func overview(k Known, all *plan.Plan) View {
	f := fleet.View(k.Plan, k.Rows, k.Now)
	v := View{
		At: f.At, Environment: f.Environment, Incomplete: k.Incomplete, Services: services(k, f, all), Jobs: inFlight(k), Incidents: incidents(k),
		NoticesPending: f.NoticesPending, NoticesUndelivered: f.NoticesUndelivered, Notices: notices(k.Rows.Notices),
	}
	v.Answer = answer(v)
	tidy(&v)
	return v
}

func services(k Known, f fleet.Fleet, whole *plan.Plan) []Service {
	summaries, waiting := map[string]job.Summary{}, map[string]job.Job{}
	for _, s := range k.Rows.Summaries {
		summaries[s.Service] = s
	}
	for _, j := range k.Rows.Jobs {
		waiting[j.ID] = j
	}
	// Nobody may have looked at it yet, but that can't be told.
	unread := func(name string) bool {
		_, ok := summaries[name]
		return k.Incomplete && !ok
	}
	all := make([]Service, 0, len(f.Services))
	standbys := f.Standbys
	for i, s := range f.Services {
		p := k.Plan.Services[i]
		v := serviceOf(s, p, f.At)
		if unread(s.Name) {
			v.Unknown, v.Health, v.Level = true, Unknown, Warn
		}
		if j, ok := waiting[s.Waiting]; ok {
			v.NextRun, v.Waiting = j.NotBefore, j.ID
		}
		for _, standby := range standbys[:len(p.Standbys)] {
			row := standbyOf(standby, summaries[standby.Name])
			row.Unknown = unread(standby.Name)
			v.Standbys = append(v.Standbys, row)
		}
		standbys = standbys[len(p.Standbys):]
		if !v.Unknown { // a standby's row may name one that was not the last
			v.LastRestore = lastRestore(whole, p, summaries)
		}
		all = append(all, v)
	}
	rank := map[Level]int{Bad: 0, Warn: 1, Good: 2}
	slices.SortStableFunc(all, func(a, b Service) int { return cmp.Compare(rank[a.Level], rank[b.Level]) })
	return all
}

func serviceOf(s fleet.Service, p plan.Service, now time.Time) Service {
	v := Service{
		Name: s.Name, Health: fleet.Word(s.Health), Level: healthLevel(s), Restorable: s.Restorable,
		RPO: secondsOf(s.RPO), Goal: secondsOf(s.Interval + s.Grace),
		StartedAt: s.LastPointStarted, VerifiedAt: s.LastSuccess, RestorableUntil: s.RestorableUntil,
		NextRun: nextRun(p, now), Standbys: []Standby{},
		Incident: s.Incident, MaintenanceUntil: s.MaintenanceUntil, JobsInFlight: s.JobsInFlight,
	}
	if s.LastJob != "" {
		v.LastBackup = &Ended{Job: s.LastJob, State: string(s.LastStatus), Code: s.LastCode, At: s.LastEnded}
	}
	return v
}

func healthLevel(s fleet.Service) Level {
	switch {
	case s.Health == job.Down:
		return Bad
	case s.Health == job.Late, !s.Restorable:
		return Warn
	}
	return Good
}

// nextRun is when the next occurrence's backup will start, jitter included.
func nextRun(p plan.Service, now time.Time) time.Time {
	due := p.Schedule.Next(now)
	// The occurrence before may lie in its jitter still, without a job yet.
	if latest, ok := p.Schedule.Latest(now); ok {
		if at := latest.Add(job.Jitter(p.Jitter, p.Name, latest)); at.After(now) {
			return at
		}
	}
	return due.Add(job.Jitter(p.Jitter, p.Name, due))
}

func standbyOf(s fleet.Standby, row job.Summary) Standby {
	return Standby{
		Name: s.Name, Mode: string(s.Mode), Readiness: string(s.Readiness), Reason: s.Reason, CheckedAt: s.CheckedAt,
		ServingFor: s.ServingFor, Since: s.ServingSince, Holds: row.Holds,
	}
}

// inFlight are the jobs that have not ended, oldest first.
func inFlight(k Known) []Job {
	all := []Job{}
	for _, j := range k.Rows.Jobs {
		all = append(all, jobOf(j, k.Now))
	}
	slices.SortFunc(all, func(a, b Job) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	return all
}
