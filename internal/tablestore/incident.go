package tablestore

import (
	"context"
	"fmt"
	"iter"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/job"
)

const incidentPrefix = "incident|"

// incidentRow is i's row. Open is there to be found by Incidents.
func incidentRow(i job.Incident) row {
	r := newRow(i.Service, incidentPrefix+i.ID)
	r[schemaKey] = schema
	r["Open"] = i.Open()
	r["Rule"] = shortened(i.Rule, maxText)
	r["OpenedAt"] = i.OpenedAt
	r["FiredAt"] = i.FiredAt
	r["Restore"] = i.Restore
	r["Target"] = i.Target
	r["ResolvedAt"] = i.ResolvedAt
	r["ResolvedBy"] = shortened(i.ResolvedBy, maxText)
	return r
}

func readIncident(data []byte) (job.StoredIncident, error) {
	f, err := parse(data)
	if err != nil {
		return job.StoredIncident{}, err
	}
	i := job.StoredIncident{
		Incident: job.Incident{
			ID:         f.id(incidentPrefix),
			Service:    f.text(partitionKey),
			Rule:       f.text("Rule"),
			OpenedAt:   f.time("OpenedAt"),
			FiredAt:    f.time("FiredAt"),
			Restore:    f.text("Restore"),
			Target:     f.text("Target"),
			ResolvedAt: f.time("ResolvedAt"),
			ResolvedBy: f.text("ResolvedBy"),
		},
		ETag: f.text(etagKey),
	}
	return i, f.done()
}

// Incident reads one incident. It returns job.ErrNotFound.
func (s *Store) Incident(ctx context.Context, service, id string) (job.StoredIncident, error) {
	doing := fmt.Sprintf("read incident %s", id)
	found, err := s.get(ctx, doing, service, incidentPrefix+id)
	if err != nil {
		return job.StoredIncident{}, err
	}
	i, err := readIncident(found.Value)
	if err != nil {
		return job.StoredIncident{}, fmt.Errorf("%s: %w", doing, err)
	}
	i.ETag = string(found.ETag)
	return i, nil
}

// Incidents yields every open incident of every service. Incidents that can't
// be read come last, as errors.
func (s *Store) Incidents(ctx context.Context) iter.Seq2[job.StoredIncident, error] {
	// Only full metadata promises each row's ETag.
	format := aztables.MetadataFormatFull
	query := &aztables.ListEntitiesOptions{Filter: withPrefix("", incidentPrefix, "Open eq true"), Format: &format}
	return listed(ctx, s, "list open incidents", query, readIncident)
}

// OpenIncident inserts i, records a and names i in the service's summary, all
// or nothing. It returns job.ErrConflict if the summary or the alert has
// changed since it was read, or if i is there already.
func (s *Store) OpenIncident(ctx context.Context, read job.StoredSummary, i job.Incident, a job.StoredAlert) error {
	doing := fmt.Sprintf("open incident %s", i.ID)
	// The summary comes first, so that a race that was lost is told as that.
	changes := []change{
		summaryChangeFrom(read, i.Service, job.SummaryMove{Incident: &i.ID}),
		incidentChangeFrom("", i),
		alertChangeFrom(a),
	}
	return incidentError(doing, s.submit(ctx, changes), changes)
}

// JoinIncident records a as one more alert of i, which gets a new tag. It
// returns job.ErrConflict if one of both has changed since it was read.
func (s *Store) JoinIncident(ctx context.Context, i job.StoredIncident, a job.StoredAlert) error {
	doing := fmt.Sprintf("join incident %s", i.ID)
	if i.ETag == "" {
		return fmt.Errorf("%s: %w", doing, errUnread)
	}
	changes := []change{incidentChangeFrom(i.ETag, i.Incident), alertChangeFrom(a)}
	return incidentError(doing, s.submit(ctx, changes), changes)
}

// SaveIncident saves i, which was read as from. In the transaction that
// resolves it, the service's summary ceases to name an incident; one that was
// resolved before leaves it alone, because it may name the next. It returns
// job.ErrConflict if the incident has changed since it was read.
func (s *Store) SaveIncident(ctx context.Context, from job.StoredIncident, i job.Incident) error {
	doing := fmt.Sprintf("save incident %s", i.ID)
	if from.ETag == "" {
		return fmt.Errorf("%s: %w", doing, errUnread)
	}
	changes := []change{incidentChangeFrom(from.ETag, i)}
	if from.Open() && !i.Open() {
		none := ""
		changes = append(changes, summaryChangeOf(i.Service, job.SummaryMove{Incident: &none}))
	}
	return incidentError(doing, s.write(ctx, changes), changes)
}

func incidentChangeFrom(tag string, i job.Incident) change {
	return change{kind: incidentChange, row: incidentRow(i)}.over(tag)
}

func incidentError(doing string, err error, changes []change) error {
	if err == nil {
		return nil
	}
	a := answerOf(err)
	judged := a.about(changes, summaryChange) || a.about(changes, incidentChange) || a.about(changes, alertChange)
	if judged && a.overtaken() {
		return fmt.Errorf("%s: %w", doing, job.ErrConflict)
	}
	return failed(doing, err)
}
