package tablestore

import "lifeboat/internal/job"

// order reads a property that encodeOrder wrote.
func (f *fields) order(name string) *job.RestoreOrder {
	wire, ok := nested[restoreOrder](f, name)
	if !ok {
		return nil
	}
	o := wire.order()
	return &o
}

func (w restoreOrder) order() job.RestoreOrder {
	approval := job.Approval(w.Approval)
	approval.At, approval.Expires = kept(approval.At), kept(approval.Expires)
	o := job.RestoreOrder{
		Source:    w.Source,
		Incident:  w.Incident,
		Request:   w.Request,
		Wanted:    w.Wanted,
		By:        w.By,
		Why:       w.Why,
		Automatic: w.Automatic,
		Rule:      w.Rule,
		FiredAt:   kept(w.FiredAt),
		Warm:      w.Warm,
		Point:     w.Point.point(),
		Approval:  approval,
		Safety:    job.Artefact(w.Safety),
		Attempted: kept(w.Attempted),

		GatewayURL:    w.GatewayURL,
		ManagementURL: w.ManagementURL,
	}
	for _, g := range w.Gates {
		o.Gates = append(o.Gates, job.Gate(g))
	}
	return o
}

func (w orderPoint) point() job.Point {
	return job.Point{
		Service:    w.Service,
		Job:        w.Job,
		Attempt:    w.Attempt,
		Blob:       w.Blob,
		Size:       w.Size,
		StartedAt:  kept(w.StartedAt),
		VerifiedAt: kept(w.VerifiedAt),
		Before:     w.Before.inventory(),
		After:      w.After.inventory(),
		Facts:      job.Facts(w.Facts),
		Settings:   w.Settings,

		ConcurrentChanges: w.ConcurrentChanges,
		Held:              w.Held,
		HeldBy:            w.HeldBy,
		Pinned:            w.Pinned,
		Removing:          w.Removing,
		Remover:           w.Remover,
		RemovingSince:     kept(w.RemovingSince),
		Withdrawn:         kept(w.Withdrawn),
		WithdrawnWhy:      w.WithdrawnWhy,
	}
}

func (w orderInventory) inventory() job.Inventory {
	return job.Inventory{APIs: job.Tally(w.APIs), Products: job.Tally(w.Products), NamedValues: job.Tally(w.NamedValues)}
}
