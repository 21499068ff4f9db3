package recoverytest

import "lifeboat/internal/job"

// Later is a change of a sidecar into all that p says of what became known
// later.
func Later(p job.Point) func(*job.Point) {
	return func(says *job.Point) {
		says.ConcurrentChanges, says.Held, says.HeldBy = p.ConcurrentChanges, p.Held, p.HeldBy
		says.Withdrawn, says.WithdrawnWhy = p.Withdrawn, p.WithdrawnWhy
	}
}
