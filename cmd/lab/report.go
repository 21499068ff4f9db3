package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/terminal"
)

// report is what `lab play --json` prints.
type report struct {
	Scenario string            `json:"scenario"`
	OK       bool              `json:"ok"`
	Jobs     []reportJob       `json:"jobs"`
	Requests emulator.Requests `json:"requests"`
	Wrong    []string          `json:"wrong,omitempty"`

	Incidents []reportIncident `json:"incidents,omitempty"`
	Gates     []reportGates    `json:"gates,omitempty"`
	Figures   *figures         `json:"figures,omitempty"`

	Notices []reportNotice `json:"notices,omitempty"`
	Storm   *reportStorm   `json:"storm,omitempty"`
	Silence *reportSilence `json:"silence,omitempty"`
	Lost    *reportLost    `json:"lostRegion,omitempty"`
}

type reportJob struct {
	ID      string     `json:"id"`
	Service string     `json:"service"`
	Source  string     `json:"source,omitempty"` // of a restore
	Kind    string     `json:"kind"`
	State   string     `json:"state"`
	Code    string     `json:"code"`
	Polls   int        `json:"polls"` // of all attempts
	Started time.Time  `json:"started"`
	Ended   *time.Time `json:"ended"` // null while it goes on

	took time.Duration
}

func newReport(name string, o outcome, wrong []string) report {
	r := report{Scenario: name, OK: len(wrong) == 0, Jobs: []reportJob{}, Requests: o.requests, Wrong: wrong}
	for _, s := range o.services {
		jobs := o.jobsOf(s)
		for _, j := range jobs {
			polls := o.polls[s]
			if len(jobs) > 1 {
				polls = j.polls
			}
			r.Jobs = append(r.Jobs, reportOf(j, polls))
			if len(j.order.Gates) > 0 {
				r.Gates = append(r.Gates, gatesOf(j))
			}
		}
	}
	r.Incidents = reportIncidents(o.incidents)
	r.Figures = figuresOf(o)
	r.Notices, r.Storm, r.Silence = reportNotices(o), stormReport(o), silenceReport(o)
	r.Lost = lostReport(o)
	return r
}

func reportOf(j jobRow, polls int) reportJob {
	r := reportJob{ID: j.id, Service: j.service, Kind: j.kind, State: j.state, Code: j.code, Polls: polls, Started: j.created, Source: j.order.Source}
	if !j.ended.IsZero() {
		r.Ended, r.took = &j.ended, j.ended.Sub(j.created)
	}
	return r
}

// text is the report for a person.
func (r report) text(colors terminal.Palette) string {
	var text strings.Builder
	if len(r.Jobs) > 0 {
		r.tables(&text)
	}
	r.recovery(&text)
	r.hooks(&text)
	text.WriteString(verdict(r.OK, r.Wrong, colors))
	return text.String()
}

// verdict is a report's last word.
func verdict(ok bool, wrong []string, colors terminal.Palette) string {
	if ok {
		return colors.Paint(terminal.Green, "ok") + ": everything is as it must be\n"
	}
	text := colors.Paint(terminal.Red, "FAILED") + ": not as it must be:\n"
	for _, w := range wrong {
		text += "  - " + w + "\n"
	}
	return text
}

func (r report) tables(text *strings.Builder) {
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "service\tjob\tstate\ttook\tpolls\tcode")
	for _, j := range r.Jobs {
		took := "-"
		if j.Ended != nil {
			took = short(j.took)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", j.Service, j.ID, j.State, took, j.Polls, cmp.Or(j.Code, "-"))
	}
	_ = table.Flush() // into memory
	q := r.Requests
	fmt.Fprintf(text, "\nrequests: ARM %d POST and %d GET, Table %d, Blob %d, Service Bus %d sent\n", q.ARMPost, q.ARMGet, q.Table, q.Blob, q.ServiceBusSend)
}

// hooks adds what concerns changes and notices.
func (r report) hooks(text *strings.Builder) {
	if r.Storm != nil {
		r.Storm.write(text)
	}
	if r.Silence != nil {
		r.Silence.write(text)
	}
	if r.Lost != nil {
		r.Lost.write(text)
	}
	if len(r.Notices) == 0 {
		return
	}
	text.WriteString("\n")
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "notice\tabout\tdelivery\tposts")
	for _, n := range r.Notices {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\n", n.Type, cmp.Or(n.About, "-"), strings.ToLower(n.State), n.Posts)
	}
	_ = table.Flush() // into memory
	text.WriteString("\n")
}
