package tablestore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/job"
)

const alertPrefix = "alert|"

// alertKey hashes the id: an alert's is a path, and no key may hold slashes.
func alertKey(id string) string {
	sum := sha256.Sum256([]byte(id))
	return alertPrefix + hex.EncodeToString(sum[:])
}

func alertRow(a job.AlertRecord) row {
	r := newRow(a.Service, alertKey(a.ID))
	r[schemaKey] = schema
	r["ID"] = shortened(a.ID, maxText)
	r["Incident"] = a.Incident
	r["Rule"] = shortened(a.Rule, maxText)
	r["FiredAt"] = a.FiredAt
	r["ResolvedAt"] = a.ResolvedAt
	return r
}

func readAlert(data []byte) (job.AlertRecord, error) {
	stored, err := readStoredAlert(data)
	return stored.AlertRecord, err
}

func readStoredAlert(data []byte) (job.StoredAlert, error) {
	f, err := parse(data)
	if err != nil {
		return job.StoredAlert{}, err
	}
	a := job.StoredAlert{ETag: f.text(etagKey), AlertRecord: job.AlertRecord{
		ID:         f.text("ID"),
		Service:    f.text(partitionKey),
		Incident:   f.text("Incident"),
		Rule:       f.text("Rule"),
		FiredAt:    f.time("FiredAt"),
		ResolvedAt: f.time("ResolvedAt"),
	}}
	return a, f.done()
}

// Alert reads what is kept of one alert. It returns job.ErrNotFound.
func (s *Store) Alert(ctx context.Context, service, id string) (job.StoredAlert, error) {
	doing := fmt.Sprintf("read alert %s of service %s", shortened(id, maxName), service)
	found, err := s.get(ctx, doing, service, alertKey(id))
	if err != nil {
		return job.StoredAlert{}, err
	}
	a, err := readStoredAlert(found.Value)
	if err != nil {
		return job.StoredAlert{}, fmt.Errorf("%s: %w", doing, err)
	}
	a.ETag = string(found.ETag)
	return a, nil
}

// Alerts yields the alerts of one incident. Alerts that can't be read come
// last, as errors.
func (s *Store) Alerts(ctx context.Context, service, incident string) iter.Seq2[job.AlertRecord, error] {
	doing := fmt.Sprintf("list the alerts of incident %s", incident)
	query := &aztables.ListEntitiesOptions{Filter: withPrefix(service, alertPrefix, "Incident eq "+quoted(incident))}
	return listed(ctx, s, doing, query, readAlert)
}

// RecordAlert writes what is kept of an alert. It returns job.ErrConflict if
// that has changed since it was read, or if a was never read and is there.
func (s *Store) RecordAlert(ctx context.Context, a job.StoredAlert) error {
	doing := fmt.Sprintf("record alert %s of service %s", shortened(a.ID, maxName), a.Service)
	changes := []change{alertChangeFrom(a)}
	return incidentError(doing, s.write(ctx, changes), changes)
}

// alertChangeFrom fails if what is kept of the alert is not as it was read.
func alertChangeFrom(a job.StoredAlert) change {
	return change{kind: alertChange, row: alertRow(a.AlertRecord)}.over(a.ETag)
}
