package servicebus

import (
	"errors"
	"net/http"

	"github.com/Azure/go-amqp"

	"lifeboat/internal/emulator/servicebus/wire"
)

// response answers a request to an RPC node. A code other than 2xx is an error.
type response struct {
	code        int
	description string
	condition   string
	body        map[string]any
	cut         bool // cut the connection instead of answering
}

// answer handles a request to an RPC node: $cbs or a queue's $management.
func (l *link) answer(in *incoming) error {
	b := l.session.conn.broker
	request, err := decodeMessage(in.payload) // of nothing if it was too large
	var r response
	switch {
	case err != nil:
		r = response{code: http.StatusBadRequest, description: err.Error()}
	case l.managed == nil:
		r = l.session.conn.putToken(request)
	default:
		r = b.manage(l.managed, request)
	}
	if r.cut {
		return errCut
	}
	b.lock()
	defer b.unlock()
	l.acknowledge(in, nil)
	if request != nil {
		l.session.conn.respond(l.node, request, r)
	}
	return nil
}

// respond sends r to where the request wants it. The lock must be held.
func (c *conn) respond(node string, request *amqp.Message, r response) {
	if request.Properties == nil || request.Properties.ReplyTo == nil {
		return
	}
	to, ok := c.replies[node+"\n"+*request.Properties.ReplyTo]
	if !ok {
		return
	}
	answer := &amqp.Message{
		Properties: &amqp.MessageProperties{CorrelationID: request.Properties.MessageID},
		// Clients differ in which spelling they look for.
		ApplicationProperties: map[string]any{
			"statusCode":         int32(r.code),
			"status-code":        int32(r.code),
			"statusDescription":  r.description,
			"status-description": r.description,
		},
	}
	if r.condition != "" {
		answer.ApplicationProperties["errorCondition"] = r.condition
		answer.ApplicationProperties["error-condition"] = r.condition
	}
	if r.body != nil {
		answer.Value = r.body
	}
	payload, err := answer.MarshalBinary()
	if err != nil {
		c.broker.options.Log.Error("answer can't be encoded", "node", node, "error", err)
		return
	}
	to.reply(payload)
}

// failure turns an error of a queue into an answer.
func failure(err error) response {
	switch {
	case errors.Is(err, ErrLockLost):
		return refusal(wire.ConditionLockLost, err.Error())
	case errors.Is(err, errMessageNotFound):
		return refusal(wire.ConditionMessageNotFound, err.Error())
	}
	return response{code: http.StatusInternalServerError, description: err.Error()}
}

// notFound is said of a path that leads to no queue.
func notFound(path string) response {
	return refusal(wire.ConditionNotFound, "The messaging entity '"+path+"' could not be found.")
}

// refusal gives a condition the code that clients expect with it.
func refusal(condition, description string) response {
	code := http.StatusBadRequest
	switch condition {
	case wire.ConditionLockLost:
		code = http.StatusGone
	case wire.ConditionNotFound, wire.ConditionMessageNotFound:
		code = http.StatusNotFound
	case wire.ConditionUnauthorizedAccess:
		code = http.StatusUnauthorized
	case wire.ConditionServerBusy:
		code = http.StatusServiceUnavailable
	case wire.ConditionTimeout:
		code = http.StatusRequestTimeout
	case "amqp:internal-error":
		code = http.StatusInternalServerError
	}
	return response{code: code, condition: condition, description: description}
}
