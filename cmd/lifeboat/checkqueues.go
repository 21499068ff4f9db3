package main

import (
	"context"
	"errors"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"lifeboat/internal/preflight"
	"lifeboat/internal/recovery"
)

// appQueues are the queues of the app, and whether commands put messages on
// them.
var appQueues = []struct {
	name     string
	commands bool
}{{recovery.RequestQueue, true}, {recovery.ApprovalQueue, true}, {recovery.StepQueue, false}, {recovery.NoticeQueue, false}}

func (c *checking) checkQueues(ctx context.Context) verdicts {
	if c.sights.bus == nil {
		return func() []preflight.Verdict { return []preflight.Verdict{preflight.NoBus()} }
	}
	var seen []*look[preflight.Queue]
	for _, q := range appQueues {
		seen = append(seen, begin(ctx, c, func(ctx context.Context) (preflight.Queue, error) {
			return c.sights.queue(ctx, preflight.Queue{Name: q.name, Commands: q.commands}), nil
		}))
	}
	return func() []preflight.Verdict {
		var all []preflight.Queue
		for _, l := range seen {
			q, _ := l.get()
			all = append(all, q)
		}
		return preflight.Queues(all)
	}
}

// deadLetters is how many dead letters are counted at most.
const deadLetters = 100

// queue opens both ends of a queue and looks into it. It sends and takes
// nothing.
func (s *sights) queue(ctx context.Context, q preflight.Queue) preflight.Queue {
	q.StandIn, q.Dead = s.standIn, -1
	q.Send = faultIn(s.maySend(ctx, q.Name))
	if q.Send.Missing() {
		return q
	}
	_, err := s.peek(ctx, q.Name, 1, nil)
	q.Peek, q.Hidden = faultIn(err), faultIn(err)
	if err == nil {
		n, err := s.peek(ctx, q.Name, deadLetters, &azservicebus.ReceiverOptions{SubQueue: azservicebus.SubQueueDeadLetter})
		if q.Hidden = faultIn(err); err == nil {
			q.Dead = n
		}
	}
	if s.admin != nil {
		q.Settings, err = s.queueSettings(ctx, q.Name)
		q.Blind = faultIn(err)
	}
	return q
}

func faultIn(err error) preflight.Fault {
	if err == nil {
		return preflight.Fault{}
	}
	return faultOf(err)
}

// maySend opens a link to the queue, which an empty batch needs.
func (s *sights) maySend(ctx context.Context, queue string) error {
	sender, err := s.bus.NewSender(queue, nil)
	if err != nil {
		return err
	}
	_, err = sender.NewMessageBatch(ctx, nil)
	return errors.Join(err, sender.Close(ctx))
}

func (s *sights) peek(ctx context.Context, queue string, most int, o *azservicebus.ReceiverOptions) (int, error) {
	receiver, err := s.bus.NewReceiverForQueue(queue, o)
	if err != nil {
		return 0, err
	}
	messages, err := receiver.PeekMessages(ctx, most, nil)
	return len(messages), errors.Join(err, receiver.Close(ctx))
}

func (s *sights) queueSettings(ctx context.Context, queue string) (*preflight.QueueSettings, error) {
	got, err := s.admin.GetQueue(ctx, queue, nil)
	if err != nil {
		return nil, err
	}
	if got == nil {
		return nil, errors.New("the management API knows no such queue")
	}
	out := preflight.QueueSettings{
		Deliveries: int(valueOf(got.MaxDeliveryCount)), Sessions: valueOf(got.RequiresSession),
		ForwardTo: valueOf(got.ForwardTo), Status: string(valueOf(got.Status)),
	}
	if out.Lock, err = preflight.ParseDuration(valueOf(got.LockDuration)); err != nil {
		return nil, err
	}
	if text := valueOf(got.DefaultMessageTimeToLive); text != "" {
		if out.TTL, err = preflight.ParseDuration(text); err != nil {
			return nil, err
		}
	}
	if text := valueOf(got.AutoDeleteOnIdle); text != "" {
		idle, err := preflight.ParseDuration(text)
		if err != nil {
			return nil, err
		}
		out.Idle = idle
	}
	return &out, nil
}

func valueOf[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}
