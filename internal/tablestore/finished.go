package tablestore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/job"
)

// finishedKind is how the rows of one kind are found that are over.
type finishedKind struct {
	prefix string
	over   []string // conditions, beside the time
	when   string   // the property that says since when
	read   func([]byte) (job.Finished, error)
}

var finishedKinds = []finishedKind{
	{jobPrefix, []string{"Active eq false"}, "EndedAt", func(row []byte) (job.Finished, error) {
		j, err := readStoredJob(row)
		return job.Finished{Job: &j}, err
	}},
	{noticePrefix, []string{"State ne " + quoted(string(job.DeliveryPending))}, "NotBefore", func(row []byte) (job.Finished, error) {
		n, err := readNotice(row)
		return job.Finished{Notice: &n}, err
	}},
	{incidentPrefix, []string{"Open eq false"}, "ResolvedAt", func(row []byte) (job.Finished, error) {
		i, err := readIncident(row)
		return job.Finished{Incident: &i}, err
	}},
	{alertPrefix, nil, "FiredAt", func(row []byte) (job.Finished, error) {
		a, err := readStoredAlert(row)
		return job.Finished{Alert: &a}, err
	}},
	{pointPrefix, []string{"Withdrawn gt " + datetime(earliest)}, "Withdrawn", func(row []byte) (job.Finished, error) {
		p, err := readPoint(row)
		return job.Finished{Point: &p}, err
	}},
}

// Finished yields the rows of a partition that say of something that it was
// over before a time, each with its tag, and alerts that fired before it. Rows
// that can't be read come as errors after the others of their kind; after any
// other error nothing comes.
func (s *Store) Finished(ctx context.Context, service string, before time.Time) iter.Seq2[job.Finished, error] {
	// Only full metadata promises each row's ETag.
	format := aztables.MetadataFormatFull
	doing := fmt.Sprintf("list what is over of service %s", service)
	return func(yield func(job.Finished, error) bool) {
		for _, kind := range finishedKinds {
			filter := withPrefix(service, kind.prefix, append(kind.over, kind.when+" lt "+datetime(before))...)
			query := &aztables.ListEntitiesOptions{Filter: filter, Format: &format}
			var unreadable []error
			for row, err := range rows(ctx, s, doing, query) {
				if err != nil {
					yield(job.Finished{}, err)
					return
				}
				f, err := kind.read(row)
				if err != nil {
					unreadable = append(unreadable, err)
				} else if !yield(f, nil) {
					return
				}
			}
			for _, err := range unreadable {
				if !yield(job.Finished{}, err) {
					return
				}
			}
		}
	}
}

// datetime is t as a filter has it.
func datetime(t time.Time) string { return "datetime" + quoted(edmTime(t)) }

// Remove removes a row unless it changed since it was read; then it returns
// job.ErrConflict, or job.ErrNotFound if it is gone.
func (s *Store) Remove(ctx context.Context, f job.Finished) error {
	service, key, tag := rowOf(f)
	if key == "" {
		return errors.New("remove a row: it was not said which")
	}
	doing := fmt.Sprintf("remove row %s of service %s", shortened(key, maxName), service)
	if tag == "" {
		return fmt.Errorf("%s: %w", doing, errUnread)
	}
	etag := azcore.ETag(tag)
	_, err := s.client.DeleteEntity(ctx, service, key, &aztables.DeleteEntityOptions{IfMatch: &etag})
	return rowError(doing, err)
}

// rowOf is where f is, and the tag with which it was read.
func rowOf(f job.Finished) (service, key, tag string) {
	switch {
	case f.Job != nil:
		return f.Job.Service, jobKey(f.Job.ID), f.Job.ETag
	case f.Notice != nil:
		return f.Notice.Service, noticeKey(f.Notice.ID), f.Notice.ETag
	case f.Incident != nil:
		return f.Incident.Service, incidentPrefix + f.Incident.ID, f.Incident.ETag
	case f.Alert != nil:
		return f.Alert.Service, alertKey(f.Alert.ID), f.Alert.ETag
	case f.Point != nil:
		return f.Point.Service, pointKey(f.Point.StartedAt, f.Point.Job), f.Point.ETag
	}
	return "", "", ""
}
