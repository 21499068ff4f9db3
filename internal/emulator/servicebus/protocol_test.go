package servicebus

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"lifeboat/internal/emulator/servicebus/wire"
)

func TestDrainedCreditIsGone(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.ok(l.broker.Send("jobs", Message{ID: "a"}))
		p := l.peer(func(b []byte) []byte { return b })
		defer p.conn.Close()
		hear[*wire.Transfer](p)
		zero, handle, count, credit := uint32(0), uint32(1), uint32(1), uint32(5)
		p.say(&wire.Flow{NextIncomingID: &zero, IncomingWindow: 100, Handle: &handle,
			DeliveryCount: &count, LinkCredit: &credit, Drain: true})
		flow := hear[*wire.Flow](p)
		for flow.Handle == nil || *flow.Handle != handle {
			flow = hear[*wire.Flow](p)
		}
		if *flow.LinkCredit != 0 || *flow.DeliveryCount != 6 || !flow.Drain {
			t.Errorf("drained to credit %d, delivery count %d, want 0 and 6", *flow.LinkCredit, *flow.DeliveryCount)
		}
		l.ok(l.broker.Send("jobs", Message{ID: "b"}))
		if n := l.broker.Stats().Received; n != 1 {
			t.Errorf("%d deliveries, want 1: the rest of the credit is gone", n)
		}
	})
}

// go-amqp ends a session whose begin it was kept from sending, as when its
// caller's context was cancelled. Azure lets that pass, and so the connection
// lives on.
func TestTheEndOfAnUnknownSessionIsNoError(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.ok(l.broker.Send("jobs", Message{ID: "a"}))
		p := l.peer(func(b []byte) []byte { return b })
		defer p.conn.Close()
		for _, body := range []wire.Performative{&wire.End{}, &wire.Detach{}} {
			if _, err := p.conn.Write(wire.AppendFrame(nil, 7, body, nil)); err != nil {
				t.Fatal(err)
			}
		}
		hear[*wire.Transfer](p)
		zero := uint32(0)
		if _, err := p.conn.Write(wire.AppendFrame(nil, 7, &wire.Flow{NextIncomingID: &zero, IncomingWindow: 1}, nil)); err != nil {
			t.Fatal(err)
		}
		if c := hear[*wire.Close](p); c.Error == nil || c.Error.Condition != wire.ConditionNotFound {
			t.Errorf("a flow without a session: %+v, want not-found", c.Error)
		}
	})
}

func TestNoMoreTransfersThanTheWindow(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		for range 5 {
			l.ok(l.broker.Send("jobs", Message{}))
		}
		zero := uint32(0)
		p := l.peer(func(b []byte) []byte {
			return wire.AppendFrame(b, 0, &wire.Flow{NextIncomingID: &zero, IncomingWindow: 2}, nil)
		})
		defer p.conn.Close()
		// 100 were announced first, so let those go and look at what follows.
		for range 5 {
			hear[*wire.Transfer](p)
		}
		next := uint32(5)
		p.say(&wire.Flow{NextIncomingID: &next, IncomingWindow: 2})
		synctest.Wait()
		for range 4 {
			l.ok(l.broker.Send("jobs", Message{}))
		}
		if n := l.broker.Stats().Received; n != 7 {
			t.Errorf("%d deliveries, want 5 and the 2 that the window allows", n)
		}
	})
}

func TestNothingIsDeliveredToTheDeparted(t *testing.T) {
	endings := map[string]func(*peer){
		"the connection is cut":    func(p *peer) { _ = p.conn.Close() },
		"the connection is closed": func(p *peer) { p.say(&wire.Close{}); hear[*wire.Close](p) },
		"the session ends":         func(p *peer) { p.say(&wire.End{}); hear[*wire.End](p) },
		"the link is detached":     func(p *peer) { p.say(&wire.Detach{Handle: 1, Closed: true}); hear[*wire.Detach](p) },
	}
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(l *lab) {
				p := l.peer(func(b []byte) []byte { return b }) // it has credit
				defer p.conn.Close()
				end(p)
				synctest.Wait()
				l.ok(l.broker.Send("jobs", Message{}))
				if n := l.broker.Stats().Received; n != 0 {
					t.Errorf("%d deliveries, want none", n)
				}
			})
		})
	}
}

func TestLargeMessagesAreSplit(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		body := make([]byte, 200<<10)
		l.ok(l.broker.Send("jobs", Message{Body: body}))
		p := l.peer(func(b []byte) []byte { return b })
		defer p.conn.Close()
		size, frames := 0, 0
		for more := true; more; frames++ {
			transfer := hear[*wire.Transfer](p) // which refuses frames that are too large
			size, more = size+len(transfer.Payload), transfer.More
		}
		if size < len(body) || frames != 4 {
			t.Errorf("%d bytes in %d frames, want more than %d in 4", size, frames, len(body))
		}
	})
}

func TestSendersAreGivenCreditAgain(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s := l.sender("jobs")
		ctx, cancel := context.WithTimeout(l.ctx, time.Hour)
		defer cancel()
		for range 2 * senderCredit {
			l.ok(s.SendMessage(ctx, &azservicebus.Message{}, nil))
		}
		l.counts("jobs", 2*senderCredit, 0, 0)
	})
}

func TestSettledDeliveriesAreForgotten(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.send(l.sender("jobs"), "a", "b")
		r := l.receiver("jobs", nil)
		l.ok(r.CompleteMessage(l.ctx, l.receive(r), nil))
		l.receive(r)
		unsettled := 0
		l.broker.lock()
		defer l.broker.unlock()
		for c := range l.broker.conns {
			for _, s := range c.sessions {
				unsettled += len(s.unsettled)
			}
		}
		if unsettled != 1 {
			t.Errorf("%d unsettled deliveries, want the 1 that is", unsettled)
		}
	})
}

func TestStrangersAreShownTheDoor(t *testing.T) {
	open := string(wire.AppendFrame([]byte(wire.HeaderAMQP), 0, &wire.Open{ContainerID: "c", MaxFrameSize: 512}, nil))
	handshake := string(wire.AppendFrame([]byte(wire.HeaderSASL), 0, &wire.SASLInit{Mechanism: "ANONYMOUS"}, nil)) + open
	session := handshake + string(wire.AppendFrame(nil, 0, &wire.Begin{IncomingWindow: 100}, nil))
	id := uint32(0)
	sending := session + string(wire.AppendFrame(nil, 0, &wire.Attach{Name: "l", Target: &wire.Terminus{Address: "jobs"}}, nil))
	cases := map[string]string{
		"a browser":                  "GET / HTTP/1.1\r\n\r\n",
		"no SASL":                    open,
		"another mechanism":          string(wire.AppendFrame([]byte(wire.HeaderSASL), 0, &wire.SASLInit{Mechanism: "PLAIN"}, nil)),
		"garbage after the open":     handshake + "\x00\x00\x00\x10\x02\x00\x00\x00garbage!",
		"a session on every channel": handshake + string(wire.AppendFrame(nil, 60000, &wire.Begin{}, nil)),
		"a channel twice":            session + string(wire.AppendFrame(nil, 0, &wire.Begin{}, nil)),
		"a link without a session":   handshake + string(wire.AppendFrame(nil, 3, &wire.Attach{Name: "x"}, nil)),
		"a transfer to no link":      session + string(wire.AppendFrame(nil, 0, &wire.Transfer{Handle: 7}, nil)),
		"a flow on no link":          session + string(wire.AppendFrame(nil, 0, &wire.Flow{Handle: &id}, nil)),
		"a handle twice":             sending + string(wire.AppendFrame(nil, 0, &wire.Attach{Name: "l"}, nil)),
		"a transfer without an id":   sending + string(wire.AppendFrame(nil, 0, &wire.Transfer{}, nil)),
		"two opens":                  handshake + string(wire.AppendFrame(nil, 0, &wire.Open{MaxFrameSize: 512}, nil)),
		"a close":                    session + string(wire.AppendFrame(nil, 0, &wire.Close{}, nil)),
	}
	for name, said := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := New(Options{})
				b.AddQueue("jobs", QueueOptions{})
				converse(b, []byte(said), false)
				if open := b.Stats().Open; open != 0 {
					t.Error("the connection is still open")
				}
				b.Close()
			})
		})
	}
}

// TestASwollenMessageIsRejected sends more than the maximum in many frames, as
// the JavaScript client does.
func TestASwollenMessageIsRejected(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		p := l.peer(func(b []byte) []byte {
			id := uint32(0)
			for i := range 10 {
				b = wire.AppendFrame(b, 0, &wire.Transfer{DeliveryID: &id, More: i < 9}, make([]byte, 60000))
			}
			return b
		})
		defer p.conn.Close()
		d := hear[*wire.Disposition](p)
		if d.State.Outcome != wire.Rejected || d.State.Error == nil || d.State.Error.Condition != wire.ConditionMessageSize {
			t.Errorf("state = %+v, want rejected for its size", d.State)
		}
		l.counts("jobs", 0, 0, 0)
	})
}

// TestARefusedLinkMayHaveSaidMore gives credit before it knows of the refusal,
// as the JavaScript client does.
func TestARefusedLinkMayHaveSaidMore(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		handle, credit := uint32(5), uint32(10)
		p := l.peer(func(b []byte) []byte {
			b = wire.AppendFrame(b, 0, &wire.Attach{Name: "x", Handle: handle, Receiver: true, Source: &wire.Terminus{Address: "nowhere"}}, nil)
			b = wire.AppendFrame(b, 0, &wire.Flow{Handle: &handle, LinkCredit: &credit}, nil)
			b = wire.AppendFrame(b, 0, &wire.Detach{Handle: handle, Closed: true}, nil)
			return wire.AppendFrame(b, 0, &wire.Detach{Handle: 1, Closed: true}, nil)
		})
		defer p.conn.Close()
		if d := hear[*wire.Detach](p); d.Handle != handle || d.Error == nil || d.Error.Condition != wire.ConditionNotFound {
			t.Errorf("detach = %+v, want not found", d)
		}
		if d := hear[*wire.Detach](p); d.Handle != 1 || d.Error != nil {
			t.Errorf("detach = %+v, want the answer to the last one", d)
		}
	})
}
