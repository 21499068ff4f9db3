package arm

import (
	"cmp"
	"net/http"
	"time"
)

// Fault is what goes wrong with the next operation of a service. Faults of the
// HTTP exchange itself (5xx, resets, 429) belong to the transport.
type Fault struct {
	Fail     *Failure      // at the operation's end, instead of its effect
	Duration time.Duration // instead of the service's own
	Lost     bool          // polls answer 404 from the start
	Blob     BlobFault     // what a backup leaves behind

	NoLocation     bool   // the 202s say nothing about where to poll
	Endpoint       string // scheme and host that Location names instead of ARM's
	RetryAfterDate bool   // Retry-After as an HTTP date

	// FinalState is what the service says after the operation, beginning with
	// the final answer's body; for good, or for FinalStateFor. "Updating" keeps
	// the SDK's poller going and "Failed" turns a good backup into an error.
	FinalState    string
	FinalStateFor time.Duration
}

// Failure is an operation's end as an error.
type Failure struct {
	Status        int // 400 if zero
	Code, Message string
}

// BlobFault is what a backup writes although it succeeds.
type BlobFault string

const (
	BlobMissing   BlobFault = "missing"
	BlobEmpty     BlobFault = "empty"
	BlobTruncated BlobFault = "truncated"
)

func (f Fault) status() int {
	if f.Fail == nil {
		return http.StatusBadRequest
	}
	return cmp.Or(f.Fail.Status, http.StatusBadRequest)
}
