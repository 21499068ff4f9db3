package servicebus

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
)

// lab is a broker and a client of it inside a bubble.
type lab struct {
	*testing.T
	ctx    context.Context
	broker *Broker
	client *azservicebus.Client
}

// bubble runs f with a broker and the real client, connected by pipes, on
// virtual time. When f returns, both are closed; a goroutine that is left then
// fails the test.
func bubble(t *testing.T, o Options, f func(l *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &lab{T: t, ctx: t.Context(), broker: New(o)}
		l.broker.AddQueue("jobs", QueueOptions{})
		l.client = l.newClient(l.broker.ConnectionString("localhost:5672"))
		f(l)
		if err := l.client.Close(context.Background()); err != nil {
			t.Errorf("close the client: %v", err)
		}
		l.broker.Close()
		// The client closes a few of its goroutines' contexts in the background.
		time.Sleep(time.Hour)
	})
}

func (l *lab) newClient(connectionString string) *azservicebus.Client {
	l.Helper()
	c, err := azservicebus.NewClientFromConnectionString(connectionString, &azservicebus.ClientOptions{
		NewWebSocketConn: func(context.Context, azservicebus.NewWebSocketConnArgs) (net.Conn, error) {
			here, there := net.Pipe()
			go l.broker.ServeConn(there)
			return here, nil
		},
	})
	if err != nil {
		l.Fatal(err)
	}
	return c
}

func (l *lab) sender(queue string) *azservicebus.Sender {
	l.Helper()
	s, err := l.client.NewSender(queue, nil)
	if err != nil {
		l.Fatal(err)
	}
	return s
}

func (l *lab) receiver(queue string, o *azservicebus.ReceiverOptions) *azservicebus.Receiver {
	l.Helper()
	r, err := l.client.NewReceiverForQueue(queue, o)
	if err != nil {
		l.Fatal(err)
	}
	return r
}

func (l *lab) deadLetters(queue string) *azservicebus.Receiver {
	return l.receiver(queue, &azservicebus.ReceiverOptions{SubQueue: azservicebus.SubQueueDeadLetter})
}

// send sends messages with the given texts as body and id.
func (l *lab) send(s *azservicebus.Sender, texts ...string) {
	l.Helper()
	for _, text := range texts {
		if err := s.SendMessage(l.ctx, message(text), nil); err != nil {
			l.Fatalf("send %q: %v", text, err)
		}
	}
}

func message(text string) *azservicebus.Message {
	return &azservicebus.Message{Body: []byte(text), MessageID: &text}
}

// receive receives one message.
func (l *lab) receive(r *azservicebus.Receiver) *azservicebus.ReceivedMessage {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.ctx, 10*time.Minute)
	defer cancel()
	got, err := r.ReceiveMessages(ctx, 1, nil)
	if err != nil || len(got) != 1 {
		l.Fatalf("receive = %d messages, %v, want 1", len(got), err)
	}
	return got[0]
}

// empty fails the test if anything can be received within d.
func (l *lab) empty(r *azservicebus.Receiver, d time.Duration) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.ctx, d)
	defer cancel()
	got, err := r.ReceiveMessages(ctx, 1, nil)
	if len(got) != 0 || !errors.Is(err, context.DeadlineExceeded) {
		l.Fatalf("receive = %d messages, %v, want none within %v", len(got), err, d)
	}
}

func (l *lab) counts(queue string, active, scheduled, deadLettered int) {
	l.Helper()
	a, s, d := l.broker.Counts(queue)
	if a != active || s != scheduled || d != deadLettered {
		l.Fatalf("%s has %d active, %d scheduled, %d dead-lettered, want %d, %d, %d",
			queue, a, s, d, active, scheduled, deadLettered)
	}
}

func (l *lab) ok(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// code fails the test unless err is a Service Bus error with the code.
func (l *lab) code(err error, want azservicebus.Code) {
	l.Helper()
	var got *azservicebus.Error
	if !errors.As(err, &got) || got.Code != want {
		l.Fatalf("error = %v, want code %s", err, want)
	}
}
