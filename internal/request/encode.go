package request

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// kindAlert is an alert that has been reduced to its essentials.
const kindAlert Kind = "Alert"

// wireAlert is schema 1 of a reduced alert.
type wireAlert struct {
	Schema            int       `json:"schema"`
	Kind              Kind      `json:"kind"`
	ID                string    `json:"id"`
	Rule              string    `json:"rule"`
	Condition         Condition `json:"condition"`
	FiredAt           string    `json:"firedAt,omitempty"`
	ResolvedAt        string    `json:"resolvedAt,omitempty"`
	Severity          string    `json:"severity,omitempty"`
	MonitoringService string    `json:"monitoringService,omitempty"`
	Targets           []string  `json:"targets,omitempty"`
	Health            string    `json:"health,omitempty"`
	Description       string    `json:"description,omitempty"`
}

var reducedForm = form{
	required: []string{"rule", "condition"},
	optional: []string{"firedAt", "resolvedAt", "severity", "monitoringService", "targets", "health", "description"},
}

// decodeReduced reads what EncodeAlert wrote.
func decodeReduced(body []byte, all map[string]json.RawMessage) (Message, error) {
	if problem := reducedForm.problem(all, "schema", "id", "kind"); problem != "" {
		return nil, malformed(body, "Alert: "+problem)
	}
	var w wireAlert
	if err := json.Unmarshal(body, &w); err != nil {
		return nil, malformed(body, "want an alert as Lifeboat writes it")
	}
	a, problem := w.alert()
	if problem != "" {
		return nil, malformed(body, "Alert: "+problem)
	}
	return a, nil
}

// alert is what w says, or what is wrong with it.
func (w wireAlert) alert() (Alert, string) {
	a := Alert{
		ID: w.ID, Rule: w.Rule, Condition: w.Condition, Severity: w.Severity, MonitoringService: w.MonitoringService,
		Targets: w.Targets, Health: w.Health, Description: w.Description,
	}
	var fits bool
	if a.FiredAt, fits = instant(w.FiredAt); !fits {
		return a, "want firedAt as a time such as 2026-03-01T04:00:00Z"
	}
	if a.ResolvedAt, fits = instant(w.ResolvedAt); !fits {
		return a, "want resolvedAt as a time such as 2026-03-01T04:00:00Z"
	}
	switch {
	case !identityForm.MatchString(a.ID):
		return a, "want an id as Lifeboat writes it"
	case a.Condition != Fired && a.Condition != Resolved:
		return a, "want condition Fired or Resolved"
	case !within(a.Severity, maxWord), serviceName(a.MonitoringService) != a.MonitoringService, !within(a.Health, maxWord), !within(a.Description, maxDescription):
		return a, "want severity, monitoringService, health and description on one line each"
	case !slices.Equal(targets(texts(a.Targets)), a.Targets):
		return a, "want targets as Lifeboat writes them"
	}
	return a, a.problem()
}

func within(s string, most int) bool { return short(s, most) == s }

func texts(all []string) []text {
	var out []text
	for _, s := range all {
		out = append(out, text(s))
	}
	return out
}

// instant reads a time that may be missing.
func instant(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	t, err := time.Parse(time.RFC3339, s)
	return t.UTC(), err == nil && believable(t)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// EncodeAlert writes the essentials of an alert, a few hundred bytes of what
// may have been 256 KB, for Decode to read. It refuses what Decode would.
func EncodeAlert(a Alert) ([]byte, error) {
	body, err := json.Marshal(wireAlert{
		Schema: 1, Kind: kindAlert, ID: a.ID, Rule: a.Rule, Condition: a.Condition,
		FiredAt: stamp(a.FiredAt), ResolvedAt: stamp(a.ResolvedAt), Severity: a.Severity,
		MonitoringService: a.MonitoringService, Targets: a.Targets, Health: a.Health, Description: a.Description,
	})
	return encoded("alert", a.ID, body, err, func() error { _, err := Decode(body); return err })
}

// EncodeRequest writes a request for Decode to read. It refuses what Decode
// would.
func EncodeRequest(r Request) ([]byte, error) {
	w := wireRequest{
		Schema: 1, ID: r.ID, Kind: r.Kind, Service: r.Service, By: r.By, Reason: r.Reason,
		To: r.To, Point: r.Point, Job: r.Job, Outcome: r.Outcome, Until: stamp(r.Until),
	}
	switch {
	case r.On:
		w.State = "on"
	case r.Kind == Maintenance:
		w.State = "off"
	}
	body, err := json.Marshal(w)
	return encoded("request", r.ID, body, err, func() error { _, err := Decode(body); return err })
}

// EncodeApproval writes an approval for DecodeApproval to read. It refuses
// what DecodeApproval would.
func EncodeApproval(a Approval) ([]byte, error) {
	w := wireApproval{
		Schema: 1, ID: a.ID, Verdict: verdictReject, Job: a.Job, Point: a.Point, Target: a.Target, By: a.By, Reason: a.Reason,
	}
	if a.Approved {
		w.Verdict = verdictApprove
	}
	body, err := json.Marshal(w)
	return encoded("approval", a.ID, body, err, func() error { _, err := DecodeApproval(body); return err })
}

// encoded proves that what was written can be read before anybody sends it.
func encoded(what, id string, body []byte, err error, read func() error) ([]byte, error) {
	if err == nil {
		err = read()
	}
	if err != nil {
		return nil, fmt.Errorf("encode %s %s: %w", what, quoted(id), err)
	}
	return body, nil
}
