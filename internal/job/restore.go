package job

import (
	"fmt"
	"strings"
	"time"
)

// RestoreOrder is what a restore job was asked to do and how far that got.
type RestoreOrder struct {
	Source   string // the service whose point is restored
	Incident string // the incident that asked, if any
	Request  string // the request's id
	Wanted   string // the point's blob that the request named; "" is the newest
	By       string // who asked, as asserted
	Why      string
	// Automatic: an alert asked, not a person.
	Automatic bool
	Rule      string    // of the alert
	FiredAt   time.Time // of the alert
	// Warm: a refresh after a backup, not a failover.
	Warm bool

	Point    Point // what is restored; zero until it is chosen
	Gates    []Gate
	Approval Approval
	// Safety is what the safety backup left, once it is verified.
	Safety Artefact
	// Attempted: a request to overwrite the target was about to be sent. From
	// then on no other is, unless that one provably did not land.
	Attempted time.Time
	// GatewayURL and ManagementURL are the target's, for whoever sends it
	// traffic; known from the end on.
	GatewayURL, ManagementURL string
}

// Gate is one condition of a restore with its verdict, as it was recorded.
type Gate struct {
	Name     string
	Outcome  string
	Sentence string
}

// Approval is a person's yes. By is what the message said; Service Bus gives
// no trustworthy sender.
type Approval struct {
	By, Why string
	At      time.Time
	Expires time.Time // of an approval that is asked for
}

// NewRestore is the restore of order's source onto target. cause makes its id:
// the same cause is the same job.
func NewRestore(target, cause string, order RestoreOrder, rules Rules, now time.Time) Job {
	return Job{
		ID:        RestoreID(target, cause),
		Kind:      Restore,
		Service:   target,
		Due:       now.UTC(),
		State:     Pending,
		Revision:  1,
		NotBefore: now.UTC(),
		Deadline:  now.Add(rules.Deadline).UTC(),
		CreatedAt: now.UTC(),
		UpdatedAt: now.UTC(),
		History:   []Step{{State: Pending, At: now.UTC()}},
		Restore:   &order,
	}
}

// order returns j's order, to be changed without changing the job it came
// from.
func (j Job) order() RestoreOrder {
	if j.Restore == nil {
		return RestoreOrder{}
	}
	return *j.Restore
}

func (j Job) ordered(o RestoreOrder) Job {
	j.Restore = &o
	return j
}

// Blocked: a gate says no.
type Blocked struct {
	Gates  []Gate
	Reason string
}

func (e Blocked) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if !j.Choosing() {
		return j, ErrImpossible
	}
	o := j.order()
	o.Gates = e.Gates
	j.Code, j.Message = CodeGateRefused, e.Reason
	return j.ordered(o).end(Failed, now), nil
}

// Choosing reports whether nothing but the gates stands between a restore and
// its next intent: it waits, or its safety backup has been verified.
func (j Job) Choosing() bool {
	return j.Kind == Restore && (j.State == Pending || j.safe())
}

// safe reports whether j holds the lease with its safety backup done.
func (j Job) safe() bool {
	return j.State == Verifying && j.Attempt.Phase == SafetyBackup && j.Restore != nil && j.Restore.Safety.Name != ""
}

// Held: a gate says not yet.
type Held struct {
	Gates  []Gate
	Reason string
	Until  time.Time
}

const (
	// longHold is a wait for a time that was set: a maintenance's end, an
	// alert's age. One for somebody else's operation is told by the minute,
	// and costs the job its own time.
	longHold = 10 * time.Minute
	// MostHeld is how long a restore may be held, or wait for an approval, from
	// its order on.
	MostHeld = 14 * 24 * time.Hour
	// heldLook is how often a restore that is held for long looks whether it
	// still is: a person may end a maintenance sooner.
	heldLook = 15 * time.Minute
)

func (e Held) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if !j.Choosing() {
		return j, ErrImpossible
	}
	o := j.order()
	o.Gates = e.Gates
	j = j.ordered(o)
	j.State, j.Reason = Pending, e.Reason
	if e.Until.Sub(now) > longHold {
		// What outlasts the hold is given as much time as any other.
		until := e.Until.Add(rules.Deadline)
		if most := j.CreatedAt.Add(MostHeld); until.After(most) {
			until = most
		}
		j.Deadline = later(j.Deadline, until).UTC()
	}
	j.NotBefore = now.Add(min(max(e.Until.Sub(now), rules.PollMin), heldLook))
	return j, nil
}

// AskApproval: every other gate has passed, and a person must approve.
type AskApproval struct {
	Gates   []Gate
	Point   Point
	Expires time.Time
}

func (e AskApproval) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if !j.Choosing() {
		return j, ErrImpossible
	}
	if !now.Before(j.Deadline) {
		return j.expire(now), nil // it is too late to ask anybody
	}
	if most := j.CreatedAt.Add(max(MostHeld, rules.Deadline)); e.Expires.After(most) {
		e.Expires = most
	}
	j.Deadline = later(j.Deadline, e.Expires).UTC()
	o := j.order()
	o.Gates, o.Point = e.Gates, e.Point
	o.Approval = Approval{Expires: e.Expires.UTC()}
	j.State, j.NotBefore = AwaitingApproval, e.Expires
	j.Reason = fmt.Sprintf("waits for an approval until %s", e.Expires.UTC().Format(time.RFC3339))
	return j.ordered(o), nil
}

// Approve is a person's yes to exactly this point on this target, before the
// time ran out, by somebody else than who asked.
type Approve struct{ By, Why, Point, Target string }

func (e Approve) apply(j Job, rules Rules, now time.Time) (Job, error) {
	o := j.order()
	if j.State != AwaitingApproval || !now.Before(o.Approval.Expires) || e.Point != o.Point.Blob || e.Target != j.Service ||
		strings.TrimSpace(e.By) == "" || strings.EqualFold(strings.TrimSpace(e.By), strings.TrimSpace(o.By)) {
		return j, ErrImpossible
	}
	o.Approval.By, o.Approval.Why, o.Approval.At = e.By, e.Why, now
	// What is approved is given as much time as any other. The approval's
	// expiry bounds that: it does not move with the deadline.
	j.Deadline = later(j.Deadline, now.Add(rules.Deadline)).UTC()
	j.State, j.NotBefore = Pending, now
	return j.ordered(o).looked(), nil
}

// Reject is a person's no.
type Reject struct{ By, Why string }

func (e Reject) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if j.State != AwaitingApproval {
		return j, ErrImpossible
	}
	j.Code, j.Message = CodeRejected, fmt.Sprintf("rejected by %s: %s", e.By, e.Why)
	return j.end(Canceled, now), nil
}

// ApprovalExpired: nobody approved in time.
type ApprovalExpired struct{}

func (ApprovalExpired) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if j.State != AwaitingApproval || now.Before(j.order().Approval.Expires) {
		return j, ErrImpossible
	}
	j.Code, j.Message = CodeApprovalExpired, "nobody approved in time: nothing was done"
	return j.end(Canceled, now), nil
}

// Resolved: the incident ended before anything was done about it.
type Resolved struct{ Reason string }

func (e Resolved) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if j.State != Pending && j.State != AwaitingApproval {
		return j, ErrTooLate
	}
	j.Code, j.Message = CodeResolved, e.Reason
	return j.end(Canceled, now), nil
}

// SafetyDone: the safety backup's blob is there and fit.
type SafetyDone struct{ Artefact Artefact }

func (e SafetyDone) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if j.State != Verifying || j.Attempt.Phase != SafetyBackup {
		return j, ErrImpossible
	}
	o := j.order()
	o.Safety = e.Artefact
	j.NotBefore = now
	return j.ordered(o).looked(), nil
}

// Undecidable: whether the attempt overwrote the target can't be told, so
// nothing is repeated.
type Undecidable struct{ Reason string }

func (e Undecidable) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if j.Attempt.Phase != Overwrite || j.State != Starting && !j.Lost() {
		return j, ErrImpossible
	}
	j.Code, j.Message = CodeOutcomeUnknown, e.Reason
	return j.end(Failed, now), nil
}

// Restored: the target is Succeeded again after the operation's success, or
// it held the point already. Then Point and Gates say which, and why.
type Restored struct {
	Point    Point
	Gates    []Gate
	Warnings []string
	// GatewayURL and ManagementURL are the target's.
	GatewayURL, ManagementURL string
}

func (e Restored) apply(j Job, _ Rules, now time.Time) (Job, error) {
	held := j.Choosing() // a warm standby that holds the point already
	if j.Kind != Restore || !held && (j.State != Verifying || j.Attempt.Phase != Overwrite) {
		return j, ErrImpossible
	}
	if held && !now.Before(j.Deadline) {
		return j.expire(now), nil // to serve from now on is a beginning, as Start is
	}
	o := j.order()
	o.GatewayURL, o.ManagementURL = e.GatewayURL, e.ManagementURL
	if held {
		o.Point, o.Gates = e.Point, e.Gates
	}
	j = j.ordered(o)
	for _, w := range e.Warnings {
		j = j.warn(w)
	}
	return j.end(Succeeded, now), nil
}

// RestoreID is the name of the restore onto target that cause makes.
func RestoreID(target, cause string) string { return target + "-" + cause + "-restore" }
