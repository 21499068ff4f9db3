package notice

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lifeboat/internal/job"
)

// Limits in bytes, which no way to count characters exceeds. They keep a
// notice readable, whatever Azure or a sender wrote.
const (
	maxSubject = 200
	maxName    = 160
	maxMessage = 2000
	maxLine    = 400
	maxExcerpt = 500
	maxLines   = 20 // as many as there are gates
)

// tidy cleans all of n's words but its ID, which must stay what it is.
func tidy(n job.Notice) job.Notice {
	n.Type = job.NoticeType(clean(string(n.Type), maxName))
	n.Service, n.About = clean(n.Service, maxName), clean(n.About, maxName)
	f := &n.Facts
	for _, name := range []*string{&f.Job, &f.Standby, &f.Point, &f.Code, &f.By, &f.Incident, &f.Gateway, &f.Management, &f.Queue} {
		*name = clean(*name, maxName)
	}
	f.Message, f.Excerpt = clean(f.Message, maxMessage), clean(f.Excerpt, maxExcerpt)
	var warnings []string
	for _, w := range f.Warnings[:min(len(f.Warnings), maxLines)] {
		warnings = append(warnings, clean(w, maxLine))
	}
	if left := len(f.Warnings) - maxLines; left > 0 {
		warnings = append(warnings, fmt.Sprintf("and %d more", left))
	}
	var gates []job.Gate
	for _, g := range f.Gates[:min(len(f.Gates), maxLines)] {
		gates = append(gates, job.Gate{Name: clean(g.Name, maxName), Outcome: clean(g.Outcome, maxName), Sentence: clean(g.Sentence, maxLine)})
	}
	f.Warnings, f.Gates = warnings, gates
	return n
}

// clean puts s on one line of at most limit bytes, without control characters
// and those that change the direction of what follows.
func clean(s string, limit int) string {
	var b strings.Builder
	b.Grow(min(len(s), limit+utf8.UTFMax))
	gap := false
	for _, r := range s {
		if r == ' ' || !unicode.IsPrint(r) {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteRune(r)
		if b.Len() > limit { // enough for fit to cut
			break
		}
	}
	if b.Len() <= limit {
		return b.String()
	}
	return fit(b.String(), limit, plainly)
}

const cut = "… (cut)"

// fit escapes s, and cuts its end off where the result would have more than
// limit bytes.
func fit(s string, limit int, escape func(rune) string) string {
	var b strings.Builder
	short := 0 // how much of b leaves room to say that the rest was cut off
	for _, r := range s {
		b.WriteString(escape(r))
		if b.Len() > limit {
			return b.String()[:short] + cut
		}
		if b.Len() <= limit-len(cut) {
			short = b.Len()
		}
	}
	return b.String()
}

func plainly(r rune) string { return string(r) }

func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// span rounds a duration for people.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = max(d, 0).Round(time.Minute); {
	case d < time.Minute:
		return "less than a minute"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 10*time.Hour && d%time.Hour != 0:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d.Round(time.Hour) < 3*day:
		return fmt.Sprintf("%d h", d.Round(time.Hour)/time.Hour)
	}
	return fmt.Sprintf("%d days", d.Round(day)/day)
}

// sentences joins those that are not empty.
func sentences(all ...string) string {
	var said []string
	for _, s := range all {
		if s != "" {
			said = append(said, s)
		}
	}
	return strings.Join(said, " ")
}

// listed adds a list to a text, if there is anything to list.
func listed(text, title string, items []string) string {
	if len(items) == 0 {
		return text
	}
	return text + "\n" + title + ":\n- " + strings.Join(items, "\n- ")
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func ended(s string) string {
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, cut) {
		return s
	}
	return s + "."
}

// reason says why, and whose words that is in.
func reason(f job.NoticeFacts) string {
	switch {
	case f.Code == "", own(f.Code):
		return because(f)
	case nameless(f.Code):
		return `Azure gave no code: "` + f.Message + `"`
	case f.Message == "":
		return `Azure says: "` + f.Code + `"`
	}
	return `Azure says: "` + f.Code + ": " + f.Message + `"`
}

// because says why, in Lifeboat's words.
func because(f job.NoticeFacts) string {
	switch {
	case f.Code == "" && f.Message == "":
		return ""
	case f.Message == "":
		return "The reason: " + f.Code + "."
	case f.Code == "":
		return ended("The reason: " + f.Message)
	}
	return ended("The reason (" + f.Code + "): " + f.Message)
}

// own reports whether a failure's code and message are Lifeboat's.
func own(code string) bool {
	switch code {
	case job.CodeDeadlineExceeded, job.CodeNotLanded, job.CodeArtefactMissing, job.CodeArtefactUnfit, job.CodeCanceled,
		job.CodeRejected, job.CodeApprovalExpired, job.CodeGateRefused, job.CodeOutcomeUnknown, job.CodeResolved:
		return true
	}
	return false
}

// nameless reports whether Azure gave a failure no code of its own.
func nameless(code string) bool { return code == job.CodeOperationFailed || code == job.CodeRefused }
