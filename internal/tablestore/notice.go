package tablestore

import (
	"context"
	"fmt"
	"iter"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/job"
)

// AddNotice inserts a notice that no move causes. It returns job.ErrExists.
func (s *Store) AddNotice(ctx context.Context, n job.Notice) error {
	doing := fmt.Sprintf("add notice %s", n.ID)
	err := s.submit(ctx, noticeChanges([]job.Notice{n}))
	if err == nil {
		return nil
	}
	if answerOf(err).exists() {
		return fmt.Errorf("%s: %w", doing, job.ErrExists)
	}
	return failed(doing, err)
}

// Notice reads one notice. It returns job.ErrNotFound.
func (s *Store) Notice(ctx context.Context, service, id string) (job.StoredNotice, error) {
	doing := fmt.Sprintf("read notice %s", id)
	found, err := s.get(ctx, doing, service, noticeKey(id))
	if err != nil {
		return job.StoredNotice{}, err
	}
	n, err := readNotice(found.Value)
	if err != nil {
		return job.StoredNotice{}, fmt.Errorf("%s: %w", doing, err)
	}
	n.ETag = string(found.ETag)
	return n, nil
}

// SaveNotice writes how far n's delivery has got, and nothing else of it. It
// returns job.ErrConflict if that has changed since it was read.
func (s *Store) SaveNotice(ctx context.Context, n job.StoredNotice, d job.Delivery) error {
	doing := fmt.Sprintf("save how far notice %s has got", n.ID)
	if n.ETag == "" {
		return fmt.Errorf("%s: %w", doing, errUnread)
	}
	r := newRow(n.Service, noticeKey(n.ID))
	r.addDelivery(d)
	err := s.write(ctx, []change{{kind: noticeChange, action: aztables.TransactionTypeUpdateMerge, row: r, ifMatch: n.ETag}})
	if err == nil {
		return nil
	}
	if answerOf(err).changed() {
		return fmt.Errorf("%s: %w", doing, job.ErrConflict)
	}
	return failed(doing, err)
}

// Notices yields every notice that is not delivered, pending or given up.
// Notices that can't be read come last, as errors.
func (s *Store) Notices(ctx context.Context) iter.Seq2[job.StoredNotice, error] {
	// Only full metadata promises each row's ETag.
	format := aztables.MetadataFormatFull
	query := &aztables.ListEntitiesOptions{Filter: withPrefix("", noticePrefix, "State ne "+quoted(string(job.Delivered))), Format: &format}
	return listed(ctx, s, "list notices", query, readNotice)
}
