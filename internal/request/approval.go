package request

import (
	"encoding/json"
	"fmt"
)

// Approval is a person's word on one restore: this job, this backup, onto
// this target. It has a queue of its own, so that who may send alerts can't
// approve what they lead to.
type Approval struct {
	ID       string
	Approved bool // or else rejected
	Job      string
	Point    string // may be empty in a rejection
	Target   string // the plan's name; likewise
	By       string // as asserted: Service Bus gives no trustworthy sender
	Reason   string
}

// The verdicts on the wire.
const (
	verdictApprove = "Approve"
	verdictReject  = "Reject"
)

// wireApproval is schema 1.
type wireApproval struct {
	Schema  int    `json:"schema"`
	ID      string `json:"id"`
	Verdict string `json:"verdict"`
	Job     string `json:"job"`
	Point   string `json:"point,omitempty"`
	Target  string `json:"target,omitempty"`
	By      string `json:"by"`
	Reason  string `json:"reason,omitempty"`
}

var (
	approvalForm  = form{required: []string{"job", "point", "target", "by"}, optional: []string{"reason"}}
	rejectionForm = form{required: []string{"job", "by"}, optional: []string{"point", "target", "reason"}}
)

// DecodeApproval reads a message of queue approvals. Its error is a
// *MalformedError or a *NewerError.
func DecodeApproval(body []byte) (Approval, error) {
	all, err := fields(body)
	if err != nil {
		return Approval{}, err
	}
	if err := schema(body, all); err != nil {
		return Approval{}, err
	}
	var verdict string
	f := approvalForm
	switch err := json.Unmarshal(all["verdict"], &verdict); {
	case err != nil || verdict != verdictApprove && verdict != verdictReject:
		return Approval{}, malformed(body, "want verdict Approve or Reject")
	case verdict == verdictReject:
		f = rejectionForm
	}
	if problem := f.problem(all, "schema", "id", "verdict"); problem != "" {
		return Approval{}, malformed(body, fmt.Sprintf("%s: %s", verdict, problem))
	}
	var w wireApproval
	if err := json.Unmarshal(body, &w); err != nil {
		return Approval{}, malformed(body, "want text in every field but schema")
	}
	a, problem := w.approval()
	if problem != "" {
		return Approval{}, malformed(body, fmt.Sprintf("%s: %s", verdict, problem))
	}
	return a, nil
}

// approval is what w says, or what is wrong with it.
func (w wireApproval) approval() (Approval, string) {
	a := Approval{
		ID: w.ID, Approved: w.Verdict == verdictApprove, Job: w.Job, Point: w.Point, Target: w.Target, By: line(w.By), Reason: line(w.Reason),
	}
	switch {
	case !idForm.MatchString(w.ID):
		return a, "want an id of at most 64 letters, digits, dots, hyphens and underscores"
	case !nameForm.MatchString(w.Job):
		return a, "want a job by its id"
	case w.Point != "" && !nameForm.MatchString(w.Point):
		return a, "want a point by its name"
	case w.Target != "" && !isService(w.Target):
		return a, "want a target by its name in the plan"
	case len(a.By) > maxBy || a.By == "":
		return a, fmt.Sprintf("want by as a name of at most %d bytes", maxBy)
	case len(a.Reason) > maxReason:
		return a, fmt.Sprintf("want a reason of at most %d bytes", maxReason)
	}
	return a, ""
}
