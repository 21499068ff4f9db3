package servicebus

import (
	"bytes"
	"fmt"
	"time"
	"unicode/utf16"

	"github.com/Azure/go-amqp"
)

// State says which part of a queue a message is in. A locked message keeps its
// state; its LockedUntil is set.
type State int32

// The states, numbered as on the wire.
const (
	Active    State = 0 // waits for a receiver, or is locked by one
	Deferred  State = 1 // only handed out by its sequence number
	Scheduled State = 2 // becomes active at its ScheduledEnqueueTime
)

func (s State) String() string {
	switch s {
	case Active:
		return "Active"
	case Deferred:
		return "Deferred"
	case Scheduled:
		return "Scheduled"
	}
	return fmt.Sprintf("State(%d)", int32(s))
}

// LockToken names one delivery of one message.
type LockToken [16]byte

// Message is a message as senders and receivers see it. Send reads the fields
// above the line; Receive and Peek fill in all of them.
type Message struct {
	ID                    string // assigned by the broker if empty
	Body                  []byte
	ApplicationProperties map[string]any
	ContentType           string
	CorrelationID         string
	Subject               string
	To                    string
	ReplyTo               string
	SessionID             string
	ReplyToSessionID      string
	PartitionKey          string
	TimeToLive            time.Duration // zero is the queue's own
	ScheduledEnqueueTime  time.Time     // zero, or past, is at once

	// Set by the broker.

	State                  State
	SequenceNumber         int64 // a scheduled message gets a new one when it becomes active
	EnqueuedSequenceNumber int64 // the first one it had
	EnqueuedTime           time.Time
	ExpiresAt              time.Time // zero is never
	DeliveryCount          int       // deliveries begun, the present one included
	LockedUntil            time.Time // zero is not locked
	LockToken              LockToken
	DeadLetterReason       string
	DeadLetterDescription  string
	DeadLetterSource       string
}

// Names of the application properties that explain a dead letter.
const (
	reasonProperty      = "DeadLetterReason"
	descriptionProperty = "DeadLetterErrorDescription"
)

const (
	partitionKeyAnnotation = "x-opt-partition-key"
	scheduledAnnotation    = "x-opt-scheduled-enqueue-time"
)

// toAMQP encodes what a sender sets.
func (m Message) toAMQP() *amqp.Message {
	out := amqp.NewMessage(m.Body)
	out.Properties = &amqp.MessageProperties{
		ContentType:    optional(m.ContentType),
		Subject:        optional(m.Subject),
		To:             optional(m.To),
		ReplyTo:        optional(m.ReplyTo),
		GroupID:        optional(m.SessionID),
		ReplyToGroupID: optional(m.ReplyToSessionID),
	}
	if m.ID != "" {
		out.Properties.MessageID = m.ID
	}
	if m.CorrelationID != "" {
		out.Properties.CorrelationID = m.CorrelationID
	}
	if m.TimeToLive > 0 {
		out.Header = &amqp.MessageHeader{Priority: 4, TTL: m.TimeToLive}
	}
	if len(m.ApplicationProperties) > 0 {
		out.ApplicationProperties = m.ApplicationProperties
	}
	out.Annotations = amqp.Annotations{}
	if m.PartitionKey != "" {
		out.Annotations[partitionKeyAnnotation] = m.PartitionKey
	}
	if !m.ScheduledEnqueueTime.IsZero() {
		out.Annotations[scheduledAnnotation] = m.ScheduledEnqueueTime
	}
	return out
}

// fromAMQP decodes what a sender set.
func fromAMQP(in *amqp.Message) Message {
	m := Message{Body: bodyOf(in), ApplicationProperties: in.ApplicationProperties}
	if p := in.Properties; p != nil {
		m.ID, m.CorrelationID = idText(p.MessageID), idText(p.CorrelationID)
		m.ContentType, m.Subject = text(p.ContentType), text(p.Subject)
		m.To, m.ReplyTo = text(p.To), text(p.ReplyTo)
		m.SessionID, m.ReplyToSessionID = text(p.GroupID), text(p.ReplyToGroupID)
	}
	if in.Header != nil {
		m.TimeToLive = in.Header.TTL
	}
	m.PartitionKey, _ = in.Annotations[partitionKeyAnnotation].(string)
	m.ScheduledEnqueueTime, _ = in.Annotations[scheduledAnnotation].(time.Time)
	m.DeadLetterReason, _ = in.ApplicationProperties[reasonProperty].(string)
	m.DeadLetterDescription, _ = in.ApplicationProperties[descriptionProperty].(string)
	return m
}

// maxID is how many characters Azure takes as a message's id: "maximum size of a
// message ID" in service-bus-quotas (2025-05-12), in UTF-16 units.
const maxID = 128

// tooLongID says what is wrong with the id of one of messages, or "".
func tooLongID(messages ...*amqp.Message) string {
	for _, m := range messages {
		if m.Properties == nil {
			continue
		}
		if n := len(utf16.Encode([]rune(idText(m.Properties.MessageID)))); n > maxID {
			return fmt.Sprintf("the message id has %d characters, more than %d", n, maxID)
		}
	}
	return ""
}

// bodyOf is the message's data, or its value if that is text or binary.
func bodyOf(m *amqp.Message) []byte {
	if len(m.Data) == 1 {
		return m.Data[0]
	}
	switch v := m.Value.(type) {
	case string:
		return []byte(v)
	case []byte:
		return v
	}
	return bytes.Join(m.Data, nil)
}

// idText spells out a message id, which may be text, a number, binary or a UUID.
func idText(id any) string {
	switch id := id.(type) {
	case nil:
		return ""
	case string:
		return id
	case amqp.UUID:
		return id.String()
	case []byte:
		return fmt.Sprintf("%x", id)
	}
	return fmt.Sprint(id)
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
