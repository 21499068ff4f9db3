// Package recovery is the shell around the pure core: it looks at Azure, lets
// package job decide, schedules the next prompt and saves. One call makes one
// move. Nothing waits here between moves, so every method may run twice, late,
// at the same time as itself, or die between any two lines.
package recovery

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Store keeps the jobs, leases, points and summaries of each service. Errors
// that wrap none of the named sentinels mean that the outcome is not known.
type Store interface {
	// Job reads one job. It returns job.ErrNotFound, or job.ErrNewerSchema.
	Job(ctx context.Context, service, id string) (job.Stored, error)
	// Create inserts j and writes m into its service's summary, both or
	// neither. It returns job.ErrExists if there is a job of that id.
	Create(ctx context.Context, j job.Job, m job.SummaryMove) error
	// Save writes all of m or nothing. It returns job.ErrConflict if the job,
	// or the summary that m rests on, was saved since it was read, and
	// job.ErrLeased if m takes a lease that another job holds.
	Save(ctx context.Context, m job.Move) error
	// Summary reads one service's summary. It returns job.ErrNotFound for a
	// service that never had a job.
	Summary(ctx context.Context, service string) (job.Summary, error)
	// Note writes m into a service's summary.
	Note(ctx context.Context, service string, m job.SummaryMove) error
	// Summaries yields the summary of every service.
	Summaries(ctx context.Context) iter.Seq2[job.Summary, error]
	// Orphans yields every lease whose job ended with an operation that may
	// be running.
	Orphans(ctx context.Context) iter.Seq2[job.StoredLease, error]
	// Release removes a lease unless it changed since it was read; then it
	// returns job.ErrConflict, or job.ErrNotFound if it is gone.
	Release(ctx context.Context, l job.StoredLease) error
	// StoredSummary is Summary with the tag that OpenIncident needs; for a
	// service without a summary it returns an empty tag and no error.
	StoredSummary(ctx context.Context, service string) (job.StoredSummary, error)
	// Lease reads a service's lease. It returns job.ErrNotFound if nobody
	// holds it.
	Lease(ctx context.Context, service string) (job.StoredLease, error)
	// Points yields the points of a service, newest first.
	Points(ctx context.Context, service string) iter.Seq2[job.Point, error]
	// Alert reads what is kept of one alert. It returns job.ErrNotFound.
	Alert(ctx context.Context, service, id string) (job.StoredAlert, error)
	// Alerts yields the alerts of one incident.
	Alerts(ctx context.Context, service, incident string) iter.Seq2[job.AlertRecord, error]
	// RecordAlert writes what is kept of an alert, which has the tag that it
	// was read with, or none if there was nothing. It returns job.ErrConflict
	// if that has changed.
	RecordAlert(ctx context.Context, a job.StoredAlert) error
	// OpenIncident inserts i, records a and names i in the service's summary,
	// all or nothing. It returns job.ErrConflict if the summary or the alert
	// has changed since it was read.
	OpenIncident(ctx context.Context, s job.StoredSummary, i job.Incident, a job.StoredAlert) error
	// JoinIncident records a as one more alert of i, which counts as changed
	// then: who read it before can't resolve it. It returns job.ErrConflict
	// if one of both has changed since it was read.
	JoinIncident(ctx context.Context, i job.StoredIncident, a job.StoredAlert) error
	// Incident reads one incident. It returns job.ErrNotFound.
	Incident(ctx context.Context, service, id string) (job.StoredIncident, error)
	// Incidents yields every open incident of every service.
	Incidents(ctx context.Context) iter.Seq2[job.StoredIncident, error]
	// SaveIncident saves i, which was read as from; one that is resolved is
	// taken out of the service's summary in the same transaction. It returns
	// job.ErrConflict.
	SaveIncident(ctx context.Context, from job.StoredIncident, i job.Incident) error
	// Transit writes all of t or nothing. It returns job.ErrConflict if the
	// summary, or a point of t, has changed since it was read, and
	// job.ErrExists if there is a job of that id.
	Transit(ctx context.Context, t job.Transition) error
	// Point reads one point of a service by its blob, withdrawn or not. It
	// returns job.ErrNotFound.
	Point(ctx context.Context, service, blob string) (job.StoredPoint, error)
	// RemovePoint removes the row of a point. It returns job.ErrConflict if
	// that has changed since it was read, and job.ErrNotFound.
	RemovePoint(ctx context.Context, p job.StoredPoint) error
	// Unfinished yields every job that has not ended.
	Unfinished(ctx context.Context) iter.Seq2[job.Job, error]
	// AddNotice inserts a notice that no move causes. It returns job.ErrExists.
	AddNotice(ctx context.Context, n job.Notice) error
	// Notice reads one notice. It returns job.ErrNotFound.
	Notice(ctx context.Context, service, id string) (job.StoredNotice, error)
	// SaveNotice writes how far n's delivery has got. It returns
	// job.ErrConflict if that has changed since it was read.
	SaveNotice(ctx context.Context, n job.StoredNotice, d job.Delivery) error
	// Notices yields every notice that is not delivered, pending or given up.
	Notices(ctx context.Context) iter.Seq2[job.StoredNotice, error]
	// Count adds n to a counter.
	Count(ctx context.Context, name, label string, n int64) error
	// Counters yields every counter.
	Counters(ctx context.Context) iter.Seq2[job.Counter, error]
	// Finished yields the rows of a partition that say of something that it
	// was over before a time, each with its tag, and alerts that fired before
	// it: candidates for Remove. Those that can't be read come last, as errors.
	Finished(ctx context.Context, service string, before time.Time) iter.Seq2[job.Finished, error]
	// Remove removes a row unless it changed since it was read; then it
	// returns job.ErrConflict, or job.ErrNotFound if it is gone.
	Remove(ctx context.Context, f job.Finished) error
	// Follow gives an orphaned lease the resume token of its operation. It
	// returns job.ErrNotFound if that job's orphaned lease is not there.
	Follow(ctx context.Context, service, id, resumeToken string) error
}

// ARM is Azure's management API. Its errors wrap the sentinels of package job
// that say what is known; *job.AzureError holds Azure's own words.
type ARM interface {
	// StartBackup sends the request for a backup once, without a retry of
	// any kind.
	StartBackup(ctx context.Context, s job.Service, blob string) (job.Started, error)
	// StartRestore sends the request to overwrite s with the backup in blob,
	// once, without a retry of any kind. Its errors are StartBackup's.
	StartRestore(ctx context.Context, s job.Service, blob string) (job.Started, error)
	// Poll looks once at an operation of either kind. Its error is job.ErrOperationFailed,
	// job.ErrHandleLost, or job.ErrUnavailable.
	Poll(ctx context.Context, s job.Service, resumeToken string) (job.Progress, error)
	// Observe reads the service resource.
	Observe(ctx context.Context, s job.Service) (job.Observed, error)
	// Gateway asks the service's gateway whether it serves. It never fails:
	// what can't be reached is job.GatewayUnreachable.
	Gateway(ctx context.Context, o job.Observed) job.GatewayState
	// Access tells whether the service's identity, of the kind that s.Access
	// says, may read s.Account. It never fails: what can't be seen is
	// job.GrantUnknown.
	Access(ctx context.Context, s job.Service) job.Grant
	// Count lists the resources of the kinds asked for.
	Count(ctx context.Context, s job.Service, kinds job.Resources) (job.Inventory, error)
}

// Blobs are the backup containers.
type Blobs interface {
	// Artefact looks at a backup blob. It returns job.ErrNotFound.
	Artefact(ctx context.Context, s job.Service, blob string) (job.Artefact, error)
	// Record writes p's sidecar beside its blob, unless there is one: then
	// that one stands. It returns what the sidecar says.
	Record(ctx context.Context, s job.Service, p job.Point) (job.Point, error)
	// Amend changes in the sidecar of blob what became known later: that there
	// were concurrent changes, who holds the point, and that it was withdrawn.
	// change is given what the sidecar says, again if others were faster, so
	// that what it leaves alone stays as they wrote it. Amend returns
	// job.ErrNotFound if there is no sidecar, job.ErrRefused if storage lets
	// nobody change it, job.ErrNewerSchema if a newer version wrote it, and
	// job.ErrConflict if others changed it at every try.
	Amend(ctx context.Context, s job.Service, blob string, change func(*job.Point)) error
	// Recorded yields every point that a sidecar in the container of s tells
	// of and that is s's own, as the sidecar has it. Those that can't be
	// understood come last, as job.ErrUnreadable; any other error means that
	// not all were seen.
	Recorded(ctx context.Context, s job.Service) iter.Seq2[job.Point, error]
	// Authority reads who decides about the container of s. It returns
	// job.ErrNotFound while nobody has claimed it.
	Authority(ctx context.Context, s job.Service) (job.StoredAuthority, error)
	// Claim writes a in place of what was read; the zero StoredAuthority
	// stands for nothing. It returns job.ErrConflict if that has changed.
	Claim(ctx context.Context, s job.Service, read job.StoredAuthority, a job.Authority) error
	// Remove deletes a backup blob and then its sidecar. What is gone already
	// is no error; job.ErrRefused means that storage does not allow it: the
	// blob is immutable, or leased.
	Remove(ctx context.Context, s job.Service, blob string) error
}

// Webhooks posts to the addresses that app settings hold. An address is a
// secret: no error contains one.
type Webhooks interface {
	// Post sends body once. A nil error is a 2xx.
	Post(ctx context.Context, to plan.Webhook, id, contentType string, body []byte) error
	// Ping calls a heartbeat once: at its start, its success or its failure.
	Ping(ctx context.Context, setting string, b job.Beat) error
}

// Sender puts messages on queues.
type Sender interface {
	Send(ctx context.Context, m job.Message) error
}

// Tracer knows the trace that a call belongs to, as W3C Trace Context.
type Tracer interface {
	// Traceparent is that of the span in ctx, or empty.
	Traceparent(ctx context.Context) string
	// Link links the span in ctx to the one that traceparent names.
	Link(ctx context.Context, traceparent string)
}

// Engine makes moves. Its fields are set once, before the first call.
type Engine struct {
	Plan  *plan.Plan
	Store Store
	ARM   ARM
	Blobs Blobs
	Queue Sender
	Hooks Webhooks
	// Table is the name by which this engine's table claims containers; if it
	// is empty, nothing is claimed and nobody asked.
	Table string
	Log   *slog.Logger
	// Now is the wall clock, time.Now if nil. Spans within one call are
	// measured by the monotonic clock instead.
	Now func() time.Time
	// Trace ties the spans of a job's invocations together; nil ties nothing.
	Trace Tracer
	// NewID names an invocation or a message; no two results are the same.
	NewID func() string
	// Parallel is how many services, standbys or leases Schedule and Watch work
	// on at a time; 1 if 0.
	Parallel int
}

func (e *Engine) now() time.Time {
	if e.Now != nil {
		return e.Now().UTC()
	}
	return time.Now().UTC()
}

// The keys of log attributes, the same in every line about the same thing.
const (
	keyJob      = "job"
	keyService  = "service"
	keyFrom     = "from"
	keyTo       = "to"
	keyRevision = "revision"
	keyAttempt  = "attempt"
	keyNext     = "next"
	keyReason   = "reason"
	keyCode     = "code"
	keyError    = "error"
	keyNotice   = "notice"
)
