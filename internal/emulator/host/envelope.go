package host

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// member and object make JSON whose members keep their order, as the host's
// dictionaries do.
type member struct {
	name  string
	value any
}

type object []member

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(encode(m.name))
		b.WriteByte(':')
		b.Write(encode(m.value))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// set replaces a member, whatever its case, or appends one.
func (o object) set(name string, value any) object {
	for i := range o {
		if strings.EqualFold(o[i].name, name) {
			o[i].value = value
			return o
		}
	}
	return append(o, member{name, value})
}

// encode is JSON as .NET writes it: no escapes for HTML.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte("null") // values that JSON can't hold don't come over AMQP
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// quoted is the host's encoding of everything but objects, times and bytes: a
// string that holds JSON text.
func quoted(v any) string { return string(encode(v)) }

const (
	dateTime       = "2006-01-02T15:04:05"       // of Metadata: second precision
	dateTimeOffset = "2006-01-02T15:04:05-07:00" // of Metadata
	roundTrip      = "2006-01-02T15:04:05.9999999-07:00"
)

// sys is the system binding data that every envelope carries.
type sys struct {
	MethodName string
	UtcNow     string
	RandGuid   string
}

func envelope(binding string, value any, metadata object) []byte {
	return encode(object{{"Data", object{{binding, value}}}, {"Metadata", metadata}})
}

func newSys(function, guid string, now time.Time) sys {
	return sys{MethodName: function, UtcNow: now.UTC().Format("2006-01-02T15:04:05.9999999Z"), RandGuid: guid}
}

// timerEnvelope is a timerTrigger's invocation. status is nil without a monitor.
func timerEnvelope(f Function, status *Status, pastDue bool, s sys) []byte {
	value := object{{"Schedule", object{{"AdjustForDST", true}}}, {"ScheduleStatus", nil}, {"IsPastDue", pastDue}}
	if status != nil {
		value[1].value = object{{"Last", last(status.Last)}, {"Next", status.Next.UTC().Format(roundTrip)}, {"LastUpdated", status.LastUpdated.UTC().Format(roundTrip)}}
	}
	return envelope(f.Binding, value, object{{"sys", s}})
}

// last is zero before a timer's first run, which .NET writes without a zone.
func last(t time.Time) string {
	if t.IsZero() {
		return "0001-01-01T00:00:00"
	}
	return t.UTC().Format(roundTrip)
}

// client names the Service Bus client that the extension holds.
type client struct {
	FullyQualifiedNamespace string
	IsClosed                bool
	TransportType           int
	Identifier              string
}

// messageEnvelope is a serviceBusTrigger's invocation for one message.
func messageEnvelope(f Function, m Message, c client, s sys) []byte {
	metadata := object{}
	for _, name := range []string{"MessageReceiver", "MessageSession", "MessageActions", "SessionActions", "ReceiveActions"} {
		metadata = append(metadata, member{name, object{}})
	}
	text := func(name, value string) { // nulls are left out
		if value != "" {
			metadata = append(metadata, member{name, quoted(value)})
		}
	}
	instant := func(name string, t time.Time) {
		if t.IsZero() {
			t = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) // .NET's largest: never
		}
		metadata = append(metadata, member{name + "Utc", t.UTC().Format(dateTime)}, member{name, t.UTC().Format(dateTimeOffset)})
	}
	properties := m.Properties
	if properties == nil {
		properties = map[string]any{}
	}
	metadata = append(metadata, member{"Client", c}, member{"DeliveryCount", quoted(m.DeliveryCount)})
	text("DeadLetterSource", m.DeadLetterSource)
	text("LockToken", m.LockToken)
	instant("ExpiresAt", m.ExpiresAt)
	instant("EnqueuedTime", m.EnqueuedAt)
	text("MessageId", m.ID)
	text("ContentType", m.ContentType)
	text("ReplyTo", m.ReplyTo)
	metadata = append(metadata, member{"SequenceNumber", quoted(m.SequenceNumber)})
	text("To", m.To)
	text("Subject", m.Subject)
	text("Label", m.Subject)
	text("CorrelationId", m.CorrelationID)
	metadata = append(metadata, member{"ApplicationProperties", properties}, member{"UserProperties", properties})
	metadata = append(metadata, member{"sys", s})
	if f.Binary {
		return envelope(f.Binding, base64.StdEncoding.EncodeToString(m.Body), metadata)
	}
	body := strings.ToValidUTF8(string(m.Body), "\uFFFD")
	return envelope(f.Binding, quoted(body), leak(metadata, body))
}

// leak writes the properties of a string body that is a JSON object over the
// metadata, system keys included, as the host does. Arrays and nulls stay out.
func leak(metadata object, body string) object {
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	if open, err := d.Token(); err != nil || open != json.Delim('{') || !json.Valid([]byte(body)) {
		return metadata
	}
	for d.More() {
		name, _ := d.Token()
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return metadata
		}
		key, _ := name.(string)
		if strings.HasSuffix(strings.ToLower(key), "trigger") {
			continue
		}
		switch value[0] {
		case '[', 'n':
		case '{':
			metadata = metadata.set(key, value)
		default:
			metadata = metadata.set(key, quoted(scalar(value)))
		}
	}
	return metadata
}

// scalar is a JSON scalar as .NET turns it into a string.
func scalar(raw json.RawMessage) string {
	switch raw[0] {
	case 't':
		return "True"
	case 'f':
		return "False"
	case '"':
		var s string
		_ = json.Unmarshal(raw, &s) // the decoder has read it already
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t.Format("01/02/2006 15:04:05")
		}
		return s
	}
	return string(raw)
}

// eventEnvelope is an eventGridTrigger's invocation for one event, of either
// schema.
func eventEnvelope(f Function, event json.RawMessage, s sys) []byte {
	var e struct{ Data json.RawMessage }
	metadata := object{}
	if err := json.Unmarshal(event, &e); err == nil && e.Data != nil {
		if e.Data[0] == '{' {
			metadata = append(metadata, member{"data", e.Data})
		} else {
			metadata = append(metadata, member{"data", quoted(e.Data)})
		}
	}
	return envelope(f.Binding, event, append(metadata, member{"sys", s}))
}
