// Package request decodes what arrives on the queues recovery-requests and
// approvals: Lifeboat's own requests, versioned and strict, and Azure
// Monitor's alerts in the common alert schema, as they are. It says what a
// message says, bounded and checked in its form; whether a service, a rule or
// a job of that name exists, and whether the message may do what it asks, is
// for others to tell.
package request

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf8"
)

// MaxSize bounds a message. An alert has at most 256 KB (alerts-common-schema,
// 2025-07-09).
const MaxSize = 512 << 10

// Message is what recovery-requests carries: a Request or an Alert.
type Message interface{ message() }

func (Request) message() {}
func (Alert) message()   {}

// Kind says what a request asks for.
type Kind string

// The kinds.
const (
	Restore     Kind = "Restore"
	Backup      Kind = "Backup"
	Cancel      Kind = "Cancel"
	Acknowledge Kind = "Acknowledge"
	Maintenance Kind = "Maintenance"
)

// Outcome is what a person decided about a serving standby.
type Outcome string

// The outcomes of an acknowledgement. None only takes note of a failover.
const (
	None     Outcome = ""
	Failback Outcome = "failback" // the source serves again
	Promote  Outcome = "promote"  // the standby stays
)

// Request is what a person, or a tool on a person's behalf, asks for.
type Request struct {
	ID      string // the sender's own; the same id is the same request
	Kind    Kind
	Service string // the plan's name; may be empty for Cancel
	By      string // who asks, as asserted; may be empty for Backup
	Reason  string

	To    string // Restore: the standby, or "" for the plan's first
	Point string // Restore: the backup, or "" for the newest

	Job string // Cancel

	Outcome Outcome // Acknowledge

	On    bool      // Maintenance: begins, or else ends
	Until time.Time // Maintenance that begins: when it ends by itself

	// EnqueuedAt is when its queue took it. It comes with the delivery; zero
	// where there was none.
	EnqueuedAt time.Time
}

// Decode reads a message of queue recovery-requests. Its error is a
// *MalformedError or a *NewerError.
func Decode(body []byte) (Message, error) {
	all, err := fields(body)
	if err != nil {
		return nil, err
	}
	_, own := all["schema"]
	_, azure := all["schemaId"]
	switch {
	case own == azure:
		return nil, malformed(body, "want either schema, as in Lifeboat's requests, or schemaId, as in Azure Monitor's alerts")
	case azure:
		return decodeAlert(body, all)
	}
	if err := schema(body, all); err != nil {
		return nil, err
	}
	var kind Kind
	if json.Unmarshal(all["kind"], &kind) != nil || kind == "" {
		return nil, malformed(body, "want a kind: Restore, Backup, Cancel, Acknowledge or Maintenance")
	}
	if kind == kindAlert {
		return decodeReduced(body, all)
	}
	return decodeRequest(body, all, kind)
}

// fields splits a JSON object into its fields. Unlike encoding/json it tells
// upper from lower case and takes no field twice: what was checked and what is
// used must be the same.
func fields(body []byte) (map[string]json.RawMessage, error) {
	if len(body) > MaxSize {
		return nil, malformed(body, fmt.Sprintf("want at most %d bytes, got %d", MaxSize, len(body)))
	}
	if !utf8.Valid(body) {
		return nil, malformed(body, "not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, malformed(body, "want a JSON object")
	}
	all := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return nil, malformed(body, "not JSON")
		}
		if _, twice := all[key]; twice {
			return nil, malformed(body, fmt.Sprintf("field %q stands there twice", quoted(key)))
		}
		all[key] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, malformed(body, "not JSON")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, malformed(body, "more data after the JSON object")
	}
	return all, nil
}

// schema accepts version 1 and tells a later one by its error.
func schema(body []byte, all map[string]json.RawMessage) error {
	var version int
	if json.Unmarshal(all["schema"], &version) != nil || version < 1 {
		return malformed(body, "want schema 1")
	}
	if version == 1 {
		return nil
	}
	newer := &NewerError{Schema: version}
	var id string
	if json.Unmarshal(all["id"], &id) == nil && idForm.MatchString(id) {
		newer.ID = id
	}
	return newer
}
