package tablestore

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/job"
)

const summaryKey = "service"

// summaryRow has only what m writes. It leaves out the schema as well: an
// upsert does not look first, and must not mark a newer row as an older one.
func summaryRow(service string, m job.SummaryMove) row {
	r := newRow(service, summaryKey)
	put(r, "ScheduledThrough", m.ScheduledThrough)
	put(r, "Waiting", m.Waiting)
	if m.Ended != nil {
		r["LastJob"] = m.Ended.ID
		r["LastState"] = string(m.Ended.State)
		r["LastCode"] = shortened(m.Ended.Code, maxText)
		r["LastEnded"] = m.Ended.EndedAt
	}
	if m.Point != nil {
		r["PointBlob"] = m.Point.Blob
		r["Bereft"] = m.Point.Blob == ""
		r["PointStarted"] = m.Point.StartedAt
		r["PointVerified"] = m.Point.VerifiedAt
		r["PointSize"] = m.Point.Size
	}
	put(r, "LastStarted", m.LastStarted)
	put(r, "ProtectedSince", m.ProtectedSince)
	put(r, "Health", m.Health)
	put(r, "Lapsing", m.Lapsing)
	put(r, "Readiness", m.Readiness)
	if m.ReadyReason != nil {
		r["ReadyReason"] = shortened(*m.ReadyReason, maxText)
	}
	put(r, "ReadyAt", m.ReadyAt)
	put(r, "Incident", m.Incident)
	put(r, "MaintenanceUntil", m.MaintenanceUntil)
	put(r, "MaintenanceAsked", m.MaintenanceAsked)
	put(r, "FailedOver", m.FailedOver)
	put(r, "FailoverJob", m.FailoverJob)
	put(r, "Acknowledged", m.Acknowledged)
	put(r, "ServingFor", m.ServingFor)
	put(r, "ServingSince", m.ServingSince)
	put(r, "Holds", m.Holds)
	putTimes(r, "BackupTimes", m.BackupTimes)
	putTimes(r, "RestoreTimes", m.RestoreTimes)
	put(r, "CleanedAt", m.CleanedAt)
	return r
}

func put[T any](r row, name string, value *T) {
	if value != nil {
		r[name] = *value
	}
}

func readSummary(data []byte) (job.Summary, error) {
	f, err := parse(data)
	if err != nil {
		return job.Summary{}, err
	}
	s := job.Summary{
		Service:          f.text(partitionKey),
		ScheduledThrough: f.time("ScheduledThrough"),
		Waiting:          f.text("Waiting"),
		LastJob:          f.text("LastJob"),
		LastState:        job.State(f.text("LastState")),
		LastCode:         f.text("LastCode"),
		LastEnded:        f.time("LastEnded"),
		PointBlob:        f.text("PointBlob"),
		Bereft:           f.bool("Bereft"),
		PointStarted:     f.time("PointStarted"),
		PointVerified:    f.time("PointVerified"),
		PointSize:        f.int64("PointSize"),
		LastStarted:      f.time("LastStarted"),
		ProtectedSince:   f.time("ProtectedSince"),
		Health:           job.Health(f.text("Health")),
		Lapsing:          f.text("Lapsing"),
		Readiness:        job.Readiness(f.text("Readiness")),
		ReadyReason:      f.text("ReadyReason"),
		ReadyAt:          f.time("ReadyAt"),
		Incident:         f.text("Incident"),
		MaintenanceUntil: f.time("MaintenanceUntil"),
		MaintenanceAsked: f.time("MaintenanceAsked"),
		FailedOver:       f.time("FailedOver"),
		FailoverJob:      f.text("FailoverJob"),
		Acknowledged:     f.bool("Acknowledged"),
		ServingFor:       f.text("ServingFor"),
		ServingSince:     f.time("ServingSince"),
		Holds:            f.text("Holds"),
		BackupTimes:      f.times("BackupTimes"),
		RestoreTimes:     f.times("RestoreTimes"),
		CleanedAt:        f.time("CleanedAt"),
	}
	return s, f.done()
}

// Summary reads one service's summary. It returns job.ErrNotFound for a
// service that never had a job.
func (s *Store) Summary(ctx context.Context, service string) (job.Summary, error) {
	stored, err := s.summary(ctx, service)
	return stored.Summary, err
}

// StoredSummary is Summary with the tag that OpenIncident and Transit need; for
// a service without a summary it returns an empty tag and no error.
func (s *Store) StoredSummary(ctx context.Context, service string) (job.StoredSummary, error) {
	stored, err := s.summary(ctx, service)
	if errors.Is(err, job.ErrNotFound) {
		return job.StoredSummary{Summary: job.Summary{Service: service}}, nil
	}
	return stored, err
}

func (s *Store) summary(ctx context.Context, service string) (job.StoredSummary, error) {
	doing := fmt.Sprintf("read the summary of service %s", service)
	found, err := s.get(ctx, doing, service, summaryKey)
	if err != nil {
		return job.StoredSummary{}, err
	}
	summary, err := readSummary(found.Value)
	if err != nil {
		return job.StoredSummary{}, fmt.Errorf("%s: %w", doing, err)
	}
	return job.StoredSummary{Summary: summary, ETag: string(found.ETag)}, nil
}

// Note writes m into a service's summary.
func (s *Store) Note(ctx context.Context, service string, m job.SummaryMove) error {
	if m.Empty() {
		return nil
	}
	entity, err := summaryRow(service, m).encode()
	if err != nil {
		return err
	}
	_, err = s.client.UpsertEntity(ctx, entity, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeMerge})
	if err != nil {
		return failed(fmt.Sprintf("write the summary of service %s", service), err)
	}
	return nil
}

// Summaries yields the summary of every service. Summaries that can't be read
// come last, as errors.
func (s *Store) Summaries(ctx context.Context) iter.Seq2[job.Summary, error] {
	filter := fmt.Sprintf("RowKey eq '%s'", summaryKey)
	return listed(ctx, s, "list the services' summaries", &aztables.ListEntitiesOptions{Filter: &filter}, readSummary)
}
