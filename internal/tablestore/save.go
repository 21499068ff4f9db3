package tablestore

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/job"
)

// errUnread: without the tag of a read, Azure would take a conditional change
// for an unconditional one.
var errUnread = fmt.Errorf("row was never read: %w", job.ErrConflict)

// Save writes all of m or nothing. It returns job.ErrConflict if the job, or
// the summary that m rests on, was saved since it was read, and job.ErrLeased
// if m takes a lease that another job holds.
func (s *Store) Save(ctx context.Context, m job.Move) error {
	doing := fmt.Sprintf("save revision %d of job %s", m.To.Revision, m.To.ID)
	if m.From.ETag == "" {
		return fmt.Errorf("%s: %w", doing, errUnread)
	}
	changes := changesOf(m)
	err := s.write(ctx, changes)
	if err == nil {
		return nil
	}
	if a := answerOf(err); a.missing() && a.about(changes, leaseChange) {
		// Somebody removed the lease by hand. Insisting on removing it would
		// keep the job from ever ending.
		changes = without(changes, leaseChange)
		if err = s.write(ctx, changes); err == nil {
			return nil
		}
	}
	return saveError(doing, err, changes)
}

func saveError(doing string, err error, changes []change) error {
	a := answerOf(err)
	switch {
	case a.changed() && a.about(changes, jobChange), a.overtaken() && a.about(changes, summaryChange):
		return fmt.Errorf("%s: %w", doing, job.ErrConflict)
	case a.exists() && a.about(changes, leaseChange):
		return fmt.Errorf("%s: %w", doing, job.ErrLeased)
	case a.exists() && a.about(changes, pointChange):
		// The same attempt's point can only be there by the same move.
		return fmt.Errorf("%s: its point is there: %w", doing, job.ErrConflict)
	case a.exists() && a.about(changes, noticeChange):
		// Likewise: its id has the job's revision.
		return fmt.Errorf("%s: its notice is there: %w", doing, job.ErrConflict)
	}
	return failed(doing, err)
}

// changesOf is m row by row. The job comes first, so that a move that was
// overtaken is told as just that.
func changesOf(m job.Move) []change {
	changes := []change{{kind: jobChange, action: aztables.TransactionTypeUpdateMerge, row: jobRow(m.To), ifMatch: m.From.ETag}}
	lease := change{kind: leaseChange, row: leaseRow(m.HeldLease())}
	switch m.Lease() {
	case job.TakeLease:
		lease.action = aztables.TransactionTypeAdd
		changes = append(changes, lease)
	case job.OrphanLease:
		// An upsert: the operation may run even if the lease was removed.
		lease.action = aztables.TransactionTypeInsertMerge
		changes = append(changes, lease)
	case job.ReleaseLease:
		lease.action, lease.ifMatch = aztables.TransactionTypeDelete, string(azcore.ETagAny)
		changes = append(changes, lease)
	}
	if m.Point != nil {
		changes = append(changes, change{kind: pointChange, action: aztables.TransactionTypeAdd, row: pointRow(*m.Point)})
	}
	if summary := m.Summary(); !summary.Empty() {
		c := summaryChangeOf(m.To.Service, summary)
		if m.Judged != nil {
			c = c.over(*m.Judged)
		}
		changes = append(changes, c)
	}
	return append(changes, noticeChanges(m.Notices())...)
}

// changeKind says which of a partition's rows a change is about.
type changeKind int

const (
	jobChange changeKind = iota
	leaseChange
	pointChange
	summaryChange
	incidentChange
	alertChange
	noticeChange
	counterChange
)

// change is one row's part of a transaction.
type change struct {
	kind    changeKind
	action  aztables.TransactionType
	row     row
	ifMatch string // "" for a change without a condition
}

func summaryChangeOf(service string, m job.SummaryMove) change {
	return change{kind: summaryChange, action: aztables.TransactionTypeInsertMerge, row: summaryRow(service, m)}
}

// summaryChangeFrom fails if the summary is not as it was read.
func summaryChangeFrom(read job.StoredSummary, service string, m job.SummaryMove) change {
	return change{kind: summaryChange, row: summaryRow(service, m)}.over(read.ETag)
}

// over makes c a change of a row as it was read, or of one that was not there
// if there is no tag.
func (c change) over(tag string) change {
	c.action = aztables.TransactionTypeAdd
	if tag != "" {
		c.action, c.ifMatch = aztables.TransactionTypeUpdateMerge, tag
	}
	return c
}

func without(changes []change, kind changeKind) []change {
	var rest []change
	for _, c := range changes {
		if c.kind != kind {
			rest = append(rest, c)
		}
	}
	return rest
}

// write makes all changes or none, a lone update without the cost of a
// transaction.
func (s *Store) write(ctx context.Context, changes []change) error {
	if len(changes) > 1 || changes[0].action != aztables.TransactionTypeUpdateMerge {
		return s.submit(ctx, changes)
	}
	entity, err := changes[0].row.encode()
	if err != nil {
		return err
	}
	tag := azcore.ETag(changes[0].ifMatch)
	_, err = s.client.UpdateEntity(ctx, entity, &aztables.UpdateEntityOptions{IfMatch: &tag, UpdateMode: aztables.UpdateModeMerge})
	return err
}
