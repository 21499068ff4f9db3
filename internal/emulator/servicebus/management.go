package servicebus

import (
	"net/http"
	"strings"
	"time"

	"github.com/Azure/go-amqp"

	"lifeboat/internal/emulator/servicebus/wire"
)

// maxPeekSize bounds the messages in one answer, as Azure does.
const maxPeekSize = maxMessageSize

// manage handles a request to a queue's $management node.
func (b *Broker) manage(e *entity, request *amqp.Message) response {
	name, _ := request.ApplicationProperties["operation"].(string)
	body, _ := request.Value.(map[string]any)
	switch strings.TrimPrefix(name, "com.microsoft:") {
	case "schedule-message":
		return b.schedule(e, body)
	case "cancel-scheduled-message":
		return b.cancelScheduled(e, body)
	case "renew-lock":
		return b.renewLocks(e, body)
	case "peek-message":
		return b.peekMessages(e, body)
	case "receive-by-sequence-number":
		return b.receiveDeferred(e, body)
	case "update-disposition":
		return b.updateDisposition(e, body)
	}
	return response{code: http.StatusNotImplemented, description: "not implemented: " + name}
}

// do runs an operation that a hook has judged.
func (b *Broker) do(v Verdict, operation func() response) response {
	switch v.fate {
	case fail:
		return refusal(v.condition, v.description)
	case dropBefore:
		return response{cut: true}
	}
	b.lock()
	defer b.unlock()
	r := operation()
	r.cut = v.fate == dropAfter
	return r
}

func (b *Broker) schedule(e *entity, body map[string]any) response {
	list, _ := body["messages"].([]any)
	var messages []*amqp.Message
	for _, item := range list {
		fields, _ := item.(map[string]any)
		encoded, _ := fields["message"].([]byte)
		m, err := decodeMessage(encoded)
		if err != nil {
			return response{code: http.StatusBadRequest, description: err.Error()}
		}
		messages = append(messages, m)
	}
	if len(messages) == 0 || e.deadLetters == nil {
		return response{code: http.StatusBadRequest, description: "no messages, or no queue to schedule them in"}
	}
	if problem := tooLongID(messages...); problem != "" {
		return refusal(wire.ConditionArgument, problem)
	}
	verdict, copies := b.judge(OpSchedule, e.name, views(messages)...)
	return b.do(verdict, func() response {
		b.stats.Scheduled += uint64(len(messages))
		return response{code: http.StatusOK, body: map[string]any{
			"sequence-numbers": e.enqueueAll(b, messages, copies),
		}}
	})
}

func (b *Broker) cancelScheduled(e *entity, body map[string]any) response {
	sequences := longs(body["sequence-numbers"])
	verdict, _ := b.judge(OpCancel, e.name, b.stored(e, sequences)...)
	return b.do(verdict, func() response {
		if err := e.cancel(sequences); err != nil {
			return failure(err)
		}
		b.stats.Canceled += uint64(len(sequences))
		return response{code: http.StatusOK}
	})
}

func (b *Broker) renewLocks(e *entity, body map[string]any) response {
	tokens := uuids(body["lock-tokens"])
	verdict, _ := b.judge(OpRenew, e.name, b.locked(e, tokens)...)
	return b.do(verdict, func() response {
		expirations := []time.Time{}
		for _, t := range tokens {
			until, err := e.renew(b.now, t)
			if err != nil {
				return failure(err)
			}
			expirations = append(expirations, until)
			b.stats.settled(OpRenew)
		}
		return response{code: http.StatusOK, body: map[string]any{"expirations": expirations}}
	})
}

func (b *Broker) peekMessages(e *entity, body map[string]any) response {
	from, _ := body["from-sequence-number"].(int64)
	limit, _ := body["message-count"].(int32)
	verdict, _ := b.judge(OpPeek, e.name, noMessage)
	return b.do(verdict, func() response {
		found := e.peek(from, int(limit))
		messages, err := encodeAll(found, false)
		switch {
		case err != nil:
			return failure(err)
		case len(messages) == 0:
			return response{code: http.StatusNoContent, description: "no messages"}
		}
		b.stats.Peeked += uint64(len(messages))
		return response{code: http.StatusOK, body: map[string]any{"messages": messages}}
	})
}

func (b *Broker) receiveDeferred(e *entity, body map[string]any) response {
	sequences := longs(body["sequence-numbers"])
	settled := body["receiver-settle-mode"] == uint32(0)
	verdict, _ := b.judge(OpReceiveDeferred, e.name, b.stored(e, sequences)...)
	return b.do(verdict, func() response {
		taken, err := e.takeDeferred(b.now, sequences, settled)
		if err != nil {
			return failure(err)
		}
		b.stats.Received += uint64(len(taken))
		messages, err := encodeAll(taken, !settled)
		if err != nil {
			return failure(err)
		}
		return response{code: http.StatusOK, body: map[string]any{"messages": messages}}
	})
}

func (b *Broker) updateDisposition(e *entity, body map[string]any) response {
	status, _ := body["disposition-status"].(string)
	kinds := map[string]OpKind{
		"completed": OpComplete, "abandoned": OpAbandon, "suspended": OpDeadLetter,
		"defered": OpDefer, "unlocked": OpRelease,
	}
	d := settlement{kind: kinds[status]}
	if d.kind == "" {
		return response{code: http.StatusBadRequest, description: "no such disposition: " + status}
	}
	d.reason, _ = body["deadletter-reason"].(string)
	d.description, _ = body["deadletter-description"].(string)
	d.properties, _ = body["properties-to-modify"].(map[string]any)
	tokens := uuids(body["lock-tokens"])
	verdict, _ := b.judge(d.kind, e.name, b.locked(e, tokens)...)
	return b.do(verdict, func() response {
		for _, t := range tokens {
			if err := d.apply(b, e, t); err != nil {
				return failure(err)
			}
		}
		return response{code: http.StatusOK}
	})
}
