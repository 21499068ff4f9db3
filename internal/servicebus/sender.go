// Package servicebus puts messages on Service Bus queues, now or at a later
// time. Receiving is the Functions host's work.
package servicebus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"lifeboat/internal/azureerror"
	"lifeboat/internal/job"
)

// sendLimit bounds one Send with the SDK's reconnects, so that a handler has
// time left to say no.
const sendLimit = 30 * time.Second

// Retry is the policy that New's client should have: quick, because what is
// behind it is a message that would be delivered again.
var Retry = azservicebus.RetryOptions{MaxRetries: 4, RetryDelay: 250 * time.Millisecond, MaxRetryDelay: 4 * time.Second}

// Sender sends over one connection and keeps a link to each queue. It is safe
// for concurrent use.
type Sender struct {
	client *azservicebus.Client

	mu    sync.Mutex
	links map[string]*azservicebus.Sender
}

// New returns a Sender; the first Send connects.
func New(client *azservicebus.Client) *Sender {
	return &Sender{client: client, links: map[string]*azservicebus.Sender{}}
}

func (s *Sender) link(queue string) (*azservicebus.Sender, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := s.links[queue]; ok {
		return l, nil
	}
	l, err := s.client.NewSender(queue, nil)
	if err != nil {
		return nil, err
	}
	s.links[queue] = l
	return l, nil
}

// Send returns after the queue took m. After an error the message may be
// there all the same. Of an id of more than 128 characters, which Service Bus
// does not take, only the beginning is sent, with a hash of the whole.
func (s *Sender) Send(ctx context.Context, m job.Message) error {
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	link, err := s.link(m.Queue)
	if err != nil {
		return fmt.Errorf("open queue %s: %w", m.Queue, azureerror.Hide(err))
	}
	id, contentType := fitting(m.ID), "application/json"
	message := &azservicebus.Message{Body: m.Body, MessageID: &id, ContentType: &contentType}
	for name, value := range m.Properties {
		if message.ApplicationProperties == nil {
			message.ApplicationProperties = map[string]any{}
		}
		message.ApplicationProperties[name] = value
	}
	if m.NotBefore.After(time.Now()) {
		// AMQP has milliseconds: rounded down, the message would come early.
		at := m.NotBefore.UTC().Add(time.Millisecond - 1).Truncate(time.Millisecond)
		message.ScheduledEnqueueTime = &at
	}
	if err := link.SendMessage(ctx, message, nil); err != nil {
		return fmt.Errorf("send to queue %s: %w%s", m.Queue, azureerror.Hide(err), hint(err))
	}
	return nil
}

// hint says what an operator can do about err.
func hint(err error) string {
	var refused *azservicebus.Error
	if !errors.As(err, &refused) {
		return ""
	}
	switch refused.Code {
	case azservicebus.CodeUnauthorizedAccess:
		// The app sends to no queue on which it must not have that role.
		return ": give the identity that sends the role Azure Service Bus Data Sender on the queue"
	case azservicebus.CodeNotFound:
		return ": create the queue"
	}
	return ""
}

// Close ends the connection.
func (s *Sender) Close(ctx context.Context) error { return s.client.Close(ctx) }
