package servicebus

import (
	"fmt"
	"slices"

	"lifeboat/internal/emulator/servicebus/wire"
)

// incomingWindow is so large that no peer will ever wait for it.
const incomingWindow = 1<<31 - 1

// session is one channel of a connection. Channel and handle numbers mirror the
// peer's. All of it is guarded by the broker's lock.
type session struct {
	conn    *conn
	channel uint16
	links   map[uint32]*link

	nextIncoming uint32 // transfer id that the peer will use next
	nextOutgoing uint32 // ours
	window       uint32 // transfers that the peer still takes
	nextDelivery uint32
	unsettled    map[uint32]delivered
}

// delivered is a message in the hands of a peer.
type delivered struct {
	link  *link
	token LockToken
}

func (c *conn) begin(channel uint16, p *wire.Begin) error {
	c.broker.lock()
	defer c.broker.unlock()
	if _, taken := c.sessions[channel]; taken || channel > channelMax {
		return &wire.Error{Condition: wire.ConditionNotAllowed, Description: fmt.Sprintf("channel %d", channel)}
	}
	c.sessions[channel] = &session{
		conn: c, channel: channel, links: map[uint32]*link{}, unsettled: map[uint32]delivered{},
		nextIncoming: p.NextOutgoingID, window: p.IncomingWindow,
	}
	remote := uint32(channel)
	c.send(channel, &wire.Begin{
		RemoteChannel:  &remote,
		IncomingWindow: incomingWindow,
		OutgoingWindow: incomingWindow,
		HandleMax:      handleMax,
	}, nil)
	return nil
}

func (s *session) end() {
	s.conn.broker.lock()
	defer s.conn.broker.unlock()
	s.close()
	delete(s.conn.sessions, s.channel)
	s.send(&wire.End{}, nil)
}

// close forgets the links. The lock must be held.
func (s *session) close() {
	for _, l := range s.links {
		l.close()
	}
}

func (s *session) send(p wire.Performative, payload []byte) {
	s.conn.send(s.channel, p, payload)
}

func (s *session) flow(p *wire.Flow) error {
	if p.Handle != nil {
		if verdict := s.judgeCredit(*p.Handle); verdict.fate != proceed {
			return s.refuseCredit(p, verdict)
		}
	}
	s.conn.broker.lock()
	defer s.conn.broker.unlock()
	return s.applyFlow(p)
}

func (s *session) applyFlow(p *wire.Flow) error {
	s.window = p.IncomingWindow - s.nextOutgoing
	if p.NextIncomingID != nil {
		s.window += *p.NextIncomingID
	}
	if p.Handle == nil {
		if p.Echo {
			s.send(s.sessionFlow(), nil)
		}
		return nil
	}
	l, ok := s.links[*p.Handle]
	if !ok {
		return &wire.Error{Condition: wire.ConditionUnattachedHandle, Description: "flow"}
	}
	if !l.dead {
		l.flow(p)
	}
	return nil
}

// sessionFlow is a flow frame with the session's own numbers.
func (s *session) sessionFlow() *wire.Flow {
	next := s.nextIncoming
	return &wire.Flow{
		NextIncomingID: &next,
		IncomingWindow: incomingWindow,
		NextOutgoingID: s.nextOutgoing,
		OutgoingWindow: incomingWindow,
	}
}

// judgeCredit asks the hook about credit for receiving.
func (s *session) judgeCredit(handle uint32) Verdict {
	if s.conn.broker.hook.Load() == nil {
		return Proceed
	}
	s.conn.broker.lock()
	l, ok := s.links[handle]
	s.conn.broker.unlock()
	if !ok || !l.receives() || l.dead {
		return Proceed
	}
	verdict, _ := s.conn.broker.judge(OpReceive, l.entity.name, noMessage)
	return verdict
}

func (s *session) refuseCredit(p *wire.Flow, v Verdict) error {
	s.conn.broker.lock()
	defer s.conn.broker.unlock()
	switch v.fate {
	case dropBefore:
		return errCut
	case dropAfter:
		// Messages are locked for a receiver that will never see them.
		s.conn.cutOff = true
		if err := s.applyFlow(p); err != nil {
			return err
		}
		s.conn.broker.dispatch(s.links[*p.Handle].entity)
		return errCut
	}
	s.links[*p.Handle].kick(&wire.Error{Condition: v.condition, Description: v.description})
	return nil
}

// transfer carries a message, or a part of one, to the link it is for.
func (s *session) transfer(p *wire.Transfer) error {
	s.conn.broker.lock()
	s.nextIncoming++
	l, ok := s.links[p.Handle]
	if !ok {
		s.conn.broker.unlock()
		return &wire.Error{Condition: wire.ConditionUnattachedHandle, Description: "transfer"}
	}
	var in *incoming
	var err error
	if !l.dead {
		in, err = l.assemble(p)
	}
	s.conn.broker.unlock()
	switch {
	case err != nil || in == nil:
		return err
	case l.entity != nil:
		return l.enqueue(in)
	}
	return l.answer(in)
}

// deliveries lists the unsettled deliveries from first to last. The lock must
// be held.
func (s *session) deliveries(first, last uint32) []uint32 {
	if last == first {
		return []uint32{first}
	}
	// The peer names the range; only what exists is walked.
	var ids []uint32
	for id := range s.unsettled {
		if id-first <= last-first {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
