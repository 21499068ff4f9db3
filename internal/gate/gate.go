// Package gate decides whether a restore may start. A gate is a named
// condition; every gate is judged and recorded even when the first fails, so
// that an operator sees at once all that stands in the way. The package
// looks at nothing itself: what is known is passed in as Facts, and a fact
// that nobody could have is its zero value, which no gate lets through.
//
// A fact that may be had by looking again makes its gate wait; one that a
// record lacks for good makes it refuse.
package gate

import "time"

// Outcome is what a gate, or all of them, say. The zero value is no outcome
// and counts as a refusal.
type Outcome string

// The outcomes, from the best to the worst.
const (
	Passed        Outcome = "Passed"
	NeedsApproval Outcome = "NeedsApproval" // a person's word would do
	Waits         Outcome = "Waits"         // time, or another look, would do
	Refused       Outcome = "Refused"       // this request will not be carried out
)

// rank orders outcomes; whatever is not known is as bad as a refusal.
func (o Outcome) rank() int {
	switch o {
	case Passed:
		return 0
	case NeedsApproval:
		return 1
	case Waits:
		return 2
	}
	return 3
}

// Verdict is what one gate says.
type Verdict struct {
	Gate    Name
	Outcome Outcome
	// Warning marks a gate that passed because a person asked, on grounds on
	// which it would have refused an alert, or that passed with something
	// that the operator should know first.
	Warning bool
	// Until is when to look again at a gate that waits, when an approval
	// that is needed comes too late, and when a refusal ends by itself. Zero:
	// none of these is known.
	Until time.Time
	// Sentence says what was found and what to do about it.
	Sentence string
}

// Decision is what all gates together say.
type Decision struct {
	// Outcome is the worst of the verdicts.
	Outcome Outcome
	// Until is the earliest time at which a decision that waits could be
	// another one; zero for every other outcome.
	Until time.Time
	// Holds: the target already has the chosen point's content, so that a
	// failover completes after its checks, without a restore.
	Holds    bool
	Verdicts []Verdict
}

// Deciding returns the verdicts that made the decision what it is.
func (d Decision) Deciding() []Verdict {
	var all []Verdict
	for _, v := range d.Verdicts {
		if v.Outcome == d.Outcome {
			all = append(all, v)
		}
	}
	return all
}

// Warnings returns the verdicts that passed with a warning.
func (d Decision) Warnings() []Verdict {
	var all []Verdict
	for _, v := range d.Verdicts {
		if v.Warning {
			all = append(all, v)
		}
	}
	return all
}

// Evaluate judges a restore that an alert or a person asked for. It is to be
// called again, with fresh facts, right before the restore's intent is saved.
func Evaluate(r Request, f Facts, p Policy, now time.Time) Decision {
	return decide(failover, question{r: r, f: f, p: p, now: now.UTC()})
}

// Warm judges the refresh of a warm standby after a verified backup. Nobody
// asks for a refresh, so it is judged as strictly as an alert's request; it
// neither obeys the cool-down nor needs an approval.
func Warm(r Request, f Facts, p Policy, now time.Time) Decision {
	r.Automatic = true
	return decide(warm, question{r: r, f: f, p: p, now: now.UTC()})
}

// question is all that a gate may look at.
type question struct {
	r   Request
	f   Facts
	p   Policy
	now time.Time
}

func decide(gates []gate, q question) Decision {
	d := Decision{
		Outcome: Passed,
		Holds:   q.f.Target.Holds == Yes && q.f.Point.Found == Yes,
	}
	var until time.Time
	for _, g := range gates {
		v := g.judge(q)
		v.Gate, v.Until = g.name, v.Until.UTC()
		if v.Outcome.rank() > d.Outcome.rank() {
			d.Outcome = v.Outcome
		}
		// All that wait must be done waiting before anything can pass.
		if v.Outcome == Waits && v.Until.After(until) {
			until = v.Until
		}
		d.Verdicts = append(d.Verdicts, v)
	}
	if d.Outcome == Waits {
		d.Until = until
	}
	return d
}
