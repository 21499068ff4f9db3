package recovery

import (
	"context"
	"fmt"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/request"
)

// known reports whether a tells again of the occurrence that record stands
// for, and sees to its incident then. Anything else that fires with the same
// identity is to be answered on its own.
func (e *Engine) known(ctx context.Context, source plan.Service, a request.Alert, record job.StoredAlert) (bool, error) {
	incident, there, err := e.incident(ctx, source.Name, record.Incident)
	switch {
	case err != nil:
		return false, err
	case !there: // it ended so long ago that it was cleaned up
		return false, nil
	case incident.Open() && e.stale(incident.Incident):
		return true, e.makeWay(ctx, incident)
	case incident.Open():
		if err := e.lasts(ctx, a, record); err != nil {
			return true, err
		}
		return true, e.respondTo(ctx, source, incident)
	case anew(a, record.AlertRecord, incident.Incident):
		return false, nil
	}
	e.Log.InfoContext(ctx, "alert of an incident that has ended dropped", keyService, source.Name, "rule", a.Rule,
		"incident", incident.ID, "firedAt", a.FiredAt, "ended", incident.ResolvedAt)
	return true, nil
}

// lasts notes that an alert has fired again whose end was not told meanwhile.
// An end that is older than that, and still on its way, then ends nothing.
func (e *Engine) lasts(ctx context.Context, a request.Alert, record job.StoredAlert) error {
	if !again(a, record.AlertRecord) {
		return nil
	}
	record.FiredAt = a.FiredAt
	return e.Store.RecordAlert(ctx, record)
}

// again reports whether a fired later than what record stands for. Service
// Health names the occurrence and tells of the same one many times.
func again(a request.Alert, record job.AlertRecord) bool {
	return a.MonitoringService != request.ServiceHealth && a.FiredAt.After(record.FiredAt)
}

// anew reports whether a is another occurrence than the one that record stands
// for, whose end was never told, and whose incident a person has ended.
func anew(a request.Alert, record job.AlertRecord, ended job.Incident) bool {
	return again(a, record) &&
		// Azure's clock says the one, an instance's the other. In doubt it is
		// answered: the gates judge what nobody hears of if it is dropped.
		a.FiredAt.After(ended.ResolvedAt.Add(-job.Skew))
}

// stale reports whether nothing was ever done about an incident, and what it
// is about has gone on for so long that nothing is: a plan that allows
// failovers from now on does not mean those of weeks ago.
func (e *Engine) stale(i job.Incident) bool { return i.Restore == "" && e.late(i.FiredAt) }

// lapse ends a stale incident, as of the time at which it became one: what has
// fired since then is another occurrence.
func (e *Engine) lapse(ctx context.Context, incident job.StoredIncident) error {
	changed := incident.Incident
	changed.ResolvedAt = incident.FiredAt.Add(TooOld)
	changed.ResolvedBy = fmt.Sprintf("nothing was restored for it in %d days", int(TooOld.Hours()/24))
	if err := e.Store.SaveIncident(ctx, incident, changed); err != nil {
		return fmt.Errorf("end incident %s, which is too old: %w", incident.ID, err)
	}
	e.Log.WarnContext(ctx, "incident ended: it is too old to restore anything for", keyService, incident.Service,
		"incident", incident.ID, "rule", incident.Rule, "firedAt", incident.FiredAt)
	return nil
}

// makeWay ends a stale incident for an alert that would join it and never be
// answered. It returns job.ErrConflict: what follows hangs on what changed.
func (e *Engine) makeWay(ctx context.Context, incident job.StoredIncident) error {
	if err := e.lapse(ctx, incident); err != nil {
		return err
	}
	return fmt.Errorf("incident %s has just ended: %w", incident.ID, job.ErrConflict)
}
