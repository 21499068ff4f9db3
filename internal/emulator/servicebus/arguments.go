package servicebus

import (
	"github.com/Azure/go-amqp"
)

// encodeAll makes the list of messages that peek and receive-by-sequence-number
// answer with, cut off where the answer would get too large.
func encodeAll(entries []*entry, locked bool) ([]any, error) {
	var messages []any
	size := 0
	for _, e := range entries {
		encoded, err := e.encode(locked)
		if err != nil {
			return nil, err
		}
		size += len(encoded)
		if size > maxPeekSize && len(messages) > 0 && !locked {
			break
		}
		m := map[string]any{"message": encoded}
		if locked {
			m["lock-token"] = amqp.UUID(e.token)
		}
		messages = append(messages, m)
	}
	return messages, nil
}

// longs reads an array, or a list, of long.
func longs(v any) []int64 {
	switch v := v.(type) {
	case []int64:
		return v
	case []any:
		var out []int64
		for _, item := range v {
			if n, ok := item.(int64); ok {
				out = append(out, n)
			}
		}
		return out
	}
	return nil
}

// uuids reads an array, or a list, of uuid.
func uuids(v any) []LockToken {
	var out []LockToken
	switch v := v.(type) {
	case []amqp.UUID:
		for _, id := range v {
			out = append(out, LockToken(id))
		}
	case []any:
		for _, item := range v {
			if id, ok := item.(amqp.UUID); ok {
				out = append(out, LockToken(id))
			}
		}
	}
	return out
}

// locked shows a hook the messages that the tokens lock.
func (b *Broker) locked(e *entity, tokens []LockToken) []func() Message {
	var out []func() Message
	for _, t := range tokens {
		out = append(out, b.lockedMessage(e, t))
	}
	return out
}

// stored shows a hook the messages with the given sequence numbers.
func (b *Broker) stored(e *entity, sequences []int64) []func() Message {
	var out []func() Message
	for _, n := range sequences {
		out = append(out, func() Message {
			b.lock()
			defer b.unlock()
			if m, ok := e.entries[n]; ok {
				return m.message()
			}
			return Message{SequenceNumber: n}
		})
	}
	return out
}
