package tablestore

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/job"
)

const pointPrefix = "point|"

// pointKey sorts a service's points by age.
func pointKey(started time.Time, id string) string {
	return pointPrefix + started.UTC().Format("20060102T150405Z") + "|" + id
}

// pointRow is p's row.
func pointRow(p job.Point) row {
	r := newRow(p.Service, pointKey(p.StartedAt, p.Job))
	r[schemaKey] = schema
	r["Job"] = p.Job
	r["Attempt"] = p.Attempt
	r["Blob"] = p.Blob
	r["Size"] = p.Size
	r["StartedAt"] = p.StartedAt
	r["VerifiedAt"] = p.VerifiedAt
	r["Settings"] = encodeSettings(p.Settings)
	r["ConcurrentChanges"] = p.ConcurrentChanges
	r["Held"] = shortened(p.Held, maxText)
	r["HeldBy"] = shortened(p.HeldBy, maxName)
	r["Pinned"] = p.Pinned
	r["Removing"] = p.Removing
	r["Remover"] = p.Remover
	r["RemovingSince"] = p.RemovingSince
	r["Withdrawn"] = p.Withdrawn
	r["WithdrawnWhy"] = shortened(p.WithdrawnWhy, maxText)
	r.addInventory("Before", p.Before)
	r.addInventory("After", p.After)
	r.addFacts(p.Facts)
	return r
}

func readPoint(data []byte) (job.StoredPoint, error) {
	f, err := parse(data)
	if err != nil {
		return job.StoredPoint{}, err
	}
	p := job.StoredPoint{
		Point: job.Point{
			Service:    f.text(partitionKey),
			Job:        f.text("Job"),
			Attempt:    f.int("Attempt"),
			Blob:       f.text("Blob"),
			Size:       f.int64("Size"),
			StartedAt:  f.time("StartedAt"),
			VerifiedAt: f.time("VerifiedAt"),
			Before:     f.inventory("Before"),
			After:      f.inventory("After"),
			Facts:      f.facts(),
			Settings:   f.settings("Settings"),

			ConcurrentChanges: f.bool("ConcurrentChanges"),
			Held:              f.text("Held"),
			HeldBy:            f.text("HeldBy"),
			Pinned:            f.text("Pinned"),
			Removing:          f.bool("Removing"),
			Remover:           f.text("Remover"),
			RemovingSince:     f.time("RemovingSince"),
			Withdrawn:         f.time("Withdrawn"),
			WithdrawnWhy:      f.text("WithdrawnWhy"),
		},
		ETag: f.text(etagKey),
	}
	return p, f.done()
}

// Point reads one point of a service by its blob, withdrawn or not. It returns
// job.ErrNotFound.
func (s *Store) Point(ctx context.Context, service, blob string) (job.StoredPoint, error) {
	doing := fmt.Sprintf("find the point of blob %s of service %s", shortened(blob, maxName), service)
	// Only full metadata promises each row's ETag.
	format := aztables.MetadataFormatFull
	query := &aztables.ListEntitiesOptions{Filter: withPrefix(service, pointPrefix, "Blob eq "+quoted(blob)), Format: &format}
	for p, err := range listed(ctx, s, doing, query, readPoint) {
		if err != nil {
			return job.StoredPoint{}, fmt.Errorf("%s: %w", doing, err)
		}
		return p, nil
	}
	return job.StoredPoint{}, fmt.Errorf("%s: %w", doing, job.ErrNotFound)
}

// RemovePoint removes the row of a point. It returns job.ErrConflict if that
// has changed since it was read, and job.ErrNotFound if it is gone.
func (s *Store) RemovePoint(ctx context.Context, p job.StoredPoint) error {
	doing := fmt.Sprintf("remove the point of blob %s of service %s", shortened(p.Blob, maxName), p.Service)
	if p.ETag == "" {
		return fmt.Errorf("%s: %w", doing, errUnread)
	}
	tag := azcore.ETag(p.ETag)
	_, err := s.client.DeleteEntity(ctx, p.Service, pointKey(p.StartedAt, p.Job), &aztables.DeleteEntityOptions{IfMatch: &tag})
	return rowError(doing, err)
}

// Points yields the points of a service, newest first. The keys have them
// oldest first, so all are read before the first is yielded: if that fails,
// none is, lest an old one be taken for the newest. Points that can't be
// decoded come last, as errors.
func (s *Store) Points(ctx context.Context, service string) iter.Seq2[job.Point, error] {
	doing := fmt.Sprintf("list the points of service %s", service)
	return func(yield func(job.Point, error) bool) {
		var points []job.Point
		var unreadable []error
		for entity, err := range rows(ctx, s, doing, &aztables.ListEntitiesOptions{Filter: withPrefix(service, pointPrefix)}) {
			if err != nil {
				yield(job.Point{}, err)
				return
			}
			if p, err := readPoint(entity); err != nil {
				unreadable = append(unreadable, err)
			} else {
				points = append(points, p.Point)
			}
		}
		slices.SortStableFunc(points, func(a, b job.Point) int {
			return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(b.Job, a.Job))
		})
		for _, p := range points {
			if !yield(p, nil) {
				return
			}
		}
		for _, err := range unreadable {
			if !yield(job.Point{}, err) {
				return
			}
		}
	}
}

func (r row) addInventory(prefix string, i job.Inventory) {
	r[prefix+"APIs"], r[prefix+"APIsHash"] = i.APIs.Count, i.APIs.Hash
	r[prefix+"Products"], r[prefix+"ProductsHash"] = i.Products.Count, i.Products.Hash
	r[prefix+"NamedValues"], r[prefix+"NamedValuesHash"] = i.NamedValues.Count, i.NamedValues.Hash
}

func (f *fields) inventory(prefix string) job.Inventory {
	return job.Inventory{
		APIs:        f.tally(prefix + "APIs"),
		Products:    f.tally(prefix + "Products"),
		NamedValues: f.tally(prefix + "NamedValues"),
	}
}

func (f *fields) tally(name string) job.Tally {
	return job.Tally{Count: f.int(name), Hash: f.text(name + "Hash")}
}

func (r row) addFacts(facts job.Facts) {
	r["Tier"], r["Units"], r["Location"] = facts.Tier, facts.Units, facts.Location
}

func (f *fields) facts() job.Facts {
	return job.Facts{Tier: f.text("Tier"), Units: f.int("Units"), Location: f.text("Location")}
}
