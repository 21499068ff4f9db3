package servicebus

import (
	"testing"

	"github.com/Azure/go-amqp"

	"lifeboat/internal/emulator/servicebus/wire"
)

func FuzzConversation(f *testing.F) {
	id := func(n uint32) *uint32 { return &n }
	text, err := Message{ID: "a", Body: []byte("body")}.toAMQP().MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	request, err := (&amqp.Message{
		ApplicationProperties: map[string]any{"operation": "com.microsoft:schedule-message"},
		Value:                 map[string]any{"messages": []any{map[string]any{"message": text}}},
	}).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	send := wire.AppendFrame(nil, 0, &wire.Transfer{DeliveryID: id(0)}, text)
	f.Add(send)
	f.Add(wire.AppendFrame(send, 0, &wire.Disposition{Receiver: true, Last: 1 << 31, State: &wire.State{Outcome: wire.Accepted}}, nil))
	f.Add(wire.AppendFrame(nil, 0, &wire.Transfer{Handle: 2, DeliveryID: id(0)}, request))
	f.Add(wire.AppendFrame(nil, 0, &wire.Transfer{DeliveryID: id(0), MessageFormat: id(batchFormat)}, text))
	f.Add(wire.AppendFrame(send, 0, &wire.Flow{Handle: id(1), LinkCredit: id(5), Drain: true}, nil))
	f.Add(wire.AppendFrame(wire.AppendFrame(nil, 0, &wire.Detach{Handle: 1}, nil), 0, &wire.End{}, nil))
	f.Fuzz(func(t *testing.T, said []byte) {
		b := New(Options{})
		b.AddQueue("jobs", QueueOptions{})
		converse(b, conversation(func(b []byte) []byte { return append(b, said...) }), true)
		b.Close()
	})
}
