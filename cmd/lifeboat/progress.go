package main

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/terminal"
)

// progress is one line that is drawn over and over on a terminal, and a line
// for each change elsewhere.
type progress struct {
	w     io.Writer
	live  bool
	drawn bool // a line stands there that has no end
	last  string
	at    time.Time // when a line was last printed

	reason string // why the last look told nothing
}

// plainEvery is how often the same line is told where lines stay.
const plainEvery = time.Minute

// liveWidth is the most that one line takes. A line that wraps can't be
// overwritten, so a narrower terminal gets less.
const liveWidth = 79

// width is what fits on w; its last column stays free, where some terminals
// wrap already.
func width(w io.Writer) int {
	if columns := terminal.Columns(w); columns > 1 {
		return min(columns-1, liveWidth)
	}
	return liveWidth
}

// show draws line, about what subject names; key says what in it is news.
func (p *progress) show(key, subject, line string, now time.Time) {
	switch {
	case p.live:
		fmt.Fprintf(p.w, "\r\x1b[K%s", cut(line, width(p.w)))
		p.drawn = true
	case key != p.last || now.Sub(p.at) >= plainEvery:
		fmt.Fprintf(p.w, "%s: %s\n", subject, line)
		p.last, p.at = key, now
	}
}

// clear makes room for other lines.
func (p *progress) clear() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

// draw shows how far the job has got.
func (v *watch) draw() {
	now := v.now()
	switch {
	case !v.blind.IsZero():
		v.show("blind", v.id, fmt.Sprintf("can't be read for %s: %s", span(now.Sub(v.blind)), cut(v.reason, 80)), now)
	case v.job.ID == "":
		v.show("unmade", v.id, fmt.Sprintf("waiting for the app to make the job, %s", span(now.Sub(v.began))), now)
	default:
		key := fmt.Sprint(v.job.State, v.job.Attempt.Number, v.job.Reason)
		v.show(key, v.id, v.line(now), now)
	}
}

// line is the job's state, how long it has been at it, how long such operations
// usually take, and when it is looked at next.
func (v *watch) line(now time.Time) string {
	j := v.job
	text := string(j.State)
	if start := begun(j); !start.IsZero() {
		text += fmt.Sprintf(", %s elapsed", span(max(now.Sub(start), 0)))
	}
	if usual := j.Past.Usual(); usual > 0 {
		text += fmt.Sprintf(", usually %s", span(usual))
	}
	switch {
	case j.State == job.AwaitingApproval:
		return text + fmt.Sprintf(", wants an approval, expires %s", ago(j.NotBefore, now))
	case !j.State.Terminal():
		text += ", next look " + due(j.NotBefore, now)
	}
	return text + v.why()
}

func (v *watch) why() string {
	if why := cmp.Or(v.job.Code, v.job.Reason); why != "" {
		return ": " + cut(oneLine(why), 80)
	}
	return ""
}
