package web

import (
	"fmt"
	"time"

	"lifeboat/internal/job"
)

// Shape is one rectangle of a time line that is 3000 wide and 100 high.
type Shape struct {
	Class               string
	X, Y, Width, Height int
}

const (
	lineWidth = 3000
	// leastWidth is a fifth of a day: what is shorter would not be seen.
	leastWidth = 20
)

// Shapes draws t: backups above, gaps in the middle, restores below. What went
// well or matters is tall, so that colour is not needed to tell.
func (t Timeline) Shapes() []Shape {
	var all []Shape
	for _, e := range t.Gaps {
		all = append(all, t.shape(e, "gap", 56, 14))
	}
	for _, e := range t.Backups {
		if e.State == string(job.Succeeded) {
			all = append(all, t.shape(e, "good", 6, 42))
		} else {
			all = append(all, t.shape(e, "failed", 30, 18))
		}
	}
	for _, e := range t.Restores {
		if e.Refresh {
			all = append(all, t.shape(e, "refresh", 90, 8))
		} else {
			all = append(all, t.shape(e, "restore", 78, 20))
		}
	}
	return all
}

func (t Timeline) shape(e Event, class string, y, height int) Shape {
	at := func(x time.Time) int {
		return min(max(int(float64(x.Sub(t.From))/float64(t.To.Sub(t.From))*lineWidth), 0), lineWidth)
	}
	x := min(at(e.From), lineWidth-leastWidth)
	return Shape{Class: class, X: x, Y: y, Width: max(at(e.To)-x, leastWidth), Height: height}
}

// Middle is the time in the middle of t.
func (t Timeline) Middle() time.Time { return t.From.Add(t.To.Sub(t.From) / 2) }

// Took is how long e took.
func (e Event) Took() Seconds { return secondsOf(e.To.Sub(e.From)) }

// Summary is t in a sentence.
func (t Timeline) Summary() string {
	var sum Day
	for _, d := range t.Days {
		sum.Failed, sum.Good, sum.Gap = sum.Failed+d.Failed, sum.Good+d.Good, sum.Gap+d.Gap
		sum.Restores, sum.Refreshes = sum.Restores+d.Restores, sum.Refreshes+d.Refreshes
	}
	gaps := "the newest backup was never older than the goal"
	switch {
	case t.Incomplete:
		gaps = "whether the newest backup was ever older than the goal is not known"
	case len(t.Gaps) > 0:
		gaps = fmt.Sprintf("the newest backup was older than the goal, or there was none, for %s in %s", sum.Gap, count(len(t.Gaps), "gap", "gaps"))
	case sum.Good == 0:
		gaps = "there is no backup whose age could be judged"
	}
	known := ""
	if t.Incomplete {
		known = "As far as could be read: "
	}
	return fmt.Sprintf("%s%s and %d failed; %s; %s and %s of a standby.", known,
		count(sum.Good, "good backup", "good backups"), sum.Failed, gaps, count(sum.Restores, "failover", "failovers"), count(sum.Refreshes, "refresh", "refreshes"))
}

// Sentence is j's state in a sentence, the job page's first line.
func (v JobView) Sentence() string {
	j := v.Job
	what := "The backup of " + j.Service
	if j.Source != "" {
		what = fmt.Sprintf("The restore of %s onto %s", j.Source, j.Service)
	}
	switch job.State(j.State) {
	case job.Succeeded:
		return what + " succeeded."
	case job.Failed:
		return what + " failed."
	case job.Canceled:
		return what + " was called off before anything was done."
	case job.AwaitingApproval:
		return what + " waits for an approval."
	case job.Pending:
		return what + " waits."
	}
	return fmt.Sprintf("%s is going on (%s, %s so far).", what, j.State, j.Elapsed)
}

// Why heads the job's code and message.
func (v JobView) Why() string {
	if v.Job.State == string(job.Failed) {
		return "Why it failed"
	}
	return "What was said"
}
