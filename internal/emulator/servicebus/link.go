package servicebus

import (
	"cmp"
	"strings"

	"lifeboat/internal/emulator/servicebus/wire"
)

// What Standard and Basic namespaces allow.
const maxMessageSize = 256 << 10

// maxRequestSize bounds a management request, which may hold several messages.
const maxRequestSize = 4 * maxMessageSize

// Credit that a sending peer is given, and when it gets more.
const (
	senderCredit = 1000
	refillCredit = senderCredit / 2
)

const (
	cbsAddress       = "$cbs"
	managementSuffix = "/$management"
)

// link is one attached link. It belongs either to a queue or to an RPC node,
// that is $cbs or a queue's $management. The broker's lock guards it.
type link struct {
	session *session
	name    string
	handle  uint32
	sender  bool // the peer sends, we receive

	entity   *entity // the queue, nil at an RPC node
	node     string  // the RPC node's address
	managed  *entity // the queue of a $management node, nil at $cbs
	replyKey []string

	credit        uint32
	deliveryCount uint32
	presettled    bool     // nothing needs settling: receive and delete, or answers
	backlog       [][]byte // answers waiting for credit
	partial       *incoming

	dead bool // we detached it; what the peer said before it knew goes nowhere
}

// receives tells whether the peer receives messages of a queue.
func (l *link) receives() bool { return l.entity != nil && !l.sender }

func (s *session) attach(p *wire.Attach) error {
	b := s.conn.broker
	b.lock()
	defer b.unlock()
	if _, taken := s.links[p.Handle]; taken || p.Handle > handleMax {
		return &wire.Error{Condition: wire.ConditionHandleInUse, Description: p.Name}
	}
	l := &link{session: s, name: p.Name, handle: p.Handle, sender: !p.Receiver}
	refusal := l.resolve(p)
	s.links[p.Handle] = l
	if refusal != nil {
		l.refuse(p, refusal)
	} else {
		l.accept(p)
	}
	return nil
}

// resolve finds what the link is for, or says why it can't be had.
func (l *link) resolve(p *wire.Attach) *wire.Error {
	terminus := p.Source
	if l.sender {
		terminus = p.Target
	}
	if terminus == nil {
		return &wire.Error{Condition: wire.ConditionNotFound, Description: "no address"}
	}
	if terminus.Coordinator || terminus.Filter["com.microsoft:session-filter"] != nil {
		return &wire.Error{Condition: wire.ConditionNotImplemented, Description: "no transactions, no sessions"}
	}
	path := strings.Trim(terminus.Address, "/")
	if path == cbsAddress {
		l.node = cbsAddress
		return l.onlyCBS()
	}
	return l.resolveQueue(path)
}

func (l *link) resolveQueue(path string) *wire.Error {
	c := l.session.conn
	name, managed := cutSuffixFold(path, managementSuffix)
	e, err := c.broker.entity(name)
	switch {
	case !c.authorized(path):
		return &wire.Error{Condition: wire.ConditionUnauthorizedAccess, Description: "no valid token for " + path}
	case err != nil:
		return &wire.Error{Condition: wire.ConditionNotFound, Description: notFound(path).description}
	case managed:
		l.node, l.managed = e.name+managementSuffix, e
	case l.sender && e.deadLetters == nil:
		return &wire.Error{Condition: wire.ConditionNotAllowed, Description: "dead-letter queues take no messages"}
	default:
		l.entity = e
	}
	return nil
}

// onlyCBS refuses a second $cbs link of the same direction on a connection, as
// Azure does.
func (l *link) onlyCBS() *wire.Error {
	for _, s := range l.session.conn.sessions {
		for _, other := range s.links {
			if other.node == cbsAddress && other.sender == l.sender && !other.dead {
				return &wire.Error{Condition: wire.ConditionNotAllowed, Description: "there is a $cbs link already"}
			}
		}
	}
	return nil
}

func cutSuffixFold(s, suffix string) (string, bool) {
	at := len(s) - len(suffix)
	if at >= 0 && strings.EqualFold(s[at:], suffix) {
		return s[:at], true
	}
	return s, false
}

// refuse answers an attach without the terminus that would have been ours.
func (l *link) refuse(p *wire.Attach, reason *wire.Error) {
	answer := &wire.Attach{Name: p.Name, Handle: p.Handle, Receiver: l.sender}
	if l.sender {
		answer.Source = cmp.Or(p.Source, &wire.Terminus{})
	} else {
		answer.Target = cmp.Or(p.Target, &wire.Terminus{})
		answer.InitialDeliveryCount = new(uint32)
	}
	l.session.send(answer, nil)
	l.kick(reason)
}

// accept answers an attach: settle modes as asked, for the client insists.
func (l *link) accept(p *wire.Attach) {
	answer := &wire.Attach{
		Name: p.Name, Handle: p.Handle, Receiver: l.sender,
		SenderSettleMode: p.SenderSettleMode, ReceiverSettleMode: p.ReceiverSettleMode,
		Source: cmp.Or(p.Source, &wire.Terminus{}), Target: cmp.Or(p.Target, &wire.Terminus{}),
	}
	const settledMode = 1
	l.presettled = p.SenderSettleMode != nil && *p.SenderSettleMode == settledMode
	if !l.sender {
		answer.InitialDeliveryCount = new(uint32)
		l.session.send(answer, nil)
		l.listen(p)
		return
	}
	if p.InitialDeliveryCount != nil {
		l.deliveryCount = *p.InitialDeliveryCount
	}
	answer.MaxMessageSize = l.limit()
	l.session.send(answer, nil)
	l.refill()
}

func (l *link) limit() uint64 {
	if l.entity == nil {
		return maxRequestSize
	}
	return maxMessageSize
}

// listen makes a receiving peer known: to its queue, or to the requests whose
// answers it wants, under its target's address and its own name.
func (l *link) listen(p *wire.Attach) {
	if l.entity != nil {
		l.entity.join(l)
		return
	}
	l.replyKey = []string{l.node + "\n" + p.Name}
	if p.Target != nil && p.Target.Address != "" {
		l.replyKey = append(l.replyKey, l.node+"\n"+p.Target.Address)
	}
	for _, k := range l.replyKey {
		l.session.conn.replies[k] = l
	}
}

// close makes everybody forget the link. What it had locked stays locked.
func (l *link) close() {
	s := l.session
	for _, k := range l.replyKey {
		if s.conn.replies[k] == l {
			delete(s.conn.replies, k)
		}
	}
	if !l.receives() {
		return
	}
	l.entity.leave(l)
	for id, d := range s.unsettled {
		if d.link == l {
			delete(s.unsettled, id)
		}
	}
}

// kick detaches the link from this side. Its handle is free when the peer has
// detached as well.
func (l *link) kick(reason *wire.Error) {
	l.close()
	l.dead = true
	l.session.send(&wire.Detach{Handle: l.handle, Closed: true, Error: reason}, nil)
}

// detach frees the handle, and answers unless this is the answer to ours.
func (s *session) detach(p *wire.Detach) {
	s.conn.broker.lock()
	defer s.conn.broker.unlock()
	l, ok := s.links[p.Handle]
	if !ok {
		return
	}
	if !l.dead {
		l.kick(nil)
	}
	delete(s.links, p.Handle)
}
