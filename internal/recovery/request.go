package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/request"
)

// ErrRefused: a request that this plan, or the state of things, does not
// allow. Asking again does not change that.
var ErrRefused = errors.New("request refused")

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}

// Request carries out what a person asked for, once for each request id.
// Names come from the plan only. It returns ErrRefused for what can't be, or
// comes too late: a copy of what was done long ago looks like that.
func (e *Engine) Request(ctx context.Context, r request.Request) error {
	if !r.EnqueuedAt.IsZero() && e.late(r.EnqueuedAt) {
		return refused("request %s was sent at %s, more than %d days ago: send it again, with another id, if it is still wanted",
			r.ID, r.EnqueuedAt.UTC().Format(time.RFC3339), int(TooOld.Hours()/24))
	}
	switch r.Kind {
	case request.Restore:
		return e.requestRestore(ctx, r)
	case request.Backup:
		return e.requestBackup(ctx, r)
	case request.Cancel:
		return e.cancel(ctx, r)
	case request.Acknowledge:
		return e.contended(ctx, func() error { return e.acknowledge(ctx, r) })
	case request.Maintenance:
		return e.maintain(ctx, r)
	}
	return refused("kind %q is unknown", r.Kind)
}

func (e *Engine) protected(name string) (plan.Service, error) {
	s, ok := e.Plan.Service(name)
	if !ok {
		return s, refused("service %s is not in the plan", name)
	}
	return s, nil
}

func (e *Engine) requestRestore(ctx context.Context, r request.Request) error {
	source, err := e.protected(r.Service)
	if err != nil {
		return err
	}
	target := r.To
	if target == "" && len(source.Standbys) > 0 {
		target = source.Standbys[0].Name
	}
	if _, ok := source.Standby(target); !ok {
		return refused("%q is not a standby of %s in the plan", target, source.Name)
	}
	return e.orderRestore(ctx, source, target, cause(r.ID), job.RestoreOrder{
		Source: source.Name, Request: r.ID, Wanted: r.Point, By: r.By, Why: r.Reason,
	})
}

// cause makes a request's id fit into a job's.
func cause(id string) string { return "req" + job.NewTally([]string{id}).Hash }

func (e *Engine) requestBackup(ctx context.Context, r request.Request) error {
	s, err := e.protected(r.Service)
	if err != nil {
		return err
	}
	summary, err := e.Store.StoredSummary(ctx, s.Name)
	if err != nil {
		return err
	}
	now := e.now()
	j := job.NewBackup(s.Name, now, now, s.Rules, now)
	j.ID, j.Past = RequestedBackup(s.Name, r.ID), summary.BackupTimes
	j.Asked = job.Asked{Request: r.ID, By: r.By, Why: r.Reason}
	made, err := e.create(ctx, j, job.SummaryMove{Waiting: &j.ID})
	if made {
		e.Log.InfoContext(ctx, "job created", keyJob, j.ID, keyService, s.Name, "by", r.By, keyNext, j.NotBefore)
	}
	return err
}

func (e *Engine) cancel(ctx context.Context, r request.Request) error {
	return e.said(ctx, r.Job, job.Cancel{Reason: fmt.Sprintf("canceled by %s: %s", r.By, r.Reason)})
}

// said applies a person's word to the job that they named.
func (e *Engine) said(ctx context.Context, id string, event job.Event) error {
	for _, home := range Homes(e.Plan, id) {
		err := e.decide(ctx, home, id, event)
		switch {
		case errors.Is(err, job.ErrNotFound):
			continue // another's name may begin with this one's
		case errors.Is(err, job.ErrTooLate), errors.Is(err, job.ErrEnded), errors.Is(err, job.ErrImpossible):
			return refused("%v", err)
		}
		return err
	}
	return refused("there is no job %s of a service in the plan", id)
}

// Approval carries out a person's answer to a job that waits for one. It
// returns ErrRefused for an answer that can't count.
func (e *Engine) Approval(ctx context.Context, a request.Approval) error {
	if !a.Approved {
		return e.said(ctx, a.Job, job.Reject{By: a.By, Why: a.Reason})
	}
	return e.said(ctx, a.Job, job.Approve{By: a.By, Why: a.Reason, Point: a.Point, Target: a.Target})
}

// acknowledge ends a cool-down; of a service that serves, it also says whether
// that goes on: failback frees it to be a standby again, promote keeps it out
// of the way of restores for as long as the plan calls it a standby.
func (e *Engine) acknowledge(ctx context.Context, r request.Request) error {
	source, err := e.protected(r.Service)
	if err != nil {
		return err
	}
	yes, nobody, never := true, "", time.Time{}
	for _, standby := range source.Standbys {
		summary, err := e.Store.StoredSummary(ctx, standby.Name)
		if err != nil {
			return err
		}
		mine, err := e.began(ctx, source.Name, summary.Summary)
		if err != nil {
			return err
		}
		var m job.SummaryMove
		if mine {
			m.Acknowledged = &yes
		}
		if summary.ServingFor == source.Name && r.Outcome == request.Failback {
			// What it holds may have been edited while it served.
			m.ServingFor, m.ServingSince, m.Holds = &nobody, &never, &nobody
		}
		if err := e.Store.Note(ctx, standby.Name, m); err != nil {
			return err
		}
	}
	summary, err := e.Store.StoredSummary(ctx, source.Name)
	if err != nil {
		return err
	}
	if summary.Incident != "" {
		incident, there, err := e.incident(ctx, source.Name, summary.Incident)
		if err != nil {
			return err
		}
		if there {
			if err := e.resolve(ctx, incident, "acknowledged by "+r.By); err != nil {
				return err
			}
		}
	}
	e.Log.WarnContext(ctx, "failover acknowledged", keyService, source.Name, "by", r.By, "outcome", string(r.Outcome))
	return e.Store.Note(ctx, source.Name, job.SummaryMove{Acknowledged: &yes})
}

// began reports whether the last failover onto a standby was source's: several
// services may share one, and each acknowledges its own.
func (e *Engine) began(ctx context.Context, source string, standby job.Summary) (bool, error) {
	if standby.FailoverJob == "" {
		return false, nil
	}
	j, err := e.Store.Job(ctx, standby.Service, standby.FailoverJob)
	if errors.Is(err, job.ErrNotFound) {
		return true, nil // cleaned up, long after its cool-down
	}
	return err == nil && j.Restore.Source == source, err
}

func (e *Engine) maintain(ctx context.Context, r request.Request) error {
	s, err := e.protected(r.Service)
	if err != nil {
		return err
	}
	until := r.Until
	if !r.On {
		until = time.Time{}
	}
	e.Log.InfoContext(ctx, "maintenance set", keyService, s.Name, "until", until, "by", r.By)
	return e.Store.Note(ctx, s.Name, job.SummaryMove{MaintenanceUntil: &until})
}
