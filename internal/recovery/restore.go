package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lifeboat/internal/gate"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// choose judges a restore by its gates, right before whatever it does next.
func (e *Engine) choose(ctx context.Context, p Prompt, from job.Stored, at plan.Place) error {
	source, _ := e.Plan.Service(from.Restore.Source) // Place found it
	looked := time.Now()
	c, err := e.weigh(ctx, from.Job, source, at)
	if err != nil {
		return e.advance(ctx, p, from, at.Rules, deferred(err), nil)
	}
	gates := recorded(c.decision)
	reason := why(c.decision)
	e.tell(ctx, from.Job, c.decision)
	var event job.Event
	if asksFor(from.Restore, c) {
		if err := e.pin(ctx, source, c.point.Blob, from.ID); err != nil {
			return e.advance(ctx, p, from, at.Rules, deferred(err), nil)
		}
	}
	switch c.decision.Outcome {
	case gate.Passed:
		if c.decision.Holds {
			if err := e.beginCooldown(ctx, source.Name, from.Job, c.source); err != nil {
				return e.again(ctx, p, 0, err.Error())
			}
			event, judged := e.held(ctx, from.Job, at, c)
			return e.advanceIf(ctx, p, from, at.Rules, event, nil, judged)
		}
		return e.overwrite(ctx, p, from, at, source, c, looked)
	case gate.NeedsApproval:
		event = job.AskApproval{Gates: gates, Point: c.point, Expires: approvableUntil(c.point, *from.Restore, source, e.now())}
	case gate.Waits:
		event = job.Held{Gates: gates, Reason: reason, Until: c.decision.Until}
	default:
		event = job.Blocked{Gates: gates, Reason: reason}
	}
	return e.advance(ctx, p, from, at.Rules, event, nil)
}

// asksFor reports whether a restore waits for nothing but this point, so that it
// must be there when the wait is over: a person is asked about it, or named it.
func asksFor(o *job.RestoreOrder, c considered) bool {
	switch c.decision.Outcome {
	case gate.NeedsApproval:
		return true
	case gate.Waits:
		return o.Wanted != "" && o.Wanted == c.point.Blob
	}
	return false
}

// approvableUntil is when an approval of order that is asked for now expires:
// what is approved at the last moment is not too old to be restored.
func approvableUntil(p job.Point, order job.RestoreOrder, source plan.Service, now time.Time) time.Time {
	limits := []time.Time{now.Add(source.Failover.ApprovalExpiry), p.RestorableUntil(source.RestorableFor)}
	if most := source.Failover.MaxPointAge; most > 0 && order.Wanted == "" {
		limits = append(limits, p.StartedAt.Add(most))
	}
	return slices.MinFunc(limits, time.Time.Compare)
}

// weigh considers within a look's time. What could not be asked in time would
// otherwise pass for what does not answer.
func (e *Engine) weigh(ctx context.Context, j job.Job, source plan.Service, at plan.Place) (considered, error) {
	look, done := looking(ctx)
	defer done()
	c, err := e.consider(look, j, source, at)
	if err == nil && look.Err() != nil {
		err = fmt.Errorf("look at what the gates judge: %w", look.Err())
	}
	return c, err
}

// held completes a restore whose target has the point's content already, as
// the target's summary says that has the tag judged.
func (e *Engine) held(ctx context.Context, j job.Job, at plan.Place, c considered) (event job.Event, judged *string) {
	order := *j.Restore
	order.Point = c.point
	j.Restore = &order
	event = e.inspect(ctx, j, at)
	restored, ok := event.(job.Restored)
	if !ok {
		return event, nil
	}
	judged, err := e.stillHolds(ctx, j, c.point.Blob)
	if err != nil {
		return deferred(err), nil
	}
	restored.Point, restored.Gates = c.point, recorded(c.decision)
	return restored, judged
}

// stillHolds checks that no other restore onto j's target was begun since the
// gates looked: what completes without an operation takes no lease before its
// end, unless its safety backup has done so.
// It returns the tag of the summary that says so: every restore changes that.
func (e *Engine) stillHolds(ctx context.Context, j job.Job, blob string) (judged *string, err error) {
	if err := e.undisturbed(ctx, j); err != nil {
		return nil, err
	}
	summary, err := e.Store.StoredSummary(ctx, j.Service)
	if err == nil && summary.Holds != blob {
		err = fmt.Errorf("%s does not hold point %s any more", j.Service, blob)
	}
	return &summary.ETag, err
}

// undisturbed checks that no other job operates on j's target.
func (e *Engine) undisturbed(ctx context.Context, j job.Job) error {
	lease, err := e.Store.Lease(ctx, j.Service)
	switch {
	case errors.Is(err, job.ErrNotFound):
		return nil
	case err == nil && lease.Job != j.ID:
		return fmt.Errorf("job %s has begun on %s meanwhile", lease.Job, j.Service)
	}
	return err
}

// overwrite begins the restore's next operation: the target's safety backup,
// where the plan asks for one, and then the restore itself. If more than the
// settling time has passed since the gates looked, they look again.
func (e *Engine) overwrite(ctx context.Context, p Prompt, from job.Stored, at plan.Place, source plan.Service, c considered, looked time.Time) error {
	decision := job.Start{Phase: job.Overwrite, Point: c.point, Gates: recorded(c.decision), Past: c.target.RestoreTimes}
	if source.Failover.SafetyBackup && !from.Restore.Warm && from.Restore.Safety.Name == "" {
		decision.Phase = job.SafetyBackup
	}
	// No other restore comes between the gates' look and the intent, which
	// rests on the summary that they saw: none goes on now, and each that
	// begins from now on changes it. So what the target holds is counted as it
	// will be when the request is sent.
	if err := e.undisturbed(ctx, from.Job); err != nil {
		return e.advance(ctx, p, from, at.Rules, deferred(err), nil)
	}
	look, done := looking(ctx)
	defer done()
	before, err := e.ARM.Count(look, at.Service, everything)
	if err != nil {
		// Without a fingerprint a lost answer could never be understood.
		return e.advance(ctx, p, from, at.Rules, deferred(err), nil)
	}
	decision.Before = before
	if err := e.pin(ctx, source, c.point.Blob, from.ID); err != nil {
		return e.advance(ctx, p, from, at.Rules, deferred(err), nil)
	}
	if decision.Phase == job.Overwrite {
		if err := e.beginCooldown(ctx, source.Name, from.Job, c.source); err != nil {
			return e.again(ctx, p, 0, err.Error())
		}
	}
	if took := time.Since(looked); took > at.Rules.Settling {
		return e.again(ctx, p, 0, fmt.Sprintf("the gates looked %s ago", took))
	}
	return e.begin(ctx, p, from, at, decision, &c.target.ETag)
}

// beginCooldown notes a failover with its source before it is begun; the
// target's note is in the transaction of the intent. Of two that were judged at
// the same moment, onto two standbys, one is judged again.
func (e *Engine) beginCooldown(ctx context.Context, source string, j job.Job, judged job.Summary) error {
	if j.Restore.Warm {
		return nil
	}
	err := e.contended(ctx, func() error {
		summary, err := e.Store.StoredSummary(ctx, source)
		if err != nil {
			return err
		}
		if summary.FailoverJob != judged.FailoverJob || !summary.FailedOver.Equal(judged.FailedOver) {
			if summary.FailoverJob == j.ID {
				return nil // noted before, by this very job
			}
			return fmt.Errorf("failover %s has begun meanwhile", summary.FailoverJob)
		}
		now, no := e.now(), false
		return e.Store.Transit(ctx, job.Transition{
			Read: summary, Summary: job.SummaryMove{FailedOver: &now, FailoverJob: &j.ID, Acknowledged: &no},
		})
	})
	if err != nil {
		return fmt.Errorf("note the failover of %s: %w", source, err)
	}
	return nil
}

// recorded is a decision as the job keeps it.
func recorded(d gate.Decision) []job.Gate {
	var gates []job.Gate
	for _, v := range d.Verdicts {
		outcome := string(v.Outcome)
		if v.Warning {
			outcome = "PassedWithWarning"
		}
		gates = append(gates, job.Gate{Name: string(v.Gate), Outcome: outcome, Sentence: v.Sentence})
	}
	return gates
}

// why is what made a decision what it is, in one text.
func why(d gate.Decision) string {
	var sentences []string
	for _, v := range d.Deciding() {
		sentences = append(sentences, v.Sentence)
	}
	return strings.Join(slices.Compact(sentences), " ")
}

// tell names the gates that did not simply pass.
func (e *Engine) tell(ctx context.Context, j job.Job, d gate.Decision) {
	for _, v := range d.Verdicts {
		if v.Outcome != gate.Passed || v.Warning {
			e.Log.InfoContext(ctx, "gate judged", keyJob, j.ID, "gate", string(v.Gate), "outcome", string(v.Outcome), "sentence", v.Sentence)
		}
	}
}

// restored tells what an automation needs to send traffic to the target, and
// how long the recovery took from the alert or the request.
func (e *Engine) restored(ctx context.Context, j job.Job) {
	since := j.CreatedAt
	if !j.Restore.FiredAt.IsZero() {
		since = j.Restore.FiredAt
	}
	args := []any{
		keyJob, j.ID, "source", j.Restore.Source, "target", j.Service, "point", j.Restore.Point.Blob, "pointStarted", j.Restore.Point.StartedAt,
		"took", j.EndedAt.Sub(since).String(), "warm", j.Restore.Warm, "incident", j.Restore.Incident,
		"gateway", j.Restore.GatewayURL, "management", j.Restore.ManagementURL,
	}
	for _, w := range j.Warnings {
		e.Log.WarnContext(ctx, "look at the restored service", keyJob, j.ID, keyReason, w)
	}
	e.Log.InfoContext(ctx, "restore completed", args...)
}

// blocked counts the gates that refused a failover.
func (e *Engine) blocked(ctx context.Context, j job.Job) {
	for _, g := range j.Restore.Gates {
		if g.Outcome == string(gate.Refused) {
			e.count1(ctx, countBlocked, j.Restore.Source+"/"+g.Name)
		}
	}
}
