package simulation

import (
	"slices"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/request"
)

// provoke lets people and Azure interfere with a job in the state that it has
// just come to: before its next move, or about when its time is over. One that
// is stranded is left alone until then.
func (h *history) provoke(j job.Job) {
	if h.calm {
		return
	}
	if j.State.Terminal() {
		h.relapse(j)
		h.belated(j)
		return
	}
	if h.strand(j) {
		return
	}
	h.meddle(j)
	if !one(h.r, 12) {
		return
	}
	left := max(j.NotBefore.Sub(h.now()), time.Second)
	at := time.Duration(h.r.Int64N(int64(left)))
	if one(h.r, 4) {
		at = h.limit(j).Sub(h.now()) + time.Duration(h.r.IntN(240)-180)*time.Second
	}
	do := pick(h.r, h.cancelJob, h.cancelJob, h.resolveFor, h.resolveFor, h.changeFor, h.giveUp, h.answerTo)
	if j.State == job.AwaitingApproval && one(h.r, 2) {
		do = h.answerTo
	}
	h.whenever(j, at, do)
}

// meddle changes what a restore rests on while it goes on.
func (h *history) meddle(j job.Job) {
	if !h.cruel {
		return
	}
	if j.Restore != nil && j.Restore.Automatic && (j.State == job.Verifying && one(h.r, 2) || j.Lost() && one(h.r, 4)) {
		// Before its next prompt, too late.
		h.whenever(j, time.Duration(h.r.IntN(1000))*time.Millisecond, h.resolveFor)
	}
	switch {
	case j.Restore == nil && j.State == job.Verifying && j.Misses > 0 && one(h.r, 4):
		h.whenever(j, time.Duration(h.r.IntN(10))*time.Second, h.changeFor)
	case j.Restore != nil && j.Restore.Warm && j.State == job.Pending && j.Attempt.Number == 0 && one(h.r, 4):
		h.whenever(j, 0, h.insteadOf)
	case j.Restore == nil || j.Restore.Warm || j.Restore.Wanted != "" || j.Restore.Approval.By != "":
	case j.State == job.Pending && j.Attempt.Number == 0 && j.Restore.Automatic && one(h.r, 4):
		// Its target may hold the newest point: not for long.
		h.after(0, func() {
			if !h.calm && !h.failed() {
				h.ask(request.Request{ID: h.id("b"), Kind: request.Backup, Service: j.Restore.Source, By: "ann"})
			}
		})
	case j.Attempt.Phase == job.SafetyBackup && j.State.HoldsLease():
		if h.heldBy(j).Blob != "" {
			h.whenever(j, 0, h.regress)
		} else if one(h.r, 6) {
			h.whenever(j, 0, h.strict)
		}
	}
}

// insteadOf calls a refresh off, and asks for a failover that would need it.
func (h *history) insteadOf(j job.Job) {
	h.cancelJob(j)
	if !h.failed() {
		h.ask(request.Request{ID: h.id("r"), Kind: request.Restore, Service: j.Restore.Source, By: "ann", To: j.Service})
	}
}

// strict is a new plan, by which a restore of j's source needs an approval.
func (h *history) strict(j job.Job) {
	changed := *h.plan
	changed.Services = slices.Clone(h.plan.Services)
	for i := range changed.Services {
		if s := &changed.Services[i]; s.Name == j.Restore.Source && s.Failover.Mode == plan.FailoverAuto {
			h.inject("plan changed")
			s.Failover.Mode = plan.FailoverApprove
		}
	}
	h.plan = &changed
}

// regress deletes the points of j's source that are newer than what j's
// target holds.
func (h *history) regress(j job.Job) {
	held := h.heldBy(j)
	for _, p := range h.catalogue(held.Service) {
		if p.StartedAt.After(held.StartedAt) {
			h.inject("newer points deleted")
			h.deletePoint(p)
		}
	}
}

// heldBy is the live point of j's source that j's target holds, if any.
func (h *history) heldBy(j job.Job) job.Point {
	target, err := h.store.Summary(h.context, j.Service)
	p := h.points[target.Holds]
	if err != nil || !p.Live() || p.Service != j.Restore.Source {
		return job.Point{}
	}
	return p
}

func (h *history) cancelJob(j job.Job) {
	h.ask(request.Request{ID: h.id("c"), Kind: request.Cancel, Job: j.ID, By: "ann"})
	h.coverTooLate(j, "Cancel")
}

// resolveFor ends the alerts that a restore answers.
func (h *history) resolveFor(j job.Job) {
	if j.Restore == nil || !j.Restore.Automatic {
		return
	}
	h.endAlerts(j.Restore.Source)
}

// changeFor changes the service that a backup is of.
func (h *history) changeFor(j job.Job) {
	if s, ok := h.plan.Service(j.Service); ok {
		h.changed(s)
	}
}
