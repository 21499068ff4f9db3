package main

import (
	"strings"
	"time"

	"lifeboat/internal/job"
)

// jobReport is what job prints.
type jobReport struct {
	jobBrief
	At       time.Time    `json:"at"`
	Cause    string       `json:"cause"`        // why there is this job, in words
	By       string       `json:"by,omitempty"` // as asserted
	Why      string       `json:"why,omitempty"`
	Incident string       `json:"incident,omitempty"`
	Reason   string       `json:"reason,omitempty"` // why it waits
	Deadline *time.Time   `json:"deadline"`
	Timeline []jobStep    `json:"timeline"`
	Attempt  *jobAttempt  `json:"attempt,omitempty"`
	Failures int          `json:"failedAttempts"`
	Approval *jobApproval `json:"approval,omitempty"`
	Gates    []jobGate    `json:"gates,omitempty"`
	Point    *pointBrief  `json:"point,omitempty"`
	Kept     *jobKept     `json:"kept,omitempty"`         // of the point
	Safety   string       `json:"safetyBackup,omitempty"` // the blob of the target before
	// Gateway and Management are the target's URLs once it is restored.
	Gateway    string   `json:"gateway,omitempty"`
	Management string   `json:"management,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
	Message    string   `json:"message,omitempty"` // Azure's own words, or Lifeboat's
	Stranded   bool     `json:"stranded,omitempty"`
	// NotInBackup are the source's settings that a restore does not bring.
	NotInBackup map[string]string `json:"notInBackup,omitempty"`
}

type jobStep struct {
	State   job.State `json:"state"`
	At      time.Time `json:"at"`
	Took    *float64  `json:"tookSeconds,omitempty"` // until the next one
	Attempt int       `json:"attempt,omitempty"`
	Note    string    `json:"note,omitempty"`
}

type jobAttempt struct {
	Number    int        `json:"number"`
	Phase     job.Phase  `json:"phase,omitempty"`
	Blob      string     `json:"blob"`
	Started   *time.Time `json:"started"`
	Polls     int        `json:"polls"`
	Operation string     `json:"operation"` // how it is or was followed, in words
	Trace     string     `json:"trace,omitempty"`
}

// jobKept is what the retention says of a point now.
type jobKept struct {
	Keep    bool     `json:"keep"`
	Reasons []string `json:"reasons"`
}

type jobApproval struct {
	By      string     `json:"by,omitempty"` // as asserted
	Why     string     `json:"why,omitempty"`
	At      *time.Time `json:"at,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
}

type jobGate struct {
	Gate     string `json:"gate"`
	Outcome  string `json:"outcome"`
	Sentence string `json:"sentence"`
}

func jobReportOf(j job.Job, now time.Time) jobReport {
	r := jobReport{
		jobBrief: briefOf(j), At: now.UTC(), Cause: causeOf(j), Reason: oneLine(j.Reason), Deadline: at(j.Deadline), Failures: j.Failures,
		Timeline: timelineOf(j, now), Attempt: attemptOf(j), Message: oneLine(j.Message), Stranded: j.Stranded,
	}
	for _, w := range j.Warnings {
		r.Warnings = append(r.Warnings, oneLine(w))
	}
	o := j.Restore
	if o == nil {
		r.By, r.Why = oneLine(j.Asked.By), oneLine(j.Asked.Why)
		return r
	}
	r.By, r.Why, r.Incident, r.Safety = oneLine(o.By), oneLine(o.Why), o.Incident, o.Safety.Name
	r.Gateway, r.Management = o.GatewayURL, o.ManagementURL
	if a := o.Approval; a != (job.Approval{}) {
		r.Approval = &jobApproval{By: oneLine(a.By), Why: oneLine(a.Why), At: at(a.At), Expires: at(a.Expires)}
	}
	for _, g := range o.Gates {
		r.Gates = append(r.Gates, jobGate{g.Name, g.Outcome, oneLine(g.Sentence)})
	}
	return r
}

// causeOf says who or what asked for j.
func causeOf(j job.Job) string {
	switch o := j.Restore; {
	case o != nil && o.Warm:
		return "a verified backup of " + o.Source + ", to keep its standby warm"
	case o != nil && o.Automatic:
		return "alert rule " + oneLine(o.Rule)
	case o != nil:
		return requester(o.By, o.Request)
	case j.OnChange:
		return "a change of the service"
	case j.ID == job.ID(j.Service, job.Backup, j.Due):
		return "the schedule, due " + clock(j.Due) + " UTC"
	}
	return requester(j.Asked.By, j.Asked.Request)
}

// requester is who asked by a request. Nobody checks it: a message can say anything.
func requester(by, request string) string {
	if request == "" {
		return "a request" // of a time when that was not kept
	}
	text := "somebody"
	if by != "" {
		text = asserted(by)
	}
	return text + ", by request " + oneLine(request)
}

func asserted(by string) string { return oneLine(by) + " (as asserted)" }

func timelineOf(j job.Job, now time.Time) []jobStep {
	steps := []jobStep{}
	for i, s := range j.History {
		step := jobStep{State: s.State, At: s.At.UTC(), Attempt: s.Attempt, Note: oneLine(s.Note)}
		until := now
		if i+1 < len(j.History) {
			until = j.History[i+1].At
		}
		if !s.State.Terminal() {
			took := seconds(max(until.Sub(s.At), 0))
			step.Took = &took
		}
		steps = append(steps, step)
	}
	return steps
}

func attemptOf(j job.Job) *jobAttempt {
	a := j.Attempt
	if a.Number == 0 {
		return nil
	}
	out := &jobAttempt{Number: a.Number, Phase: a.Phase, Blob: a.Blob, Started: at(a.StartedAt), Polls: a.Polls, Operation: operationOf(j)}
	if parts := strings.Split(a.Trace, "-"); len(parts) == 4 {
		out.Trace = parts[1]
	}
	return out
}

// operationOf says how far the operation in Azure has got. How it is followed
// is a secret.
func operationOf(j job.Job) string {
	switch {
	case j.Lost():
		return "can't be followed any more: what the service and the blob show decides"
	case j.State == job.InProgress:
		return "running, followed by its handle"
	case j.State == job.Starting:
		return "requested, not answered yet"
	case j.Stranded:
		return "may still be running: the watchdog keeps the service's lease until it is not"
	case j.State == job.Pending || j.State == job.AwaitingApproval:
		return "none is running"
	}
	return "ended"
}
