package servicebus_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	broker "lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/job"
	"lifeboat/internal/servicebus"
)

const (
	key   = "bm90LXRoZS1yZWFsLWtleQ=="
	wrong = "Z3Vlc3NlZA=="
)

// bundle is a sender and the broker that it reaches over pipes.
type bundle struct {
	*testing.T
	broker *broker.Broker
	sender *servicebus.Sender
	// dial, if set, stands for the way to the broker.
	dial atomic.Pointer[func(context.Context) (net.Conn, error)]
}

// bubble runs f on virtual time with the real client. Goroutines that are left
// at the end fail the test.
func bubble(t *testing.T, f func(b *bundle)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bundle{T: t, broker: broker.New(broker.Options{KeyName: "lifeboat", Key: key})}
		b.broker.AddQueue("steps", broker.QueueOptions{})
		b.broker.AddQueue("notices", broker.QueueOptions{})
		b.sender = b.connect(key)
		f(b)
		if err := b.sender.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
		b.broker.Close()
		time.Sleep(time.Hour) // the client ends some goroutines in the background
	})
}

func (b *bundle) connect(key string) *servicebus.Sender {
	b.Helper()
	text := "Endpoint=sb://localhost;SharedAccessKeyName=lifeboat;SharedAccessKey=" + key + ";UseDevelopmentEmulator=true"
	client, err := azservicebus.NewClientFromConnectionString(text, &azservicebus.ClientOptions{
		RetryOptions: servicebus.Retry,
		NewWebSocketConn: func(ctx context.Context, _ azservicebus.NewWebSocketConnArgs) (net.Conn, error) {
			if dial := b.dial.Load(); dial != nil {
				return (*dial)(ctx)
			}
			here, there := net.Pipe()
			go b.broker.ServeConn(there)
			return here, nil
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	return servicebus.New(client)
}

func (b *bundle) counts(queue string, active, scheduled int) {
	b.Helper()
	if a, s, _ := b.broker.Counts(queue); a != active || s != scheduled {
		b.Errorf("%s has %d active, %d scheduled, want %d, %d", queue, a, s, active, scheduled)
	}
}

func (b *bundle) send(m job.Message) {
	b.Helper()
	if err := b.sender.Send(b.Context(), m); err != nil {
		b.Errorf("send %s: %v", m.ID, err)
	}
}
