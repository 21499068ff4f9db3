package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/Azure/go-amqp"
	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

// samples are performatives with every field set, or with as few as possible.
var samples = map[string]Performative{
	"open": &Open{ContainerID: "c", Hostname: "h", MaxFrameSize: 4096, ChannelMax: 9, IdleTimeout: time.Second},
	"begin": &Begin{RemoteChannel: ptr(uint32(3)), NextOutgoingID: 1, IncomingWindow: 1 << 30, OutgoingWindow: 5,
		HandleMax: 255},
	"attach": &Attach{Name: "link", Handle: 7, Receiver: true, SenderSettleMode: ptr(uint8(1)),
		ReceiverSettleMode: ptr(uint8(0)), Source: &Terminus{Address: "q"}, Target: &Terminus{},
		InitialDeliveryCount: ptr(uint32(0)), MaxMessageSize: 1 << 40,
		Properties: map[string]any{"a": uint64(5), "b": "text", "c": nil}},
	"refused attach": &Attach{Name: "link", Handle: 300},
	"flow": &Flow{NextIncomingID: ptr(uint32(1)), IncomingWindow: 2, NextOutgoingID: 3, OutgoingWindow: 4,
		Handle: ptr(uint32(0)), DeliveryCount: ptr(uint32(5)), LinkCredit: ptr(uint32(600)), Drain: true, Echo: true},
	"session flow": &Flow{IncomingWindow: 2},
	"transfer": &Transfer{Handle: 1, DeliveryID: ptr(uint32(70000)), DeliveryTag: []byte("tag"),
		MessageFormat: ptr(uint32(0x80013700)), Settled: true, More: true, Aborted: true, Payload: []byte("payload")},
	"accepted": &Disposition{Receiver: true, First: 1, Last: 9, Settled: true, State: &State{Outcome: Accepted}},
	"rejected": &Disposition{First: 1, Last: 1, State: &State{Outcome: Rejected, Error: &Error{
		Condition: "x:y", Description: strings.Repeat("long ", 99), Info: map[string]any{
			"when": time.UnixMilli(1700000000123).UTC(), "n": int32(-4), "l": int64(-5), "t": true,
			"bin": []byte{1}, "id": amqp.UUID{1, 2}, "nested": map[string]any{"k": "v"}}}}},
	"modified": &Disposition{First: 2, Last: 2, State: &State{Outcome: Modified, DeliveryFailed: true,
		UndeliverableHere: true, Annotations: map[string]any{"k": "v"}}},
	"released": &Disposition{First: 2, Last: 2, State: &State{Outcome: Released}},
	"detach":   &Detach{Handle: 2, Closed: true, Error: &Error{Condition: "a:b"}},
	"end":      &End{},
	"close":    &Close{Error: &Error{Condition: "a:b", Description: "c"}},
	"sasl":     &SASLInit{Mechanism: "ANONYMOUS"},
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	for name, want := range samples {
		t.Run(name, func(t *testing.T) {
			var payload []byte
			if transfer, ok := want.(*Transfer); ok {
				payload = transfer.Payload
			}
			b := AppendKeepAlive(AppendFrame(nil, 5, want, payload))
			r := NewReader(bytes.NewReader(b))
			got, err := ReadFrame(r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Frame{Channel: 5, Body: want}, got); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
			if alive, err := ReadFrame(r); err != nil || alive.Body != nil {
				t.Errorf("keep-alive = %v, %v, want an empty frame", alive, err)
			}
		})
	}
}

func TestHostileFramesAreRefused(t *testing.T) {
	deep := append([]byte{0, 0x53, codeOpen, 0xd0, 0, 0, 0x40, 0, 0, 0, 0, 1}, bytes.Repeat([]byte{0xc0, 250, 1}, 99)...)
	cases := map[string][]byte{
		"a frame larger than announced":         {0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0},
		"a frame smaller than its header":       {0, 0, 0, 7, 2, 0, 0, 0},
		"a data offset behind the end":          {0, 0, 0, 8, 9, 0, 0, 0},
		"an unknown frame type":                 {0, 0, 0, 8, 2, 7, 0, 0},
		"an unknown performative":               frameOf(0, 0x53, 0x77, 0x45),
		"a list longer than the frame":          frameOf(0, 0x53, codeOpen, 0xd0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1),
		"a count that the bytes do not back":    frameOf(0, 0x53, codeOpen, 0xc0, 2, 200, 0xa1),
		"an array of a billion empty values":    frameOf(0, 0x53, codeAttach, 0xc0, 12, 15, 0xf0, 0, 0, 0, 9, 0x3f, 0xff, 0xff, 0xff, 0x41),
		"a number where text belongs":           frameOf(0, 0x53, codeOpen, 0xc0, 2, 1, 0x43),
		"a map with a key and no value":         frameOf(0, 0x53, codeOpen, 0xc0, 5, 1, 0xc1, 2, 1, 0x40),
		"lists nested deeper than anybody does": frameOf(deep...),
	}
	for name, b := range cases {
		t.Run(name, func(t *testing.T) {
			if f, err := ReadFrame(NewReader(bytes.NewReader(b))); !errors.Is(err, ErrMalformed) {
				t.Errorf("ReadFrame = %v, %v, want an error", f, err)
			}
		})
	}
}

func frameOf(body ...byte) []byte {
	n := len(body) + frameHeader
	return append([]byte{0, 0, byte(n >> 8), byte(n), 2, 0, 0, 0}, body...)
}

func FuzzReadFrame(f *testing.F) {
	for _, p := range samples {
		f.Add(AppendFrame(nil, 1, p, []byte{1, 2, 3}))
	}
	f.Add(frameOf(0, 0x53, codeAttach, 0xc0, 12, 15, 0xf0, 0, 0, 0, 9, 0, 0, 0xff, 0xff, 0x41))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b))
		for {
			frame, err := ReadFrame(r)
			if err != nil {
				return
			}
			if frame.Body == nil {
				continue
			}
			// What was understood can be written.
			AppendFrame(nil, frame.Channel, frame.Body, nil)
		}
	})
}
