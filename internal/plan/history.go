package plan

import (
	"errors"
	"time"
)

const (
	defaultHistory = 90 * 24 * time.Hour
	// LeastHistory is the shortest history: the status page shows 30 days, and
	// what is under way for longer than half of it is not carried out.
	LeastHistory = 35 * 24 * time.Hour

	wantHistory = "a duration such as 90d"
)

// historySettings is the one key of a plan that says how long its history is.
var historySettings = []setting[Plan]{
	{key: "history", want: wantHistory, set: span(LeastHistory, func(p *Plan) *time.Duration { return &p.History })},
}

// history reads how long what is over stays in the table.
func (r *reader) history(e entry, p *Plan) {
	value, ok := r.scalar(e, "history")
	if !ok {
		return
	}
	if err := historySettings[0].set(p, value); errors.Is(err, errWant) {
		r.report(e.value.GetToken(), "history", "want %s, got %q", wantHistory, value)
	} else if err != nil {
		r.report(e.value.GetToken(), "history", "%v", err)
	}
}

// consistentHistory checks that nothing that can still be used or go on is
// older than the history.
func (r *reader) consistentHistory(p *Plan) {
	for _, s := range p.Services {
		if s.RestorableFor > p.History {
			r.report(r.at[s.Name], join("services", s.Name), "restorableFor (%s) is longer than history (%s): the jobs of backups that can be restored would be gone", s.RestorableFor, p.History)
		}
		if s.Rules.Deadline > p.History {
			r.report(r.at[s.Name], join("services", s.Name), "deadline (%s) is longer than history (%s)", s.Rules.Deadline, p.History)
		}
	}
}
