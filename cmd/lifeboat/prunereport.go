package main

import (
	"fmt"
	"strings"
	"time"

	"lifeboat/internal/terminal"
)

// pruneReport is what prune prints.
type pruneReport struct {
	At      time.Time `json:"at"`
	Service string    `json:"service"`
	DryRun  bool      `json:"dryRun"`
	Frozen  string    `json:"frozenBy,omitempty"` // the open incident
	Keep    int       `json:"keep"`
	Prune   int       `json:"prune"`
	Bytes   int64     `json:"pruneBytes"` // of the backups that go
	// Points are as judged before anything was removed, newest first.
	Points  []prunePoint `json:"points"`
	Removed []string     `json:"removed"`
	Left    []string     `json:"left"` // should go, and did not
	// Unseen: something may be gone that is not in Removed.
	Unseen   bool     `json:"unseen,omitempty"`
	Warnings []string `json:"warnings"`
}

type prunePoint struct {
	pointBrief
	Keep    bool     `json:"keep"`
	Reasons []string `json:"reasons"`
}

func (r *pruneReport) add(p prunePoint) {
	r.Points = append(r.Points, p)
	if p.Keep {
		r.Keep++
		return
	}
	r.Prune++
	if p.Withdrawn == nil { // whose blob is gone already
		r.Bytes += p.Size
	}
}

func (p prunePoint) verdict() string {
	switch {
	case p.Keep:
		return "keep"
	case p.Removing:
		return "removing"
	}
	return "prune"
}

// sentence sums r up.
func (r pruneReport) sentence() string {
	switch all := count(len(r.Points), "point"); {
	case len(r.Points) == 0:
		return "No points: nothing has been backed up yet."
	case r.Prune == 0:
		return fmt.Sprintf("%s of %s: every one stays.", all, r.Service)
	case r.Keep == 0:
		return fmt.Sprintf("%s of %s: none stays (%s).", all, r.Service, size(r.Bytes))
	default:
		return fmt.Sprintf("%s of %s: %s, %s (%s).", all, r.Service, does(r.Keep, "stays", "stay"), does(r.Prune, "goes", "go"), size(r.Bytes))
	}
}

// does is n with what that many do: 1 stays, 2 stay.
func does(n int, one, more string) string {
	if n == 1 {
		more = one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// write prints every verdict, for --dry-run.
func (r pruneReport) write(d *desk) {
	if len(r.Points) > 0 {
		r.table(func(prunePoint) bool { return true }).write(d.stdout, d.colors)
		d.print("\n")
	}
	d.print("%s", r.sentence())
	if r.Prune > 0 {
		d.print(" Nothing was removed: this is a dry run.")
	}
	d.print("\n")
	if r.Frozen != "" {
		d.print("%s\n", d.colors.Paint(terminal.Yellow, fmt.Sprintf("Pruning is frozen while incident %s is open.", oneLine(r.Frozen))))
	}
}

// going is a table of what goes.
func (r pruneReport) going() string {
	var text strings.Builder
	r.table(func(p prunePoint) bool { return !p.Keep }).write(&text, terminal.Palette{})
	return text.String()
}

func (r pruneReport) table(shown func(prunePoint) bool) *table {
	t := newTable("point", "begun (UTC)", "size", "verdict", "because")
	t.shades[3] = true
	for _, p := range r.Points {
		if shown(p) {
			t.add(p.Point, when(timeOf(p.Started), r.At), size(p.Size), p.verdict(), strings.Join(p.Reasons, "; "))
		}
	}
	return t
}

// writeDone prints what was removed, and what was not although it should be.
func (r pruneReport) writeDone(d *desk) {
	if r.Prune == 0 {
		d.print("%s\n", r.sentence())
		return
	}
	if r.Unseen {
		d.print("What was removed of %s could not be seen; to see what is left: lifeboat prune %s --dry-run\n", r.Service, r.Service)
	}
	switch {
	case !r.Unseen:
		r.writeRemoved(d)
	case len(r.Removed) > 0:
		d.list("Removed at least:", terminal.Plain, r.Removed)
	}
	if len(r.Warnings) > 0 {
		d.list("warnings", terminal.Yellow, r.Warnings)
	}
}

func (r pruneReport) writeRemoved(d *desk) {
	d.list(fmt.Sprintf("Removed %s of %s; %s.", count(len(r.Removed), "point"), r.Service, does(len(r.Points)-len(r.Removed), "stays", "stay")), terminal.Plain, r.Removed)
	if len(r.Left) > 0 {
		d.list("To be removed, and still there:", terminal.Plain, r.Left)
	}
}

func (d *desk) list(head string, shown terminal.Shade, lines []string) {
	d.print("%s\n", d.colors.Paint(shown, head))
	for _, line := range lines {
		d.print("  %s\n", line)
	}
}
