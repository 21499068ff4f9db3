package tablestore

import (
	"context"
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
	if m.ScheduledThrough != nil {
		r["ScheduledThrough"] = *m.ScheduledThrough
	}
	if m.Waiting != nil {
		r["Waiting"] = *m.Waiting
	}
	if m.Ended != nil {
		r["LastJob"] = m.Ended.ID
		r["LastState"] = string(m.Ended.State)
		r["LastCode"] = shortened(m.Ended.Code, maxText)
		r["LastEnded"] = m.Ended.EndedAt
	}
	if m.Point != nil {
		r["PointBlob"] = m.Point.Blob
		r["PointStarted"] = m.Point.StartedAt
		r["PointSize"] = m.Point.Size
	}
	return r
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
		PointStarted:     f.time("PointStarted"),
		PointSize:        f.int64("PointSize"),
	}
	return s, f.done()
}

// Summary reads one service's summary. It returns job.ErrNotFound for a
// service that never had a job.
func (s *Store) Summary(ctx context.Context, service string) (job.Summary, error) {
	doing := fmt.Sprintf("read the summary of service %s", service)
	read, err := s.client.GetEntity(ctx, service, summaryKey, nil)
	if err != nil {
		if answerOf(err).missing() {
			return job.Summary{}, fmt.Errorf("%s: %w", doing, job.ErrNotFound)
		}
		return job.Summary{}, failed(doing, err)
	}
	summary, err := readSummary(read.Value)
	if err != nil {
		return job.Summary{}, fmt.Errorf("%s: %w", doing, err)
	}
	return summary, nil
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
