package job

// Lease says which job may operate on a service. It is taken and given up in
// the transaction of the move that starts and ends that right; no clock
// releases it.
type Lease struct {
	Service string
	Job     string
	// Orphaned: the job ended by its deadline while an operation may still
	// be running. ResumeToken follows that operation, where there is one.
	Orphaned    bool
	ResumeToken string
}

// LeaseMove is what a move of a job does to its service's lease.
type LeaseMove int

// The moves of a lease.
const (
	KeepLease LeaseMove = iota
	TakeLease
	ReleaseLease
	OrphanLease
)

// LeaseBetween is what must happen to the lease in the same transaction that
// turns from into to.
func LeaseBetween(from, to Job) LeaseMove {
	switch {
	case !from.State.HoldsLease() && to.State.HoldsLease():
		return TakeLease
	case !from.State.HoldsLease() && to.Kind == Restore && to.State == Succeeded:
		// It needed no operation, but nobody else may begin one on what serves
		// from here on: the lease says so until it is given up.
		return TakeLease
	case from.State.HoldsLease() && !to.State.HoldsLease():
		if to.Stranded {
			return OrphanLease
		}
		return ReleaseLease
	default:
		return KeepLease
	}
}
