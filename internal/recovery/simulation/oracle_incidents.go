package simulation

import (
	"strings"

	"lifeboat/internal/job"
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
