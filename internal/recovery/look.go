package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// poll looks once at the operation that j follows.
func (e *Engine) poll(ctx context.Context, j job.Job, at plan.Place) job.Event {
	progress, err := e.ARM.Poll(ctx, at.Service, j.Attempt.ResumeToken)
	switch {
	case err == nil && progress.Done:
		return job.OperationSucceeded{Facts: progress.Facts, Settings: progress.Settings}
	case err == nil:
		return job.Running{ResumeToken: progress.ResumeToken, RetryAfter: progress.RetryAfter}
	case errors.Is(err, job.ErrOperationFailed):
		code, message := words(err)
		return job.OperationFailed{Code: code, Message: message}
	case errors.Is(err, job.ErrHandleLost):
		return job.HandleLost{Reason: err.Error()}
	default:
		return deferred(err)
	}
}

// evidence decides about an attempt without a handle by what can be seen:
// the service's state first, then the attempt's own blob.
func (e *Engine) evidence(ctx context.Context, j job.Job, at plan.Place) job.Event {
	service, err := e.ARM.Observe(ctx, at.Service)
	if err != nil {
		return deferred(err)
	}
	if service.InTransition() {
		return job.Updating{}
	}
	if j.Attempt.Phase == job.Overwrite {
		return e.overwritten(ctx, j, at, service)
	}
	_, err = e.Blobs.Artefact(ctx, at.Service, j.Attempt.Blob)
	switch {
	case err == nil:
		return job.Evident{Facts: service.Facts, Settings: service.Settings}
	case errors.Is(err, job.ErrNotFound):
		return job.NotLanded{Reason: fmt.Sprintf("%s is %s and blob %s is not in container %s", at.Resource, service.ProvisioningState, j.Attempt.Blob, at.Container)}
	default:
		return deferred(err)
	}
}

// verify looks for the attempt's blob and records the point beside it.
func (e *Engine) verify(ctx context.Context, j job.Job, at plan.Place) (job.Event, *job.Point) {
	if j.Attempt.Phase == job.Overwrite {
		return e.inspect(ctx, j, at), nil
	}
	artefact, err := e.Blobs.Artefact(ctx, at.Service, j.Attempt.Blob)
	switch {
	case errors.Is(err, job.ErrNotFound):
		return job.ArtefactMissing{}, nil
	case err != nil:
		return deferred(err), nil
	}
	if j.Attempt.Phase == job.SafetyBackup {
		return safety(artefact), nil
	}
	unfit, err := e.unfit(ctx, artefact, at)
	if err != nil {
		return deferred(err), nil
	}
	if unfit != "" {
		return job.ArtefactUnfit{Reason: unfit}, nil
	}
	after, warning, err := e.count(ctx, j, at, everything)
	if err != nil {
		return deferred(err), nil
	}
	point, err := e.record(ctx, at.Service, j.Point(artefact, after, e.now()))
	if err != nil {
		return deferred(err), nil
	}
	return job.Verified{Warning: warning}, &point
}

// record writes p's sidecar. One that an earlier look wrote stands, but for a
// change that was noted with the attempt since then.
func (e *Engine) record(ctx context.Context, s job.Service, p job.Point) (job.Point, error) {
	recorded, err := e.Blobs.Record(ctx, s, p)
	if err != nil || recorded.ConcurrentChanges || !p.ConcurrentChanges {
		return recorded, err
	}
	recorded.ConcurrentChanges = true
	return recorded, e.amend(ctx, s, p.Blob, changedMeanwhile)
}

// unfit says why a blob can't be a whole backup, or "".
func (e *Engine) unfit(ctx context.Context, a job.Artefact, at plan.Place) (string, error) {
	if a.Size == 0 {
		return fmt.Sprintf("blob %s is empty", a.Name), nil
	}
	summary, err := e.Store.Summary(ctx, at.Name)
	if errors.Is(err, job.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if a.Size*100 < summary.PointSize*int64(at.Rules.MinSizePercent) {
		return fmt.Sprintf("blob %s has %d bytes, the last good backup had %d: lower minSizePercent (%d) if that is right",
			a.Name, a.Size, summary.PointSize, at.Rules.MinSizePercent), nil
	}
	return "", nil
}

// everything is all that an inventory counts.
var everything = job.Resources{APIs: true, Products: true, NamedValues: true}

// patience is how many looks in a row an inventory may cost before the backup
// goes on without it.
const patience = 3

// count takes an inventory. A backup is worth more than its inventory: where
// it can't be had, the warning says so and a zero inventory stands for it.
func (e *Engine) count(ctx context.Context, j job.Job, at plan.Place, kinds job.Resources) (job.Inventory, string, error) {
	look, done := looking(ctx)
	defer done()
	inventory, err := e.ARM.Count(look, at.Service, kinds)
	switch {
	case err == nil:
		return inventory, "", nil
	case errors.Is(err, job.ErrRefused), j.Delays >= patience:
		return job.Inventory{}, fmt.Sprintf("no inventory: %v", err), nil
	default:
		return job.Inventory{}, "", err
	}
}

// deferred is a look that told nothing.
func deferred(err error) job.Deferred {
	return job.Deferred{Reason: err.Error(), RetryAfter: retryAfter(err)}
}

func retryAfter(err error) time.Duration {
	var azure *job.AzureError
	if errors.As(err, &azure) {
		return azure.RetryAfter
	}
	return 0
}

// words are Azure's own code and message where err has them.
func words(err error) (code, message string) {
	var azure *job.AzureError
	if errors.As(err, &azure) && (azure.Code != "" || azure.Message != "") {
		return azure.Code, azure.Message
	}
	return "", err.Error()
}
