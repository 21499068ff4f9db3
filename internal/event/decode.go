package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxSize bounds an event; Event Grid's own limit is 1 MB.
const MaxSize = 1 << 20

// wire is an event in either schema. encoding/json does not tell upper from
// lower case in the names, and neither do Azure's samples.
type wire struct {
	ID      string `json:"id"`
	Subject string `json:"subject"`

	// Event Grid's schema
	EventType string `json:"eventType"`
	EventTime string `json:"eventTime"`
	Topic     string `json:"topic"`

	// CloudEvents 1.0
	SpecVersion any    `json:"specversion"` // some samples have a number
	Type        string `json:"type"`
	Time        string `json:"time"`
	Source      string `json:"source"`

	Data struct {
		ResourceURI   string `json:"resourceUri"`
		OperationName string `json:"operationName"`
	} `json:"data"`
}

// report is an event in no schema any more.
type report struct {
	id        string
	at        time.Time
	kind      string
	source    string // the ARM id of who tells it
	subject   string
	resource  string // data.resourceUri
	operation string
}

// Decode reads one event and says what it means. An error wraps ErrMalformed
// and repeats no more of the event than its id and its type.
func Decode(raw []byte) (Event, error) {
	if len(raw) > MaxSize {
		return nil, fmt.Errorf("%w: want at most %d bytes, got %d", ErrMalformed, MaxSize, len(raw))
	}
	var w wire
	err := json.Unmarshal(raw, &w)
	// What is of another form than expected, such as data that is text, is
	// skipped; the rest is read all the same.
	if _, mismatch := errors.AsType[*json.UnmarshalTypeError](err); mismatch {
		err = nil
	}
	if err != nil || bytes.TrimLeft(raw, " \t\r\n")[0] != '{' {
		return nil, fmt.Errorf("%w: want a JSON object, one event in Event Grid's schema or as a CloudEvent", ErrMalformed)
	}
	r, err := w.report()
	if err != nil {
		return nil, err
	}
	return r.meaning(), nil
}

// report is what w says in its own schema, or else in the other.
func (w *wire) report() (report, error) {
	r := report{id: w.ID, subject: w.Subject, resource: w.Data.ResourceURI, operation: w.Data.OperationName}
	at := ""
	if w.SpecVersion != nil {
		r.kind, at, r.source = first(w.Type, w.EventType), first(w.Time, w.EventTime), first(w.Source, w.Topic)
	} else {
		r.kind, at, r.source = first(w.EventType, w.Type), first(w.EventTime, w.Time), first(w.Topic, w.Source)
	}
	var readable bool
	r.at, readable = moment(at)
	switch {
	case plain(r.kind) == "":
		return r, r.malformed("want eventType or type")
	case blank(r.id):
		return r, r.malformed("want id")
	case !readable:
		return r, r.malformed("want eventTime or time, such as 2026-03-01T02:10:00.1234567Z")
	}
	return r, nil
}

func (r report) malformed(problem string) error {
	return fmt.Errorf("%w: id %q, type %q: %s", ErrMalformed, plain(r.id), plain(r.kind), problem)
}

// moment reads a time of Azure's; without a zone it is UTC.
func moment(s string) (time.Time, bool) {
	s = strings.ToUpper(s) // RFC 3339 allows t and z, package time does not
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05", s)
	}
	t = t.UTC()
	// .NET writes the year 1 for no time at all; 9999 is its last.
	return t, err == nil && t.Year() >= 2000 && t.Year() < 9999
}
