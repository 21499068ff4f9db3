package main

import "slices"

// Messages that are told once, or by something else.
const (
	invocationFailed = "invocation failed"
	overdue          = "overdue job prompted"
	noticeAnswered   = "notice delivered"
	noticeRefused    = "notice not delivered yet"
	healthChanged    = "health changed"
)

// silent are messages that come by the hundred, or that the lab says itself:
// what a notice says, its receiver shows.
var silent = []string{
	"ready", "stopping", "alert passed on", "fleet watched", "service watched", "standby watched",
	noticeAnswered, noticeRefused, healthChanged,
}

// tellsNothing is true of what the lab, or the job's next line, says itself.
func (e entry) tellsNothing() bool {
	switch {
	case e.Level == "DEBUG", e.Message == gateJudged && e.Outcome == "NeedsApproval", e.putOff():
		return true
	}
	return e.Level != "ERROR" && slices.Contains(silent, e.Message)
}

// putOff reports whether a backup waits longer because of more changes.
func (e entry) putOff() bool {
	return e.Message == jobMoved && e.From == "Pending" && e.To == "Pending" && e.Reason == "" && !e.restores()
}
