package handlers

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/web"
)

// lister is a store that can list the jobs of a service, ended ones too.
type lister interface {
	Jobs(ctx context.Context, service string) iter.Seq2[job.Job, error]
}

func (s state) service(ctx context.Context, name string, now time.Time) found {
	p, ok := s.engine.Plan.Service(name)
	if !ok {
		return missing(fmt.Sprintf("The plan has no service %q.", short(name)), now)
	}
	known := web.Known{Plan: s.engine.Plan, Now: now}
	var err error
	if known.Rows.Summaries, err = s.summaries(ctx, p); err != nil {
		return s.unreadable(ctx, err, now)
	}
	errs := new(failures)
	if id := known.Rows.Summaries[0].Incident; id != "" {
		i, err := s.engine.Store.Incident(ctx, name, id)
		if errs.add(err); err == nil && i.Open() {
			known.Incidents = []job.Incident{i.Incident}
		}
	}
	past, err := s.past(ctx, p, &known.Rows, now)
	errs.add(err)
	known.Restores = s.restores(ctx, errs, known)
	status := s.whole(ctx, &known, errs)
	v, _ := web.About(known, name, past)
	return found{status, v, func(live bool) ([]byte, error) { return web.ServicePage(v, live) }}
}

// summaries reads that of p, which is the first, and those of its standbys.
func (s state) summaries(ctx context.Context, p plan.Service) ([]job.Summary, error) {
	var all []job.Summary
	for _, name := range partitions(p) {
		summary, err := s.engine.Store.Summary(ctx, name)
		if errors.Is(err, job.ErrNotFound) {
			summary, err = job.Summary{Service: name}, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, summary)
	}
	return all, nil
}

// partitions are where p's jobs are: its own, and its standbys'.
func partitions(p plan.Service) []string {
	names := []string{p.Name}
	for _, standby := range p.Standbys {
		names = append(names, standby.Name)
	}
	return names
}

// past reads p's points and jobs as far back as the page goes: with an error,
// as far as they can be read. Where past jobs can't be listed, those that have
// not ended are read into rows.
func (s state) past(ctx context.Context, p plan.Service, rows *fleet.Rows, now time.Time) (web.Past, error) {
	errs := new(failures)
	past := web.Past{Points: gather(errs, s.engine.Store.Points(ctx, p.Name))}
	jobs, ok := s.engine.Store.(lister)
	if !ok {
		past.NoJobs = true
		rows.Jobs = gather(errs, s.engine.Store.Unfinished(ctx))
		past.Incomplete = errs.any()
		return past, errs.joined()
	}
	from := now.Add(-web.Window)
	for _, name := range partitions(p) {
		for _, j := range gather(errs, jobs.Jobs(ctx, name)) {
			if !j.State.Terminal() || !j.EndedAt.Before(from) {
				past.Jobs = append(past.Jobs, j)
			}
		}
	}
	past.Incomplete = errs.any()
	return past, errs.joined()
}
