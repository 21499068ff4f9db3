// Package job is the pure core: what a job is, what can happen to it, and
// what it becomes. It knows no network, no storage and no clock; everything
// it decides follows from a Job, an Event, the Rules and a time passed in.
// Looking at Azure, saving and sending belong to package recovery.
package job

import (
	"fmt"
	"time"
)

// Kind says what a job does to its service.
type Kind string

// The kinds of jobs.
const (
	// Backup asks Azure to write a service's configuration to a blob.
	Backup Kind = "Backup"
	// Restore asks Azure to overwrite a standby's configuration with that of
	// a point of another service. It lives in the standby's partition.
	Restore Kind = "Restore"
)

// Kinds lists every kind.
func Kinds() []Kind { return []Kind{Backup, Restore} }

// State is where a job stands. Pending, Starting, InProgress, Verifying and
// Pruning are moved on by prompts; the last three never change again.
type State string

// The states of a job's life, in its order.
const (
	// Pending waits for NotBefore: jitter, a busy service, a retry. It holds
	// nothing. A prompt moves it to Starting.
	Pending State = "Pending"
	// AwaitingApproval waits for a person to approve a restore. It holds
	// nothing. An approval moves it back to Pending; its time runs out at
	// NotBefore, and then it ends Canceled.
	AwaitingApproval State = "AwaitingApproval"
	// Starting is the write-ahead intent of one attempt. Only the invocation
	// that saved it sends the request; whoever else finds it looks for
	// evidence after the settling time.
	Starting State = "Starting"
	// InProgress follows an operation by its resume token, or, when the
	// token was lost, by what can be seen of the service and the blob.
	InProgress State = "InProgress"
	// Verifying proves that the attempt's blob is there and fit.
	Verifying State = "Verifying"
	// Pruning removes what the retention policy lets go. The point exists
	// already; nothing that happens here changes the outcome.
	Pruning State = "Pruning"
	// Succeeded has a verified point.
	Succeeded State = "Succeeded"
	// Failed has a Code and a Message that say why.
	Failed State = "Failed"
	// Canceled was called off before any request was sent.
	Canceled State = "Canceled"
)

// States lists every state in the order of a job's life.
func States() []State {
	return []State{Pending, AwaitingApproval, Starting, InProgress, Verifying, Pruning, Succeeded, Failed, Canceled}
}

// Terminal reports whether a job in s has ended.
func (s State) Terminal() bool { return s == Succeeded || s == Failed || s == Canceled }

// HoldsLease reports whether a job in s holds its service's lease.
func (s State) HoldsLease() bool {
	return s == Starting || s == InProgress || s == Verifying || s == Pruning
}

// Operating reports whether an ARM operation may be running for a job in s.
func (s State) Operating() bool { return s == Starting || s == InProgress }

// Codes that Lifeboat itself gives to ended jobs. Where Azure named the
// failure, its own code stands instead.
const (
	CodeDeadlineExceeded = "DeadlineExceeded" // not done in time
	CodeNotLanded        = "NotLanded"        // an operation that could not be followed left no blob
	CodeArtefactMissing  = "ArtefactMissing"  // the operation succeeded, its blob is not there
	CodeArtefactUnfit    = "ArtefactUnfit"    // the blob is empty or absurdly small
	CodeOperationFailed  = "OperationFailed"  // Azure gave no code of its own
	CodeRefused          = "Refused"          // likewise, at the request
	CodeCanceled         = "Canceled"
	CodeRejected         = "Rejected"        // by the person asked for approval
	CodeApprovalExpired  = "ApprovalExpired" // nobody approved in time; nothing was done
	CodeGateRefused      = "GateRefused"     // a gate of a restore says no
	CodeOutcomeUnknown   = "OutcomeUnknown"  // whether a restore took place can't be told
	CodeResolved         = "Resolved"        // the incident was over before anything was done
)

// Job is one piece of work on one service. It is a value: Apply returns a
// changed copy. All times are UTC.
type Job struct {
	ID      string
	Kind    Kind
	Service string // the plan's name; also the partition it lives in
	Due     time.Time
	// OnChange: changes of the service asked for this backup, and more of
	// them put it off.
	OnChange bool
	// Asked is who asked for this backup; zero where nobody did. A restore's
	// order says it of a restore.
	Asked Asked

	State    State
	Revision int // saved moves so far; the first saved row has 1
	// NotBefore is the earliest time of the next move. It means nothing in a
	// terminal state.
	NotBefore time.Time
	Deadline  time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
	EndedAt   time.Time

	Attempt  Attempt
	Failures int    // attempts that ended without a point, of Rules.Attempts
	Misses   int    // looks in a row that did not find the blob
	Delays   int    // looks in a row that told nothing
	Reason   string // why the job waits, for people

	Code     string // of a failure: Azure's own, or one of the codes above
	Message  string // Azure's own words, or Lifeboat's
	Warnings []string
	// History is every change of State, oldest first.
	History []Step
	// Past is what was known of earlier jobs of this kind on the service when
	// j was made or, for a restore, begun.
	Past Times
	// Restore is what a restore job is about; nil for a backup.
	Restore *RestoreOrder

	// Stranded: the deadline ended the job while an operation of its attempt
	// may still be running.
	Stranded bool
}

// Asked is a person's request. By is what the message said; Service Bus gives
// no trustworthy sender.
type Asked struct {
	Request string // its id
	By, Why string
}

// Phase says which operation an attempt of a restore job is.
type Phase string

// The phases of a restore job; a backup job has none.
const (
	// SafetyBackup backs the target up before it is overwritten.
	SafetyBackup Phase = "SafetyBackup"
	// Overwrite restores the point onto the target.
	Overwrite Phase = "Overwrite"
)

// Attempt is one start of an operation by a job.
type Attempt struct {
	Phase  Phase // of a restore job
	Number int   // from 1; 0 before the first
	// Owner is the invocation that saved the intent and so may send it.
	Owner string
	Blob  string // a name that no other attempt has
	// StartedAt is when the intent was made, before the request was sent:
	// whatever changed later may be missing from the backup.
	StartedAt time.Time
	// ResumeToken continues the poll. Empty while the answer of the start is
	// not known, and after the handle was lost.
	ResumeToken string
	Polls       int
	// RunningAt is when Azure last said that the operation goes on, and Took
	// how long it took, as near as the looks tell; 0 if that is not known.
	RunningAt time.Time
	Took      time.Duration
	Before    Inventory
	// Changed: the service was changed while the attempt went on.
	Changed bool
	// Trace is the W3C traceparent of the invocation that made the intent;
	// empty where nothing is traced.
	Trace    string
	Facts    Facts             // of the service at the operation's end, where seen
	Settings map[string]string // likewise
}

// ID is the name of the job that service's occurrence at due makes: the same
// cause gives the same job, however often it is seen.
func ID(service string, kind Kind, due time.Time) string {
	suffix := map[Kind]string{Backup: "backup", Restore: "restore"}[kind]
	return fmt.Sprintf("%s-%s-%s", service, due.UTC().Format("20060102T150405Z"), suffix)
}

// NewBackup is the backup that service's occurrence at due asks for, to be
// started not before notBefore.
func NewBackup(service string, due, notBefore time.Time, rules Rules, now time.Time) Job {
	if notBefore.Before(now) {
		notBefore = now
	}
	return Job{
		ID:        ID(service, Backup, due),
		Kind:      Backup,
		Service:   service,
		Due:       due.UTC(),
		State:     Pending,
		Revision:  1,
		NotBefore: notBefore.UTC(),
		Deadline:  notBefore.Add(rules.Deadline).UTC(),
		CreatedAt: now.UTC(),
		UpdatedAt: now.UTC(),
		History:   []Step{{State: Pending, At: now.UTC()}},
	}
}

// Lost reports whether j follows an operation whose handle it does not have.
func (j Job) Lost() bool { return j.State == InProgress && j.Attempt.ResumeToken == "" }

// limit is when the present state must have been left at the latest.
func (j Job) limit(rules Rules) time.Time {
	if !j.State.Operating() {
		return j.Deadline
	}
	if end := j.Attempt.StartedAt.Add(rules.OperationDeadline); end.Before(j.Deadline) {
		return end
	}
	return j.Deadline
}

// Point is what j's current attempt left behind, given what Verifying saw.
func (j Job) Point(blob Artefact, after Inventory, now time.Time) Point {
	return Point{
		Service:    j.Service,
		Job:        j.ID,
		Attempt:    j.Attempt.Number,
		Blob:       blob.Name,
		Size:       blob.Size,
		StartedAt:  j.Attempt.StartedAt,
		VerifiedAt: now.UTC(),
		Before:     j.Attempt.Before,
		After:      after,
		Facts:      j.Attempt.Facts,
		Settings:   j.Attempt.Settings,

		ConcurrentChanges: j.Attempt.Changed,
	}
}
