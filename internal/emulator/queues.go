package emulator

import (
	"context"
	"fmt"
	"time"

	"lifeboat/internal/emulator/host"
	"lifeboat/internal/emulator/servicebus"
)

// queues gives the Functions host what it needs of Service Bus without AMQP
// in between.
type queues struct{ broker *servicebus.Broker }

func (q queues) Receive(ctx context.Context, queue string) (host.Delivery, error) {
	d, err := q.broker.Receive(ctx, queue)
	if err != nil {
		return nil, err
	}
	return delivery{d}, nil
}

type delivery struct{ *servicebus.Delivery }

func (d delivery) Message() host.Message {
	m := d.Delivery.Message
	return host.Message{
		Body: m.Body, ID: m.ID, LockToken: guid(m.LockToken), LockedUntil: m.LockedUntil,
		DeliveryCount: m.DeliveryCount, SequenceNumber: m.SequenceNumber,
		EnqueuedAt: m.EnqueuedTime, ExpiresAt: m.ExpiresAt, DeadLetterSource: m.DeadLetterSource,
		CorrelationID: m.CorrelationID, Subject: m.Subject, ContentType: m.ContentType, To: m.To, ReplyTo: m.ReplyTo,
		Properties: m.ApplicationProperties,
	}
}

func (d delivery) Complete() error           { return d.Delivery.Complete() }
func (d delivery) Abandon() error            { return d.Delivery.Abandon() }
func (d delivery) Renew() (time.Time, error) { return d.Delivery.Renew() }

func guid(t servicebus.LockToken) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", t[:4], t[4:6], t[6:8], t[8:10], t[10:])
}
