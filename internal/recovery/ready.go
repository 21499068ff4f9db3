package recovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lifeboat/internal/fleet"
	"lifeboat/internal/gate"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// readyEvery is how old the last look at a standby may become before Watch,
// which runs every five minutes, looks again: at least every 30 minutes.
const readyEvery = 24 * time.Minute

// use is a standby as one source has it.
type use struct {
	source  *plan.Service
	standby *plan.Standby
}

// usesOf are the uses of each standby of a plan: several services may share
// one.
func usesOf(p *plan.Plan) (all [][]use) {
	places := map[string]int{}
	for i := range p.Services {
		s := &p.Services[i]
		for j := range s.Standbys {
			standby := &s.Standbys[j]
			place, ok := places[standby.Name]
			if !ok {
				place = len(all)
				places[standby.Name] = place
				all = append(all, nil)
			}
			all[place] = append(all[place], use{s, standby})
		}
	}
	return all
}

// watchStandbys looks at every standby, and leaves time for what comes after.
func (e *Engine) watchStandbys(ctx context.Context, rows fleet.Rows) error {
	look, done := looking(ctx)
	defer done()
	known := byService(rows.Summaries)
	var work []func() error
	for _, uses := range usesOf(e.Plan) {
		work = append(work, func() error { return e.watchReadiness(look, uses, known(uses[0].standby.Name)) })
	}
	return e.all(work)
}

// watchReadiness looks whether a failover onto a standby would find it fit,
// whichever of its sources needs it, and announces when that changes.
func (e *Engine) watchReadiness(ctx context.Context, uses []use, known job.Summary) error {
	if e.now().Sub(known.ReadyAt) < readyEvery {
		return nil
	}
	standby := uses[0].standby.Name
	look, done := context.WithTimeout(ctx, glance)
	facts, err := e.readyFacts(look, uses)
	done()
	if err != nil {
		return fmt.Errorf("look whether standby %s is ready: %w", standby, err)
	}
	ready, reason := readyForAll(uses, facts)
	return e.contended(ctx, func() error {
		return e.saveReadiness(ctx, uses, ready, reason)
	})
}

// readyForAll judges a standby for each of its sources. What is not so for all
// of them is said with their names.
func readyForAll(uses []use, facts []gate.ReadyFacts) (ready bool, reason string) {
	verdicts, ready := make([]bool, len(uses)), true
	sentences := make([][]string, len(uses))
	for i, f := range facts {
		verdicts[i], sentences[i] = gate.Ready(f)
		ready = ready && verdicts[i]
	}
	var order []string
	whose := map[string][]string{}
	for i, u := range uses {
		if verdicts[i] != ready {
			continue // remarks on what is fit say nothing of what is not
		}
		for _, sentence := range sentences[i] {
			if len(whose[sentence]) == 0 {
				order = append(order, sentence)
			}
			whose[sentence] = append(whose[sentence], u.source.Name)
		}
	}
	for i, sentence := range order {
		if of := whose[sentence]; len(of) < len(uses) {
			order[i] = fmt.Sprintf("As a standby of %s: %s", strings.Join(of, ", "), sentence)
		}
	}
	return ready, strings.Join(order, " ")
}

func (e *Engine) saveReadiness(ctx context.Context, uses []use, ready bool, reason string) error {
	standby := uses[0].standby.Name
	summary, err := e.Store.StoredSummary(ctx, standby)
	if err != nil {
		return err
	}
	now, readiness, news := e.now(), job.Ready, job.NoticeStandbyReady
	if !ready {
		readiness, news = job.NotReady, job.NoticeStandbyNotReady
	}
	t := job.Transition{Read: summary, Summary: job.SummaryMove{Readiness: &readiness, ReadyReason: &reason, ReadyAt: &now}}
	if readiness != summary.Readiness && (readiness == job.NotReady || summary.Readiness == job.NotReady) {
		for i, u := range uses {
			at := now.Add(time.Duration(i) * time.Millisecond) // each has an id of its own by it
			t.Notices = append(t.Notices, job.ServiceNotice(standby, u.source.Name, news, at, job.NoticeFacts{Standby: standby, Message: reason}))
		}
	}
	if err := e.Store.Transit(ctx, t); err != nil {
		return fmt.Errorf("save whether standby %s is ready: %w", standby, err)
	}
	e.announce(ctx, t.Notices)
	return nil
}

// readyFacts looks at a standby once, and at what concerns each of its sources.
func (e *Engine) readyFacts(ctx context.Context, uses []use) ([]gate.ReadyFacts, error) {
	standby := uses[0].standby.Service
	lease, err := e.Store.Lease(ctx, standby.Name)
	if err != nil && !errors.Is(err, job.ErrNotFound) {
		return nil, err
	}
	summary, err := e.Store.StoredSummary(ctx, standby.Name)
	if err != nil {
		return nil, err
	}
	observed, err := e.ARM.Observe(ctx, standby)
	if err != nil && !absent(err) {
		return nil, err
	}
	seen := gate.ReadyFacts{
		Standby: standby.Name,
		Exists:  answer(!absent(err)), ProvisioningState: observed.ProvisioningState, Tier: observed.Facts.Tier,
		Serving: answer(summary.ServingFor != ""), ServingFor: summary.ServingFor, Leased: answer(lease.Job != ""),
	}
	facts := make([]gate.ReadyFacts, len(uses))
	grants := map[job.Service]job.Grant{} // most sources have their backups in one place
	for i, u := range uses {
		f := seen
		if f.Exists == gate.Yes {
			grant, asked := grants[u.standby.Service]
			if !asked {
				grant = e.ARM.Access(ctx, u.standby.Service)
				grants[u.standby.Service] = grant
			}
			f.Access = map[job.GrantState]gate.Answer{job.Granted: gate.Yes, job.NotGranted: gate.No}[grant.State]
			f.AccessReason = grant.Reason
		}
		if f.PointTier, err = e.pointTier(ctx, u.source.Name); err != nil {
			return nil, err
		}
		facts[i] = f
	}
	return facts, nil
}

// pointTier is the tier of the newest point of a service, "" if there is none.
func (e *Engine) pointTier(ctx context.Context, source string) (string, error) {
	summary, err := e.Store.StoredSummary(ctx, source)
	if err != nil || summary.PointBlob == "" {
		return "", err
	}
	p, err := e.Store.Point(ctx, source, summary.PointBlob)
	if errors.Is(err, job.ErrNotFound) {
		return "", nil
	}
	return p.Facts.Tier, err
}
