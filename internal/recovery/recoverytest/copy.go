package recoverytest

import (
	"maps"
	"slices"

	"lifeboat/internal/job"
)

// What is kept and what callers hold never share memory: a row changes only by
// a write, as it would in a table.

func copyJob(j job.Job) job.Job {
	j.Warnings = slices.Clone(j.Warnings)
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
