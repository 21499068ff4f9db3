// Package preflight judges what `lifeboat check` has found: facts in, verdicts
// with sentences out. Looking is left to the caller, so that every sentence can
// be tested. What could not be looked at is told as that, and never as good.
package preflight

import (
	"fmt"
	"strings"
	"time"
)

// Level says how a check went.
type Level string

// The levels, from the best to the worst.
const (
	OK Level = "OK"
	// Skip: there is nothing to look at, as in a development Azure.
	Skip Level = "SKIP"
	// Warn: it may do harm, or could not be looked at.
	Warn Level = "WARN"
	// Fail: a backup, a restore or an operator's command will not work.
	Fail Level = "FAIL"
)

// Verdict is one check of one thing.
type Verdict struct {
	Level Level
	Check string // such as container
	On    string // the service, standby or queue; empty for what is there once
	Found string // a sentence without its stop
	// Remedy says what to do; empty where nothing has to be done.
	Remedy string
}

// Fault is why something could not be looked at. The zero Fault is none.
type Fault struct {
	Status int    // of HTTP; 0 if there was no answer
	Code   string // Azure's own
	Text   string // one line, without secrets
}

// Denied reports whether Azure refused to show it to this account.
func (f Fault) Denied() bool { return f.Status == 401 || f.Status == 403 }

// by says whose rights are too few, if that is why.
func by(f Fault) string {
	if f.Denied() {
		return " with your account"
	}
	return ""
}

// Missing reports whether there is no such thing.
func (f Fault) Missing() bool { return f.Status == 404 }

// None reports whether nothing went wrong.
func (f Fault) None() bool { return f == Fault{} }

// Worst is the level of all of them: OK, Warn or Fail.
func Worst(all []Verdict) Level {
	worst := OK
	for _, v := range all {
		if v.Level == Fail || v.Level == Warn && worst == OK {
			worst = v.Level
		}
	}
	return worst
}

func ok(check, on, format string, args ...any) Verdict {
	return Verdict{Level: OK, Check: check, On: on, Found: fmt.Sprintf(format, args...)}
}

func verdict(l Level, check, on, remedy, format string, args ...any) Verdict {
	return Verdict{Level: l, Check: check, On: on, Found: fmt.Sprintf(format, args...), Remedy: remedy}
}

// sentence is text as a verdict's part: without a stop at its end.
func sentence(text string) string { return strings.TrimRight(strings.TrimSpace(text), ".") }

// span is a duration for people, such as 26h or 10m.
func span(d time.Duration) string {
	if d >= 72*time.Hour && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	text := d.Round(time.Second).String()
	if d >= time.Hour {
		text = d.Round(time.Minute).String()
	}
	text = strings.TrimSuffix(text, "m0s") + strings.Repeat("m", strings.Count(text, "m0s"))
	if hours, bare := strings.CutSuffix(text, "h0m"); bare {
		return hours + "h"
	}
	return text
}

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
