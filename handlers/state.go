package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/web"
)

// maxRestores is how many ended restores of open incidents one request reads;
// the others' own pages show their gates.
const maxRestores = 20

// state reads what the status page and its API show. The fleet's view costs
// the same few lists however many jobs there have been: it reads summaries,
// unfinished jobs, undelivered notices and open incidents. Points and past
// jobs are read for one service at a time.
type state struct {
	engine *recovery.Engine
	log    *slog.Logger
}

// found is what a request is answered with, as JSON and as a page.
type found struct {
	status int
	view   any
	page   func(live bool) ([]byte, error)
}

// find reads what query asks for: a job, a service, or, without either, the
// fleet.
func (s state) find(ctx context.Context, query url.Values) found {
	now := time.Now().UTC()
	if s.engine.Now != nil {
		now = s.engine.Now().UTC()
	}
	service, id := query.Get("service"), query.Get("job")
	switch {
	case id != "":
		return s.job(ctx, service, id, now)
	case service != "":
		return s.service(ctx, service, now)
	}
	return s.fleet(ctx, now)
}

func (s state) fleet(ctx context.Context, now time.Time) found {
	rows, err := s.engine.Rows(ctx)
	if err != nil && len(rows.Summaries) == 0 {
		return s.unreadable(ctx, err, now)
	}
	known := web.Known{Plan: s.engine.Plan, Rows: rows, Now: now}
	errs := []error{err}
	for i, err := range s.engine.Store.Incidents(ctx) {
		if errs = append(errs, err); err == nil {
			known.Incidents = append(known.Incidents, i.Incident)
		}
	}
	restores, err := s.restores(ctx, known)
	known.Restores = restores
	status := s.whole(ctx, &known, append(errs, err))
	v := web.Overview(known)
	return found{status, v, func(live bool) ([]byte, error) { return web.Page(v, live) }}
}

// whole says whether all that known should have could be read. What could not
// is told by the status too, for those that don't read.
func (s state) whole(ctx context.Context, known *web.Known, errs []error) (status int) {
	if err := errors.Join(errs...); err != nil {
		s.log.ErrorContext(ctx, "status is incomplete", "error", err.Error())
		known.Incomplete = true
		return 503
	}
	return 200
}

// restores reads the jobs that open incidents name and that have ended.
func (s state) restores(ctx context.Context, known web.Known) ([]job.Job, error) {
	var ended []job.Job
	var errs []error
	for _, i := range known.Incidents {
		running := slices.ContainsFunc(known.Rows.Jobs, func(j job.Job) bool { return j.ID == i.Restore })
		if i.Restore == "" || running || len(ended) == maxRestores {
			continue
		}
		j, err := s.engine.Store.Job(ctx, i.Target, i.Restore)
		switch {
		case err == nil:
			ended = append(ended, j.Job)
		case !errors.Is(err, job.ErrNotFound): // the job may not have been made yet
			errs = append(errs, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return ended, errors.Join(errs...)
}

func (s state) unreadable(ctx context.Context, err error, now time.Time) found {
	s.log.ErrorContext(ctx, "status can't be read", "error", err.Error())
	return trouble(503, web.NewTrouble("The tables can't be read, so nothing can be said of the backups.",
		`The function app's log says why. The backups themselves are not touched by this. Ask again in a minute, or run "lifeboat status".`, now))
}

func missing(sentence string, now time.Time) found {
	return trouble(404, web.NewTrouble(sentence, "It may have been cleaned up, have left the plan, or be misspelt.", now))
}

func trouble(status int, t web.Trouble) found {
	return found{status, t, func(bool) ([]byte, error) { return web.TroublePage(t) }}
}

// short is a name from a request as an answer may repeat it.
func short(name string) string {
	if runes := []rune(name); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return name
}
