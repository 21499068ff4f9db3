package recovery_test

import (
	"strings"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
)

func (h *history) job(service, id string) job.Job {
	for _, j := range h.w.Store.Jobs(service) {
		if j.ID == id {
			return j
		}
	}
	return job.Job{}
}

// begun are all failovers so far, those too that needed no operation.
func (h *history) begun() []entry {
	var all []entry
	known := map[string]bool{}
	for _, f := range h.failovers {
		if f.how != "warm" {
			all, known[f.job] = append(all, f), true
		}
	}
	for _, service := range []string{"apim-neu", "apim-nor"} {
		for _, j := range h.w.Store.Jobs(service) {
			if !known[j.ID] && !j.Restore.Warm && j.State == job.Succeeded {
				all = append(all, entry{at: j.EndedAt, job: j.ID, source: j.Restore.Source, target: service, incident: j.Restore.Incident, how: "held"})
			}
		}
	}
	return all
}

// accept judges an operation at the moment at which Azure accepts it.
func (h *history) accept(o *recoverytest.Operation) {
	lease, ok := h.w.Store.Leased(o.Service)
	j := h.job(o.Service, lease.Job)
	if !ok || j.State != job.Starting || j.Attempt.Blob != o.Blob {
		h.Fatalf("%s of %s without a lease and an intent: %+v, %s", o.Kind, o.Service, lease, j.State)
	}
	if o.Kind == job.Backup {
		h.safetyBackups = append(h.safetyBackups, entry{at: time.Now(), job: j.ID})
		return
	}
	source, _ := h.plan.Service(j.Restore.Source)
	standby, ok := source.Standby(o.Service)
	must := func(holds bool, what string) {
		if !holds {
			h.Fatalf("job %s restored %s onto %s, although %s", j.ID, o.Blob, o.Service, what)
		}
	}
	must(ok, "that is no standby of "+source.Name)
	must(h.tier(o.Service) == "Developer", "the tiers differ")
	h.point(o, j, source, must)
	for _, f := range h.begun() {
		end := h.job(f.target, f.job)
		must(f.target != o.Service || end.State != job.Succeeded || h.cleared[f.job], "it serves since "+f.job)
		must(f.job != j.ID, "it was restored by this job already")
	}
	e := entry{at: time.Now(), job: j.ID, source: source.Name, target: o.Service, incident: j.Restore.Incident, how: "auto"}
	if j.Restore.Warm {
		e.how = "warm"
		must(standby.Mode == plan.StandbyWarm, "it is cold")
		must(!h.anyIncident(o.Service), "an incident is open")
	} else {
		h.failover(e, j, source, must)
		if source.Failover.Mode != plan.FailoverAuto {
			e.how = "approved"
			must(h.approved(j, o, source.Failover.ApprovalExpiry), "nobody approved it")
		}
	}
	h.failovers = append(h.failovers, e)
}

func (h *history) tier(service string) string {
	if t := h.tiers[service]; t != "" {
		return t
	}
	return "Developer"
}

// point checks that a verified backup of the source is restored, and one that
// is new enough.
func (h *history) point(o *recoverytest.Operation, j job.Job, source plan.Service, must func(bool, string)) {
	var started, newest time.Time
	for _, p := range h.w.Store.Catalogue(source.Name) {
		if p.Blob == o.Blob {
			started = p.StartedAt
		}
		if p.StartedAt.After(newest) {
			newest = p.StartedAt
		}
	}
	must(!started.IsZero(), "it is no point of "+source.Name)
	age := time.Since(started)
	must(age < 30*24*time.Hour, "it has expired")
	named := ""
	for _, r := range h.asked {
		if r.ID == j.Restore.Request && r.ID != "" {
			named = r.Point
		}
	}
	must(named == "" || named == o.Blob, "another was named")
	must(j.Restore.Warm || named != "" || age <= source.Failover.MaxPointAge, "it is too old")
	must(j.Restore.Warm || named != "" || source.Failover.Mode != plan.FailoverAuto || started.Equal(newest), "there is a newer one")
}

// failover checks what a failover, by an alert or a person, must not ignore.
func (h *history) failover(e entry, j job.Job, source plan.Service, must func(bool, string)) {
	for _, f := range h.begun() {
		must(e.incident == "" || f.incident != e.incident, "its incident had "+f.job)
		cooling := !h.noticed[f.job] && e.at.Before(f.at.Add(source.Failover.Cooldown))
		must(!cooling || f.source != e.source && f.target != e.target, "the cool-down of "+f.job+" lasts")
	}
	if !j.Restore.Automatic {
		must(strings.TrimSpace(j.Restore.By) != "", "nobody asked")
		return
	}
	must(source.Failover.Mode != plan.FailoverOff, "failover is off")
	must(!e.at.Before(h.maintenance[source.Name]), "the source is in maintenance")
	must(!h.healthy[source.Name] || h.blinded(), "the source is healthy")
	must(len(h.fired[source.Name]) > 0, "no alert is fired")
	must(!j.Restore.FiredAt.Add(source.Failover.MinFor).After(e.at), "the alert is too young")
	open := false
	for _, i := range h.w.Store.AllIncidents(source.Name) {
		open = open || i.ID == e.incident && i.Open()
	}
	must(open, "its incident is not open")
}

func (h *history) anyIncident(standby string) bool {
	for _, s := range h.plan.Services {
		if _, ok := s.Standby(standby); !ok {
			continue
		}
		for _, i := range h.w.Store.AllIncidents(s.Name) {
			if i.Open() {
				return true
			}
		}
	}
	return false
}

// approved looks for a fitting word of another person, and at when the job
// began to act on it.
func (h *history) approved(j job.Job, o *recoverytest.Operation, expiry time.Duration) bool {
	begun := time.Now()
	for _, earlier := range h.safetyBackups {
		if earlier.job == j.ID && earlier.at.Before(begun) {
			begun = earlier.at
		}
	}
	for _, a := range h.approvals {
		other := strings.TrimSpace(a.By) != "" && a.By != j.Restore.By
		if a.Approved && other && a.Job == j.ID && a.Point == o.Blob && a.Target == o.Service && !begun.After(a.at.Add(expiry)) {
			return true
		}
	}
	return false
}

// blinded reports whether a fault befell a look at a service or its gateway:
// nobody can be held to what that look would have shown.
func (h *history) blinded() bool {
	for _, e := range h.w.Effects.Seen() {
		if _, befallen := h.faults[e.Number]; befallen && (e.Call == "arm.Gateway" || e.Call == "arm.Observe") {
			return true
		}
	}
	return false
}
