package request

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Names end up in job ids, row keys and blob names.
var (
	idForm      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	serviceForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	nameForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)
)

const (
	maxService = 50 // as in the plan
	maxBy      = 200
	maxReason  = 1000
)

// isService reports whether the plan could have a service or standby of that
// name.
func isService(name string) bool { return len(name) <= maxService && serviceForm.MatchString(name) }

// form is what a request of one kind consists of, besides schema, id and kind.
type form struct{ required, optional []string }

var forms = map[Kind]form{
	Restore:     {[]string{"service", "by"}, []string{"to", "point", "reason"}},
	Backup:      {[]string{"service"}, []string{"by", "reason"}},
	Cancel:      {[]string{"job", "by"}, []string{"service", "reason"}},
	Acknowledge: {[]string{"service", "by"}, []string{"outcome", "reason"}},
	Maintenance: {[]string{"service", "by", "state"}, []string{"until", "reason"}},
}

// wireRequest is schema 1.
type wireRequest struct {
	Schema  int     `json:"schema"`
	ID      string  `json:"id"`
	Kind    Kind    `json:"kind"`
	Service string  `json:"service,omitempty"`
	By      string  `json:"by,omitempty"`
	Reason  string  `json:"reason,omitempty"`
	To      string  `json:"to,omitempty"`
	Point   string  `json:"point,omitempty"`
	Job     string  `json:"job,omitempty"`
	Outcome Outcome `json:"outcome,omitempty"`
	State   string  `json:"state,omitempty"`
	Until   string  `json:"until,omitempty"`
}

func decodeRequest(body []byte, all map[string]json.RawMessage, kind Kind) (Message, error) {
	f, ok := forms[kind]
	if !ok {
		return nil, malformed(body, fmt.Sprintf("want kind Restore, Backup, Cancel, Acknowledge or Maintenance, got %q", quoted(string(kind))))
	}
	if problem := f.problem(all, "schema", "id", "kind"); problem != "" {
		return nil, malformed(body, fmt.Sprintf("%s: %s", kind, problem))
	}
	var w wireRequest
	if err := json.Unmarshal(body, &w); err != nil {
		return nil, malformed(body, "want text in every field but schema")
	}
	r, problem := w.request()
	if problem != "" {
		return nil, malformed(body, fmt.Sprintf("%s: %s", kind, problem))
	}
	return r, nil
}

// problem says which field is missing or not expected, if any.
func (f form) problem(all map[string]json.RawMessage, always ...string) string {
	required := slices.Concat(always, f.required)
	for _, key := range required {
		if blank(all[key]) {
			return "want " + key
		}
	}
	for key := range all {
		if !slices.Contains(required, key) && !slices.Contains(f.optional, key) {
			return fmt.Sprintf("unknown field %q", quoted(key))
		}
	}
	return ""
}

func blank(value json.RawMessage) bool {
	text := strings.Trim(string(value), `"`)
	return text == "null" || strings.TrimSpace(text) == ""
}

// request is what w says, or what is wrong with it.
func (w wireRequest) request() (Request, string) {
	r := Request{
		ID: w.ID, Kind: w.Kind, Service: w.Service, By: line(w.By), Reason: line(w.Reason),
		To: w.To, Point: w.Point, Job: w.Job, Outcome: w.Outcome, On: w.State == "on",
	}
	switch {
	case !idForm.MatchString(w.ID):
		return r, "want an id of at most 64 letters, digits, dots, hyphens and underscores"
	case w.Service != "" && !isService(w.Service):
		return r, "want a service by its name in the plan"
	case w.To != "" && !isService(w.To):
		return r, "want to as a standby's name in the plan"
	case w.Point != "" && !nameForm.MatchString(w.Point):
		return r, "want a point by its name"
	case w.Job != "" && !nameForm.MatchString(w.Job):
		return r, "want a job by its id"
	case w.Outcome != None && w.Outcome != Failback && w.Outcome != Promote:
		return r, "want outcome failback, promote or none at all"
	case len(r.By) > maxBy || w.By != "" && r.By == "":
		return r, fmt.Sprintf("want by as a name of at most %d bytes", maxBy)
	case len(r.Reason) > maxReason:
		return r, fmt.Sprintf("want a reason of at most %d bytes", maxReason)
	case w.Kind != Maintenance:
		return r, ""
	}
	return w.maintenance(r)
}

// maintenance reads state and until. A maintenance that nobody ends would turn
// failover off for good, and without a word; so it says when it ends.
func (w wireRequest) maintenance(r Request) (Request, string) {
	switch {
	case w.State != "on" && w.State != "off":
		return r, "want state on or off"
	case w.State == "off" && w.Until != "":
		return r, "want until only with state on"
	case w.State == "off":
		return r, ""
	}
	until, err := time.Parse(time.RFC3339, w.Until)
	if err != nil || !believable(until) {
		return r, "want until as a time such as 2026-03-01T04:00:00Z with state on"
	}
	r.Until = until.UTC()
	return r, ""
}
