package telemetry

import (
	"context"
	"iter"
	"time"

	"lifeboat/internal/job"
)

func (s store) Summaries(ctx context.Context) iter.Seq2[job.Summary, error] {
	return list(ctx, s.spans, "Summaries", nil, s.next.Summaries)
}

func (s store) Orphans(ctx context.Context) iter.Seq2[job.StoredLease, error] {
	return list(ctx, s.spans, "Orphans", nil, s.next.Orphans)
}

func (s store) Points(ctx context.Context, service string) iter.Seq2[job.Point, error] {
	return list(ctx, s.spans, "Points", about{keyService.String(service)}, func(ctx context.Context) iter.Seq2[job.Point, error] {
		return s.next.Points(ctx, service)
	})
}

func (s store) Alerts(ctx context.Context, service, incident string) iter.Seq2[job.AlertRecord, error] {
	return list(ctx, s.spans, "Alerts", about{keyService.String(service), keyIncident.String(incident)}, func(ctx context.Context) iter.Seq2[job.AlertRecord, error] {
		return s.next.Alerts(ctx, service, incident)
	})
}

func (s store) Incidents(ctx context.Context) iter.Seq2[job.StoredIncident, error] {
	return list(ctx, s.spans, "Incidents", nil, s.next.Incidents)
}

func (s store) Unfinished(ctx context.Context) iter.Seq2[job.Job, error] {
	return list(ctx, s.spans, "Unfinished", nil, s.next.Unfinished)
}

func (s store) Notices(ctx context.Context) iter.Seq2[job.StoredNotice, error] {
	return list(ctx, s.spans, "Notices", nil, s.next.Notices)
}

func (s store) Finished(ctx context.Context, service string, before time.Time) iter.Seq2[job.Finished, error] {
	return list(ctx, s.spans, "Finished", about{keyService.String(service)}, func(ctx context.Context) iter.Seq2[job.Finished, error] {
		return s.next.Finished(ctx, service, before)
	})
}

func (s store) Counters(ctx context.Context) iter.Seq2[job.Counter, error] {
	return list(ctx, s.spans, "Counters", nil, s.next.Counters)
}
