package servicebus

import (
	"fmt"

	"github.com/Azure/go-amqp"
)

// batchFormat marks a transfer whose data sections are messages.
const batchFormat = 0x80013700

// decodeMessage decodes bytes from a stranger. The message keeps none of them.
func decodeMessage(b []byte) (m *amqp.Message, err error) {
	defer func() {
		// The decoder is the client's; it was not written to face a server's peers.
		if r := recover(); r != nil {
			m, err = nil, fmt.Errorf("decode message: %v", r)
		}
	}()
	m = new(amqp.Message)
	if err := m.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("decode message: %w", err)
	}
	return m, nil
}

// decodeTransfer decodes the message or the messages that a transfer carried.
func decodeTransfer(format uint32, payload []byte) ([]*amqp.Message, error) {
	m, err := decodeMessage(payload)
	if err != nil {
		return nil, err
	}
	if format != batchFormat {
		return []*amqp.Message{m}, nil
	}
	batch := make([]*amqp.Message, 0, len(m.Data))
	for _, data := range m.Data {
		inner, err := decodeMessage(data)
		if err != nil {
			return nil, err
		}
		batch = append(batch, inner)
	}
	return batch, nil
}

// guid turns a lock token into .NET's byte order, which delivery tags have.
func (t LockToken) guid() []byte {
	return []byte{
		t[3], t[2], t[1], t[0], t[5], t[4], t[7], t[6],
		t[8], t[9], t[10], t[11], t[12], t[13], t[14], t[15],
	}
}
