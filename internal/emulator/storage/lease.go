package storage

import (
	"strconv"
	"strings"
	"time"
)

// lease is the lock that a client may hold on a blob. Its state follows from
// the clock, so nothing has to run when it expires.
type lease struct {
	id       string
	infinite bool
	duration time.Duration
	until    time.Time // of a fixed lease, or of the breaking period
	broken   bool      // Break was called; until says when it takes effect
}

// The states of a lease, as the service names them.
const (
	leaseAvailable = "available"
	leaseLeased    = "leased"
	leaseExpired   = "expired"
	leaseBreaking  = "breaking"
	leaseBroken    = "broken"
)

// Errors that leases give, to their own operations and to others.
var (
	errLeasePresent   = &Error{409, "LeaseAlreadyPresent", "There is already a lease present."}
	errLeaseAbsent    = &Error{409, "LeaseNotPresentWithLeaseOperation", "There is currently no lease on the blob."}
	errLeaseMismatch  = &Error{409, "LeaseIdMismatchWithLeaseOperation", "The lease ID specified did not match the lease ID for the blob."}
	errLeaseBreaking  = &Error{409, "LeaseIsBreakingAndCannotBeAcquired", "The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken."}
	errLeaseNoChange  = &Error{409, "LeaseIsBreakingAndCannotBeChanged", "The lease ID matched, but the lease is currently in breaking state and cannot be changed."}
	errLeaseNoRenewal = &Error{409, "LeaseIsBrokenAndCannotBeRenewed", "The lease ID matched, but the lease has been broken explicitly and cannot be renewed."}
	errLeaseMissing   = &Error{412, "LeaseIdMissing", "There is currently a lease on the blob and no lease ID was specified in the request."}
	errLeaseOther     = &Error{412, "LeaseIdMismatchWithBlobOperation", "The lease ID specified did not match the lease ID for the blob."}
	errLeaseNone      = &Error{412, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the blob."}
	errLeaseLost      = &Error{412, "LeaseLost", "A lease ID was specified, but the lease for the blob has expired."}
)

func (l *lease) state(now time.Time) string {
	switch {
	case l.id == "":
		return leaseAvailable
	case l.broken && now.Before(l.until):
		return leaseBreaking
	case l.broken:
		return leaseBroken
	case l.infinite || now.Before(l.until):
		return leaseLeased
	}
	return leaseExpired
}

// locks says whether a write needs the lease's ID.
func (l *lease) locks(now time.Time) bool {
	state := l.state(now)
	return state == leaseLeased || state == leaseBreaking
}

// allows checks a read or a write of the blob that names id, or names none.
func (l *lease) allows(id string, write bool, now time.Time) error {
	locked := l.locks(now)
	switch {
	case id == "" && (!locked || !write):
		return nil
	case id == "":
		return errLeaseMissing
	case locked && !strings.EqualFold(id, l.id):
		return errLeaseOther
	case locked:
		return nil
	case l.id != "" && strings.EqualFold(id, l.id):
		return errLeaseLost
	}
	return errLeaseNone
}

// written forgets a lease that has run out: after a write by somebody else it
// can't be renewed.
func (l *lease) written(now time.Time) {
	if !l.locks(now) {
		*l = lease{}
	}
}

func (l *lease) acquire(id string, d time.Duration, now time.Time) error {
	same := strings.EqualFold(id, l.id)
	switch state := l.state(now); {
	case state == leaseBreaking && same:
		return errLeaseBreaking
	case l.locks(now) && !same:
		return errLeasePresent
	}
	*l = lease{id: id}
	l.extend(d, now)
	return nil
}

func (l *lease) extend(d time.Duration, now time.Time) {
	l.duration, l.infinite = d, d < 0
	l.until = now.Add(d)
}

func (l *lease) renew(id string, now time.Time) error {
	switch err := l.owned(id); {
	case err != nil:
		return err
	case l.broken:
		return errLeaseNoRenewal
	}
	l.extend(l.duration, now)
	return nil
}

func (l *lease) change(id, proposed string, now time.Time) error {
	if strings.EqualFold(proposed, l.id) && l.state(now) == leaseLeased {
		return nil // a repeated request, whose first answer was lost
	}
	state := l.state(now)
	if state != leaseLeased && state != leaseBreaking {
		return errLeaseAbsent
	}
	if err := l.owned(id); err != nil {
		return err
	}
	if state == leaseBreaking {
		return errLeaseNoChange
	}
	l.id = proposed
	return nil
}

func (l *lease) release(id string) error {
	if err := l.owned(id); err != nil {
		return err
	}
	*l = lease{}
	return nil
}

// breakUp ends the lease after the shorter of the period asked for and what is
// left of it, and returns how long that is.
func (l *lease) breakUp(period *time.Duration, now time.Time) (time.Duration, error) {
	var left time.Duration
	switch l.state(now) {
	case leaseAvailable:
		return 0, errLeaseAbsent
	case leaseBroken, leaseExpired:
		left = 0
	default:
		left = l.until.Sub(now)
		if l.infinite && !l.broken {
			left = 0
			if period != nil {
				left = *period
			}
		} else if period != nil {
			left = min(left, *period)
		}
	}
	l.broken, l.infinite, l.until = true, false, now.Add(left)
	return left, nil
}

// owned wants the holder's ID; nobody has that of no lease.
func (l *lease) owned(id string) error {
	if !strings.EqualFold(id, l.id) {
		return errLeaseMismatch
	}
	return nil
}

// leaseDuration reads 15 to 60 seconds, or -1 for ever.
func leaseDuration(text string) (time.Duration, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n != -1 && (n < 15 || n > 60) {
		return 0, errHeaderValue
	}
	return time.Duration(n) * time.Second, nil
}

// words are the lease as properties tell it. The duration is told only of a
// lease that is held.
func (l *lease) words(now time.Time) (status, state, duration string) {
	status, state = "unlocked", l.state(now)
	if l.locks(now) {
		status = "locked"
	}
	if state == leaseLeased {
		duration = "fixed"
		if l.infinite {
			duration = "infinite"
		}
	}
	return status, state, duration
}
