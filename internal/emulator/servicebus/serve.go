package servicebus

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"lifeboat/internal/emulator/servicebus/wire"
)

// Serve accepts connections until Close, and then returns nil. It closes l. On
// a broker that is closed already it returns ErrClosed.
func (b *Broker) Serve(l net.Listener) error {
	defer l.Close()
	if !b.listen(l) {
		return ErrClosed
	}
	for {
		c, err := l.Accept()
		if err != nil {
			if b.isClosed() {
				return nil
			}
			return fmt.Errorf("serve: %w", err)
		}
		if b.start() {
			go func() {
				defer b.running.Done()
				b.ServeConn(c)
			}()
		} else {
			_ = c.Close()
		}
	}
}

func (b *Broker) listen(l net.Listener) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listeners[l] = struct{}{}
	return !b.closed
}

func (b *Broker) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// start announces a goroutine that Close will wait for, unless it is too late.
func (b *Broker) start() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.running.Add(1)
	}
	return !b.closed
}

// ServeConn serves one connection until it ends, and closes it.
func (b *Broker) ServeConn(nc net.Conn) {
	if !b.start() {
		_ = nc.Close()
		return
	}
	defer b.running.Done()
	c := newConn(b, nc)
	go c.writer.run()
	b.enter(c)
	reason := c.serve()
	b.exit(c)
	c.farewell(reason)
	if quiet(reason) {
		c.writer.cut()
	} else {
		c.writer.finish()
	}
	<-c.writer.done
	if !quiet(reason) && !errors.Is(reason, errClosedByPeer) {
		b.options.Log.Warn("service bus connection refused", "peer", nc.RemoteAddr(), "error", reason)
	}
}

// quiet tells whether there is nobody left to talk to.
func quiet(reason error) bool {
	return errors.Is(reason, io.EOF) || errors.Is(reason, errCut) || errors.Is(reason, net.ErrClosed) ||
		errors.Is(reason, io.ErrClosedPipe) || errors.Is(reason, io.ErrUnexpectedEOF) ||
		errors.As(reason, new(*net.OpError)) || errors.Is(reason, os.ErrDeadlineExceeded)
}

func (b *Broker) enter(c *conn) {
	b.lock()
	defer b.unlock()
	b.conns[c] = struct{}{}
	b.stats.Connections++
	if b.closed {
		c.writer.finish()
	}
}

// exit forgets a connection. What it had locked stays locked until the locks lapse.
func (b *Broker) exit(c *conn) {
	b.lock()
	defer b.unlock()
	c.cutOff = true
	for _, s := range c.sessions {
		s.close()
	}
	delete(b.conns, c)
}

// Close closes listeners and connections, fails what waits, and returns when
// nothing of the broker runs any more. Peek and Counts go on working.
func (b *Broker) Close() {
	for _, c := range b.sayGoodbye() {
		c.writer.finish()
	}
	b.running.Wait()
}

// sayGoodbye stops everything that can start something, and queues the last
// frame of every connection.
func (b *Broker) sayGoodbye() []*conn {
	b.lock()
	defer b.unlock()
	if !b.closed {
		b.closed = true
		close(b.closing)
	}
	b.stopTimer()
	for l := range b.listeners {
		_ = l.Close()
	}
	var conns []*conn
	for c := range b.conns {
		c.send(0, &wire.Close{Error: &wire.Error{
			Condition: wire.ConditionConnectionForced, Description: "the broker is closed"}}, nil)
		conns = append(conns, c)
	}
	return conns
}
