package recoverytest

import (
	"maps"
	"slices"

	"lifeboat/internal/job"
)

// What is kept and what callers hold never share memory: a row changes only by
// a write, as it would in a table.

func copyJob(j job.Job) job.Job {
	j.Warnings, j.History = slices.Clone(j.Warnings), slices.Clone(j.History)
	j.Attempt.Settings = maps.Clone(j.Attempt.Settings)
	if j.Restore != nil {
		order := *j.Restore
		order.Gates = slices.Clone(order.Gates)
		order.Point = copyPoint(order.Point)
		j.Restore = &order
	}
	return j
}

func copyStored(s job.Stored) job.Stored {
	s.Job = copyJob(s.Job)
	return s
}

func copyPoint(p job.Point) job.Point {
	p.Settings = maps.Clone(p.Settings)
	return p
}

func copyNotice(n job.StoredNotice) job.StoredNotice {
	n.Facts = copyFacts(n.Facts)
	n.Delivery = copyDelivery(n.Delivery)
	return n
}

func copyFacts(f job.NoticeFacts) job.NoticeFacts {
	f.Warnings, f.Gates = slices.Clone(f.Warnings), slices.Clone(f.Gates)
	return f
}

func copyDelivery(d job.Delivery) job.Delivery {
	d.Done = slices.Clone(d.Done)
	return d
}
