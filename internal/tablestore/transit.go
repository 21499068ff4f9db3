package tablestore

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/job"
)

// Transit writes all of t or nothing. It returns job.ErrConflict if the
// summary, or a point of t, has changed since it was read, or if one of its
// notices or added points is there already, and job.ErrExists if there is a job
// of that id. What no transaction can hold is an error before anything is sent.
func (s *Store) Transit(ctx context.Context, t job.Transition) error {
	doing := fmt.Sprintf("change service %s", t.Read.Service)
	// The summary comes first, and is there even if nothing changes in it: its
	// tag is what everything hangs on.
	changes := []change{summaryChangeFrom(t.Read, t.Read.Service, t.Summary)}
	if t.Job != nil {
		changes = append(changes, change{kind: jobChange, action: aztables.TransactionTypeAdd, row: jobRow(*t.Job)})
	}
	for _, p := range t.Points {
		if p.From.ETag == "" {
			return fmt.Errorf("%s: point of blob %s: %w", doing, p.To.Blob, errUnread)
		}
		changes = append(changes, change{kind: pointChange, action: aztables.TransactionTypeUpdateMerge, row: pointRow(p.To), ifMatch: p.From.ETag})
	}
	for _, p := range t.Added {
		changes = append(changes, change{kind: pointChange, action: aztables.TransactionTypeAdd, row: pointRow(p)})
	}
	changes = append(changes, noticeChanges(t.Notices)...)
	if err := s.write(ctx, changes); err != nil {
		return transitError(doing, err, changes)
	}
	return nil
}

func transitError(doing string, err error, changes []change) error {
	a := answerOf(err)
	switch {
	case a.exists() && a.about(changes, jobChange):
		return fmt.Errorf("%s: its job: %w", doing, job.ErrExists)
	case a.overtaken() && a.about(changes, summaryChange):
		return fmt.Errorf("%s: its summary: %w", doing, job.ErrConflict)
	case a.changed() && a.about(changes, pointChange):
		return fmt.Errorf("%s: its point: %w", doing, job.ErrConflict)
	case a.exists() && a.about(changes, pointChange):
		return fmt.Errorf("%s: its point is there: %w", doing, job.ErrConflict)
	case a.exists() && a.about(changes, noticeChange):
		return fmt.Errorf("%s: its notice is there: %w", doing, job.ErrConflict)
	}
	return failed(doing, err)
}
