package servicebus

import (
	"github.com/Azure/go-amqp"

	"lifeboat/internal/emulator/servicebus/wire"
)

// incoming is a message on its way in, possibly in several frames.
type incoming struct {
	delivery uint32
	format   uint32
	settled  bool // the peer wants no answer
	tooLarge bool // and no longer kept
	payload  []byte
}

// assemble adds a transfer to the message it is part of, and returns the
// message if that was the end of it. The lock must be held.
func (l *link) assemble(p *wire.Transfer) (*incoming, error) {
	if !l.sender {
		return nil, &wire.Error{Condition: wire.ConditionNotAllowed, Description: "transfer to a receiver"}
	}
	in := l.partial
	if in == nil {
		if p.DeliveryID == nil {
			return nil, &wire.Error{Condition: wire.ConditionNotAllowed, Description: "transfer without delivery-id"}
		}
		in = &incoming{delivery: *p.DeliveryID}
		if p.MessageFormat != nil {
			in.format = *p.MessageFormat
		}
	}
	in.settled = in.settled || p.Settled
	l.partial = nil
	if p.Aborted {
		return nil, nil
	}
	if uint64(len(in.payload)+len(p.Payload)) > l.limit() {
		in.tooLarge, in.payload = true, nil
	}
	switch {
	case in.tooLarge:
	case !p.More && in.payload == nil:
		in.payload = p.Payload // valid until the next read, which is long enough
	default:
		in.payload = append(in.payload, p.Payload...)
	}
	if p.More {
		l.partial = in
		return nil, nil
	}
	return in, l.spendCredit()
}

func (l *link) spendCredit() error {
	if l.credit == 0 {
		return &wire.Error{Condition: wire.ConditionTransferLimit, Description: "no credit left"}
	}
	l.credit--
	l.deliveryCount++
	if l.credit <= refillCredit {
		l.refill()
	}
	return nil
}

// refill gives a sending peer credit.
func (l *link) refill() {
	l.credit = senderCredit
	flow := l.session.sessionFlow()
	handle, count, credit := l.handle, l.deliveryCount, l.credit
	flow.Handle, flow.DeliveryCount, flow.LinkCredit = &handle, &count, &credit
	l.session.send(flow, nil)
}

// enqueue stores what a sender sent, and says so.
func (l *link) enqueue(in *incoming) error {
	b := l.session.conn.broker
	messages, refusal := in.messages()
	if refusal != nil {
		b.lock()
		defer b.unlock()
		l.acknowledge(in, refusal)
		return nil
	}
	verdict, copies := b.judge(OpSend, l.entity.name, views(messages)...)
	b.lock()
	defer b.unlock()
	switch verdict.fate {
	case fail:
		l.acknowledge(in, &wire.Error{Condition: verdict.condition, Description: verdict.description})
		return nil
	case dropBefore:
		return errCut
	case dropAfter:
		l.session.conn.cutOff = true
	}
	l.entity.enqueueAll(b, messages, copies)
	b.stats.Sent += uint64(len(messages))
	l.acknowledge(in, nil)
	if verdict.fate == dropAfter {
		return errCut
	}
	return nil
}

// messages decodes what came in, or says why it is refused.
func (in *incoming) messages() ([]*amqp.Message, *wire.Error) {
	if in.tooLarge {
		return nil, &wire.Error{Condition: wire.ConditionMessageSize, Description: "the message is too large"}
	}
	messages, err := decodeTransfer(in.format, in.payload)
	if err != nil {
		return nil, &wire.Error{Condition: wire.ConditionDecodeError, Description: err.Error()}
	}
	if problem := tooLongID(messages...); problem != "" {
		return nil, &wire.Error{Condition: wire.ConditionArgument, Description: problem}
	}
	return messages, nil
}

// enqueueAll stores each message as often as the hook wants, and returns their
// sequence numbers.
func (e *entity) enqueueAll(b *Broker, messages []*amqp.Message, copies []int) []int64 {
	sequences := make([]int64, len(messages))
	for i, m := range messages {
		if copies[i] == 0 {
			sequences[i] = e.nextSequence()
		}
		for n := range copies[i] {
			if n > 0 {
				again := *m
				m = &again
			}
			sequences[i] = e.queue.enqueue(b.now, m)
		}
	}
	return sequences
}

// views are the messages as a hook is shown them, made only when it looks.
func views(messages []*amqp.Message) []func() Message {
	views := make([]func() Message, len(messages))
	for i, m := range messages {
		views[i] = func() Message { return fromAMQP(m) }
	}
	return views
}

// acknowledge settles an incoming delivery: accepted, or rejected with a reason.
func (l *link) acknowledge(in *incoming, reason *wire.Error) {
	if in.settled {
		return
	}
	state := &wire.State{Outcome: wire.Accepted}
	if reason != nil {
		state = &wire.State{Outcome: wire.Rejected, Error: reason}
	}
	l.session.send(&wire.Disposition{
		Receiver: true, First: in.delivery, Last: in.delivery, Settled: true, State: state,
	}, nil)
}
