package simulation

import (
	"context"
	"iter"
	"time"

	"lifeboat/internal/job"
)

// store is the tables as one call sees them.
type store struct{ c *call }

func (p store) Summary(ctx context.Context, service string) (job.Summary, error) {
	return asked(p.c, "store.Summary", func() (job.Summary, error) { return p.c.store.Summary(ctx, service) })
}

func (p store) Note(ctx context.Context, service string, m job.SummaryMove) error {
	return done(p.c, "store.Note", func() error { return p.c.store.Note(ctx, service, m) })
}

func (p store) Summaries(ctx context.Context) iter.Seq2[job.Summary, error] {
	return listed(p.c, "store.Summaries", func() iter.Seq2[job.Summary, error] { return p.c.store.Summaries(ctx) })
}

func (p store) Orphans(ctx context.Context) iter.Seq2[job.StoredLease, error] {
	return listed(p.c, "store.Orphans", func() iter.Seq2[job.StoredLease, error] { return p.c.store.Orphans(ctx) })
}

func (p store) Release(ctx context.Context, l job.StoredLease) error {
	return done(p.c, "store.Release", func() error { return p.c.store.Release(ctx, l) })
}

func (p store) StoredSummary(ctx context.Context, service string) (job.StoredSummary, error) {
	return asked(p.c, "store.StoredSummary", func() (job.StoredSummary, error) { return p.c.store.StoredSummary(ctx, service) })
}

func (p store) Lease(ctx context.Context, service string) (job.StoredLease, error) {
	return asked(p.c, "store.Lease", func() (job.StoredLease, error) { return p.c.store.Lease(ctx, service) })
}

func (p store) Points(ctx context.Context, service string) iter.Seq2[job.Point, error] {
	return listed(p.c, "store.Points", func() iter.Seq2[job.Point, error] { return p.c.store.Points(ctx, service) })
}

func (p store) Alert(ctx context.Context, service, id string) (job.StoredAlert, error) {
	return asked(p.c, "store.Alert", func() (job.StoredAlert, error) { return p.c.store.Alert(ctx, service, id) })
}

func (p store) Alerts(ctx context.Context, service, incident string) iter.Seq2[job.AlertRecord, error] {
	return listed(p.c, "store.Alerts", func() iter.Seq2[job.AlertRecord, error] { return p.c.store.Alerts(ctx, service, incident) })
}

func (p store) RecordAlert(ctx context.Context, a job.StoredAlert) error {
	return p.moveIncident("store.RecordAlert", a.Service, func() error { return p.c.store.RecordAlert(ctx, a) })
}

func (p store) OpenIncident(ctx context.Context, s job.StoredSummary, i job.Incident, a job.StoredAlert) error {
	return p.moveIncident("store.OpenIncident", i.Service, func() error { return p.c.store.OpenIncident(ctx, s, i, a) })
}

func (p store) JoinIncident(ctx context.Context, i job.StoredIncident, a job.StoredAlert) error {
	return p.moveIncident("store.JoinIncident", i.Service, func() error { return p.c.store.JoinIncident(ctx, i, a) })
}

func (p store) Incident(ctx context.Context, service, id string) (job.StoredIncident, error) {
	return asked(p.c, "store.Incident", func() (job.StoredIncident, error) { return p.c.store.Incident(ctx, service, id) })
}

func (p store) Incidents(ctx context.Context) iter.Seq2[job.StoredIncident, error] {
	return listed(p.c, "store.Incidents", func() iter.Seq2[job.StoredIncident, error] { return p.c.store.Incidents(ctx) })
}

func (p store) SaveIncident(ctx context.Context, from job.StoredIncident, i job.Incident) error {
	return p.moveIncident("store.SaveIncident", i.Service, func() error { return p.c.store.SaveIncident(ctx, from, i) })
}

func (p store) Point(ctx context.Context, service, blob string) (job.StoredPoint, error) {
	return asked(p.c, "store.Point", func() (job.StoredPoint, error) { return p.c.store.Point(ctx, service, blob) })
}

func (p store) Unfinished(ctx context.Context) iter.Seq2[job.Job, error] {
	return listed(p.c, "store.Unfinished", func() iter.Seq2[job.Job, error] { return p.c.store.Unfinished(ctx) })
}

func (p store) AddNotice(ctx context.Context, n job.Notice) error {
	return done(p.c, "store.AddNotice", func() error { return p.c.store.AddNotice(ctx, n) })
}

func (p store) Notice(ctx context.Context, service, id string) (job.StoredNotice, error) {
	return asked(p.c, "store.Notice", func() (job.StoredNotice, error) { return p.c.store.Notice(ctx, service, id) })
}

func (p store) SaveNotice(ctx context.Context, n job.StoredNotice, d job.Delivery) error {
	return written(p.c, "store.SaveNotice", func() error { return p.c.store.SaveNotice(ctx, n, d) })
}

func (p store) Notices(ctx context.Context) iter.Seq2[job.StoredNotice, error] {
	return listed(p.c, "store.Notices", func() iter.Seq2[job.StoredNotice, error] { return p.c.store.Notices(ctx) })
}

func (p store) Count(ctx context.Context, name, label string, n int64) error {
	return done(p.c, "store.Count", func() error { return p.c.store.Count(ctx, name, label, n) })
}

func (p store) Counters(ctx context.Context) iter.Seq2[job.Counter, error] {
	return listed(p.c, "store.Counters", func() iter.Seq2[job.Counter, error] { return p.c.store.Counters(ctx) })
}

func (p store) Follow(ctx context.Context, service, id, resumeToken string) error {
	return done(p.c, "store.Follow", func() error { return p.c.store.Follow(ctx, service, id, resumeToken) })
}

func (p store) Finished(ctx context.Context, service string, before time.Time) iter.Seq2[job.Finished, error] {
	return listed(p.c, "store.Finished", func() iter.Seq2[job.Finished, error] { return p.c.store.Finished(ctx, service, before) })
}

func (p store) Remove(ctx context.Context, f job.Finished) error {
	return done(p.c, "store.Remove", func() error { return p.c.store.Remove(ctx, f) })
}

// moveIncident is an effect on an incident or an alert of a service.
func (p store) moveIncident(name, service string, effect func() error) error {
	return written(p.c, name, func() error {
		defer p.c.incidentsMoved(service)
		return effect()
	})
}
