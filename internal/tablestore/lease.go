package tablestore

import (
	"context"
	"fmt"
	"iter"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/job"
)

const leaseKey = "lease"

func leaseRow(l job.Lease) row {
	r := newRow(l.Service, leaseKey)
	r[schemaKey] = schema
	r["Job"] = l.Job
	r["Orphaned"] = l.Orphaned
	r["ResumeToken"] = l.ResumeToken
	return r
}

func readLease(data []byte) (job.StoredLease, error) {
	f, err := parse(data)
	if err != nil {
		return job.StoredLease{}, err
	}
	l := job.StoredLease{
		Lease: job.Lease{
			Service:     f.text(partitionKey),
			Job:         f.text("Job"),
			Orphaned:    f.bool("Orphaned"),
			ResumeToken: f.text("ResumeToken"),
		},
		ETag: f.text(etagKey),
	}
	return l, f.done()
}

// Lease reads a service's lease. It returns job.ErrNotFound if nobody holds
// it.
func (s *Store) Lease(ctx context.Context, service string) (job.StoredLease, error) {
	doing := fmt.Sprintf("read the lease of service %s", service)
	found, err := s.get(ctx, doing, service, leaseKey)
	if err != nil {
		return job.StoredLease{}, err
	}
	lease, err := readLease(found.Value)
	if err != nil {
		return job.StoredLease{}, fmt.Errorf("%s: %w", doing, err)
	}
	lease.ETag = string(found.ETag)
	return lease, nil
}

// Orphans yields every lease whose job ended with an operation that may be
// running. Leases that can't be read come last, as errors.
func (s *Store) Orphans(ctx context.Context) iter.Seq2[job.StoredLease, error] {
	filter := fmt.Sprintf("RowKey eq '%s' and Orphaned eq true", leaseKey)
	// Only full metadata promises each row's ETag.
	format := aztables.MetadataFormatFull
	return listed(ctx, s, "list orphaned leases", &aztables.ListEntitiesOptions{Filter: &filter, Format: &format}, readLease)
}

// Release removes a lease unless it changed since it was read; then it returns
// job.ErrConflict, or job.ErrNotFound if it is gone.
func (s *Store) Release(ctx context.Context, l job.StoredLease) error {
	doing := fmt.Sprintf("release the lease of service %s", l.Service)
	if l.ETag == "" {
		return fmt.Errorf("%s: %w", doing, errUnread)
	}
	tag := azcore.ETag(l.ETag)
	_, err := s.client.DeleteEntity(ctx, l.Service, leaseKey, &aztables.DeleteEntityOptions{IfMatch: &tag})
	return rowError(doing, err)
}

// Follow gives an orphaned lease the resume token of its operation. It returns
// job.ErrNotFound if that job's orphaned lease is not there, and
// job.ErrConflict if it changed meanwhile.
func (s *Store) Follow(ctx context.Context, service, id, resumeToken string) error {
	doing := fmt.Sprintf("keep the handle of job %s in the lease of service %s", id, service)
	read, err := s.get(ctx, doing, service, leaseKey)
	if err != nil {
		return err
	}
	lease, err := readLease(read.Value)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if lease.Job != id || !lease.Orphaned {
		return fmt.Errorf("%s: %w", doing, job.ErrNotFound)
	}
	lease.ResumeToken = resumeToken
	entity, err := leaseRow(lease.Lease).encode()
	if err != nil {
		return err
	}
	_, err = s.client.UpdateEntity(ctx, entity, &aztables.UpdateEntityOptions{IfMatch: &read.ETag, UpdateMode: aztables.UpdateModeMerge})
	return rowError(doing, err)
}
