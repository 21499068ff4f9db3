package simulation

import (
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/request"
)

// provoke lets people and Azure interfere with a job in the state that it has
// just come to: before its next move, or about when its time is over.
func (h *history) provoke(j job.Job) {
	if h.calm || j.State.Terminal() || !one(h.r, 12) {
		return
	}
	left := max(j.NotBefore.Sub(h.now()), time.Second)
	at := time.Duration(h.r.Int64N(int64(left)))
	if one(h.r, 4) {
		s := h.sourceOf(j)
		limit := j.Deadline
		if end := j.Attempt.StartedAt.Add(s.Rules.OperationDeadline); j.State.Operating() && end.Before(limit) {
			limit = end
		}
		at = limit.Sub(h.now()) + time.Duration(h.r.IntN(60)-5)*time.Second
	}
	do := pick(h.r, h.cancelJob, h.cancelJob, h.resolveFor, h.resolveFor, h.changeFor, h.giveUp, h.answerTo)
	if j.State == job.AwaitingApproval && one(h.r, 2) {
		do = h.answerTo
	}
	h.after(at, func() {
		if now := h.jobs[j.ID]; !h.calm && !h.failed() && !now.State.Terminal() {
			h.figures.Acts["provocation"]++
			do(now)
		}
	})
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
	for _, a := range h.sent {
		if _, ok := h.fired[j.Restore.Source][a.ID]; ok && a.Condition == request.Fired && !h.failed() {
			a.Condition, a.ResolvedAt = request.Resolved, h.now()
			h.sendAlert(a)
		}
	}
}

// changeFor changes the service that a backup is of.
func (h *history) changeFor(j job.Job) {
	if s, ok := h.plan.Service(j.Service); ok {
		h.changed(s)
	}
}
