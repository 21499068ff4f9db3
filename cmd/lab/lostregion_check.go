package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// lostPoints is how many backups there were.
const lostPoints = 2

func checkLostRegion(o outcome) []string {
	wrong := o.still()
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	wrong = append(wrong, o.ran(goneTarget, 1, succeeded)...)
	wrong = append(wrong, o.posted(goneSource, lostPoints)...)
	if fmt.Sprint(o.contents[goneTarget]) != fmt.Sprint(o.lost.content) {
		bad("%s does not hold what %s held at its newest backup", goneTarget, goneSource)
	}
	if jobs := o.jobsOf(goneTarget); len(jobs) > 0 && (jobs[0].order.By != operator || jobs[0].order.Approval.By != engineer) {
		bad("%s was asked for by %q and approved by %q", jobs[0].id, jobs[0].order.By, jobs[0].order.Approval.By)
	}
	if got := o.serving[goneTarget].source; got != goneSource {
		bad("%s serves for %q, want %s", goneTarget, got, goneSource)
	}
	if got := len(o.jobsOf(goneSource)); got != 0 {
		bad("%s has %s that the table had lost", goneSource, count(got, "job"))
	}
	if n := o.lost.sentAfter - o.lost.sent; n != 0 {
		bad("Service Bus had %s after it was gone", count(n, "message"))
	}
	wrong = append(wrong, o.rebuilt()...)
	if !slices.ContainsFunc(o.notices, func(n noticeRow) bool { return n.kind == "RestoreCompleted" && n.state == "Pending" }) {
		bad("no notice of the restore waits in the table for the app")
	}
	for _, place := range o.leaks {
		bad("a secret stands in %s", place)
	}
	return wrong
}

// rebuilt compares the catalogue with what it was.
func (o outcome) rebuilt() []string {
	var wrong []string
	if got, want := len(o.lost.before), lostPoints+1; got != want {
		wrong = append(wrong, fmt.Sprintf("the container knew of %d rows, want %d", got, want))
	}
	held := func(r row) bool { return field(r, "Held") != "" }
	if !slices.ContainsFunc(slices.Collect(maps.Values(o.lost.before)), held) {
		wrong = append(wrong, "nobody held a point before the loss, so no hold was rebuilt")
	}
	keys := slices.Collect(maps.Keys(o.lost.before))
	for key := range o.lost.after {
		if _, ok := o.lost.before[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if was, is := fmt.Sprint(o.lost.before[key]), fmt.Sprint(o.lost.after[key]); was != is {
			wrong = append(wrong, fmt.Sprintf("row %s is not what it was before the loss: it was %s and is %s", key, was, is))
		}
	}
	return wrong
}

// reportLost is the rehearsal of the runbook.
type reportLost struct {
	Steps []reportStep `json:"steps"`
	Total float64      `json:"totalMs"`
}

type reportStep struct {
	Step    string  `json:"step"`
	Command string  `json:"command,omitempty"`
	Took    float64 `json:"tookMs"`
}

func lostReport(o outcome) *reportLost {
	if !o.lost.played {
		return nil
	}
	r := &reportLost{Steps: []reportStep{}}
	for _, step := range o.lost.steps {
		r.Steps = append(r.Steps, reportStep{step.what, step.command, ms(step.took)})
		r.Total += ms(step.took)
	}
	return r
}

func (r *reportLost) write(text *strings.Builder) {
	text.WriteString("\nthe rehearsal, from the loss to the standby:\n")
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
	for _, s := range r.Steps {
		fmt.Fprintf(table, "  %s\t%s\n", span3(s.Took), s.Step)
		if s.Command != "" {
			fmt.Fprintf(table, "  \t  %s\n", s.Command)
		}
	}
	fmt.Fprintf(table, "  %s\tin all\n", span3(r.Total))
	_ = table.Flush() // into memory
	text.WriteString("\n")
}
