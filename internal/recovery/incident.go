package recovery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/gate"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/request"
)

// Alert takes one delivery of one alert. A thousand copies are one incident,
// and an incident is at most one restore.
func (e *Engine) Alert(ctx context.Context, a request.Alert) error {
	source, ok := e.ruled(a.Rule)
	if !ok {
		e.Log.WarnContext(ctx, "alert ignored: no service in the plan names its rule", "rule", a.Rule)
		return nil
	}
	take := e.fire
	if a.Condition == request.Resolved {
		take = e.resolveAlert
	}
	return e.contended(ctx, func() error { return take(ctx, source, a) })
}

// ruled finds the service whose failover an alert rule asks for.
func (e *Engine) ruled(rule string) (plan.Service, bool) {
	for _, s := range e.Plan.Services {
		for _, r := range s.Failover.Rules {
			if r == rule {
				return s, true
			}
		}
	}
	return plan.Service{}, false
}

// fire joins an alert to its service's open incident, or opens one. Late
// copies of an alert that has been resolved, or acknowledged, are dropped.
func (e *Engine) fire(ctx context.Context, source plan.Service, a request.Alert) error {
	record, err := e.Store.Alert(ctx, source.Name, a.ID)
	switch {
	case errors.Is(err, job.ErrNotFound):
	case err != nil:
		return err
	case record.ResolvedAt.IsZero():
		if known, err := e.known(ctx, source, a, record); known || err != nil {
			return err
		}
	case a.Late(record.ResolvedAt):
		e.Log.InfoContext(ctx, "late copy of a resolved alert dropped", keyService, source.Name, "rule", a.Rule)
		return nil
	}
	if e.late(a.FiredAt) { // its record may have been removed
		e.Log.WarnContext(ctx, "alert dropped that fired too long ago", keyService, source.Name, "rule", a.Rule, "firedAt", a.FiredAt)
		return nil
	}
	summary, err := e.Store.StoredSummary(ctx, source.Name)
	if err != nil {
		return err
	}
	record.AlertRecord = job.AlertRecord{ID: a.ID, Service: source.Name, Incident: summary.Incident, Rule: a.Rule, FiredAt: a.FiredAt}
	if summary.Incident == "" {
		return e.open(ctx, source, summary, record)
	}
	return e.join(ctx, source, record)
}

func (e *Engine) open(ctx context.Context, source plan.Service, summary job.StoredSummary, a job.StoredAlert) error {
	incident := job.Incident{
		ID: incidentID(a.AlertRecord), Service: source.Name, Rule: a.Rule, OpenedAt: e.now(), FiredAt: a.FiredAt,
	}
	a.Incident = incident.ID
	if err := e.Store.OpenIncident(ctx, summary, incident, a); err != nil {
		return fmt.Errorf("open an incident of %s: %w", source.Name, err)
	}
	e.Log.WarnContext(ctx, "incident opened", keyService, source.Name, "incident", incident.ID, "rule", a.Rule)
	return e.respond(ctx, source, incident.ID)
}

// join adds an alert to the incident that it names, which must be open: an
// alert of one that has just been resolved would never be answered.
func (e *Engine) join(ctx context.Context, source plan.Service, a job.StoredAlert) error {
	incident, err := e.Store.Incident(ctx, source.Name, a.Incident)
	if err != nil {
		return err
	}
	if incident.Open() && e.stale(incident.Incident) {
		return e.makeWay(ctx, incident)
	}
	if !incident.Open() {
		return fmt.Errorf("incident %s has been resolved: %w", incident.ID, job.ErrConflict)
	}
	if err := e.Store.JoinIncident(ctx, incident, a); err != nil {
		return fmt.Errorf("join an alert to an incident of %s: %w", source.Name, err)
	}
	return e.respond(ctx, source, incident.ID)
}

// incidentID derives from the alert that opens it.
func incidentID(a job.AlertRecord) string {
	sum := sha256.Sum256([]byte(a.Service + "\x00" + a.ID + "\x00" + a.FiredAt.UTC().Format(time.RFC3339Nano)))
	return "inc" + hex.EncodeToString(sum[:5])
}

// respond makes the one restore of an incident, if the plan has somewhere to
// restore to: first its id is kept in the incident, then the job is made.
// Whatever of that is left undone the next copy or Watch completes.
func (e *Engine) respond(ctx context.Context, source plan.Service, id string) error {
	incident, there, err := e.incident(ctx, source.Name, id)
	if err != nil || !there {
		return err
	}
	return e.respondTo(ctx, source, incident)
}

func (e *Engine) respondTo(ctx context.Context, source plan.Service, incident job.StoredIncident) error {
	if !incident.Open() {
		return nil
	}
	if e.stale(incident.Incident) { // whatever the plan allows: while it is open nothing is pruned
		return e.lapse(ctx, incident)
	}
	if source.Failover.Mode == plan.FailoverOff || len(source.Standbys) == 0 {
		return nil
	}
	if incident.Restore == "" {
		target := source.Standbys[0].Name
		changed := incident.Incident
		changed.Target, changed.Restore = target, job.RestoreID(target, incident.ID)
		if err := e.Store.SaveIncident(ctx, incident, changed); err != nil {
			return fmt.Errorf("name the restore of incident %s: %w", incident.ID, err)
		}
		incident.Incident = changed
	}
	return e.orderRestore(ctx, source, incident.Target, incident.ID, job.RestoreOrder{
		Source: source.Name, Incident: incident.ID, Automatic: true, Rule: incident.Rule, FiredAt: incident.FiredAt,
		By: "alert rule " + incident.Rule, Why: "alert",
	})
}

// orderRestore makes a restore job, once for each cause.
func (e *Engine) orderRestore(ctx context.Context, source plan.Service, target, cause string, order job.RestoreOrder) error {
	j := job.NewRestore(target, cause, order, source.Rules, e.now())
	made, err := e.create(ctx, j, job.SummaryMove{})
	if made {
		e.Log.WarnContext(ctx, "restore ordered", keyJob, j.ID, keyService, target, "source", source.Name, "by", order.By)
	}
	return err
}

// resolveAlert keeps a tombstone of the alert, and resolves its incident when
// no alert of it is fired any more.
func (e *Engine) resolveAlert(ctx context.Context, source plan.Service, a request.Alert) error {
	record, err := e.Store.Alert(ctx, source.Name, a.ID)
	if errors.Is(err, job.ErrNotFound) {
		record.AlertRecord, err = job.AlertRecord{ID: a.ID, Service: source.Name, Rule: a.Rule, FiredAt: a.FiredAt}, nil
	}
	if err != nil {
		return err
	}
	if !a.Resolves(record.FiredAt) {
		e.Log.InfoContext(ctx, "end of an earlier occurrence of an alert dropped", keyService, source.Name, "rule", a.Rule)
		return nil
	}
	// The end of a later occurrence may come before its firing, which is late then.
	if record.ResolvedAt.IsZero() || a.ResolvedAt.After(record.ResolvedAt) {
		// Log alerts don't say when they were resolved.
		record.ResolvedAt = a.ResolvedAt
		if record.ResolvedAt.IsZero() {
			record.ResolvedAt = e.now()
		}
		if err := e.Store.RecordAlert(ctx, record); err != nil {
			return err
		}
	}
	if record.Incident == "" {
		return nil
	}
	return e.resolveQuiet(ctx, source.Name, record.Incident)
}

// incident reads one, unless it was cleaned up, long after its end.
func (e *Engine) incident(ctx context.Context, service, id string) (i job.StoredIncident, there bool, err error) {
	i, err = e.Store.Incident(ctx, service, id)
	if errors.Is(err, job.ErrNotFound) {
		return i, false, nil
	}
	return i, err == nil, err
}

// resolveQuiet ends an incident of which no alert is fired any more. It reads
// the incident before its alerts: one that joins meanwhile changes it.
func (e *Engine) resolveQuiet(ctx context.Context, service, id string) error {
	incident, there, err := e.incident(ctx, service, id)
	if err != nil || !there {
		return err
	}
	for a, err := range e.Store.Alerts(ctx, service, id) {
		if err != nil {
			return err
		}
		if a.ResolvedAt.IsZero() {
			return nil
		}
	}
	return e.resolve(ctx, incident, "its alerts have resolved")
}

// resolve ends an incident, and its restore if nothing has been requested yet.
func (e *Engine) resolve(ctx context.Context, incident job.StoredIncident, by string) error {
	if incident.Open() {
		changed := incident.Incident
		changed.ResolvedAt, changed.ResolvedBy = e.now(), by
		if err := e.Store.SaveIncident(ctx, incident, changed); err != nil {
			return fmt.Errorf("resolve incident %s: %w", incident.ID, err)
		}
		e.Log.InfoContext(ctx, "incident resolved", keyService, incident.Service, "incident", incident.ID, keyReason, by)
	}
	if incident.Restore == "" {
		return nil
	}
	err := e.decide(ctx, incident.Target, incident.Restore, job.Resolved{Reason: "incident " + incident.ID + " is resolved: " + by})
	if errors.Is(err, job.ErrTooLate) || errors.Is(err, job.ErrEnded) || errors.Is(err, job.ErrNotFound) {
		return nil
	}
	return err
}

// decide applies what a person, or an alert's end, says to a job: an If-Match
// move of its row, so that of two such words exactly one wins.
func (e *Engine) decide(ctx context.Context, service, id string, event job.Event) error {
	stored, err := e.Store.Job(ctx, service, id)
	if err != nil {
		return err
	}
	to, err := job.Apply(stored.Job, event, e.rules(stored.Job), e.now())
	if err != nil {
		return err
	}
	if !to.State.Terminal() {
		if err := e.prompt(ctx, next(to), to.NotBefore); err != nil {
			return err
		}
	}
	move := e.moveBetween(stored, to, event, nil)
	err = e.Store.Save(ctx, move)
	if err != nil && !(errors.Is(err, job.ErrConflict) && e.isIn(ctx, to)) {
		return err
	}
	e.saved(ctx, move)
	return nil
}

// isIn reports whether a job's row is what a save has made it whose client was
// told of a conflict: with its own first try, the answer to which was lost.
func (e *Engine) isIn(ctx context.Context, to job.Job) bool {
	row, err := e.Store.Job(ctx, to.Service, to.ID)
	return err == nil && row.Revision == to.Revision && row.State == to.State && row.Reason == to.Reason && row.Message == to.Message &&
		row.UpdatedAt.Sub(to.UpdatedAt).Abs() < time.Microsecond && approvedBy(row.Job) == approvedBy(to)
}

func approvedBy(j job.Job) string {
	if j.Restore == nil {
		return ""
	}
	return j.Restore.Approval.By
}

// incidentFacts are what the gates ask about the source's incident: the one
// that ordered j, or else the one that is open.
func (e *Engine) incidentFacts(ctx context.Context, j job.Job, source, open string) (gate.Incident, error) {
	id := j.Restore.Incident
	if id == "" {
		id = open
	}
	if id == "" {
		return gate.Incident{State: gate.IncidentNone}, nil
	}
	incident, err := e.Store.Incident(ctx, source, id)
	if err != nil {
		return gate.Incident{}, err
	}
	facts := gate.Incident{State: gate.IncidentOpen, Attempt: incident.Restore}
	if incident.Restore != "" && incident.Restore != j.ID {
		other, err := e.Store.Job(ctx, incident.Target, incident.Restore)
		switch {
		case errors.Is(err, job.ErrNotFound): // about to be made
		case err != nil:
			return gate.Incident{}, err
		case other.State.Terminal() && other.State != job.Succeeded && other.Restore.Attempted.IsZero():
			facts.Attempt = "" // it ended before it touched anything
		}
	}
	if !incident.Open() {
		facts.State = gate.IncidentResolved
	}
	return facts, nil
}
