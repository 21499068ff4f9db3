package main

import (
	"fmt"
	"time"

	"lifeboat/internal/terminal"
)

// judged is a gate's verdict as the middle column shows it.
func (e entry) judged() (string, terminal.Shade) {
	switch e.Outcome {
	case "Waits":
		return "gate waits", terminal.Faint
	case "Refused":
		return "gate refuses", terminal.Red
	case "Passed":
		return "gate warns", terminal.Yellow
	}
	return "gate " + e.Outcome, terminal.Plain
}

// completed is what an automation that switches traffic learns too.
func (e entry) completed() string {
	took := e.Took
	if d, err := time.ParseDuration(took); err == nil {
		took = short(d.Round(100 * time.Millisecond))
	}
	if e.Warm {
		return "kept warm for " + e.Source + ", holds " + e.Point
	}
	return fmt.Sprintf("serves for %s, recovered in %s, holds %s", e.Source, took, e.Point)
}

// restoring is what is different in the life of a restore.
func (e entry) restoring(tell teller) (string, bool) {
	switch e.From + " " + e.To {
	case "Pending Starting":
		return fmt.Sprintf("attempt %d, every gate has passed, asks ARM for the restore", e.Attempt), true
	case "InProgress Verifying":
		return fmt.Sprintf("poll %d, done, looks at what the standby holds", e.Polls), true
	case "AwaitingApproval Pending":
		return "approved, judges its gates again", true
	case "Pending Pending":
		return "looks again " + e.in(), tell.waited(e.Invocation)
	}
	if e.Code == gateRefused {
		return gateRefused + ", by the gates above", true
	}
	switch e.To {
	case "Succeeded":
		return tell.lasted(e.Job, e.Time), true
	case "AwaitingApproval":
		return e.Reason, true
	case "Canceled":
		code, words := tell.ending(e.Job)
		return code + ": " + words, true
	}
	return "", false
}
