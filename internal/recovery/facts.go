package recovery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"lifeboat/internal/gate"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// considered is a decision with what it was about.
type considered struct {
	decision gate.Decision
	point    job.Point
	// The summaries, as the gates saw them.
	source job.Summary
	target job.StoredSummary
}

// consider gathers the facts and asks the gates.
func (e *Engine) consider(ctx context.Context, j job.Job, source plan.Service, at plan.Place) (considered, error) {
	facts, c, err := e.facts(ctx, j, source, at)
	if err != nil {
		return c, err
	}
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
func (e *Engine) facts(ctx context.Context, j job.Job, source plan.Service, at plan.Place) (f gate.Facts, c considered, err error) {
	// The lease comes first: whoever gave it up before this look has written
	// into the summary by then that the target serves.
	lease, err := e.Store.Lease(ctx, at.Name)
	if err != nil && !errors.Is(err, job.ErrNotFound) {
		return f, c, err
	}
	from, err := e.Store.StoredSummary(ctx, source.Name)
	if err != nil {
		return f, c, err
	}
	onto, err := e.Store.StoredSummary(ctx, at.Name)
	if err != nil {
		return f, c, err
	}
	target, err := e.ARM.Observe(ctx, at.Service)
	exists := !absent(err)
	if err != nil && exists {
		return f, c, err
	}
	chosen, err := e.pick(ctx, j, source, at, target, onto.Holds)
	if err != nil {
		return f, c, err
	}
	f.Incident, err = e.incidentFacts(ctx, j, source.Name, from.Incident)
	if err != nil {
		return f, c, err
	}
	f.Maintenance = maintenance(from.Summary, e.now())
	f.TargetFailover = failover(onto.Summary, j)
	f.SourceFailover, err = e.sourceFailover(ctx, from.Summary, j, source)
	if err != nil {
		return f, c, err
	}
	f.Source = gate.Source{ResourceID: source.ResourceID()}
	f.Target = gate.Target{
		ResourceID: resourceID(at.Service), Exists: answer(exists), ProvisioningState: target.ProvisioningState, Tier: target.Facts.Tier,
		Serving: answer(onto.ServingFor != ""), Leased: answer(lease.Job != ""), LeasedBy: lease.Job,
		Wanted: gate.No, Holds: answer(chosen.held),
	}
	if j.Restore.Warm {
		f.Target.Wanted, f.Target.WantedBy, err = e.wanted(ctx, at.Name)
		if err != nil {
			return f, c, err
		}
	}
	f.Point = chosen.facts(source)
	f.Approval = approval(j, chosen.point)
	// An alert's gateway is asked when nothing but its answer is waited for:
	// healthy now says nothing of the time when the wait is over.
	if !j.Restore.Automatic || f.Maintenance.On == gate.No && !e.now().Before(j.Restore.FiredAt.Add(source.Failover.MinFor)) {
		if f.Probe, err = e.probe(ctx, j, source); err != nil {
			return f, c, err
		}
	}
	return f, considered{point: chosen.point, source: from.Summary, target: onto}, nil
}

// absent reports whether ARM says that there is no such service. Any other 404
// may be a proxy's, or about something else.
func absent(err error) bool {
	var azure *job.AzureError
	return errors.As(err, &azure) && azure.Status == http.StatusNotFound &&
		(azure.Code == "ResourceNotFound" || azure.Code == "ResourceGroupNotFound")
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
// name. A question that there was no time for is an error.
func (e *Engine) probe(ctx context.Context, j job.Job, source plan.Service) (gate.Probe, error) {
	if j.Restore.Warm {
		return gate.Probe{}, nil
	}
	// ARM's silence costs the gateway nothing of its time.
	look, done := context.WithTimeout(ctx, probeLimit)
	defer done()
	observed, err := e.ARM.Observe(look, source.Service)
	if err != nil || observed.GatewayURL == "" {
		observed = job.Observed{GatewayURL: "https://" + strings.ToLower(source.Resource) + ".azure-api.net"}
	}
	health := map[job.GatewayState]gate.Health{
		job.GatewayHealthy: gate.Healthy, job.GatewayUnhealthy: gate.Unhealthy, job.GatewayUnreachable: gate.Unreachable,
	}[e.ARM.Gateway(ctx, observed)]
	if err := ctx.Err(); err != nil {
		return gate.Probe{}, fmt.Errorf("ask the gateway of %s: %w", source.Name, err)
	}
	return gate.Probe{Health: health, At: e.now()}, nil
}

// probeLimit bounds what ARM's silence about a source may cost a failover. How
// long a gateway may take, its port knows.
const probeLimit = 15 * time.Second
