package servicebus

import (
	"lifeboat/internal/emulator/servicebus/wire"
)

// transferOverhead is more than a transfer frame needs besides its payload.
const transferOverhead = 96

// The link is a consumer if its peer receives from a queue.

func (l *link) wants() bool   { return l.credit > 0 && l.session.window > 0 }
func (l *link) settled() bool { return l.presettled }

func (l *link) deliver(e *entry) {
	payload, err := e.encode(false)
	if err != nil {
		// It stays locked, and ends in the dead-letter queue.
		l.session.conn.broker.options.Log.Error("message can't be delivered", "queue", l.entity.name, "error", err)
		return
	}
	tag := e.token.guid()
	if l.presettled {
		tag = newToken().guid()
	}
	id := l.transmit(tag, payload)
	if !l.presettled {
		l.session.unsettled[id] = delivered{link: l, token: e.token}
	}
}

// transmit sends a message in as many frames as it needs, and spends the credit.
func (l *link) transmit(tag, payload []byte) (delivery uint32) {
	s := l.session
	delivery = s.nextDelivery
	s.nextDelivery++
	l.credit--
	l.deliveryCount++
	frame := &wire.Transfer{
		Handle: l.handle, DeliveryID: &delivery, DeliveryTag: tag, MessageFormat: new(uint32),
		Settled: l.presettled,
	}
	most := s.conn.maxFrame - transferOverhead
	for {
		part := payload[:min(most, len(payload))]
		payload = payload[len(part):]
		frame.More = len(payload) > 0
		s.send(frame, part)
		s.nextOutgoing++
		if s.window > 0 {
			s.window--
		}
		if !frame.More {
			return delivery
		}
		frame = &wire.Transfer{Handle: l.handle, Settled: l.presettled}
	}
}

// flow takes over the peer's credit. What is left of it stays until it is used,
// unless the peer wants it drained.
func (l *link) flow(p *wire.Flow) {
	if l.sender {
		if p.Echo {
			l.refill()
		}
		return
	}
	if p.LinkCredit != nil {
		l.credit = *p.LinkCredit - l.deliveryCount
		if p.DeliveryCount != nil {
			l.credit += *p.DeliveryCount
		}
		// A peer that lowers its credit may have been overtaken by deliveries.
		if l.credit > 1<<31 {
			l.credit = 0
		}
	}
	l.sendBacklog()
	if p.Drain && l.entity != nil {
		l.session.conn.broker.dispatch(l.entity)
	}
	if p.Drain {
		l.deliveryCount += l.credit
		l.credit = 0
	}
	if p.Drain || p.Echo {
		l.reportCredit(p.Drain)
	}
}

func (l *link) reportCredit(drain bool) {
	flow := l.session.sessionFlow()
	handle, count, credit := l.handle, l.deliveryCount, l.credit
	flow.Handle, flow.DeliveryCount, flow.LinkCredit, flow.Drain = &handle, &count, &credit, drain
	l.session.send(flow, nil)
}

// reply sends the answer to a request, as soon as there is credit.
func (l *link) reply(payload []byte) {
	l.backlog = append(l.backlog, payload)
	l.sendBacklog()
}

func (l *link) sendBacklog() {
	for len(l.backlog) > 0 && l.wants() {
		l.transmit([]byte{1}, l.backlog[0])
		l.backlog = l.backlog[1:]
	}
}
