package recovery

import (
	"context"
	"fmt"
	"strings"

	"lifeboat/internal/gate"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// choice is the point that a restore is about.
type choice struct {
	point job.Point
	found bool
	// held: the target has the point's content, so that nothing needs its blob.
	held bool
	// missing is the blob of the point that would have been chosen, had it been
	// in the plan's container.
	missing string
}

// mostMissing bounds how many points are passed over because their blobs are
// not in the plan's container.
const mostMissing = 10

// pick chooses the point: the one that was approved or named, or the newest
// that the target's tier can take. holds is the blob whose content the target
// was left with.
func (e *Engine) pick(ctx context.Context, j job.Job, source plan.Service, at plan.Place, target job.Observed, holds string) (choice, error) {
	if j.Restore.Approval.By != "" {
		return e.consult(ctx, source, at, target, holds, j.Restore.Point) // what was approved is what is restored
	}
	var unfit choice // so that the gates can say what is wrong with it
	var missing string
	passed := 0
	for p, err := range e.Store.Points(ctx, source.Name) {
		if err != nil {
			return choice{}, err
		}
		named := p.Blob == j.Restore.Wanted
		switch {
		case !p.Live(), j.Restore.Wanted != "" && !named:
			continue
		case !named && !strings.EqualFold(p.Facts.Tier, target.Facts.Tier):
			if !unfit.found {
				unfit = choice{point: p, found: true}
			}
			continue
		}
		chosen, err := e.consult(ctx, source, at, target, holds, p)
		if err != nil || chosen.found || named {
			if missing != "" {
				chosen.missing = missing
			}
			return chosen, err
		}
		if missing == "" {
			missing = p.Blob
		}
		if passed++; passed == mostMissing {
			break
		}
	}
	if missing != "" {
		return choice{missing: missing}, nil
	}
	return unfit, nil
}

// consult looks whether p could be restored: its blob is in the plan's
// container, or the target has its content already.
func (e *Engine) consult(ctx context.Context, source plan.Service, at plan.Place, target job.Observed, holds string, p job.Point) (choice, error) {
	if holds == p.Blob && e.intact(ctx, at, target, p) {
		return choice{point: p, found: true, held: true}, nil
	}
	there, err := e.there(ctx, source, p.Blob)
	if err != nil {
		return choice{}, err
	}
	if !there {
		return choice{point: p, missing: p.Blob}, nil
	}
	return choice{point: p, found: true}, nil
}

// intact reports whether the target may still have the content of the point
// that was restored onto it last. Somebody may have emptied, edited or made it
// anew since. Where that can't be seen, the word of its row stands.
func (e *Engine) intact(ctx context.Context, at plan.Place, target job.Observed, p job.Point) bool {
	if target.ProvisioningState != "Succeeded" {
		return true // the gates won't let it pass, and look again
	}
	is, err := e.ARM.Count(ctx, at.Service, everything)
	if err != nil {
		e.Log.WarnContext(ctx, "standby not counted", keyService, at.Name, keyError, err.Error())
		return true
	}
	if mayBe(is.APIs, p.Before.APIs, p.After.APIs) && mayBe(is.Products, p.Before.Products, p.After.Products) && mayBe(is.NamedValues, p.Before.NamedValues, p.After.NamedValues) {
		return true
	}
	e.Log.WarnContext(ctx, "standby does not hold its point any more", keyService, at.Name, "point", p.Blob)
	return false
}

// mayBe reports whether a restore may have left is, of a backup during which
// there was first before and then after.
func mayBe(is, before, after job.Tally) bool {
	return !after.Known() || is == after || before.Known() && is == before
}

// facts is the choice as the gates judge it.
func (c choice) facts(source plan.Service) gate.Point {
	var f gate.Point
	if c.missing != "" {
		f.Missing, f.Where = c.missing, fmt.Sprintf("container %s of %s", source.Container, source.Account)
	}
	f.Found = answer(c.found)
	if !c.found {
		return f
	}
	f.Name, f.Service, f.Started, f.Tier = c.point.Blob, c.point.Service, c.point.StartedAt, c.point.Facts.Tier
	f.RestorableUntil = c.point.RestorableUntil(source.RestorableFor)
	return f
}
