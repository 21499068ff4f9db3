package servicebus

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"

	"lifeboat/internal/emulator/servicebus/wire"
)

// dial returns the client's end of a connection to the broker.
func (l *lab) dial() net.Conn {
	here, there := net.Pipe()
	go l.broker.ServeConn(there)
	return here
}

// peer is an AMQP client without manners of its own.
type peer struct {
	*lab
	conn   net.Conn
	reader *bufio.Reader
}

// peer says what a conversation opens with, and what more adds.
func (l *lab) peer(more func([]byte) []byte) *peer {
	l.Helper()
	p := &peer{lab: l, conn: l.dial()}
	p.reader = wire.NewReader(p.conn)
	go func() { _, _ = p.conn.Write(conversation(more)) }()
	p.skip(len(wire.HeaderSASL))
	p.skipFrame() // mechanisms
	p.skipFrame() // outcome
	p.skip(len(wire.HeaderAMQP))
	return p
}

func (p *peer) skip(n int) {
	p.Helper()
	if _, err := p.reader.Discard(n); err != nil {
		p.Fatal(err)
	}
}

func (p *peer) skipFrame() {
	p.Helper()
	size, err := p.reader.Peek(4)
	if err != nil {
		p.Fatal(err)
	}
	p.skip(int(binary.BigEndian.Uint32(size)))
}

// say sends a performative on channel 0.
func (p *peer) say(performative wire.Performative) {
	p.Helper()
	if _, err := p.conn.Write(wire.AppendFrame(nil, 0, performative, nil)); err != nil {
		p.Fatal(err)
	}
}

// hear returns the next performative of type T, and skips others.
func hear[T wire.Performative](p *peer) T {
	p.Helper()
	for {
		f, err := wire.ReadFrame(p.reader)
		if err != nil {
			p.Fatal(err)
		}
		if performative, ok := f.Body.(T); ok {
			return performative
		}
	}
}

// converse says something to a broker and listens until it is over. hangUp ends
// the connection after the last word.
func converse(b *Broker, said []byte, hangUp bool) {
	here, there := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.ServeConn(there)
	}()
	go func() { _, _ = io.Copy(io.Discard, here) }()
	_, _ = here.Write(said)
	if hangUp {
		_ = here.Close()
	}
	<-ended
	_ = here.Close()
}

// conversation opens a connection, a session, and a link to and from a queue
// and its management, and adds what follows.
func conversation(more func([]byte) []byte) []byte {
	id := func(n uint32) *uint32 { return &n }
	b := wire.AppendFrame([]byte(wire.HeaderSASL), 0, &wire.SASLInit{Mechanism: "ANONYMOUS"}, nil)
	b = wire.AppendFrame(append(b, wire.HeaderAMQP...), 0, &wire.Open{ContainerID: "c", MaxFrameSize: 65536}, nil)
	b = wire.AppendFrame(b, 0, &wire.Begin{IncomingWindow: 100}, nil)
	b = wire.AppendFrame(b, 0, &wire.Attach{Name: "s", Target: &wire.Terminus{Address: "jobs"}}, nil)
	b = wire.AppendFrame(b, 0, &wire.Attach{Name: "r", Handle: 1, Receiver: true, Source: &wire.Terminus{Address: "jobs"}}, nil)
	b = wire.AppendFrame(b, 0, &wire.Attach{Name: "m", Handle: 2, Target: &wire.Terminus{Address: "jobs/$management"}}, nil)
	b = wire.AppendFrame(b, 0, &wire.Flow{NextIncomingID: id(0), IncomingWindow: 100, Handle: id(1), LinkCredit: id(9)}, nil)
	return more(b)
}
