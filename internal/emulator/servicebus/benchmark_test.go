package servicebus

import (
	"context"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
)

// The benchmarks run the real client over loopback TCP in the same process, so
// that client and broker share the cores. They report operations a second.

const (
	benchConnections = 4
	benchInFlight    = 32 // per connection
)

// loopback serves a broker and returns a client for each connection.
func loopback(b *testing.B) (*Broker, []*azservicebus.Client) {
	b.Helper()
	broker := New(Options{})
	broker.AddQueue("jobs", QueueOptions{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- broker.Serve(listener) }()
	var clients []*azservicebus.Client
	for range benchConnections {
		c, err := azservicebus.NewClientFromConnectionString(broker.ConnectionString(listener.Addr().String()), nil)
		if err != nil {
			b.Fatal(err)
		}
		clients = append(clients, c)
	}
	b.Cleanup(func() {
		for _, c := range clients {
			_ = c.Close(context.Background())
		}
		broker.Close()
		if err := <-served; err != nil {
			b.Error(err)
		}
	})
	return broker, clients
}

func perSecond(b *testing.B, what string) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), what+"/s")
}

func BenchmarkSend(b *testing.B) {
	_, clients := loopback(b)
	var senders []*azservicebus.Sender
	for _, c := range clients {
		s, err := c.NewSender("jobs", nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.SendMessage(b.Context(), message("warm"), nil); err != nil {
			b.Fatal(err)
		}
		senders = append(senders, s)
	}
	body := make([]byte, 200)
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for i := range benchConnections * benchInFlight {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				id := strconv.FormatInt(n, 10)
				m := &azservicebus.Message{Body: body, MessageID: &id}
				if err := senders[i%benchConnections].SendMessage(b.Context(), m, nil); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	perSecond(b, "sends")
}

func BenchmarkReceiveComplete(b *testing.B) {
	broker, clients := loopback(b)
	for range b.N {
		if err := broker.Send("jobs", Message{Body: make([]byte, 200)}); err != nil {
			b.Fatal(err)
		}
	}
	var completed atomic.Int64
	ctx, done := context.WithTimeout(b.Context(), time.Minute)
	defer done()
	var wg sync.WaitGroup
	b.ResetTimer()
	for _, c := range clients {
		r, err := c.NewReceiverForQueue("jobs", nil)
		if err != nil {
			b.Fatal(err)
		}
		wg.Go(func() {
			for completed.Load() < int64(b.N) {
				messages, _ := r.ReceiveMessages(ctx, 8*benchInFlight, nil)
				if completed.Add(completeAll(b, r, messages)) >= int64(b.N) {
					done() // the others may wait for messages that will not come
				}
			}
		})
	}
	wg.Wait()
	if n := completed.Load(); n != int64(b.N) {
		b.Errorf("completed %d messages, want %d", n, b.N)
	}
	perSecond(b, "completes")
}

// completeAll completes messages, many at a time, and returns how many.
func completeAll(b *testing.B, r *azservicebus.Receiver, messages []*azservicebus.ReceivedMessage) int64 {
	var n, next atomic.Int64
	var wg sync.WaitGroup
	for range benchInFlight {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(messages)); i = next.Add(1) - 1 {
				if err := r.CompleteMessage(context.Background(), messages[i], nil); err != nil {
					b.Error(err)
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return n.Load()
}
