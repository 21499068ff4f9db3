package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// reportIncident is one incident in the report.
type reportIncident struct {
	ID         string     `json:"id"`
	Service    string     `json:"service"`
	Rule       string     `json:"rule"` // of the alert that opened it
	Opened     time.Time  `json:"opened"`
	Resolved   *time.Time `json:"resolved"` // null while it is open
	ResolvedBy string     `json:"resolvedBy,omitempty"`
	Restore    string     `json:"restore"` // its one job
}

func reportIncidents(rows []incidentRow) []reportIncident {
	var all []reportIncident
	for _, r := range rows {
		i := reportIncident{ID: r.id, Service: r.service, Rule: r.rule, Opened: r.opened, ResolvedBy: r.resolvedBy, Restore: r.restore}
		if !r.resolved.IsZero() {
			i.Resolved = &r.resolved
		}
		all = append(all, i)
	}
	return all
}

// reportGates is what the gates of one restore said when they were judged for
// the last time.
type reportGates struct {
	Job      string       `json:"job"`
	Outcome  string       `json:"outcome"` // the worst of the verdicts
	Verdicts []reportGate `json:"verdicts"`
}

// outcomes are from the best to the worst.
var outcomes = []string{"Passed", "PassedWithWarning", "NeedsApproval", "Waits", "Refused"}

func gatesOf(j jobRow) reportGates {
	g := reportGates{Job: j.id, Verdicts: j.order.Gates}
	worst := 0
	for _, v := range g.Verdicts {
		worst = max(worst, slices.Index(outcomes, v.Outcome))
	}
	g.Outcome = outcomes[worst]
	return g
}

// recovery adds incidents, gates and figures to the report for a person.
func (r report) recovery(text *strings.Builder) {
	if len(r.Incidents) > 0 {
		r.incidentTable(text)
	}
	if len(r.Gates) > 0 {
		text.WriteString("\nwhat the gates said last:\n")
		for _, g := range r.Gates {
			g.write(text)
		}
	}
	if r.Figures != nil {
		r.Figures.write(text)
	}
	if len(r.Incidents)+len(r.Gates) > 0 {
		text.WriteString("\n")
	}
}

func (r report) incidentTable(text *strings.Builder) {
	text.WriteString("\n")
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "incident\tservice\talert rule\topen for\tresolved\trestore")
	for _, i := range r.Incidents {
		lasted := "open"
		if i.Resolved != nil {
			lasted = short(i.Resolved.Sub(i.Opened))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", i.ID, i.Service, i.Rule, lasted, cmp.Or(i.ResolvedBy, "-"), i.Restore)
	}
	_ = table.Flush() // into memory
}

// write is one line of how many passed, and one for each verdict that did not
// simply pass.
func (g reportGates) write(text *strings.Builder) {
	passed := 0
	for _, v := range g.Verdicts {
		if v.Outcome == "Passed" {
			passed++
		}
	}
	fmt.Fprintf(text, "  %s: %d of %s passed\n", g.Job, passed, count(len(g.Verdicts), "gate"))
	for _, v := range g.Verdicts {
		if v.Outcome != "Passed" {
			fmt.Fprintf(text, "    %s  %s\n", v.label(), v.Sentence)
		}
	}
}

// label is a verdict's first two columns.
func (v reportGate) label() string {
	word := map[string]string{"PassedWithWarning": "warns", "NeedsApproval": "asks", "Waits": "waits", "Refused": "refuses"}[v.Outcome]
	return fmt.Sprintf("%-16s  %-7s", v.Name, cmp.Or(word, "passes"))
}

// gateLines shows every verdict.
func gateLines(gates []reportGate) string {
	var text strings.Builder
	for _, v := range gates {
		fmt.Fprintf(&text, "            %s  %s\n", v.label(), v.Sentence)
	}
	return text.String()
}

func (f *figures) write(text *strings.Builder) {
	text.WriteString("\nfigures (a restore could go ahead once it was approved, or its alert had been fired for long enough):\n")
	for _, a := range f.Failovers {
		fmt.Fprintf(text, "  %s served %s after it could go ahead; the restore took %s of that, Lifeboat added %s\n",
			a.Target, span3(a.Total), span3(a.Operation), span3(a.Added))
	}
	for _, l := range []struct {
		what string
		latencies
	}{{"took a request or an alert", f.Requests}, {"judged the gates", f.Decisions}} {
		fmt.Fprintf(text, "  %s that %s: p50 %.1f ms, p99 %.1f ms, at most %.1f ms\n", count(l.Count, "invocation"), l.what, l.P50, l.P99, l.Max)
	}
}

// span3 is a number of milliseconds for people.
func span3(ms float64) string { return short(time.Duration(ms * float64(time.Millisecond))) }
