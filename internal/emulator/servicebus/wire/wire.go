// Package wire encodes and decodes what go-amqp keeps to itself: AMQP 1.0
// frames, performatives and the SASL exchange. It knows nothing of queues.
//
// Decoding is bounded in depth and in number of values, never allocates by a
// count that the bytes do not back, and never panics: the bytes are a stranger's.
package wire

import "errors"

// The protocol headers that open the SASL and the AMQP part of a connection.
const (
	HeaderSASL = "AMQP\x03\x01\x00\x00"
	HeaderAMQP = "AMQP\x00\x01\x00\x00"
)

// MaxFrame is the largest frame that this side accepts and announces.
const MaxFrame = 65536

// MinMaxFrame is the smallest max-frame-size that AMQP lets a peer announce.
const MinMaxFrame = 512

// ErrMalformed is wrapped by every decoding error.
var ErrMalformed = errors.New("malformed AMQP")

// Error conditions, as AMQP and Service Bus name them.
const (
	ConditionNotFound           = "amqp:not-found"
	ConditionNotAllowed         = "amqp:not-allowed"
	ConditionNotImplemented     = "amqp:not-implemented"
	ConditionUnauthorizedAccess = "amqp:unauthorized-access"
	ConditionDecodeError        = "amqp:decode-error"
	ConditionFramingError       = "amqp:connection:framing-error"
	ConditionConnectionForced   = "amqp:connection:forced"
	ConditionUnattachedHandle   = "amqp:session:unattached-handle"
	ConditionHandleInUse        = "amqp:session:handle-in-use"
	ConditionMessageSize        = "amqp:link:message-size-exceeded"
	ConditionTransferLimit      = "amqp:link:transfer-limit-exceeded"
	ConditionArgument           = "com.microsoft:argument-error"
	ConditionDeadLetter         = "com.microsoft:dead-letter"
	ConditionLockLost           = "com.microsoft:message-lock-lost"
	ConditionMessageNotFound    = "com.microsoft:message-not-found"
	ConditionServerBusy         = "com.microsoft:server-busy"
	ConditionTimeout            = "com.microsoft:timeout"
)

// Codes of the described types that this package reads and writes.
const (
	codeOpen           = 0x10
	codeBegin          = 0x11
	codeAttach         = 0x12
	codeFlow           = 0x13
	codeTransfer       = 0x14
	codeDisposition    = 0x15
	codeDetach         = 0x16
	codeEnd            = 0x17
	codeClose          = 0x18
	codeError          = 0x1d
	codeReceived       = 0x23
	codeAccepted       = 0x24
	codeRejected       = 0x25
	codeReleased       = 0x26
	codeModified       = 0x27
	codeSource         = 0x28
	codeTarget         = 0x29
	codeCoordinator    = 0x30
	codeSASLMechanisms = 0x40
	codeSASLInit       = 0x41
	codeSASLOutcome    = 0x44
)
