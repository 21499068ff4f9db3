package recovery

import (
	"context"
	"errors"
	"strings"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/request"
)

// acknowledge ends a cool-down; of a service that serves, it also says whether
// that goes on: failback frees it to be a standby again, promote keeps it out
// of the way of restores for as long as the plan calls it a standby. It is
// about what had begun when it was sent. What has begun since then is left
// alone, and it returns ErrRefused: a copy that comes late looks like that.
func (e *Engine) acknowledge(ctx context.Context, r request.Request) error {
	source, err := e.protected(r.Service)
	if err != nil {
		return err
	}
	var later []string
	ended := false
	for _, standby := range source.Standbys {
		after, did, err := e.acknowledgeStandby(ctx, r, standby.Name)
		if err != nil {
			return err
		}
		if after {
			later = append(later, "the failover onto "+standby.Name)
		}
		ended = ended || did
	}
	after, did, err := e.acknowledgeSource(ctx, r, source)
	if err != nil {
		return err
	}
	if after != "" {
		later = append(later, after)
	}
	if len(later) > 0 {
		return refused("%s began after acknowledgement %s of %s was sent at %s: look at it, and send another acknowledgement if that is meant as well",
			strings.Join(later, " and "), r.ID, source.Name, r.EnqueuedAt.UTC().Format(time.RFC3339))
	}
	if !ended && !did {
		e.Log.InfoContext(ctx, "nothing to acknowledge", keyService, source.Name, "request", r.ID, "by", r.By)
		return nil
	}
	e.Log.WarnContext(ctx, "failover acknowledged", keyService, source.Name, "by", r.By, "outcome", string(r.Outcome))
	return nil
}

// since reports whether something began after r was sent: the queue's clock
// says the one, an instance's the other.
func since(began time.Time, r request.Request) bool {
	return began.After(r.EnqueuedAt.Add(job.Skew))
}

// acknowledgeStandby reports whether something has begun on the standby since
// r was sent, and whether it ended something.
func (e *Engine) acknowledgeStandby(ctx context.Context, r request.Request, standby string) (later, ended bool, err error) {
	summary, err := e.Store.StoredSummary(ctx, standby)
	if err != nil {
		return false, false, err
	}
	mine, err := e.began(ctx, r.Service, summary.Summary)
	if err != nil {
		return false, false, err
	}
	yes, nobody, never := true, "", time.Time{}
	var m job.SummaryMove
	if mine && since(summary.FailedOver, r) {
		later = true
	} else if mine && !summary.Acknowledged {
		m.Acknowledged = &yes
	}
	if summary.ServingFor == r.Service && r.Outcome == request.Failback {
		if since(summary.ServingSince, r) {
			later = true
		} else {
			// What it holds may have been edited while it served.
			m.ServingFor, m.ServingSince, m.Holds = &nobody, &never, &nobody
		}
	}
	if m.Empty() {
		return later, false, nil
	}
	return later, true, e.Store.Transit(ctx, job.Transition{Read: summary, Summary: m})
}

// acknowledgeSource says what of the source has begun since r was sent, if
// anything. Otherwise it ends the source's cool-down, and its incident, and
// reports whether there was one of them.
func (e *Engine) acknowledgeSource(ctx context.Context, r request.Request, source plan.Service) (later string, ended bool, err error) {
	summary, err := e.Store.StoredSummary(ctx, source.Name)
	if err != nil {
		return "", false, err
	}
	onto, err := e.onto(ctx, summary.Summary)
	if err != nil {
		return "", false, err
	}
	switch {
	case onto || summary.FailedOver.IsZero(): // that is for its source to acknowledge
	case since(summary.FailedOver, r):
		later = "the failover of " + source.Name
	case !summary.Acknowledged:
		yes := true
		if err := e.Store.Transit(ctx, job.Transition{Read: summary, Summary: job.SummaryMove{Acknowledged: &yes}}); err != nil {
			return "", false, err
		}
		ended = true
	}
	if summary.Incident == "" {
		return later, ended, nil
	}
	incident, there, err := e.incident(ctx, source.Name, summary.Incident)
	switch {
	case err != nil || !there:
		return later, ended, err
	case since(incident.OpenedAt, r):
		return "incident " + incident.ID, ended, nil
	}
	return later, true, e.resolve(ctx, incident, "acknowledged by "+r.By)
}

// began reports whether the last failover onto a standby was source's: several
// services may share one, and each acknowledges its own. A standby's last
// failover may also have been its own, onto a standby that it has itself.
func (e *Engine) began(ctx context.Context, source string, standby job.Summary) (bool, error) {
	if standby.FailoverJob == "" {
		return false, nil
	}
	j, err := e.Store.Job(ctx, standby.Service, standby.FailoverJob)
	if errors.Is(err, job.ErrNotFound) {
		return e.cleanedUp(standby), nil
	}
	return err == nil && j.Restore.Source == source, err
}

// onto reports whether the last failover that a service took part in was onto
// it, not its own.
func (e *Engine) onto(ctx context.Context, of job.Summary) (bool, error) {
	if of.FailoverJob == "" {
		return false, nil
	}
	_, err := e.Store.Job(ctx, of.Service, of.FailoverJob)
	if errors.Is(err, job.ErrNotFound) {
		return e.cleanedUp(of), nil
	}
	return err == nil, err
}

// cleanedUp reports whether the failover that a service's row names, of which
// its partition has no job, was onto it: the job was removed then, long after
// its cool-down.
func (e *Engine) cleanedUp(of job.Summary) bool {
	homes := e.Plan.Homes(of.FailoverJob)
	return len(homes) > 0 && homes[0] == of.Service
}
