// Package event decodes what Event Grid delivers, in its own schema and as
// CloudEvents 1.0, and says what it means: that a service was changed, that a
// blob is gone, or that there is nothing to do, and why. Whether the plan
// knows the service or the blob is for others to tell.
//
// Azure's events carry the caller's claims and address. Nothing of them gets
// out of here.
package event

import (
	"errors"
	"time"
)

// ErrMalformed: this is no event, now or later.
var ErrMalformed = errors.New("malformed event")

// Event is a Change, a BlobDeleted or an Ignored.
type Event interface{ event() }

func (Change) event()      {}
func (BlobDeleted) event() {}
func (Ignored) event()     {}

// Change: something in an API Management service was changed.
type Change struct {
	ID       string    // the sender's own; the same event has the same
	At       time.Time // of the change, UTC
	Resource string    // the ARM id of what was changed, as it came
	Service  string    // the ARM id of the service that it lies in, as it came
	What     string    // the operation's name, or else the event's type; fit for a log
}

// BlobDeleted: a blob is gone, whoever deleted it. The names are as the
// event's path has them.
type BlobDeleted struct {
	ID                       string
	At                       time.Time
	Account, Container, Blob string
}

// Ignored: there is nothing to do about the event.
type Ignored struct {
	ID       string
	At       time.Time
	Type     string // fit for a log
	Reason   IgnoredReason
	Resource string // the ARM id of what it is about, as it came; "" if it names none
}

// IgnoredReason says why there is nothing to do about an event.
type IgnoredReason string

// The reasons.
const (
	NoChange       IgnoredReason = "NoChange"       // API Management tells something else
	NotDone        IgnoredReason = "NotDone"        // the operation failed or was canceled
	Backup         IgnoredReason = "Backup"         // of a service, by anybody
	Restore        IgnoredReason = "Restore"        // of a service, by anybody
	Read           IgnoredReason = "Read"           // an action that only reads
	OtherResource  IgnoredReason = "OtherResource"  // not in an API Management service
	ServiceDeleted IgnoredReason = "ServiceDeleted" // nothing is left to be backed up
	Blob           IgnoredReason = "Blob"           // storage tells something else than a blob's deletion
	UnknownType    IgnoredReason = "UnknownType"
)
