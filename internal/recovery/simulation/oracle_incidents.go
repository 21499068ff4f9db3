package simulation

import (
	"context"
	"slices"
	"strings"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

// incidentsMoved holds a service's incidents against its alerts, after every
// change of one of them: at most one is open, the one that the summary names,
// and none has ended by itself that an alert of its is still fired for. Such an
// alert would never be answered.
func (h *history) incidentsMoved(service string) {
	incidents, open := map[string]job.Incident{}, []string{}
	for _, i := range h.store.AllIncidents(service) {
		incidents[i.ID] = i
		if i.Open() {
			open = append(open, i.ID)
		}
	}
	named := h.store.SummaryOf(service).Incident
	if len(open) > 1 || strings.Join(open, "") != named {
		h.violate("I5", "open incidents of %s are %v, and its summary names %q", service, open, named)
	}
	for _, a := range h.store.AllAlerts(service) {
		i, there := incidents[a.Incident]
		if a.ResolvedAt.IsZero() && there && !i.Open() && !strings.HasPrefix(i.ResolvedBy, "acknowledged by ") {
			h.violate("I9", "alert %s of %s is fired, and incident %s has ended: %s", a.ID, service, i.ID, i.ResolvedBy)
		}
	}
}

// sendAlert is one delivery of an alert. What was not taken may have had a
// part of its effect; the oracle then believes what forbids less.
func (h *history) sendAlert(a request.Alert) { h.noteAlert(a, h.tellAlert) }

// noteAlert tells of an alert, and books it.
func (h *history) noteAlert(a request.Alert, tell func(request.Alert) (taken bool)) {
	h.sent = append(h.sent, a)
	source := ""
	for _, s := range h.plan.Services {
		if slices.Contains(s.Failover.Rules, a.Rule) {
			source = s.Name
		}
	}
	fired := h.fired[source]
	began, is := fired[a.ID]
	if source != "" && a.Condition == request.Fired && (!is || a.FiredAt.After(began)) && a.FiredAt.After(h.resolved[a.ID]) {
		fired[a.ID] = a.FiredAt
	}
	taken := tell(a)
	if source != "" && a.Condition == request.Fired && taken {
		h.answered(source, a)
	}
	if source != "" && a.Condition == request.Resolved && taken && (!is || !a.ResolvedAt.Before(began)) {
		delete(fired, a.ID)
		if a.ResolvedAt.After(h.resolved[a.ID]) {
			h.resolved[a.ID] = a.ResolvedAt
		}
	}
	if len(fired) == 0 && h.quiet[source].IsZero() {
		h.quiet[source] = h.now()
	}
	if len(fired) > 0 {
		h.quiet[source] = time.Time{}
	}
}

// answered checks that an alert that was taken has an incident that is open,
// or has ended since it fired. Whoever ended it may have had another clock.
func (h *history) answered(source string, a request.Alert) {
	incidents := map[string]job.Incident{}
	for _, i := range h.store.AllIncidents(source) {
		incidents[i.ID] = i
	}
	for _, r := range h.store.AllAlerts(source) {
		i := incidents[r.Incident]
		if r.ID == a.ID && r.ResolvedAt.IsZero() && !i.Open() && a.FiredAt.After(i.ResolvedAt.Add(slack)) {
			h.violate("I9", "alert %s of %s fired at %s, and its incident %s had ended at %s", a.ID, source, a.FiredAt, i.ID, i.ResolvedAt)
		}
	}
}

// tellAlert delivers an alert, and notes what came too late.
func (h *history) tellAlert(a request.Alert) bool {
	before := map[string]job.Job{}
	if a.Condition == request.Resolved {
		for id, j := range h.open {
			if j.Restore != nil && j.Restore.Incident != "" {
				before[id] = j
			}
		}
	}
	open := h.incidents()
	taken := h.tellEngine("alert "+a.ID, func(ctx context.Context, e *recovery.Engine) error { return e.Alert(ctx, a) })
	if len(before) > 0 {
		now := h.incidents()
		for _, j := range before {
			if open[j.Restore.Incident] && !now[j.Restore.Incident] {
				h.coverTooLate(j, "Resolved")
			}
		}
	}
	return taken
}

// incidents are those that are open.
func (h *history) incidents() map[string]bool {
	open := map[string]bool{}
	for _, s := range h.plan.Services {
		for _, i := range h.store.AllIncidents(s.Name) {
			if i.Open() {
				open[i.ID] = true
			}
		}
	}
	return open
}

// acknowledged believes that an acknowledgement has its effect from the moment
// on at which it is sent, and on what has begun by then.
func (h *history) acknowledged(r request.Request) {
	for i := range h.failovers {
		f := &h.failovers[i]
		if f.source != r.Service || f.at.After(r.EnqueuedAt.Add(slack)) {
			continue
		}
		f.acknowledged = true
	}
	for target, f := range h.serving {
		if f.source == r.Service && r.Outcome == request.Failback && !f.at.After(r.EnqueuedAt.Add(slack)) {
			delete(h.serving, target)
		}
	}
	if r.EnqueuedAt.After(h.acks[r.Service]) {
		h.acks[r.Service] = r.EnqueuedAt
	}
}
