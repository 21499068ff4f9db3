package servicebus_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	broker "lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/job"
)

func TestSendAtOnce(t *testing.T) {
	bubble(t, func(b *bundle) {
		past := time.Now().Add(-time.Hour)
		for _, m := range []job.Message{{ID: "zero"}, {ID: "past", NotBefore: past}, {ID: "now", NotBefore: time.Now()}} {
			m.Queue, m.Body = "steps", []byte(`{"job":"`+m.ID+`"}`)
			b.send(m)
		}
		var got []string
		for _, m := range b.broker.Peek("steps") {
			got = append(got, fmt.Sprint(m.State, " ", m.ID, " ", m.ContentType, " ", string(m.Body)))
		}
		want := []string{`Active zero application/json {"job":"zero"}`, `Active past application/json {"job":"past"}`, `Active now application/json {"job":"now"}`}
		if diff := cmp.Diff(want, got); diff != "" {
			b.Errorf("queue (-want +got):\n%s", diff)
		}
		b.counts("notices", 0, 0)
	})
}

// The queue counts in milliseconds, a job's NotBefore does not: a prompt that
// comes early would only be put back.
func TestSendForLater(t *testing.T) {
	bubble(t, func(b *bundle) {
		berlin := time.FixedZone("CET", 3600)
		due := time.Now().Add(time.Hour + 300*time.Microsecond)
		b.send(job.Message{Queue: "steps", ID: "later", Body: []byte("{}"), NotBefore: due.In(berlin)})
		b.counts("steps", 0, 1)
		time.Sleep(time.Until(due) - time.Microsecond)
		synctest.Wait()
		b.counts("steps", 0, 1)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		b.counts("steps", 1, 0)
		got := b.broker.Peek("steps")[0]
		if got.ID != "later" || got.ContentType != "application/json" || string(got.Body) != "{}" || got.EnqueuedTime.Before(due) {
			b.Errorf("message %+v, want it no earlier than %s", got, due)
		}
	})
}

// A process sends for weeks, and a namespace has a limit of links.
func TestSendKeepsItsLinks(t *testing.T) {
	bubble(t, func(b *bundle) {
		send := func() {
			b.send(job.Message{Queue: "steps", ID: "a"})
			b.send(job.Message{Queue: "notices", ID: "a"})
			synctest.Wait()
		}
		send()
		goroutines := runtime.NumGoroutine() // every link has its own
		for range 20 {
			send()
		}
		if n := runtime.NumGoroutine(); n > goroutines+5 {
			b.Errorf("%d goroutines became %d with 40 messages", goroutines, n)
		}
	})
}

func TestSendAcrossACut(t *testing.T) {
	for name, c := range map[string]struct {
		verdict broker.Verdict
		stored  int
	}{
		"before the queue took it": {broker.DropBefore, 1},
		"after the queue took it":  {broker.DropAfter, 2}, // nothing depends on messages coming once
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(b *bundle) {
				var cut atomic.Bool
				b.broker.SetHook(func(broker.Op) broker.Verdict {
					if cut.CompareAndSwap(false, true) {
						return c.verdict
					}
					return broker.Proceed
				})
				begun := time.Now()
				b.send(job.Message{Queue: "steps", ID: "a"})
				if took := time.Since(begun); took > 5*time.Second {
					b.Errorf("took %s, want a quick second try", took)
				}
				b.counts("steps", c.stored, 0)
				b.send(job.Message{Queue: "steps", ID: "b"})
				b.counts("steps", c.stored+1, 0)
				if n := b.broker.Stats().Connections; n != 2 {
					b.Errorf("%d connections, want 2", n)
				}
			})
		})
	}
}

func TestSendAfterADayOfSilence(t *testing.T) {
	bubble(t, func(b *bundle) {
		b.send(job.Message{Queue: "steps", ID: "a"})
		time.Sleep(25 * time.Hour)
		b.send(job.Message{Queue: "steps", ID: "b"})
		b.counts("steps", 2, 0)
	})
}

func TestSendToAQueueThatIsNotThere(t *testing.T) {
	bubble(t, func(b *bundle) {
		err := b.sender.Send(b.Context(), job.Message{Queue: "stesp", ID: "a"})
		if err == nil || !strings.HasPrefix(err.Error(), "send to queue stesp: ") || !strings.HasSuffix(err.Error(), ": create the queue") {
			b.Errorf("error %v, want the queue and a hint", err)
		}
		b.send(job.Message{Queue: "steps", ID: "a"})
		b.broker.AddQueue("stesp", broker.QueueOptions{})
		b.send(job.Message{Queue: "stesp", ID: "b"}) // without a restart
		b.counts("stesp", 1, 0)
	})
}

func TestSendWithoutTheRight(t *testing.T) {
	bubble(t, func(b *bundle) {
		sender := b.connect(wrong)
		begun := time.Now()
		err := sender.Send(b.Context(), job.Message{Queue: "steps", ID: "a"})
		if err == nil || !strings.HasSuffix(err.Error(), ": give the identity that sends the role Azure Service Bus Data Sender on the queue") {
			b.Errorf("error %v, want a hint", err)
		}
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, wrong) || strings.Contains(text, key) {
			b.Errorf("error betrays a key: %s", text)
		}
		if took := time.Since(begun); took > time.Second {
			b.Errorf("took %s, want no second try", took)
		}
		if err := sender.Close(context.Background()); err != nil {
			b.Error(err)
		}
		b.counts("steps", 0, 0)
	})
}

// A handler has a deadline; whatever the broker does, it gets to say no.
func TestSendIsBounded(t *testing.T) {
	for name, dial := range map[string]func(context.Context) (net.Conn, error){
		"nobody listens": func(context.Context) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		},
		"nobody answers": func(context.Context) (net.Conn, error) {
			here, there := net.Pipe()
			go func() {
				buffer := make([]byte, 1024)
				for {
					if _, err := there.Read(buffer); err != nil {
						return
					}
				}
			}()
			return here, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(b *bundle) {
				b.dial.Store(&dial)
				begun := time.Now()
				err := b.sender.Send(b.Context(), job.Message{Queue: "steps", ID: "a"})
				if took := time.Since(begun); err == nil || took > 30*time.Second {
					b.Errorf("error %v after %s, want one within 30s", err, took)
				}
				b.dial.Store(nil)
				b.send(job.Message{Queue: "steps", ID: "b"})
				b.counts("steps", 1, 0)
			})
		})
	}
}

func TestSendEndsWithItsContext(t *testing.T) {
	bubble(t, func(b *bundle) {
		b.broker.SetHook(func(broker.Op) broker.Verdict { return broker.Fail("com.microsoft:server-busy", "busy") })
		ctx, cancel := context.WithTimeout(b.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		err := b.sender.Send(ctx, job.Message{Queue: "steps", ID: "a"})
		if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took > time.Second {
			b.Errorf("error %v after %s, want the caller's deadline", err, took)
		}
	})
}

// One sender serves all invocations of a process, over one connection.
func TestConcurrentSends(t *testing.T) {
	bubble(t, func(b *bundle) {
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				m := job.Message{Queue: "steps", ID: fmt.Sprint(i)}
				if i%4 == 0 {
					m.Queue, m.NotBefore = "notices", time.Now().Add(time.Hour)
				}
				b.send(m)
			})
		}
		wg.Wait()
		b.counts("steps", 30, 0)
		b.counts("notices", 0, 10)
		if n := b.broker.Stats().Connections; n != 1 {
			b.Errorf("%d connections, want 1", n)
		}
	})
}
