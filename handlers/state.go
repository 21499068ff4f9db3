package handlers

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
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
// three lists however many jobs there have been, of summaries, unfinished jobs
// and undelivered notices, and one more while an incident is open. Points and
// past jobs are read for one service at a time.
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
	now := nowOf(s.engine)
	service, id := query.Get("service"), query.Get("job")
	switch {
	case id != "":
		return s.job(ctx, service, id, now)
	case service != "":
		return s.service(ctx, service, now)
	}
	return s.fleet(ctx, now)
}

// nowOf is what engine takes for now.
func nowOf(engine *recovery.Engine) time.Time {
	if engine.Now != nil {
		return engine.Now().UTC()
	}
	return time.Now().UTC()
}

func (s state) fleet(ctx context.Context, now time.Time) found {
	known := web.Known{Plan: s.engine.Plan, Now: now}
	store, errs := s.engine.Store, new(failures)
	known.Rows.Summaries = gather(errs, store.Summaries(ctx))
	if len(known.Rows.Summaries) == 0 && errs.any() {
		return s.unreadable(ctx, errs.joined(), now)
	}
	known.Rows.Jobs = gather(errs, store.Unfinished(ctx))
	known.Rows.Notices = gather(errs, store.Notices(ctx))
	// A summary names its service's open incident: mostly there is none.
	if errs.any() || slices.ContainsFunc(known.Rows.Summaries, func(s job.Summary) bool { return s.Incident != "" }) {
		for _, i := range gather(errs, store.Incidents(ctx)) {
			known.Incidents = append(known.Incidents, i.Incident)
		}
	}
	known.Restores = s.restores(ctx, errs, known)
	status := s.whole(ctx, &known, errs)
	v := web.Overview(known)
	return found{status, v, func(live bool) ([]byte, error) { return web.Page(v, live) }}
}

// whole says whether all that known should have could be read. What could not
// is told by the status too, for those that don't read.
func (s state) whole(ctx context.Context, known *web.Known, errs *failures) (status int) {
	if errs.any() {
		s.log.ErrorContext(ctx, "status is incomplete", "error", errs.joined().Error())
		known.Incomplete = true
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// restores reads the jobs that open incidents name and that have ended.
func (s state) restores(ctx context.Context, errs *failures, known web.Known) []job.Job {
	var ended []job.Job
	for _, i := range known.Incidents {
		running := slices.ContainsFunc(known.Rows.Jobs, func(j job.Job) bool { return j.ID == i.Restore })
		if i.Restore == "" || running {
			continue
		}
		j, err := s.engine.Store.Job(ctx, i.Target, i.Restore)
		if err == nil {
			ended = append(ended, j.Job)
		} else if !errors.Is(err, job.ErrNotFound) { // the job may not have been made yet
			errs.add(err)
		}
		if len(ended) == maxRestores || ctx.Err() != nil {
			break
		}
	}
	return ended
}

// failures are what could not be read while the rest was.
type failures struct{ all []error }

func (f *failures) add(err error) {
	if err != nil {
		f.all = append(f.all, err)
	}
}

func (f *failures) any() bool     { return len(f.all) > 0 }
func (f *failures) joined() error { return errors.Join(f.all...) }

// gather is what of rows could be read.
func gather[T any](errs *failures, rows iter.Seq2[T, error]) (found []T) {
	for x, err := range rows {
		if errs.add(err); err == nil {
			found = append(found, x)
		}
	}
	return found
}

func (s state) unreadable(ctx context.Context, err error, now time.Time) found {
	s.log.ErrorContext(ctx, "status can't be read", "error", err.Error())
	return trouble(http.StatusServiceUnavailable, web.NewTrouble("The tables can't be read, so nothing can be said of the backups.",
		`The function app's log says why. The backups themselves are not touched by this. Ask again in a minute, or run "lifeboat status".`, now))
}

func missing(sentence string, now time.Time) found {
	return trouble(http.StatusNotFound, web.NewTrouble(sentence, "It may have been cleaned up, have left the plan, or be misspelt.", now))
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
