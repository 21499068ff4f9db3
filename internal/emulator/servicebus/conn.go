package servicebus

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"lifeboat/internal/emulator/servicebus/wire"
)

const (
	channelMax = 4999
	handleMax  = 255
)

// errCut ends a connection without a word, as a hook demanded.
var errCut = errors.New("cut by the hook")

// errClosedByPeer ends a connection in good order.
var errClosedByPeer = errors.New("closed by the peer")

// conn is one connection. Its reader is the goroutine of ServeConn; deliveries
// come from anywhere and go through frames.
type conn struct {
	broker *Broker
	reader *bufio.Reader
	writer *writer

	// Guarded by the broker's lock.
	frames   []byte // for the writer, handed over when the lock is given back
	touched  bool   // frames is not empty
	cutOff   bool   // frames go nowhere any more
	maxFrame int
	sessions map[uint16]*session
	claims   map[string]time.Time // by path, until when
	replies  map[string]*link     // where answers to requests go
}

func newConn(b *Broker, c net.Conn) *conn {
	return &conn{
		broker: b, reader: wire.NewReader(c), writer: newWriter(c),
		sessions: map[uint16]*session{}, claims: map[string]time.Time{}, replies: map[string]*link{},
	}
}

// serve speaks AMQP until the connection ends, and says why it did.
func (c *conn) serve() error {
	if err := c.sasl(); err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	for {
		f, err := wire.ReadFrame(c.reader)
		if err != nil {
			return err
		}
		if err := c.handle(f); err != nil {
			return err
		}
	}
}

// sasl admits everybody: it is tokens that are checked.
func (c *conn) sasl() error {
	if err := c.header(wire.HeaderSASL); err != nil {
		return err
	}
	c.writer.push(wire.AppendFrame([]byte(wire.HeaderSASL), 0,
		&wire.SASLMechanisms{Mechanisms: []string{"MSSBCBS", "ANONYMOUS"}}, nil))
	f, err := wire.ReadFrame(c.reader)
	if err != nil {
		return err
	}
	init, ok := f.Body.(*wire.SASLInit)
	if !ok || init.Mechanism != "ANONYMOUS" && init.Mechanism != "MSSBCBS" {
		c.writer.push(wire.AppendFrame(nil, 0, &wire.SASLOutcome{Code: 1}, nil))
		return errors.New("neither ANONYMOUS nor MSSBCBS was chosen")
	}
	c.writer.push(wire.AppendFrame(nil, 0, &wire.SASLOutcome{}, nil))
	return nil
}

// header reads a protocol header. To any other AMQP answers with its own.
func (c *conn) header(want string) error {
	var got [len(wire.HeaderAMQP)]byte
	if _, err := io.ReadFull(c.reader, got[:]); err != nil {
		return err
	}
	if string(got[:]) != want {
		c.writer.push([]byte(want))
		return fmt.Errorf("protocol header %q, want %q", got, want)
	}
	return nil
}

func (c *conn) open() error {
	if err := c.header(wire.HeaderAMQP); err != nil {
		return err
	}
	c.writer.push([]byte(wire.HeaderAMQP))
	f, err := wire.ReadFrame(c.reader)
	if err != nil {
		return err
	}
	theirs, ok := f.Body.(*wire.Open)
	if !ok || theirs.MaxFrameSize < wire.MinMaxFrame {
		return &wire.Error{Condition: wire.ConditionFramingError, Description: "want an open frame"}
	}
	c.maxFrame = int(min(theirs.MaxFrameSize, wire.MaxFrame))
	c.writer.push(wire.AppendFrame(nil, 0, &wire.Open{
		ContainerID:  "lifeboat",
		MaxFrameSize: wire.MaxFrame,
		ChannelMax:   channelMax,
	}, nil))
	// Well before their time is up, and rarely enough for days to pass quickly.
	c.writer.keepAlive(theirs.IdleTimeout / 4 * 3)
	return nil
}

func (c *conn) handle(f wire.Frame) error {
	switch p := f.Body.(type) {
	case nil:
		return nil
	case *wire.Begin:
		return c.begin(f.Channel, p)
	case *wire.Close:
		return errClosedByPeer
	}
	s, ok := c.sessions[f.Channel]
	if !ok {
		return missing(f)
	}
	switch p := f.Body.(type) {
	case *wire.Attach:
		return s.attach(p)
	case *wire.Flow:
		return s.flow(p)
	case *wire.Transfer:
		return s.transfer(p)
	case *wire.Disposition:
		return s.disposition(p)
	case *wire.Detach:
		s.detach(p)
	case *wire.End:
		s.end()
	default:
		return &wire.Error{Condition: wire.ConditionNotAllowed, Description: "frame out of place"}
	}
	return nil
}

// missing judges a frame on a channel without a session. Azure lets the end of
// what it does not know pass: go-amqp ends sessions whose begin it was kept from
// sending.
func missing(f wire.Frame) error {
	switch f.Body.(type) {
	case *wire.End, *wire.Detach:
		return nil
	}
	return &wire.Error{Condition: wire.ConditionNotFound, Description: "no session on this channel"}
}

// send queues a frame. The lock must be held.
func (c *conn) send(channel uint16, p wire.Performative, payload []byte) {
	if c.cutOff {
		return
	}
	c.frames = wire.AppendFrame(c.frames, channel, p, payload)
	if !c.touched {
		c.touched = true
		c.broker.touched = append(c.broker.touched, c)
	}
}

// farewell turns the reason why the connection ended into the last frame.
func (c *conn) farewell(reason error) {
	var protocol *wire.Error
	switch {
	case errors.Is(reason, errClosedByPeer):
	case errors.As(reason, &protocol):
	case errors.Is(reason, wire.ErrMalformed):
		protocol = &wire.Error{Condition: wire.ConditionDecodeError, Description: reason.Error()}
	default:
		return
	}
	c.writer.push(wire.AppendFrame(nil, 0, &wire.Close{Error: protocol}, nil))
}
