package servicebus

import (
	"net"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"go.uber.org/goleak"
)

// TestServe is the one test on a real port.
func TestServe(t *testing.T) {
	defer goleak.VerifyNone(t)
	b := New(keyed)
	b.AddQueue("jobs", QueueOptions{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- b.Serve(listener) }()
	c, err := azservicebus.NewClientFromConnectionString(b.ConnectionString(listener.Addr().String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.NewSender("jobs", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SendMessage(t.Context(), message("a"), nil); err != nil {
		t.Error(err)
	}
	if active, _, _ := b.Counts("jobs"); active != 1 {
		t.Errorf("%d messages, want 1", active)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	b.Close()
	if err := <-served; err != nil {
		t.Errorf("Serve = %v after Close, want nil", err)
	}
}
