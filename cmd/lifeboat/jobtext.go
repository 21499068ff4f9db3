package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/terminal"
)

// write prints r for a person: what it is, how it went, what it left.
func (r jobReport) write(d *desk) {
	d.print("%s: %s\n\n", r.Job, d.colors.Paint(shadeOf(string(r.State)), string(r.State)))
	t := newTable("what", r.what())
	t.add("asked by", r.asked())
	t.add("made", r.when(r.Created))
	if r.Ended != nil {
		t.add("ended", r.when(r.Ended)+r.took())
	} else {
		t.add("next look", due(timeOf(r.Next), r.At)+", deadline "+r.when(r.Deadline))
		if overdue(timeOf(r.Next), r.At) {
			t.add("to do", "the watchdog prompts it; if it does not: lifeboat resume "+r.Job)
		}
	}
	for _, line := range r.more() {
		t.add(line[0], line[1])
	}
	d.print("%s", t.facts())
	r.writeTimeline(d)
	r.writeGates(d)
	r.writeLists(d)
}

func (r jobReport) what() string {
	if r.Target != "" {
		return fmt.Sprintf("restore of %s onto %s", r.Service, r.Target)
	}
	return "backup of " + r.Service
}

func (r jobReport) asked() string {
	text := r.Cause
	if r.Incident != "" {
		text += ", incident " + r.Incident
	}
	if r.Why != "" {
		text += ": " + r.Why
	}
	return text
}

func (r jobReport) when(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return whenUTC(*t, r.At)
}

func (r jobReport) took() string {
	if r.Took == nil {
		return ""
	}
	return ", " + span(time.Duration(*r.Took*float64(time.Second))) + " after its first start"
}

// more are the lines that only some jobs have.
func (r jobReport) more() (lines [][2]string) {
	add := func(name, format string, args ...any) {
		lines = append(lines, [2]string{name, fmt.Sprintf(format, args...)})
	}
	if r.Reason != "" {
		add("waits because", "%s", r.Reason)
	}
	if r.Code != "" {
		add("code", "%s", r.Code)
	}
	if r.Message != "" {
		add("said", "%s", r.Message)
	}
	if a := r.Attempt; a != nil {
		phase := ""
		if a.Phase != "" {
			phase = ", " + string(a.Phase)
		}
		add("attempt", "%d%s, begun %s, %s; operation %s", a.Number, phase, r.when(a.Started), count(a.Polls, "poll"), a.Operation)
		add("blob", "%s", a.Blob)
		if a.Trace != "" {
			add("trace", "%s", a.Trace)
		}
	}
	if p := r.Point; p != nil {
		add("point", "%s, %s, begun %s, restorable until %s", p.Point, size(p.Size), r.when(p.Started), p.until(r.At, whenUTC))
		if note := p.note(); note != "-" {
			add("", "%s", note)
		}
	}
	if k := r.Kept; k != nil && k.Keep {
		add("kept because", "%s", strings.Join(k.Reasons, "; "))
	} else if k != nil {
		add("not kept", "%s", strings.Join(k.Reasons, "; "))
	}
	if a := r.Approval; a != nil && a.At != nil {
		add("approved", "by %s, %s: %s", asserted(a.By), r.when(a.At), a.Why)
	} else if a != nil && a.Expires != nil && r.State == job.AwaitingApproval {
		add("approval", "wanted until %s: lifeboat approve %s", r.when(a.Expires), r.Job)
	}
	if r.Safety != "" {
		add("safety backup", "%s", r.Safety)
	}
	if r.Gateway != "" {
		add("gateway", "%s", r.Gateway)
	}
	if r.Management != "" {
		add("management", "%s", r.Management)
	}
	return lines
}

func (r jobReport) writeTimeline(d *desk) {
	d.print("\n")
	t := newTable("at (UTC)", "state", "for", "attempt", "note")
	t.shades[1] = true
	for _, s := range r.Timeline {
		took, attempt := "-", "-"
		if s.Took != nil {
			took = span(time.Duration(*s.Took * float64(time.Second)))
		}
		if s.Attempt > 0 {
			attempt = fmt.Sprint(s.Attempt)
		}
		t.add(s.At.Format(time.DateTime), string(s.State), took, attempt, s.Note)
	}
	t.write(d.stdout, d.colors)
}

func (r jobReport) writeGates(d *desk) {
	if len(r.Gates) == 0 {
		return
	}
	d.print("\n")
	t := newTable("gate", "verdict", "because")
	t.shades[1] = true
	for _, g := range r.Gates {
		t.add(g.Gate, g.Outcome, g.Sentence)
	}
	t.write(d.stdout, d.colors)
}

func (r jobReport) writeLists(d *desk) {
	if len(r.Warnings) > 0 {
		d.print("\n%s\n  %s\n", d.colors.Paint(terminal.Yellow, "warnings"), strings.Join(r.Warnings, "\n  "))
	}
	if len(r.NotInBackup) == 0 {
		return
	}
	d.print("\n")
	t := newTable("not in the backup", "of "+r.Service)
	for _, name := range slices.Sorted(maps.Keys(r.NotInBackup)) {
		t.add(squeezed(name, 60), cut(r.NotInBackup[name], 100))
	}
	t.write(d.stdout, d.colors)
}
