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
	if r.EnqueuedAt.IsZero() { // it came without a queue
		r.EnqueuedAt = e.now()
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
		return e.contended(ctx, func() error { return e.maintain(ctx, r) })
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
	for _, home := range e.Plan.Homes(id) {
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

// maintain says until when alerts start nothing. The last word that was sent
// counts, in whatever order they come: one that was sent before it is refused.
func (e *Engine) maintain(ctx context.Context, r request.Request) error {
	s, err := e.protected(r.Service)
	if err != nil {
		return err
	}
	until := r.Until
	if !r.On {
		until = time.Time{}
	}
	summary, err := e.Store.StoredSummary(ctx, s.Name)
	if err != nil {
		return err
	}
	if r.EnqueuedAt.Before(summary.MaintenanceAsked) {
		return refused("maintenance request %s of %s was sent at %s, and one that was sent at %s counts: look at what is set, and send another if this is still wanted",
			r.ID, s.Name, r.EnqueuedAt.UTC().Format(time.RFC3339), summary.MaintenanceAsked.UTC().Format(time.RFC3339))
	}
	e.Log.InfoContext(ctx, "maintenance set", keyService, s.Name, "until", until, "by", r.By)
	return e.Store.Transit(ctx, job.Transition{
		Read: summary, Summary: job.SummaryMove{MaintenanceUntil: &until, MaintenanceAsked: &r.EnqueuedAt},
	})
}
