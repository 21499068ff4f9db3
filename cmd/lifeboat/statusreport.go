package main

import (
	"fmt"
	"strings"
	"time"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// statusReport is what status prints, as JSON and as a table.
type statusReport struct {
	At                 time.Time       `json:"at"`
	Environment        string          `json:"environment,omitempty"`
	Good               bool            `json:"good"`
	Sentence           string          `json:"sentence"`
	Services           []statusService `json:"services"`
	NoticesPending     int             `json:"noticesPending"`
	NoticesUndelivered int             `json:"noticesUndelivered"`
}

type statusService struct {
	Service string `json:"service"`
	// Health is ok, late, down or new.
	Health          string          `json:"health"`
	Restorable      bool            `json:"restorable"`
	RPO             *float64        `json:"rpoSeconds"` // null if nothing can be restored
	Goal            float64         `json:"rpoGoalSeconds"`
	RestorableUntil *time.Time      `json:"restorableUntil"`
	PointStarted    *time.Time      `json:"pointStarted"`
	Last            *statusLast     `json:"lastBackup"`
	Next            *time.Time      `json:"nextRun"`
	Waiting         string          `json:"waiting,omitempty"` // the job that waits to start
	Standbys        []statusStandby `json:"standbys"`
	Jobs            []jobBrief      `json:"inFlight"`
	Incident        string          `json:"incident,omitempty"`
	Maintenance     *time.Time      `json:"maintenanceUntil,omitempty"`
	// Serving is the service in whose place this one serves.
	Serving string     `json:"servingFor,omitempty"`
	Since   *time.Time `json:"servingSince,omitempty"`
}

type statusLast struct {
	Job   string     `json:"job"`
	State job.State  `json:"state"`
	Code  string     `json:"code,omitempty"`
	Ended *time.Time `json:"ended"`
}

type statusStandby struct {
	Standby string `json:"standby"`
	Mode    string `json:"mode"`
	// Readiness is ready, not ready, not looked at or serving.
	Readiness string     `json:"readiness"`
	Reason    string     `json:"reason,omitempty"`
	CheckedAt *time.Time `json:"checkedAt,omitempty"`
	Serving   string     `json:"servingFor,omitempty"`
	Since     *time.Time `json:"servingSince,omitempty"`
}

// jobBrief is a job in a list.
type jobBrief struct {
	Job     string     `json:"job"`
	Kind    job.Kind   `json:"kind"`
	Service string     `json:"service"`          // whose configuration it is
	Target  string     `json:"target,omitempty"` // of a restore
	State   job.State  `json:"state"`
	Created *time.Time `json:"created,omitempty"`
	Ended   *time.Time `json:"ended,omitempty"`
	Took    *float64   `json:"tookSeconds,omitempty"` // from its first start
	Next    *time.Time `json:"next,omitempty"`        // earliest look
	Code    string     `json:"code,omitempty"`
	Note    string     `json:"note,omitempty"`
}

func statusOf(p *plan.Plan, stored fleet.Rows, now time.Time) statusReport {
	view := fleet.View(p, stored, now)
	r := statusReport{
		At: view.At, Environment: view.Environment, Services: []statusService{},
		NoticesPending: view.NoticesPending, NoticesUndelivered: view.NoticesUndelivered,
	}
	jobs := map[string][]jobBrief{}
	waits := map[string]time.Time{}
	for _, j := range stored.Jobs {
		b := briefOf(j)
		jobs[b.Service] = append(jobs[b.Service], b)
		waits[j.ID] = j.NotBefore
	}
	standbys := map[string][]statusStandby{}
	for _, s := range view.Standbys {
		standbys[s.Source] = append(standbys[s.Source], standbyOf(s))
	}
	for i, v := range view.Services {
		s := serviceOf(v)
		s.Standbys, s.Jobs = append(s.Standbys, standbys[v.Name]...), append(s.Jobs, jobs[v.Name]...)
		s.Next = at(nextRun(p.Services[i], now))
		if due, ok := waits[v.Waiting]; ok {
			s.Next, s.Waiting = at(due), v.Waiting
		}
		r.Services = append(r.Services, s)
	}
	r.Good, r.Sentence = verdict(r.Services)
	return r
}

// serve notes in r which services serve for others by the whole plan.
func (r statusReport) serve(whole *plan.Plan, rows []job.Summary) {
	for _, row := range rows {
		for i := range r.Services {
			if s := &r.Services[i]; s.Service == row.Service && servesStill(whole, s.Service, row) {
				s.Serving, s.Since = row.ServingFor, at(row.ServingSince)
			}
		}
	}
}

// nextRun is when the next backup that the schedule asks for starts, as the
// status page says it.
func nextRun(s plan.Service, now time.Time) time.Time {
	// The occurrence before may lie in its jitter still, without a job yet.
	if latest, ok := s.Schedule.Latest(now); ok {
		if at := latest.Add(job.Jitter(s.Jitter, s.Name, latest)); at.After(now) {
			return at
		}
	}
	due := s.Schedule.Next(now)
	if due.IsZero() {
		return due
	}
	return due.Add(job.Jitter(s.Jitter, s.Name, due))
}

func serviceOf(v fleet.Service) statusService {
	s := statusService{
		Service: v.Name, Health: healthOf(v), Restorable: v.Restorable, Goal: seconds(v.Interval + v.Grace),
		RestorableUntil: at(v.RestorableUntil), PointStarted: at(v.LastPointStarted),
		Standbys: []statusStandby{}, Jobs: []jobBrief{}, Incident: v.Incident, Maintenance: at(v.MaintenanceUntil),
	}
	if v.Restorable {
		rpo := seconds(v.RPO)
		s.RPO = &rpo
	}
	if v.LastJob != "" {
		s.Last = &statusLast{Job: v.LastJob, State: v.LastStatus, Code: v.LastCode, Ended: at(v.LastEnded)}
	}
	return s
}

func healthOf(v fleet.Service) string {
	switch {
	case v.Health != "":
		return strings.ToLower(string(v.Health))
	case !v.Restorable:
		return "new"
	}
	return "ok"
}

func standbyOf(s fleet.Standby) statusStandby {
	out := statusStandby{
		Standby: s.Name, Mode: string(s.Mode), Readiness: "not looked at", Reason: s.Reason, CheckedAt: at(s.CheckedAt),
		Serving: s.ServingFor, Since: at(s.ServingSince),
	}
	switch {
	case s.ServingFor != "":
		out.Readiness = "serving"
	case s.Readiness == job.Ready:
		out.Readiness = "ready"
	case s.Readiness == job.NotReady:
		out.Readiness = "not ready"
	}
	return out
}

// verdict answers the first question: is everything restorable, and how old
// is it?
func verdict(services []statusService) (good bool, sentence string) {
	var gone, late, down, unready, serving []string
	var oldest statusService
	for _, s := range services {
		switch {
		case s.RPO == nil:
			gone = append(gone, s.Service)
		case oldest.RPO == nil || *s.RPO > *oldest.RPO:
			oldest = s
		}
		switch s.Health {
		case "late":
			late = append(late, s.Service)
		case "down":
			down = append(down, s.Service)
		}
		for _, standby := range s.Standbys {
			switch {
			case standby.Readiness == "not ready":
				unready = append(unready, standby.Standby+" for "+s.Service)
			case standby.Serving == s.Service:
				serving = append(serving, standby.Standby+" for "+s.Service)
			}
		}
	}
	sentence = restorable(services, gone, oldest)
	for _, more := range []struct {
		names []string
		what  string
	}{{down, "down"}, {late, "late"}, {unready, "not ready"}, {serving, "serving"}} {
		if len(more.names) > 0 {
			sentence += fmt.Sprintf(" %s: %s.", capital(more.what), some(more.names, "and"))
		}
	}
	return len(gone)+len(late)+len(down)+len(unready) == 0, sentence
}

func restorable(services []statusService, gone []string, oldest statusService) string {
	age := ""
	if oldest.RPO != nil {
		age = span(time.Duration(*oldest.RPO * float64(time.Second)))
	}
	switch n := len(services); {
	case n == 1 && age != "":
		return fmt.Sprintf("%s is restorable, as it was %s ago.", oldest.Service, age)
	case len(gone) == 0:
		return fmt.Sprintf("Everything is restorable: %s, the oldest as it was %s ago (%s).", count(n, "service"), age, oldest.Service)
	case age == "":
		return fmt.Sprintf("NOTHING is restorable: no backup of %s.", some(gone, "or"))
	default:
		return fmt.Sprintf("NOT everything is restorable: no backup of %s; %d of %s restorable, the oldest as it was %s ago (%s).",
			some(gone, "or"), n-len(gone), count(n, "service"), age, oldest.Service)
	}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
