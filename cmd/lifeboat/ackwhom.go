package main

import (
	"context"
	"slices"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/request"
)

// acknowledges says what an acknowledgement of s would do, as far as that can
// be seen. Of a service that serves for another, and for which none serves, it
// is meant for that other, and an error: a word about itself changes nothing of
// that.
func (d *desk) acknowledges(ctx context.Context, s plan.Service, outcome request.Outcome) (string, error) {
	own, standbys, err := d.summariesOf(ctx, s)
	if err != nil {
		return whatNext[outcome].unseen, nil
	}
	serves := slices.ContainsFunc(standbys, func(row job.Summary) bool { return row.ServingFor == s.Name })
	switch {
	case serves:
		return whatNext[outcome].serves, nil
	case !servesStill(d.plan, s.Name, own):
		return noneServes, nil
	case outcome == request.None && d.ownFailover(s, own, standbys):
		return noneServes + " It goes on serving for " + own.ServingFor + ".", nil
	}
	return "", bad("%s serves for %s: lifeboat ack %s%s", s.Name, own.ServingFor, own.ServingFor, outcomeFlag(outcome))
}

// servesStill reports whether a failover goes on in which name serves for
// another. The mark of one that was promoted stays when the plan no longer calls
// it that other's standby; then it is a service like any.
func servesStill(p *plan.Plan, name string, row job.Summary) bool {
	return row.ServingFor != "" && slices.Contains(p.Sources(name), row.ServingFor)
}

func outcomeFlag(outcome request.Outcome) string {
	if outcome == request.None {
		return ""
	}
	return " --outcome " + string(outcome)
}

// ownFailover reports whether s, which serves for another, has an incident or a
// failover of its own that may be acknowledged.
func (d *desk) ownFailover(s plan.Service, own job.Summary, standbys []job.Summary) bool {
	if own.Incident != "" {
		return true
	}
	cools := func(row job.Summary) bool { return !row.FailedOver.IsZero() && !row.Acknowledged }
	onto := d.plan.Homes(own.FailoverJob)
	return cools(own) && (len(onto) == 0 || onto[0] != s.Name) || slices.ContainsFunc(standbys, cools)
}

// summariesOf reads what is known of s and of its standbys, without much
// patience: who has to acknowledge may have to without it.
func (d *desk) summariesOf(ctx context.Context, s plan.Service) (own job.Summary, standbys []job.Summary, err error) {
	ctx, cancel := context.WithTimeout(ctx, whoWithin)
	defer cancel()
	stored, err := d.store.StoredSummary(ctx, s.Name)
	if err != nil {
		return own, nil, err
	}
	for _, standby := range s.Standbys {
		row, err := d.store.StoredSummary(ctx, standby.Name)
		if err != nil {
			return own, nil, err
		}
		standbys = append(standbys, row.Summary)
	}
	return stored.Summary, standbys, nil
}
