package notice

import (
	"net/url"
	"strings"
	"time"

	"lifeboat/internal/job"
)

// event is a CloudEvent in the JSON format, which is the body of structured
// mode (CloudEvents 1.0.2, spec.md, formats/json-format.md and
// bindings/http-protocol-binding.md). Copies of one notice have the same
// source and id, so a receiver may drop all but one.
type event struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"` // a URI-reference
	Type            string    `json:"type"`
	Subject         string    `json:"subject,omitempty"` // the service; must not be empty
	Time            string    `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            eventData `json:"data"`
}

type eventData struct {
	Type        job.NoticeType `json:"type"`
	Environment string         `json:"environment,omitempty"`
	Service     string         `json:"service,omitempty"`
	Severity    Severity       `json:"severity"`
	Subject     string         `json:"subject"`
	What        string         `json:"what"`
	Meaning     string         `json:"meaning"`
	Next        string         `json:"next"`
	Facts       eventFacts     `json:"facts"`
}

type eventFacts struct {
	Job         string      `json:"job,omitempty"`
	Standby     string      `json:"standby,omitempty"`
	Warm        bool        `json:"warm,omitempty"`
	Point       string      `json:"point,omitempty"`
	Code        string      `json:"code,omitempty"`
	Message     string      `json:"message,omitempty"`
	Warnings    []string    `json:"warnings,omitempty"`
	Gates       []eventGate `json:"gates,omitempty"`
	By          string      `json:"by,omitempty"`
	Incident    string      `json:"incident,omitempty"`
	Since       time.Time   `json:"since,omitzero"`
	Until       time.Time   `json:"until,omitzero"`
	Gateway     string      `json:"gateway,omitempty"`
	Management  string      `json:"management,omitempty"`
	TookSeconds int64       `json:"tookSeconds,omitempty"`
	Queue       string      `json:"queue,omitempty"`
	Excerpt     string      `json:"excerpt,omitempty"`
}

type eventGate struct {
	Name     string `json:"name"`
	Outcome  string `json:"outcome"`
	Sentence string `json:"sentence"`
}

// typePrefix is a reverse-DNS name, as the specification wants a type to begin
// with. The rest of a type is the notice's, in lower case, such as
// dev.lifeboat.notice.backupfailed.
const typePrefix = "dev.lifeboat.notice."

func cloudEvent(n job.Notice, environment string, t Text) event {
	f := n.Facts
	facts := eventFacts{
		Job: f.Job, Standby: f.Standby, Warm: f.Warm, Point: f.Point, Code: f.Code, Message: f.Message, Warnings: f.Warnings, By: f.By, Incident: f.Incident,
		Since: f.Since.UTC(), Until: f.Until.UTC(), Gateway: f.Gateway, Management: f.Management, TookSeconds: int64(f.Took / time.Second), Queue: f.Queue, Excerpt: f.Excerpt,
	}
	for _, g := range f.Gates {
		facts.Gates = append(facts.Gates, eventGate(g))
	}
	about := service(n)
	return event{
		SpecVersion:     "1.0",
		ID:              n.ID,
		Source:          "/lifeboat/" + url.PathEscape(or(environment, "-")) + "/" + url.PathEscape(or(about, "-")),
		Type:            typePrefix + strings.ToLower(string(n.Type)),
		Subject:         about,
		Time:            n.At.UTC().Format(time.RFC3339Nano),
		DataContentType: "application/json",
		Data: eventData{
			Type: n.Type, Environment: environment, Service: about, Severity: t.Severity,
			Subject: t.Subject, What: t.What, Meaning: t.Meaning, Next: t.Next, Facts: facts,
		},
	}
}
