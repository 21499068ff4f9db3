package servicebus

import (
	"maps"

	"lifeboat/internal/emulator/servicebus/wire"
)

// settlement is what a receiver decided about a message, over its link or over
// $management.
type settlement struct {
	kind                OpKind
	reason, description string         // of a dead letter
	properties          map[string]any // to set on the message
}

// settlementOf reads a delivery state. Nil is no decision.
func settlementOf(s *wire.State) *settlement {
	switch {
	case s == nil:
		return nil
	case s.Outcome == wire.Accepted:
		return &settlement{kind: OpComplete}
	case s.Outcome == wire.Released:
		return &settlement{kind: OpRelease}
	case s.Outcome == wire.Modified && s.UndeliverableHere:
		return &settlement{kind: OpDefer, properties: s.Annotations}
	case s.Outcome == wire.Modified:
		return &settlement{kind: OpAbandon, properties: s.Annotations}
	}
	d := &settlement{kind: OpDeadLetter}
	if s.Error == nil {
		return d
	}
	d.properties = maps.Clone(s.Error.Info)
	d.reason, _ = s.Error.Info[reasonProperty].(string)
	d.description, _ = s.Error.Info[descriptionProperty].(string)
	delete(d.properties, reasonProperty)
	delete(d.properties, descriptionProperty)
	if s.Error.Condition != wire.ConditionDeadLetter && d.reason == "" {
		d.reason, d.description = s.Error.Condition, s.Error.Description
	}
	return d
}

// apply settles the message that token locks. The lock must be held.
func (d *settlement) apply(b *Broker, e *entity, token LockToken) error {
	var err error
	switch d.kind {
	case OpComplete:
		err = e.complete(token)
	case OpAbandon:
		err = e.abandon(b.now, token, d.properties)
	case OpDefer:
		err = e.deferMessage(token, d.properties)
	case OpDeadLetter:
		err = e.deadLetter(token, d.reason, d.description, d.properties)
	case OpRelease:
		err = e.release(token)
	}
	if err == nil {
		b.stats.settled(d.kind)
	}
	return err
}

// lockedMessage shows a hook the message that token locks.
func (b *Broker) lockedMessage(e *entity, token LockToken) func() Message {
	return func() Message {
		b.lock()
		defer b.unlock()
		if m, ok := e.locks[token]; ok {
			return m.message()
		}
		return Message{LockToken: token}
	}
}

// disposition settles deliveries, each with an answer of its own.
func (s *session) disposition(p *wire.Disposition) error {
	if !p.Receiver {
		return nil // the peer confirms what it sent; nothing hangs on it
	}
	b := s.conn.broker
	b.lock()
	ids := s.deliveries(p.First, p.Last)
	b.unlock()
	for _, id := range ids {
		if err := s.settle(id, p); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) settle(id uint32, p *wire.Disposition) error {
	b := s.conn.broker
	decision := settlementOf(p.State)
	verdict := Proceed
	if decision != nil && b.hook.Load() != nil {
		b.lock()
		d, ok := s.unsettled[id]
		b.unlock()
		if ok {
			verdict, _ = b.judge(decision.kind, d.link.entity.name, b.lockedMessage(d.link.entity, d.token))
		}
	}
	b.lock()
	defer b.unlock()
	return s.settleLocked(id, p, decision, verdict)
}

func (s *session) settleLocked(id uint32, p *wire.Disposition, decision *settlement, v Verdict) error {
	d, ok := s.unsettled[id]
	if !ok || decision == nil && !p.Settled {
		return nil
	}
	if v.fate == dropBefore {
		return errCut
	}
	delete(s.unsettled, id)
	answer := &wire.State{Outcome: wire.Released}
	var err error
	switch {
	case v.fate == fail:
		answer = &wire.State{Outcome: wire.Rejected,
			Error: &wire.Error{Condition: v.condition, Description: v.description}}
	case decision != nil:
		answer = &wire.State{Outcome: p.State.Outcome}
		err = decision.apply(s.conn.broker, d.link.entity, d.token)
	}
	if err != nil {
		answer = &wire.State{Outcome: wire.Rejected,
			Error: &wire.Error{Condition: wire.ConditionLockLost, Description: err.Error()}}
	}
	if v.fate == dropAfter {
		return errCut
	}
	if !p.Settled {
		s.send(&wire.Disposition{First: id, Last: id, Settled: true, State: answer}, nil)
	}
	return nil
}
