package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/terminal"
)

// tortureReport is what `lab torture --json` prints.
type tortureReport struct {
	OK       bool              `json:"ok"`
	Seed     uint64            `json:"seed"`
	Kills    int               `json:"kills"`
	Starts   int               `json:"starts"` // of the binary that came as far as to listen
	Seconds  float64           `json:"seconds"`
	Struck   []struckKind      `json:"struck"`
	Jobs     []jobEnd          `json:"jobs"`
	Notices  int               `json:"notices"`
	Posts    int               `json:"operations"` // that ARM accepted
	Pages    int               `json:"pages"`      // of the status page and its API that were looked through for secrets
	Requests emulator.Requests `json:"requests"`
	Wrong    []string          `json:"wrong,omitempty"`
}

// struckKind says how often a kind of request was struck, and when.
type struckKind struct {
	Kind     string `json:"kind"`
	Met      int    `json:"met"`
	Before   int    `json:"before"`
	After    int    `json:"after"`
	Answered int    `json:"answered"`
	Anytime  int    `json:"anytime"`
}

// jobEnd is how many jobs ended in one way.
type jobEnd struct {
	Kind  string `json:"kind"`
	State string `json:"state"`
	Code  string `json:"code,omitempty"`
	Count int    `json:"count"`
}

// newTortureReport looks at what is left. err is why the story had no end.
func newTortureReport(s *stage, k *strikes, o tortureOptions, took time.Duration, err error) tortureReport {
	seen := observe(s.azure, s.names())
	seen.mail, seen.leaks = s.receiver.got(), s.leaks()
	seen.sent, seen.alerts = s.keptSent(), alertRows(s.azure)
	r := tortureReport{Seed: o.seed, Kills: k.done(), Seconds: took.Seconds(), Requests: seen.requests, Posts: len(seen.operations), Notices: len(seen.notices)}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		r.Wrong = append(r.Wrong, "not everything has ended within "+short(calmLimit))
	case err != nil:
		r.Wrong = append(r.Wrong, err.Error())
	}
	s.looking.Lock()
	r.Pages = s.peeked + len(s.pages)
	s.looking.Unlock()
	r.Starts, err = s.starts()
	if err != nil {
		r.Wrong = append(r.Wrong, err.Error())
	}
	r.Wrong = append(r.Wrong, seen.survived(k)...)
	r.Struck, r.Jobs, r.OK = k.table(), jobEnds(seen.jobs), len(r.Wrong) == 0
	return r
}

func (k *strikes) table() []struckKind {
	k.mu.Lock()
	defer k.mu.Unlock()
	kinds := maps.Clone(k.met)
	for kind := range k.hit {
		kinds[kind] += 0
	}
	var all []struckKind
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		h := k.hit[kind]
		all = append(all, struckKind{kind, kinds[kind], h[before], h[after], h[answered], h[anytime]})
	}
	return all
}

func jobEnds(jobs []jobRow) []jobEnd {
	n := map[jobEnd]int{}
	for _, j := range jobs {
		n[jobEnd{Kind: j.kind, State: j.state, Code: j.code}]++
	}
	var all []jobEnd
	for e, count := range n {
		e.Count = count
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b jobEnd) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(b.Count, a.Count)) })
	return all
}

// text is the report for a person.
func (r tortureReport) text(colors terminal.Palette) string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "killed at\tmet\tbefore\tafter\tanswered\tany moment")
	for _, s := range r.Struck {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\n", s.Kind, s.Met, s.Before, s.After, s.Answered, s.Anytime)
	}
	fmt.Fprintln(table, "\t\t\t\t\t")
	fmt.Fprintln(table, "job\tended\tcode\tcount")
	for _, j := range r.Jobs {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\n", j.Kind, j.State, cmp.Or(j.Code, "-"), j.Count)
	}
	_ = table.Flush() // into memory
	q := r.Requests
	fmt.Fprintf(&text, "\n%s, %s, %.0f s, seed %d\n", count(r.Kills, "kill"), count(r.Starts, "start"), r.Seconds, r.Seed)
	fmt.Fprintf(&text, "ARM %d POST (%d accepted) and %d GET, Table %d, Blob %d, Service Bus %d sent, %s; %s looked through for secrets\n\n",
		q.ARMPost, r.Posts, q.ARMGet, q.Table, q.Blob, q.ServiceBusSend, count(r.Notices, "notice"), count(r.Pages, "page"))
	text.WriteString(verdict(r.OK, r.Wrong, colors))
	return text.String()
}
