package recovery

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// overwritten decides about a restore without a handle, whose target is not in
// transition any more, by comparing what the target holds with what it held
// and with what the point recorded.
func (e *Engine) overwritten(ctx context.Context, j job.Job, at plan.Place, target job.Observed) job.Event {
	now, err := e.ARM.Count(ctx, at.Service, everything)
	if err != nil {
		return deferred(err)
	}
	before, wanted := j.Attempt.Before.Fingerprint(), j.Restore.Point.After.Fingerprint()
	switch is := now.Fingerprint(); {
	case before == "" || wanted == "" || is == "":
		return job.Undecidable{Reason: fmt.Sprintf("the answer to the restore was lost, and what %s held before or should hold now was not recorded: look at it, and restore again if it needs that", at.Name)}
	case before == wanted:
		return job.Undecidable{Reason: fmt.Sprintf("the answer to the restore was lost, and %s held the same resources before: look at it, and restore again if it needs that", at.Name)}
	case is == wanted:
		return job.Evident{Facts: target.Facts, Settings: target.Settings}
	case is == before && j.Restore.Point.MayHold(now):
		return job.Undecidable{Reason: fmt.Sprintf("the answer to the restore was lost, and %s holds what it held before, as the backup may, during which its service was changed: look at it, and restore again if it needs that", at.Name)}
	case is == before:
		return job.NotLanded{Reason: fmt.Sprintf("%s is %s and holds what it held before", at.Name, target.ProvisioningState)}
	default:
		return job.Undecidable{Reason: fmt.Sprintf("the answer to the restore was lost, and %s holds neither what it held before nor what the backup held: look at it, and restore again if it needs that", at.Name)}
	}
}

// safety judges the target's safety backup.
func safety(a job.Artefact) job.Event {
	if a.Size == 0 {
		return job.ArtefactUnfit{Reason: fmt.Sprintf("blob %s is empty", a.Name)}
	}
	return job.SafetyDone{Artefact: a}
}

// inspect looks at a target after the restore's success. What is not as the
// point says is a loud warning: a failure here would help nobody in the
// middle of an outage.
func (e *Engine) inspect(ctx context.Context, j job.Job, at plan.Place) job.Event {
	look, done := looking(ctx)
	defer done()
	target, err := e.ARM.Observe(look, at.Service)
	if err != nil {
		return deferred(err)
	}
	if target.InTransition() {
		return job.Deferred{Reason: fmt.Sprintf("%s is still %s", at.Name, target.ProvisioningState)}
	}
	var warnings []string
	if target.ProvisioningState != "Succeeded" {
		warnings = append(warnings, fmt.Sprintf("%s is in state %s after the restore", at.Name, target.ProvisioningState))
	}
	held, err := e.ARM.Count(look, at.Service, everything)
	if err != nil {
		warnings = append(warnings, fmt.Sprintf("what %s holds could not be counted: %v", at.Name, err))
	} else {
		warnings = append(warnings, differs(held, j.Restore.Point.After)...)
	}
	// In the move's own time: a gateway that nobody asked looks like a dead one.
	if state := e.ARM.Gateway(ctx, target); state != job.GatewayHealthy {
		warnings = append(warnings, fmt.Sprintf("the gateway of %s is %s: try a call before you send it traffic", at.Name, state))
	}
	warnings = append(warnings, unlike(target.Settings, j.Restore.Point.Settings)...)
	return job.Restored{Warnings: warnings, GatewayURL: target.GatewayURL, ManagementURL: target.ManagementURL}
}

// differs compares counts with what the point recorded.
func differs(is, wanted job.Inventory) []string {
	var warnings []string
	for _, kind := range []struct {
		name       string
		is, wanted job.Tally
	}{{"APIs", is.APIs, wanted.APIs}, {"products", is.Products, wanted.Products}, {"named values", is.NamedValues, wanted.NamedValues}} {
		if kind.wanted.Known() && kind.is != kind.wanted {
			warnings = append(warnings, fmt.Sprintf("%d %s, and the backup had %d, or others", kind.is.Count, kind.name, kind.wanted.Count))
		}
	}
	return warnings
}

// unlike lists the settings that no backup holds and in which the target is
// not as the source was: they need a person.
func unlike(target, source map[string]string) []string {
	var warnings []string
	for _, name := range slices.Sorted(maps.Keys(source)) {
		if target[name] != source[name] {
			warnings = append(warnings, fmt.Sprintf("not in a backup, and different here: %s is %q, the source had %q", name, target[name], source[name]))
		}
	}
	return warnings
}
