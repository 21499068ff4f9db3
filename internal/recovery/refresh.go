package recovery

import (
	"context"

	"lifeboat/internal/gate"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// refresh orders the restore of every warm standby of a service that has a new
// point. The point makes the order's id, so doing it twice does nothing.
func (e *Engine) refresh(ctx context.Context, j job.Job) error {
	source, ok := e.Plan.Service(j.Service)
	if !ok {
		return nil
	}
	for _, standby := range source.Standbys {
		if standby.Mode != plan.StandbyWarm {
			continue
		}
		order := job.RestoreOrder{Source: source.Name, Wanted: j.Attempt.Blob, Warm: true, By: "lifeboat", Why: "refresh of a warm standby"}
		if err := e.orderRestore(ctx, source, standby.Name, "warm-"+j.ID, order); err != nil {
			return err
		}
	}
	return nil
}

// wanted tells whether an open incident of any service may need a standby.
func (e *Engine) wanted(ctx context.Context, standby string) (gate.Answer, string, error) {
	for _, source := range e.Plan.Sources(standby) {
		summary, err := e.Store.StoredSummary(ctx, source)
		if err != nil {
			return gate.Unknown, "", err
		}
		if summary.Incident != "" {
			return gate.Yes, source, nil
		}
	}
	return gate.No, "", nil
}
