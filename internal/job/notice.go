package job

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// NoticeType names what changed.
type NoticeType string

// The notices. Those of a backup's start and success are for heartbeats only.
const (
	NoticeLate             NoticeType = "Late"             // no good backup within interval + grace
	NoticeDown             NoticeType = "Down"             // none within 2 x interval + grace, or none that can be restored
	NoticeRecovered        NoticeType = "Recovered"        // a good backup again
	NoticePointLapsing     NoticeType = "PointLapsing"     // the last restorable point is about to lapse
	NoticePointWithdrawn   NoticeType = "PointWithdrawn"   // a point's blob is gone, and Lifeboat did not delete it
	NoticeBackupStarted    NoticeType = "BackupStarted"    //
	NoticeBackupSucceeded  NoticeType = "BackupSucceeded"  //
	NoticeBackupFailed     NoticeType = "BackupFailed"     //
	NoticeAwaitingApproval NoticeType = "AwaitingApproval" // a restore waits for a person
	NoticeApprovalExpired  NoticeType = "ApprovalExpired"  // nobody approved, nothing was done
	NoticeRestoreBlocked   NoticeType = "RestoreBlocked"   // a gate refused it
	NoticeRestoreStarted   NoticeType = "RestoreStarted"   //
	NoticeRestoreCompleted NoticeType = "RestoreCompleted" // the standby serves
	NoticeRestoreFailed    NoticeType = "RestoreFailed"    //
	NoticeRestoreCanceled  NoticeType = "RestoreCanceled"  // called off before anything was done
	NoticeStandbyNotReady  NoticeType = "StandbyNotReady"  // a failover onto it would be refused
	NoticeStandbyReady     NoticeType = "StandbyReady"     //
	NoticeDeadMessage      NoticeType = "DeadMessage"      // a message that nothing could be done with
	NoticeOutdated         NoticeType = "Outdated"         // a newer version wrote rows that this one can't read
)

// NoticeTypes lists them all.
func NoticeTypes() []NoticeType {
	return []NoticeType{
		NoticeLate, NoticeDown, NoticeRecovered, NoticePointLapsing, NoticePointWithdrawn,
		NoticeBackupStarted, NoticeBackupSucceeded, NoticeBackupFailed,
		NoticeAwaitingApproval, NoticeApprovalExpired, NoticeRestoreBlocked, NoticeRestoreStarted, NoticeRestoreCompleted, NoticeRestoreFailed, NoticeRestoreCanceled,
		NoticeStandbyNotReady, NoticeStandbyReady, NoticeDeadMessage, NoticeOutdated,
	}
}

// Quiet reports whether a notice of type t is for heartbeats only.
func (t NoticeType) Quiet() bool { return t == NoticeBackupStarted || t == NoticeBackupSucceeded }

// Notice says that something changed. It is written in the transaction of the
// change, so there is exactly one for each, and sent afterwards.
type Notice struct {
	// ID is the same however often the notice is sent: what changed, at
	// which revision or time, and the type.
	ID   string
	Type NoticeType
	// Service is the partition that it lives in; NoService if it is about
	// none.
	Service string
	// About is the protected service, where there is one: for a restore its
	// source.
	About string
	At    time.Time
	Facts NoticeFacts
}

// NoService is the partition of what belongs to no service.
const NoService = "_"

// NoticeFacts are what a notice's text is made of; which of them there are
// depends on its type. They hold no secret.
type NoticeFacts struct {
	Job      string    `json:"job,omitempty"`
	Standby  string    `json:"standby,omitempty"` // that is restored onto, or that is or is not ready
	Point    string    `json:"point,omitempty"`   // the blob
	Warm     bool      `json:"warm,omitempty"`    // a refresh, not a failover
	Code     string    `json:"code,omitempty"`    // of a failure
	Message  string    `json:"message,omitempty"` // Azure's own words, or why
	Warnings []string  `json:"warnings,omitempty"`
	Gates    []Gate    `json:"gates,omitempty"` // those that refused, or that passed with a warning
	By       string    `json:"by,omitempty"`    // who asked, as asserted
	Incident string    `json:"incident,omitempty"`
	Since    time.Time `json:"since,omitzero"` // of the newest good backup's start; of the alert
	Until    time.Time `json:"until,omitzero"` // the point can be restored, or the approval be given
	// Gateway and Management are the URLs of a restored standby.
	Gateway    string        `json:"gateway,omitempty"`
	Management string        `json:"management,omitempty"`
	Took       time.Duration `json:"took,omitempty"`
	Queue      string        `json:"queue,omitempty"`   // of a dead message
	Excerpt    string        `json:"excerpt,omitempty"` // of a dead message, safe to show
	// Untouched: the restore ended before anything was asked of Azure that
	// changed the standby or may go on there.
	Untouched bool `json:"untouched,omitempty"`
}

// NoticesBetween are the notices of the move that turns from into to.
func NoticesBetween(from, to Job) []Notice {
	var types []NoticeType
	if to.Kind == Restore {
		types = restoreNotices(from, to)
	} else {
		types = backupNotices(from, to)
	}
	var notices []Notice
	for _, t := range types {
		n := Notice{ID: to.ID + ":" + strconv.Itoa(to.Revision) + ":" + string(t), Type: t, Service: to.Service, About: to.Service, At: to.UpdatedAt, Facts: noticeFacts(t, to)}
		if to.Kind == Restore {
			n.About = to.order().Source
		}
		notices = append(notices, n)
	}
	return notices
}

func backupNotices(from, to Job) []NoticeType {
	switch {
	case from.State == to.State:
		return nil
	case to.State == Starting && to.Attempt.Number == 1:
		return []NoticeType{NoticeBackupStarted}
	case to.State == Succeeded:
		return []NoticeType{NoticeBackupSucceeded}
	case to.State == Failed:
		return []NoticeType{NoticeBackupFailed}
	}
	return nil
}

func restoreNotices(from, to Job) []NoticeType {
	warm := to.order().Warm
	switch {
	case from.State == to.State:
		return nil
	case to.State == AwaitingApproval:
		return []NoticeType{NoticeAwaitingApproval}
	case to.State == Starting && to.Attempt.Phase == Overwrite && !warm:
		return []NoticeType{NoticeRestoreStarted}
	case to.State == Succeeded && !warm:
		return []NoticeType{NoticeRestoreCompleted}
	case to.State == Failed && to.Code == CodeGateRefused:
		if warm {
			return nil // the next refresh comes; readiness has notices of its own
		}
		return []NoticeType{NoticeRestoreBlocked}
	case to.State == Failed:
		return []NoticeType{NoticeRestoreFailed}
	case to.State == Canceled && to.Code == CodeApprovalExpired:
		return []NoticeType{NoticeApprovalExpired}
	case to.State == Canceled:
		return []NoticeType{NoticeRestoreCanceled}
	}
	return nil
}

func noticeFacts(t NoticeType, j Job) NoticeFacts {
	f := NoticeFacts{Job: j.ID, Code: j.Code, Message: j.Message}
	if j.State.Terminal() {
		f.Warnings = slices.Clone(j.Warnings)
		f.Took = j.EndedAt.Sub(j.CreatedAt)
	}
	if j.Kind != Restore {
		return f
	}
	o := j.order()
	f.Standby, f.Point, f.By, f.Incident, f.Since = j.Service, o.Point.Blob, o.By, o.Incident, o.FiredAt
	f.Gateway, f.Management, f.Warm = o.GatewayURL, o.ManagementURL, o.Warm
	f.Untouched = j.State.Terminal() && j.State != Succeeded && o.Attempted.IsZero() && !j.Stranded
	if j.State.Terminal() && !o.FiredAt.IsZero() {
		f.Took = j.EndedAt.Sub(o.FiredAt)
	}
	if t == NoticeAwaitingApproval {
		f.Until = o.Approval.Expires
	}
	for _, g := range o.Gates {
		if g.Outcome != "Passed" {
			f.Gates = append(f.Gates, g)
		}
	}
	return f
}

// ServiceNotice is a notice of a change of a service that is no job's. The
// service's row changes at the same moment, and only once, so the time makes
// it the only one.
func ServiceNotice(service, about string, t NoticeType, now time.Time, facts NoticeFacts) Notice {
	now = now.UTC()
	return Notice{
		ID: fmt.Sprintf("%s:%s:%s", service, now.Format("20060102T150405.000Z"), t), Type: t, Service: service, About: about, At: now, Facts: facts,
	}
}

// DeliveryState is how far a notice has got.
type DeliveryState string

// The states of a notice's delivery.
const (
	DeliveryPending DeliveryState = "Pending"
	Delivered       DeliveryState = "Delivered"
	Undelivered     DeliveryState = "Undelivered" // given up; it stays to be seen
)

// Delivery is how far a notice has got with those it is for.
type Delivery struct {
	State     DeliveryState
	Attempts  int       // that have been made
	NotBefore time.Time // of the next attempt, while it is pending
	Done      []string  // who has it
	LastError string
}

// StoredNotice is a notice as it was read.
type StoredNotice struct {
	Notice
	Delivery
	ETag string
}

// DeliveryRules say how a notice is tried to be delivered.
type DeliveryRules struct {
	// RetryFirst is the time to the second attempt; it doubles up to
	// RetryMax. After GiveUp from the notice on there is no other.
	RetryFirst, RetryMax, GiveUp time.Duration
}

// NewDelivery is the delivery of a notice that nobody has yet.
func NewDelivery(n Notice) Delivery { return Delivery{State: DeliveryPending, NotBefore: n.At} }

// After is n's delivery after an attempt: done names those who have it now,
// failure says why somebody has not, or is empty.
func (n StoredNotice) After(done []string, failure string, rules DeliveryRules, now time.Time) Delivery {
	d := n.Delivery
	d.Attempts++
	d.Done = slices.Clone(d.Done)
	for _, name := range done {
		if !slices.Contains(d.Done, name) {
			d.Done = append(d.Done, name)
		}
	}
	d.LastError, d.NotBefore = failure, now.UTC()
	switch {
	case failure == "":
		d.State = Delivered
	case now.Sub(n.At) >= rules.GiveUp:
		d.State = Undelivered
	default:
		d.NotBefore = now.Add(rules.wait(d.Attempts, n.ID)).UTC()
	}
	return d
}

func (r DeliveryRules) wait(attempt int, key string) time.Duration {
	wait := r.RetryFirst
	for n := 1; n < attempt && wait < r.RetryMax; n++ {
		wait *= 2
	}
	wait = min(wait, r.RetryMax)
	return wait + spread(wait/4, fmt.Sprintf("%s/%d", key, attempt))
}

// Beat is what a heartbeat is told. The values are the last part of its URL.
type Beat string

// The beats (healthchecks.io, pinging API).
const (
	BeatStart   Beat = "start"
	BeatSuccess Beat = ""
	BeatFail    Beat = "fail"
)
