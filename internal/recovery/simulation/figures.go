package simulation

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Figures count what histories were made of. Whatever is computed from counts
// is so by Finish.
type Figures struct {
	Seeds       []Seeds        `json:"seeds"` // ascending
	Code        string         `json:"code"`  // what ran, as a hash
	Violations  []string       `json:"violations,omitempty"`
	Histories   int            `json:"histories"`
	Took        time.Duration  `json:"took"`
	Rate        float64        `json:"historiesPerSecond"`
	Simulated   time.Duration  `json:"-"`
	Years       float64        `json:"simulatedYears"`
	Effects     int            `json:"effects"`
	Requests    int            `json:"operationsRequested"`
	Points      int            `json:"points"`
	Removed     int            `json:"pointsRemoved"`
	Failovers   int            `json:"failovers"`
	Notices     int            `json:"notices"`
	EffectsBy   map[string]int `json:"effectsByCall"`
	Faults      map[string]int `json:"faults"`
	Acts        map[string]int `json:"acts"`
	States      map[string]int `json:"states"`
	Transitions map[string]int `json:"transitions"`
	Missing     []string       `json:"transitionsNotCovered"`
	Rare        map[string]int `json:"transitionsRare"`        // less than one in rarely histories
	Excused     map[string]int `json:"transitionsUnreachable"` // by why
	Refuted     []string       `json:"transitionsWronglyExcused"`
	Total       int            `json:"transitionsInAll"`
}

// NewFigures are none yet.
func NewFigures() *Figures {
	return &Figures{EffectsBy: map[string]int{}, Faults: map[string]int{}, Acts: map[string]int{}, States: map[string]int{}, Transitions: map[string]int{}}
}

const year = 365.25 * 24 * float64(time.Hour)

// Add adds others' figures to f, but for their seeds and code.
func (f *Figures) Add(others *Figures) {
	f.Violations = append(f.Violations, others.Violations...)
	f.Histories += others.Histories
	f.Took += others.Took
	f.Years += others.Years + float64(others.Simulated)/year
	f.Effects += others.Effects
	f.Requests += others.Requests
	f.Points += others.Points
	f.Removed += others.Removed
	f.Failovers += others.Failovers
	f.Notices += others.Notices
	for _, m := range []struct{ to, from map[string]int }{
		{f.EffectsBy, others.EffectsBy}, {f.Faults, others.Faults}, {f.Acts, others.Acts}, {f.States, others.States}, {f.Transitions, others.Transitions},
	} {
		for k, n := range m.from {
			m.to[k] += n
		}
	}
}

// rarely is in how many histories a transition should be met at least once.
const rarely = 1000

// Finish computes what follows from the counts; all are the golden file's
// transitions.
func (f *Figures) Finish(took time.Duration, all []string) {
	f.Took, f.Rate = took, float64(f.Histories)/took.Seconds()
	f.Missing, f.Rare, f.Refuted, f.Excused, f.Total = nil, map[string]int{}, nil, map[string]int{}, len(all)
	for _, t := range all {
		why, times := unreachable(t), f.Transitions[t]
		met := times > 0
		switch {
		case why != "" && met:
			f.Refuted = append(f.Refuted, t)
		case why != "":
			f.Excused[why]++
		case !met:
			f.Missing = append(f.Missing, t)
		case times*rarely < f.Histories:
			f.Rare[t] = times
		}
	}
}

// Write writes f as a table.
func (f *Figures) Write(to io.Writer) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "histories\t%d\n", f.Histories)
	fmt.Fprintf(w, "seeds\t%s\n", strings.Trim(fmt.Sprint(f.Seeds), "[]"))
	fmt.Fprintf(w, "per second\t%.0f\n", f.Rate)
	fmt.Fprintf(w, "simulated years\t%.1f\n", f.Years)
	fmt.Fprintf(w, "effects\t%d\n", f.Effects)
	fmt.Fprintf(w, "operations requested\t%d\n", f.Requests)
	fmt.Fprintf(w, "points made, removed\t%d, %d\n", f.Points, f.Removed)
	fmt.Fprintf(w, "failovers\t%d\n", f.Failovers)
	fmt.Fprintf(w, "notices\t%d\n", f.Notices)
	fmt.Fprintf(w, "faults\t%d of %d kinds\n", sum(f.Faults), len(f.Faults))
	excused := sum(f.Excused)
	fmt.Fprintf(w, "transitions covered\t%d of %d that can be\n", f.Total-excused-len(f.Missing), f.Total-excused)
	for _, part := range []struct {
		title string
		of    map[string]int
	}{{"faults", f.Faults}, {"acts", f.Acts}, {"states", f.States}, {"transitions that are rare", f.Rare}, {"transitions that can't be", f.Excused}} {
		fmt.Fprintf(w, "\n%s\t\n", part.title)
		for _, k := range slices.Sorted(maps.Keys(part.of)) {
			fmt.Fprintf(w, "  %s\t%d\n", k, part.of[k])
		}
	}
	_ = w.Flush()
	for _, m := range f.Missing {
		fmt.Fprintf(to, "not covered: %s\n", m)
	}
}

func sum(of map[string]int) (all int) {
	for _, n := range of {
		all += n
	}
	return all
}
