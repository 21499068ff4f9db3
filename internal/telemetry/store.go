package telemetry

import (
	"context"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// store is recovery.Store with a span for each call. The listings are in
// lists.go.
type store struct {
	next  recovery.Store
	spans spans
}

func (s store) Job(ctx context.Context, service, id string) (job.Stored, error) {
	return ask(ctx, s.spans, "Job", about{keyService.String(service), keyJob.String(id)}, func(ctx context.Context) (job.Stored, error) {
		return s.next.Job(ctx, service, id)
	})
}

func (s store) Create(ctx context.Context, j job.Job, m job.SummaryMove) error {
	return tell(ctx, s.spans, "Create", aboutJob(j), func(ctx context.Context) error {
		return s.next.Create(ctx, j, m)
	})
}

func (s store) Save(ctx context.Context, m job.Move) error {
	return tell(ctx, s.spans, "Save", aboutJob(m.To), func(ctx context.Context) error {
		return s.next.Save(ctx, m)
	})
}

func (s store) Summary(ctx context.Context, service string) (job.Summary, error) {
	return ask(ctx, s.spans, "Summary", about{keyService.String(service)}, func(ctx context.Context) (job.Summary, error) {
		return s.next.Summary(ctx, service)
	})
}

func (s store) Note(ctx context.Context, service string, m job.SummaryMove) error {
	return tell(ctx, s.spans, "Note", about{keyService.String(service)}, func(ctx context.Context) error {
		return s.next.Note(ctx, service, m)
	})
}

func (s store) Release(ctx context.Context, l job.StoredLease) error {
	return tell(ctx, s.spans, "Release", about{keyService.String(l.Service), keyJob.String(l.Job)}, func(ctx context.Context) error {
		return s.next.Release(ctx, l)
	})
}

func (s store) StoredSummary(ctx context.Context, service string) (job.StoredSummary, error) {
	return ask(ctx, s.spans, "StoredSummary", about{keyService.String(service)}, func(ctx context.Context) (job.StoredSummary, error) {
		return s.next.StoredSummary(ctx, service)
	})
}

func (s store) Lease(ctx context.Context, service string) (job.StoredLease, error) {
	return ask(ctx, s.spans, "Lease", about{keyService.String(service)}, func(ctx context.Context) (job.StoredLease, error) {
		return s.next.Lease(ctx, service)
	})
}

func (s store) Alert(ctx context.Context, service, id string) (job.StoredAlert, error) {
	return ask(ctx, s.spans, "Alert", about{keyService.String(service), keyAlert.String(id)}, func(ctx context.Context) (job.StoredAlert, error) {
		return s.next.Alert(ctx, service, id)
	})
}

func (s store) RecordAlert(ctx context.Context, a job.StoredAlert) error {
	return tell(ctx, s.spans, "RecordAlert", about{keyService.String(a.Service), keyAlert.String(a.ID)}, func(ctx context.Context) error {
		return s.next.RecordAlert(ctx, a)
	})
}

func (s store) OpenIncident(ctx context.Context, from job.StoredSummary, i job.Incident, a job.StoredAlert) error {
	return tell(ctx, s.spans, "OpenIncident", about{keyService.String(i.Service), keyIncident.String(i.ID), keyAlert.String(a.ID)}, func(ctx context.Context) error {
		return s.next.OpenIncident(ctx, from, i, a)
	})
}

func (s store) JoinIncident(ctx context.Context, i job.StoredIncident, a job.StoredAlert) error {
	return tell(ctx, s.spans, "JoinIncident", about{keyService.String(i.Service), keyIncident.String(i.ID), keyAlert.String(a.ID)}, func(ctx context.Context) error {
		return s.next.JoinIncident(ctx, i, a)
	})
}

func (s store) Incident(ctx context.Context, service, id string) (job.StoredIncident, error) {
	return ask(ctx, s.spans, "Incident", about{keyService.String(service), keyIncident.String(id)}, func(ctx context.Context) (job.StoredIncident, error) {
		return s.next.Incident(ctx, service, id)
	})
}

func (s store) SaveIncident(ctx context.Context, from job.StoredIncident, i job.Incident) error {
	return tell(ctx, s.spans, "SaveIncident", about{keyService.String(i.Service), keyIncident.String(i.ID)}, func(ctx context.Context) error {
		return s.next.SaveIncident(ctx, from, i)
	})
}

func (s store) Transit(ctx context.Context, t job.Transition) error {
	return tell(ctx, s.spans, "Transit", aboutTransition(t), func(ctx context.Context) error {
		return s.next.Transit(ctx, t)
	})
}

func (s store) Point(ctx context.Context, service, blob string) (job.StoredPoint, error) {
	return ask(ctx, s.spans, "Point", about{keyService.String(service), keyBlob.String(blob)}, func(ctx context.Context) (job.StoredPoint, error) {
		return s.next.Point(ctx, service, blob)
	})
}

func (s store) RemovePoint(ctx context.Context, p job.StoredPoint) error {
	return tell(ctx, s.spans, "RemovePoint", about{keyService.String(p.Service), keyBlob.String(p.Blob), keyJob.String(p.Job)}, func(ctx context.Context) error {
		return s.next.RemovePoint(ctx, p)
	})
}

func (s store) AddNotice(ctx context.Context, n job.Notice) error {
	return tell(ctx, s.spans, "AddNotice", about{keyService.String(n.Service), keyNotice.String(n.ID)}, func(ctx context.Context) error {
		return s.next.AddNotice(ctx, n)
	})
}

func (s store) Notice(ctx context.Context, service, id string) (job.StoredNotice, error) {
	return ask(ctx, s.spans, "Notice", about{keyService.String(service), keyNotice.String(id)}, func(ctx context.Context) (job.StoredNotice, error) {
		return s.next.Notice(ctx, service, id)
	})
}

func (s store) SaveNotice(ctx context.Context, n job.StoredNotice, d job.Delivery) error {
	return tell(ctx, s.spans, "SaveNotice", about{keyService.String(n.Service), keyNotice.String(n.ID), keyState.String(string(d.State))}, func(ctx context.Context) error {
		return s.next.SaveNotice(ctx, n, d)
	})
}

func (s store) Count(ctx context.Context, name, label string, n int64) error {
	return tell(ctx, s.spans, "Count", about{keyCounter.String(name)}, func(ctx context.Context) error {
		return s.next.Count(ctx, name, label, n)
	})
}

func (s store) Remove(ctx context.Context, f job.Finished) error {
	return tell(ctx, s.spans, "Remove", aboutFinished(f), func(ctx context.Context) error {
		return s.next.Remove(ctx, f)
	})
}

func (s store) Follow(ctx context.Context, service, id, resumeToken string) error {
	return tell(ctx, s.spans, "Follow", about{keyService.String(service), keyJob.String(id)}, func(ctx context.Context) error {
		return s.next.Follow(ctx, service, id, resumeToken)
	})
}

func aboutFinished(f job.Finished) about {
	switch {
	case f.Job != nil:
		return aboutJob(f.Job.Job)
	case f.Notice != nil:
		return about{keyService.String(f.Notice.Service), keyNotice.String(f.Notice.ID)}
	case f.Incident != nil:
		return about{keyService.String(f.Incident.Service), keyIncident.String(f.Incident.ID)}
	case f.Alert != nil:
		return about{keyService.String(f.Alert.Service), keyAlert.String(f.Alert.ID)}
	case f.Point != nil:
		return about{keyService.String(f.Point.Service), keyBlob.String(f.Point.Blob)}
	}
	return nil
}

func aboutTransition(t job.Transition) about {
	if t.Job == nil {
		return about{keyService.String(t.Read.Service)}
	}
	return aboutJob(*t.Job)
}
