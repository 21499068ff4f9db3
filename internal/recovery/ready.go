package recovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lifeboat/internal/gate"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// readyEvery is how old the last look at a standby may become before Watch,
// which runs every five minutes, looks again: at least every 30 minutes.
const readyEvery = 24 * time.Minute

// watchReadiness looks whether a failover onto a standby of source would find
// it fit, and announces when that changes.
func (e *Engine) watchReadiness(ctx context.Context, source plan.Service, standby plan.Standby, known job.Summary) error {
	if e.now().Sub(known.ReadyAt) < readyEvery {
		return nil
	}
	facts, err := e.readyFacts(ctx, source, standby)
	if err != nil {
		return fmt.Errorf("look whether standby %s is ready: %w", standby.Name, err)
	}
	ready, reasons := gate.Ready(facts)
	return e.contended(ctx, func() error {
		return e.saveReadiness(ctx, source, standby, ready, strings.Join(reasons, " "))
	})
}

func (e *Engine) saveReadiness(ctx context.Context, source plan.Service, standby plan.Standby, ready bool, reason string) error {
	summary, err := e.Store.StoredSummary(ctx, standby.Name)
	if err != nil {
		return err
	}
	now, readiness, news := e.now(), job.Ready, job.NoticeStandbyReady
	if !ready {
		readiness, news = job.NotReady, job.NoticeStandbyNotReady
	}
	t := job.Transition{Read: summary, Summary: job.SummaryMove{Readiness: &readiness, ReadyReason: &reason, ReadyAt: &now}}
	if readiness != summary.Readiness && (readiness == job.NotReady || summary.Readiness == job.NotReady) {
		t.Notices = []job.Notice{job.ServiceNotice(standby.Name, source.Name, news, now, job.NoticeFacts{Standby: standby.Name, Message: reason})}
	}
	if err := e.Store.Transit(ctx, t); err != nil {
		return fmt.Errorf("save whether standby %s is ready: %w", standby.Name, err)
	}
	e.announce(ctx, t.Notices)
	return nil
}

func (e *Engine) readyFacts(ctx context.Context, source plan.Service, standby plan.Standby) (gate.ReadyFacts, error) {
	var f gate.ReadyFacts
	lease, err := e.Store.Lease(ctx, standby.Name)
	if err != nil && !errors.Is(err, job.ErrNotFound) {
		return f, err
	}
	summary, err := e.Store.StoredSummary(ctx, standby.Name)
	if err != nil {
		return f, err
	}
	observed, err := e.ARM.Observe(ctx, standby.Service)
	if err != nil && !absent(err) {
		return f, err
	}
	f = gate.ReadyFacts{
		Standby: standby.Name,
		Exists:  answer(!absent(err)), ProvisioningState: observed.ProvisioningState, Tier: observed.Facts.Tier,
		Serving: answer(summary.ServingFor != ""), ServingFor: summary.ServingFor, Leased: answer(lease.Job != ""),
	}
	if f.Exists == gate.Yes {
		grant := e.ARM.Access(ctx, standby.Service)
		f.Access = map[job.GrantState]gate.Answer{job.Granted: gate.Yes, job.NotGranted: gate.No}[grant.State]
		f.AccessReason = grant.Reason
	}
	f.PointTier, err = e.pointTier(ctx, source)
	return f, err
}

// pointTier is the tier of the newest point of a service, "" if there is none.
func (e *Engine) pointTier(ctx context.Context, source plan.Service) (string, error) {
	summary, err := e.Store.StoredSummary(ctx, source.Name)
	if err != nil || summary.PointBlob == "" {
		return "", err
	}
	p, err := e.Store.Point(ctx, source.Name, summary.PointBlob)
	if errors.Is(err, job.ErrNotFound) {
		return "", nil
	}
	return p.Facts.Tier, err
}
