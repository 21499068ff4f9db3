package functions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Trigger is a function's kind, named as function.json names it.
type Trigger string

const (
	TimerTrigger      Trigger = "timerTrigger"
	ServiceBusTrigger Trigger = "serviceBusTrigger"
	EventGridTrigger  Trigger = "eventGridTrigger"
	HTTPTrigger       Trigger = "httpTrigger"
)

// Registration is one function: its folder's name, its kind, and what runs.
// OnTimer, OnMessage, OnEvent and OnHTTP make them.
type Registration struct {
	Name    string
	Trigger Trigger
	Methods []string // of an httpTrigger: what it answers
	Route   string   // of an httpTrigger, below /api/

	path  string
	bind  func(invocation) (call, error)
	serve http.HandlerFunc // of an httpTrigger, instead of bind
}

// methods are what the host uses: an envelope is always posted.
func (r Registration) methods() []string {
	if r.serve == nil {
		return []string{http.MethodPost}
	}
	return r.Methods
}

// call is a function with its trigger decoded, ready to run.
type call struct {
	run     func(context.Context) error
	trigger any // a pointer to what run is called with
}

// Timer is one run of a timerTrigger.
type Timer struct {
	Last        time.Time // the run before; zero if there was none or the host keeps no status
	Next        time.Time // the occurrence that is being run, not the one after it; zero without a status
	LastUpdated time.Time
	PastDue     bool
}

// OnTimer registers handle for a timerTrigger.
func OnTimer(name string, handle func(context.Context, Timer) error) Registration {
	return register(name, TimerTrigger, decodeTimer, handle)
}

func decodeTimer(in invocation) (Timer, error) {
	var wire *struct {
		ScheduleStatus struct{ Last, Next, LastUpdated hostTime } // null without a monitor
		IsPastDue      bool
	}
	if err := unwrap(in.Data.value, &wire); err != nil {
		return Timer{}, fmt.Errorf("decode Data.%s: %w", in.Data.name, err)
	}
	if wire == nil {
		return Timer{}, fmt.Errorf("decode Data.%s: want a timer, got null", in.Data.name)
	}
	s := wire.ScheduleStatus
	return Timer{Last: s.Last.Time, Next: s.Next.Time, LastUpdated: s.LastUpdated.Time, PastDue: wire.IsPastDue}, nil
}

// Message is one delivery of a Service Bus message. Its fields besides Body
// come from Service Bus alone: the sender's body can't forge them, because
// the binding is binary.
type Message struct {
	Body           []byte
	ID             string
	DeliveryCount  int // 1 at the first delivery
	SequenceNumber int64
	EnqueuedAt     time.Time
	CorrelationID  string
	Subject        string
	ContentType    string
	Properties     map[string]any // as encoding/json decodes: numbers are float64
}

// OnMessage registers handle for a serviceBusTrigger with "dataType":
// "binary" and cardinality one. Any other binding is refused as malformed:
// the host would let a JSON body overwrite the metadata.
func OnMessage(name string, handle func(context.Context, Message) error) Registration {
	return register(name, ServiceBusTrigger, decodeMessage, handle)
}

func decodeMessage(in invocation) (Message, error) {
	m := Message{Body: []byte{}}
	if err := json.Unmarshal(in.Data.value, &m.Body); err != nil || m.Body == nil {
		return m, fmt.Errorf(`decode Data.%s: want base64: does function.json say "dataType": "binary"?`, in.Data.name)
	}
	var enqueued hostTime
	err := errors.Join(
		in.metadata("MessageId", &m.ID),
		in.metadata("DeliveryCount", &m.DeliveryCount),
		in.metadata("SequenceNumber", &m.SequenceNumber),
		in.metadata("EnqueuedTimeUtc", &enqueued),
		in.metadata("CorrelationId", &m.CorrelationID),
		in.metadata("Subject", &m.Subject),
		in.metadata("ContentType", &m.ContentType),
		in.metadata("ApplicationProperties", &m.Properties),
	)
	m.EnqueuedAt = enqueued.Time
	return m, err
}

// Event is one Event Grid event, in the Event Grid schema or as a CloudEvent.
type Event struct {
	Raw json.RawMessage // a JSON object; "specversion" marks a CloudEvent
}

// OnEvent registers handle for an eventGridTrigger with cardinality one.
func OnEvent(name string, handle func(context.Context, Event) error) Registration {
	return register(name, EventGridTrigger, decodeEvent, handle)
}

func decodeEvent(in invocation) (Event, error) {
	if in.Data.value[0] != '{' {
		return Event{}, fmt.Errorf(`decode Data.%s: want one event as an object: does function.json say "cardinality": "many"?`, in.Data.name)
	}
	return Event{Raw: in.Data.value}, nil
}

func register[T any](name string, trigger Trigger, decode func(invocation) (T, error), handle func(context.Context, T) error) Registration {
	bind := func(in invocation) (call, error) {
		value, err := decode(in)
		if err != nil {
			return call{}, err
		}
		return call{run: func(ctx context.Context) error { return handle(ctx, value) }, trigger: &value}, nil
	}
	return Registration{Name: name, Trigger: trigger, path: "/" + name, bind: bind}
}
