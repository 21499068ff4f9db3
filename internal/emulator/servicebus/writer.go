package servicebus

import (
	"net"
	"sync"
	"time"

	"lifeboat/internal/emulator/servicebus/wire"
)

// writer sends what is pushed, as much as there is at a time, so that a burst
// of frames goes out in one write and nobody waits for a slow peer.
type writer struct {
	net  net.Conn
	wake chan struct{} // holds one
	gone chan struct{} // closed by cut
	done chan struct{} // closed when run has returned

	mu        sync.Mutex
	pending   []byte
	alive     time.Duration // send something at least this often, zero is never
	finishing bool
	cutOff    bool
}

// partingTime is how long a peer that doesn't read is waited for at the end.
const partingTime = 2 * time.Second

func newWriter(c net.Conn) *writer {
	return &writer{
		net: c, wake: make(chan struct{}, 1),
		gone: make(chan struct{}), done: make(chan struct{}),
	}
}

// push queues bytes; it never blocks. b may be used again afterwards.
func (w *writer) push(b []byte) {
	w.mu.Lock()
	w.pending = append(w.pending, b...)
	w.mu.Unlock()
	w.nudge()
}

func (w *writer) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// keepAlive makes run send an empty frame when the connection was idle for d.
func (w *writer) keepAlive(d time.Duration) {
	w.mu.Lock()
	w.alive = d
	w.mu.Unlock()
	w.nudge()
}

// finish sends what is pending and closes the connection.
func (w *writer) finish() {
	w.mu.Lock()
	w.finishing = true
	w.mu.Unlock()
	// This is the runtime's clock, not the broker's.
	_ = w.net.SetWriteDeadline(time.Now().Add(partingTime))
	w.nudge()
}

// cut closes the connection as a fallen cable would.
func (w *writer) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.cutOff {
		w.cutOff = true
		w.pending = nil
		close(w.gone)
		_ = w.net.Close()
	}
}

// run writes until the connection ends, and closes it.
func (w *writer) run() {
	defer close(w.done)
	defer w.cut()
	idle := time.NewTimer(time.Hour)
	defer idle.Stop()
	var batch []byte
	for {
		batch = batch[:0]
		select {
		case <-w.gone:
			return
		case <-w.wake:
		case <-idle.C:
			batch = wire.AppendKeepAlive(batch)
		}
		var last bool
		var alive time.Duration
		batch, last, alive = w.collect(batch)
		if len(batch) > 0 { // a pipe would make even an empty write wait
			if _, err := w.net.Write(batch); err != nil {
				return
			}
		}
		if last {
			return
		}
		if alive == 0 {
			alive = time.Hour
		}
		idle.Reset(alive)
	}
}

// collect takes what is pending, and what run must know.
func (w *writer) collect(batch []byte) (b []byte, last bool, alive time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(batch) == 0 {
		batch, w.pending = w.pending, batch
	} else {
		batch = append(batch, w.pending...)
		w.pending = w.pending[:0]
	}
	return batch, w.finishing, w.alive
}
