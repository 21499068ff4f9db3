package recovery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	c, err := e.consider(ctx, from.Job, source, at)
	if err != nil {
		return e.advance(ctx, p, from, at.Rules, deferred(err), nil)
	}
	gates := recorded(c.decision)
	reason := why(c.decision)
	e.tell(ctx, from.Job, c.decision)
	var event job.Event
	switch c.decision.Outcome {
	case gate.Passed:
		if c.decision.Holds {
			if err := e.beginCooldown(ctx, source.Name, from.Job); err != nil {
				return e.again(ctx, p, 0, err.Error())
			}
			return e.advance(ctx, p, from, at.Rules, e.held(ctx, from.Job, at, c), nil)
		}
		return e.overwrite(ctx, p, from, at, source, c)
	case gate.NeedsApproval:
		event = job.AskApproval{Gates: gates, Point: c.point, Expires: e.now().Add(source.Failover.ApprovalExpiry)}
	case gate.Waits:
		event = job.Held{Gates: gates, Reason: reason, Until: c.decision.Until}
	default:
		event = job.Blocked{Gates: gates, Reason: reason}
	}
	return e.advance(ctx, p, from, at.Rules, event, nil)
}

// held completes a restore whose target has the point's content already.
func (e *Engine) held(ctx context.Context, j job.Job, at plan.Place, c considered) job.Event {
	order := *j.Restore
	order.Point = c.point
	j.Restore = &order
	event := e.inspect(ctx, j, at)
	if restored, ok := event.(job.Restored); ok {
		restored.Point, restored.Gates = c.point, recorded(c.decision)
		return restored
	}
	return event
}

// overwrite begins the restore's next operation: the target's safety backup,
// where the plan asks for one, and then the restore itself.
func (e *Engine) overwrite(ctx context.Context, p Prompt, from job.Stored, at plan.Place, source plan.Service, c considered) error {
	decision := job.Start{Phase: job.Overwrite, Point: c.point, Gates: recorded(c.decision)}
	if source.Failover.SafetyBackup && !from.Restore.Warm && from.Restore.Safety.Name == "" {
		decision.Phase = job.SafetyBackup
	}
	before, err := e.ARM.Count(ctx, at.Service, everything)
	if err != nil {
		// Without a fingerprint a lost answer could never be understood.
		return e.advance(ctx, p, from, at.Rules, deferred(err), nil)
	}
	decision.Before = before
	if decision.Phase == job.Overwrite {
		if err := e.beginCooldown(ctx, source.Name, from.Job); err != nil {
			return e.again(ctx, p, 0, err.Error())
		}
	}
	return e.begin(ctx, p, from, at, decision)
}

// beginCooldown notes a failover with its source before it is begun; the
// target's note is in the transaction of the intent.
func (e *Engine) beginCooldown(ctx context.Context, source string, j job.Job) error {
	if j.Restore.Warm {
		return nil
	}
	now, no := e.now(), false
	if err := e.Store.Note(ctx, source, job.SummaryMove{FailedOver: &now, FailoverJob: &j.ID, Acknowledged: &no}); err != nil {
		return fmt.Errorf("note the failover of %s: %w", source, err)
	}
	return nil
}

// considered is a decision with what it was about.
type considered struct {
	decision gate.Decision
	point    job.Point
}

// consider gathers the facts and asks the gates.
func (e *Engine) consider(ctx context.Context, j job.Job, source plan.Service, at plan.Place) (considered, error) {
	var c considered
	facts, point, err := e.facts(ctx, j, source, at)
	if err != nil {
		return c, err
	}
	c.point = point
	request, policy := e.question(j, source)
	if j.Restore.Warm {
		c.decision = gate.Warm(request, facts, policy, e.now())
	} else {
		c.decision = gate.Evaluate(request, facts, policy, e.now())
	}
	return c, nil
}

func (e *Engine) question(j job.Job, source plan.Service) (gate.Request, gate.Policy) {
	o := j.Restore
	policy := gate.Policy{
		Mode: gate.Mode(source.Failover.Mode), Rules: source.Failover.Rules, MinFor: source.Failover.MinFor,
		Cooldown: source.Failover.Cooldown, MaxPointAge: source.Failover.MaxPointAge, Approvers: source.Failover.Approvers,
	}
	for _, s := range source.Standbys {
		policy.Standbys = append(policy.Standbys, s.Name)
	}
	request := gate.Request{
		Job: j.ID, Automatic: o.Automatic, Rule: o.Rule, FiredAt: o.FiredAt, Requester: o.By,
		Source: source.Name, Target: j.Service, Point: o.Wanted,
	}
	return request, policy
}

// facts looks at all that the gates judge. Only what the tables or the target
// would not say is an error; the source need not answer.
func (e *Engine) facts(ctx context.Context, j job.Job, source plan.Service, at plan.Place) (gate.Facts, job.Point, error) {
	var f gate.Facts
	// The lease comes first: whoever gave it up before this look has written
	// into the summary by then that the target serves.
	lease, err := e.Store.Lease(ctx, at.Name)
	if err != nil && !errors.Is(err, job.ErrNotFound) {
		return f, job.Point{}, err
	}
	from, err := e.Store.StoredSummary(ctx, source.Name)
	if err != nil {
		return f, job.Point{}, err
	}
	onto, err := e.Store.StoredSummary(ctx, at.Name)
	if err != nil {
		return f, job.Point{}, err
	}
	target, err := e.ARM.Observe(ctx, at.Service)
	exists := !absent(err)
	if err != nil && exists {
		return f, job.Point{}, err
	}
	point, found, err := e.pick(ctx, j, source, target.Facts.Tier)
	if err != nil {
		return f, job.Point{}, err
	}
	f.Incident, err = e.incidentFacts(ctx, j, source.Name, from.Incident)
	if err != nil {
		return f, job.Point{}, err
	}
	f.Maintenance = maintenance(from.Summary, e.now())
	f.TargetFailover = failover(onto.Summary, j)
	f.SourceFailover, err = e.sourceFailover(ctx, from.Summary, j, source)
	if err != nil {
		return f, job.Point{}, err
	}
	f.Source = gate.Source{ResourceID: source.ResourceID()}
	f.Target = gate.Target{
		ResourceID: resourceID(at.Service), Exists: answer(exists), ProvisioningState: target.ProvisioningState, Tier: target.Facts.Tier,
		Serving: answer(onto.ServingFor != ""), Leased: answer(lease.Job != ""), LeasedBy: lease.Job,
		Wanted: gate.No, Holds: answer(found && onto.Holds != "" && onto.Holds == point.Blob),
	}
	if j.Restore.Warm {
		f.Target.Wanted, f.Target.WantedBy, err = e.wanted(ctx, at.Name)
		if err != nil {
			return f, job.Point{}, err
		}
	}
	f.Point = pointFacts(point, found, source)
	f.Approval = approval(j, point)
	// An alert's gateway is asked when nothing but its answer is waited for:
	// healthy now says nothing of the time when the wait is over.
	if !j.Restore.Automatic || f.Maintenance.On == gate.No && !e.now().Before(j.Restore.FiredAt.Add(source.Failover.MinFor)) {
		f.Probe = e.probe(ctx, j, source)
	}
	return f, point, nil
}

// absent reports whether ARM says that there is no such service.
func absent(err error) bool {
	var azure *job.AzureError
	return errors.As(err, &azure) && azure.Status == http.StatusNotFound
}

func answer(yes bool) gate.Answer {
	if yes {
		return gate.Yes
	}
	return gate.No
}

func resourceID(s job.Service) string {
	return fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.ApiManagement/service/%s", s.Subscription, s.ResourceGroup, s.Resource)
}

func maintenance(s job.Summary, now time.Time) gate.Maintenance {
	return gate.Maintenance{On: answer(now.Before(s.MaintenanceUntil)), Until: s.MaintenanceUntil}
}

// failover is the last one of a service, without the one that j itself began.
func failover(s job.Summary, j job.Job) gate.Failover {
	if s.FailedOver.IsZero() || s.FailoverJob == j.ID {
		return gate.Failover{Happened: gate.No}
	}
	return gate.Failover{Happened: gate.Yes, At: s.FailedOver, Acknowledged: s.Acknowledged}
}

// sourceFailover is failover of a source, whose note is made before the intent
// and so may be of a restore that came to nothing.
func (e *Engine) sourceFailover(ctx context.Context, s job.Summary, j job.Job, source plan.Service) (gate.Failover, error) {
	last := failover(s, j)
	if last.Happened == gate.No {
		return last, nil
	}
	for _, standby := range source.Standbys {
		other, err := e.Store.Job(ctx, standby.Name, s.FailoverJob)
		switch {
		case errors.Is(err, job.ErrNotFound):
		case err != nil:
			return gate.Failover{}, err
		case other.State.Terminal() && other.State != job.Succeeded && other.Restore.Attempted.IsZero():
			return gate.Failover{Happened: gate.No}, nil
		}
	}
	return last, nil
}

// pick chooses the point: the one that was named, or the newest that the
// target's tier can take.
func (e *Engine) pick(ctx context.Context, j job.Job, source plan.Service, tier string) (job.Point, bool, error) {
	if j.Restore.Approval.By != "" {
		return j.Restore.Point, true, nil // what was approved is what is restored
	}
	var newest job.Point
	for p, err := range e.Store.Points(ctx, source.Name) {
		if err != nil {
			return job.Point{}, false, err
		}
		switch {
		case !p.Live():
		case j.Restore.Wanted != "":
			if p.Blob == j.Restore.Wanted {
				return p, true, nil
			}
		case strings.EqualFold(p.Facts.Tier, tier):
			return p, true, nil
		case newest.Blob == "":
			newest = p // so that the gates can say what is wrong with it
		}
	}
	return newest, newest.Blob != "", nil
}

func pointFacts(p job.Point, found bool, source plan.Service) gate.Point {
	if !found {
		return gate.Point{Found: gate.No}
	}
	return gate.Point{
		Found: gate.Yes, Name: p.Blob, Service: p.Service, Started: p.StartedAt, Tier: p.Facts.Tier,
		RestorableUntil: p.RestorableUntil(source.RestorableFor),
	}
}

func approval(j job.Job, point job.Point) gate.Approval {
	a := j.Restore.Approval
	if a.By == "" {
		return gate.Approval{Given: gate.Unknown, Expires: a.Expires}
	}
	if j.Restore.Safety.Name != "" {
		// The safety backup, which takes longer than most approvals hold, was
		// begun under this one.
		a.Expires = j.Deadline
	}
	return gate.Approval{Given: gate.Yes, By: a.By, At: a.At, Expires: a.Expires, Job: j.ID, Point: point.Blob, Target: j.Service}
}

// probe asks the source's gateway, where it could be a reason against the
// restore. Its address comes from ARM or, where that does not know, from the
// name.
func (e *Engine) probe(ctx context.Context, j job.Job, source plan.Service) gate.Probe {
	if j.Restore.Warm {
		return gate.Probe{}
	}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	observed, err := e.ARM.Observe(ctx, source.Service)
	if err != nil || observed.GatewayURL == "" {
		observed = job.Observed{GatewayURL: "https://" + strings.ToLower(source.Resource) + ".azure-api.net"}
	}
	health := map[job.GatewayState]gate.Health{
		job.GatewayHealthy: gate.Healthy, job.GatewayUnhealthy: gate.Unhealthy, job.GatewayUnreachable: gate.Unreachable,
	}[e.ARM.Gateway(ctx, observed)]
	return gate.Probe{Health: health, At: e.now()}
}

// probeLimit bounds what a source that is down may cost a failover.
const probeLimit = 15 * time.Second

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
