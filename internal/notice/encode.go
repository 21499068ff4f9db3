package notice

import (
	"bytes"
	"encoding/json"
	"fmt"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Encode writes n as a webhook of the given form wants it. environment may be
// empty.
func Encode(n job.Notice, environment string, form plan.Form) (contentType string, body []byte, err error) {
	n, environment = tidy(n), clean(environment, maxName)
	t := write(n, environment)
	switch form {
	case plan.FormCloudEvents:
		body, err = encode(cloudEvent(n, environment, t))
		return "application/cloudevents+json; charset=utf-8", body, err
	case plan.FormTeams:
		body, err = teamsMessage(n, environment, t)
		return "application/json; charset=utf-8", body, err
	case plan.FormSlack:
		body, err = encode(slackMessage(n, environment, t))
		return "application/json; charset=utf-8", body, err
	}
	return "", nil, fmt.Errorf("form %q of a webhook: want %s, %s or %s", form, plan.FormCloudEvents, plan.FormTeams, plan.FormSlack)
}

// encode is json.Marshal without escapes that only HTML needs.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode a notice: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// fact is one line of the table beside a text.
type fact struct{ title, value string }

// table lists the facts that a reader looks for, without those that are not
// there. There are never more than ten.
func table(n job.Notice, environment string) []fact {
	f := n.Facts
	var shown []fact
	for _, each := range []fact{
		{"Service", service(n)},
		{"Environment", environment},
		{"Standby", f.Standby},
		{"Job", f.Job},
		{"Backup", f.Point},
		{"Code", f.Code},
		{"Asked by", f.By},
		{"Incident", f.Incident},
		{"Gateway", f.Gateway},
		{"Management", f.Management},
	} {
		if each.value != "" {
			shown = append(shown, each)
		}
	}
	return shown
}
