package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"lifeboat/internal/terminal"
)

// entry is one line of the handler's JSON log. The fields are those that the
// timeline has words for; all holds every key.
type entry struct {
	Time    time.Time `json:"time"`
	Level   string    `json:"level"`
	Message string    `json:"msg"`

	Job     string    `json:"job"`
	Service string    `json:"service"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Attempt int       `json:"attempt"`
	Polls   int       `json:"polls"`
	Due     time.Time `json:"due"`
	Next    time.Time `json:"next"`
	Reason  string    `json:"reason"`
	Code    string    `json:"code"`
	Words   string    `json:"message"` // of a failure

	Source     string `json:"source"`
	Target     string `json:"target"`
	Rule       string `json:"rule"`
	By         string `json:"by"`
	Took       string `json:"took"`
	Warm       bool   `json:"warm"`
	Point      string `json:"point"`
	Incident   string `json:"incident"`
	Invocation string `json:"invocation"`
	Gate       string `json:"gate"`
	Outcome    string `json:"outcome"`
	Sentence   string `json:"sentence"`

	Change string `json:"change"` // that a backup was ordered for
	Since  string `json:"since"`  // a move is overdue

	all map[string]any
}

// The handler's messages that make up a job's story.
const (
	jobCreated = "job created"
	jobMoved   = "job moved"

	restoreOrdered   = "restore ordered"
	restoreCompleted = "restore completed"
	gateJudged       = "gate judged"
	lookAt           = "look at the restored service"
	incidentOpened   = "incident opened"
	incidentResolved = "incident resolved"
)

const gateRefused = "GateRefused"

// restores reports whether a line is about a restore's job.
func (e entry) restores() bool { return strings.HasSuffix(e.Job, "-restore") }

// readEntry reports whether a line is one of the handler's log.
func readEntry(line string) (entry, bool) {
	var e entry
	if json.Unmarshal([]byte(line), &e.all) != nil || json.Unmarshal([]byte(line), &e) != nil {
		return e, false
	}
	return e, e.Message != "" && !e.Time.IsZero()
}

// what is the middle column: the move, or how serious the line is.
func (e entry) what() (string, terminal.Shade) {
	switch {
	case e.Message == jobCreated:
		return "created", terminal.Plain
	case e.Message == restoreOrdered:
		return "ordered", terminal.Plain
	case e.Message == restoreCompleted:
		return "restored", terminal.Green
	case e.Message == gateJudged:
		return e.judged()
	case e.Message == incidentOpened:
		return "incident opened", terminal.Yellow
	case e.Message == incidentResolved:
		return "incident resolved", terminal.Plain
	case e.Message == overdue:
		return "overdue", terminal.Yellow
	case e.Message == jobMoved && e.From == e.To:
		return stateName(e.To), terminal.Faint
	case e.Message == jobMoved:
		return fmt.Sprintf("%-10s -> %s", stateName(e.From), stateName(e.To)), stateShade(e.To)
	case e.Level == "ERROR":
		return "error", terminal.Red
	case e.Level == "WARN":
		return "warning", terminal.Yellow
	}
	return "note", terminal.Faint
}

// stateName fits the column.
func stateName(state string) string {
	if state == "AwaitingApproval" {
		return "Awaiting"
	}
	return state
}

func stateShade(state string) terminal.Shade {
	switch state {
	case "Succeeded":
		return terminal.Green
	case "Failed":
		return terminal.Red
	}
	return terminal.Plain
}

// note is the last column. tell answers what the log does not say.
func (e entry) note(tell teller) string {
	switch e.Message {
	case overdue:
		return "its message is lost or late: prompted again"
	case jobCreated:
		if e.Change != "" {
			return fmt.Sprintf("backup after changes, %s unless there are more; the first: %s", e.begins(), e.Change)
		}
		if e.Due.IsZero() {
			return "backup that was asked for, " + e.begins()
		}
		return fmt.Sprintf("backup due %s, %s", e.Due.Local().Format("15:04"), e.begins())
	case jobMoved:
		return e.move(tell)
	case restoreOrdered:
		return fmt.Sprintf("restore of %s, by %s", e.Source, e.By)
	case restoreCompleted:
		return e.completed()
	case lookAt:
		return e.Reason
	case gateJudged:
		return e.Gate + ": " + e.Sentence
	case incidentOpened:
		return fmt.Sprintf("%s, alert rule %q", e.Incident, e.Rule)
	case incidentResolved:
		return fmt.Sprintf("%s: %s", e.Incident, e.Reason)
	}
	return e.Message + e.rest()
}

// teller knows of a job what its log lines leave out.
type teller interface {
	backupSize(job string) int               // of its newest blob, 0 if there is none
	ending(job string) (code, words string)  // of a job that has ended
	polled(job string) int                   // when its last move was told
	waited(invocation string) bool           // reports whether its gates have told what is waited for
	lasted(job string, now time.Time) string // since it was created
}

func (e entry) move(tell teller) string {
	if e.restores() {
		if note, ok := e.restoring(tell); ok {
			return note
		}
	}
	switch e.From + " " + e.To {
	case "Pending Starting":
		return fmt.Sprintf("attempt %d, asks ARM for a backup", e.Attempt)
	case "Starting InProgress":
		return "accepted by ARM, first look " + e.in()
	case "InProgress InProgress":
		if e.Reason == "" && e.Polls == tell.polled(e.Job) {
			return "the service was changed meanwhile: another backup follows"
		}
		if e.Reason == "" {
			return fmt.Sprintf("poll %d, still running, next look %s", e.Polls, e.in())
		}
	case "InProgress Verifying":
		return fmt.Sprintf("poll %d, done, looks for the backup", e.Polls)
	case "Verifying Pruning":
		return fmt.Sprintf("backup is there, %s, recorded", size(tell.backupSize(e.Job)))
	case "Pruning Succeeded":
		return tell.lasted(e.Job, e.Time)
	}
	if e.To == "Failed" {
		return e.Code + ": " + e.Words
	}
	if e.Reason == "" {
		return "next look " + e.in()
	}
	return "looks again " + e.in() + ": " + e.Reason
}

// in is how long it is until the next move. The log has whole seconds, cut off.
func (e entry) in() string {
	return "in " + short(time.Duration(math.Ceil(e.Next.Sub(e.Time).Seconds()))*time.Second)
}

func (e entry) begins() string {
	if wait := e.Next.Sub(e.Time); wait >= time.Second {
		return "starts in " + short(wait.Round(time.Second))
	}
	return "starts now"
}

// rest is every attribute that has no column, so that nothing is swallowed.
func (e entry) rest() string {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(e.all)) {
		if !slices.Contains([]string{"time", "level", "msg", "service", "invocation", "function"}, key) {
			fmt.Fprintf(&text, "; %s: %v", key, e.all[key])
		}
	}
	return text.String()
}
