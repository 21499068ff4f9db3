package main

import (
	"fmt"
	"strings"
	"time"
)

// The cells of the status table.

func (s statusService) rpo() string {
	goal := span(time.Duration(s.Goal * float64(time.Second)))
	if s.RPO == nil {
		return "none of " + goal
	}
	return span(time.Duration(*s.RPO*float64(time.Second))) + " of " + goal
}

func (s statusService) until(r statusReport) string {
	switch {
	case s.RestorableUntil == nil:
		return "-"
	case !s.Restorable:
		return "lapsed " + ago(*s.RestorableUntil, r.At)
	}
	return when(*s.RestorableUntil, r.At)
}

func (s statusService) last(r statusReport) string {
	if s.Last == nil {
		return "-"
	}
	text := string(s.Last.State)
	if s.Last.Ended != nil {
		text += " " + ago(*s.Last.Ended, r.At)
	}
	return text
}

func (s statusService) next(r statusReport) string {
	if s.Next == nil {
		return "-"
	}
	if !s.Next.After(r.At) {
		return due(*s.Next, r.At)
	}
	return when(*s.Next, r.At)
}

func (s statusService) standbys() string {
	var all []string
	for _, standby := range s.Standbys {
		all = append(all, standby.Standby+" "+standby.Readiness)
	}
	if len(all) == 0 {
		return "-"
	}
	return strings.Join(all, ", ")
}

func (s statusService) inFlight() string {
	if len(s.Jobs) == 0 {
		return "-"
	}
	first := s.Jobs[0]
	text := fmt.Sprintf("%s %s", strings.ToLower(string(first.Kind)), first.State)
	if more := len(s.Jobs) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// tells reports whether another's note in r says that s serves for it.
func (r statusReport) tells(s statusService) bool {
	for _, source := range r.Services {
		for _, standby := range source.Standbys {
			if standby.Standby == s.Service {
				return true
			}
		}
	}
	return false
}

// notes is what does not fit into the table, one thing a line.
func (s statusService) notes(r statusReport) (lines []string) {
	add := func(format string, args ...any) {
		lines = append(lines, oneLine(s.Service+": "+fmt.Sprintf(format, args...)))
	}
	if s.Last != nil && s.Last.Code != "" {
		add("the last backup ended %s (%s): lifeboat job %s", s.Last.State, s.Last.Code, s.Last.Job)
	}
	for _, b := range s.Jobs {
		if b.State == "AwaitingApproval" {
			add("a restore onto %s waits for approval: lifeboat approve %s", b.Target, b.Job)
		}
	}
	for _, standby := range s.Standbys {
		switch standby.Readiness {
		case "not ready":
			add("standby %s is not ready: %s", standby.Standby, standby.Reason)
		case "serving":
			add("%s serves for %s since %s UTC; when that is over: lifeboat ack %s --outcome failback, or promote", standby.Standby, standby.Serving, clock(*standby.Since), standby.Serving)
		}
	}
	if s.Serving != "" && !r.tells(s) {
		add("serves for %s since %s UTC; when that is over: lifeboat ack %s --outcome failback, or promote", s.Serving, clock(timeOf(s.Since)), s.Serving)
	}
	if s.Incident != "" {
		add("incident %s is open", s.Incident)
	}
	if s.Maintenance != nil {
		add("in maintenance until %s: alerts start nothing", whenUTC(*s.Maintenance, r.At))
	}
	return lines
}
