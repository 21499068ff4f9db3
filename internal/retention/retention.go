// Package retention decides which of a service's points are kept, and says
// why. It deletes nothing and looks at nothing: the points, the policy and the
// time are passed in. What it can't judge it keeps.
package retention

import (
	"cmp"
	"slices"
	"time"

	"lifeboat/internal/job"
)

// Item is a point and what else decides about it.
type Item struct {
	job.Point
	Held       bool // a person wants it to stay
	HoldReason string
	Pinned     bool // a restore needs it
	PinnedBy   string
	// Removing: it was marked for its removal, so its blob may be gone.
	Removing bool
}

// Verdict says whether a point is kept, and every reason for it; of one that
// is not, why nothing keeps it.
type Verdict struct {
	Item    Item
	Keep    bool
	Reasons []string
}

// Apply judges points, which are all of one service and each there once. The
// verdicts are in the order of the points' starts, newest first, and of two
// that started together the one with the greater job id counts as newer.
//
// Held and pinned points are kept, and so are those without a start or with
// one in the future, which count for nothing else. A point past its restorable
// limit is kept by KeepWithin only, or as the last backup there is. The record
// of a withdrawn point is kept up to its restorable limit. A policy that is
// not valid keeps everything.
func Apply(points []Item, policy Policy, now time.Time) []Verdict {
	j := judge{policy: policy, now: now, invalid: policy.Validate()}
	j.rules = policy.rules(now)
	verdicts := make([]Verdict, 0, len(points))
	for _, i := range slices.SortedFunc(slices.Values(points), newestFirst) {
		verdicts = append(verdicts, j.verdict(i))
	}
	return verdicts
}

func newestFirst(a, b Item) int {
	return cmp.Or(
		b.StartedAt.Compare(a.StartedAt),
		cmp.Compare(b.Job, a.Job),
		cmp.Compare(b.Attempt, a.Attempt),
		cmp.Compare(b.Blob, a.Blob),
	)
}

// judge judges one point after another, from the newest to the oldest.
type judge struct {
	policy  Policy
	invalid error
	now     time.Time
	rules   []rule
	backups int // points judged so far that can have a blob
}

func (j *judge) verdict(i Item) Verdict {
	reasons := protections(i)
	if why := j.unsure(i); why != "" {
		return Verdict{Item: i, Keep: true, Reasons: append(reasons, why)}
	}
	// A protected point is judged as well: it counts for the rules.
	keep, why := j.decide(i)
	if keep || len(reasons) == 0 {
		return Verdict{Item: i, Keep: keep, Reasons: append(reasons, why...)}
	}
	return Verdict{Item: i, Keep: true, Reasons: reasons}
}

// protections are what keeps i whatever its age.
func protections(i Item) []string {
	var why []string
	if i.Held {
		why = append(why, labelled("held", ": ", i.HoldReason))
	}
	if i.Pinned {
		why = append(why, labelled("pinned", " by ", i.PinnedBy))
	}
	return why
}

// unsure says why i can't be judged by its age.
func (j *judge) unsure(i Item) string {
	switch {
	case j.invalid != nil:
		return "the policy is not valid: " + oneLine(j.invalid)
	case i.StartedAt.IsZero():
		return "its start is not known"
	case i.StartedAt.After(j.now.Add(job.Skew)):
		return "its time lies in the future"
	}
	return ""
}

// decide is what the policy says of i.
func (j *judge) decide(i Item) (keep bool, why []string) {
	until := i.RestorableUntil(j.policy.RestorableFor)
	restorable := j.now.Before(until)
	if i.Removing {
		return false, []string{"its removal has begun"}
	}
	if !i.Live() {
		return restorable, []string{withdrawn(i, until, restorable)}
	}
	j.backups++
	if restorable {
		return j.good(i)
	}
	return j.lapsed(i, until)
}

// good judges a point by all rules, because each of them counts it.
func (j *judge) good(i Item) (keep bool, why []string) {
	var kept, not []string
	for _, r := range j.rules {
		if keeps, why := r(i); keeps {
			kept = append(kept, why)
		} else {
			not = append(not, why)
		}
	}
	if len(kept) > 0 {
		return true, kept
	}
	return false, not
}

// lapsed judges a point that Azure no longer restores.
func (j *judge) lapsed(i Item, until time.Time) (keep bool, why []string) {
	since := "past its restorable limit since " + moment(until)
	if within := j.policy.KeepWithin; within > 0 {
		if keeps, why := recent(within, j.now)(i); keeps {
			return true, []string{why}
		}
	}
	// None is newer, so none is good.
	if j.backups == 1 {
		return true, []string{since + ", but the last backup there is"}
	}
	return false, []string{since}
}
