package job

import (
	"errors"
	"fmt"
	"time"
)

// What callers branch on. Adapters translate once, at the edge.
var (
	// ErrNotFound: there is no such row or blob.
	ErrNotFound = errors.New("not found")
	// ErrExists: a row or blob of that name is there already.
	ErrExists = errors.New("exists already")
	// ErrConflict: somebody saved the row since it was read.
	ErrConflict = errors.New("changed by somebody else")
	// ErrLeased: another job holds the service's lease.
	ErrLeased = errors.New("service is leased by another job")
	// ErrNewerSchema: a newer version of Lifeboat wrote the row.
	ErrNewerSchema = errors.New("written by a newer version")
	// ErrUnreadable: one record can't be understood, which says nothing about
	// the others.
	ErrUnreadable = errors.New("record can't be read")

	// ErrEnded: the job has ended and takes no more events.
	ErrEnded = errors.New("job has ended")
	// ErrImpossible: the event does not happen in the job's state.
	ErrImpossible = errors.New("event is impossible in this state")
	// ErrTooLate: the request to Azure has been sent; ARM has no cancel.
	ErrTooLate = errors.New("too late: the operation has been requested from Azure, which can't cancel it")
)

// What Azure's management API answered, as far as a job's life depends on it.
var (
	// ErrUnsent: the request never left, so it cannot have landed.
	ErrUnsent = errors.New("request was not sent")
	// ErrBusy: another operation holds the service (409). Nothing landed.
	ErrBusy = errors.New("service is busy")
	// ErrThrottled: too many requests (429). Nothing landed.
	ErrThrottled = errors.New("throttled")
	// ErrRefused: a definite 4xx. Nothing landed.
	ErrRefused = errors.New("refused")
	// ErrUnanswered: the request may or may not have landed.
	ErrUnanswered = errors.New("request may or may not have landed")
	// ErrUnavailable: the look told nothing; look again later.
	ErrUnavailable = errors.New("no usable answer")
	// ErrHandleLost: the operation can't be followed by its token any more.
	ErrHandleLost = errors.New("operation can't be followed any more")
	// ErrOperationFailed: Azure says that the operation failed.
	ErrOperationFailed = errors.New("operation failed")
)

// AzureError is an answer, or the lack of one, from Azure. Kind is one of the
// sentinels above and is what errors.Is finds; Code and Message are Azure's
// own words.
type AzureError struct {
	Kind       error
	Doing      string // what was tried, on what
	Status     int    // HTTP status, 0 if there was no answer
	Code       string
	Message    string
	RetryAfter time.Duration // 0 if not said
	Err        error         // cause, where there was no answer
}

// Error names what was tried and gives Azure's own words where there are any.
func (e *AzureError) Error() string {
	switch {
	case e.Code != "" && e.Message != "":
		return fmt.Sprintf("%s: %s: %s", e.Doing, e.Code, e.Message)
	case e.Code != "":
		return fmt.Sprintf("%s: %s", e.Doing, e.Code)
	case e.Message != "":
		return fmt.Sprintf("%s: %s", e.Doing, e.Message)
	case e.Err != nil:
		return fmt.Sprintf("%s: %v", e.Doing, e.Err)
	case e.Status != 0:
		return fmt.Sprintf("%s: HTTP %d", e.Doing, e.Status)
	default:
		return fmt.Sprintf("%s: %v", e.Doing, e.Kind)
	}
}

// Unwrap lets errors.Is find both the kind and the cause.
func (e *AzureError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
