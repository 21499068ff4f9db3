package wire

import "time"

// A Performative is the instruction that a frame carries.
type Performative interface {
	// encode writes the fields and returns the descriptor's code.
	encode(*list) byte
}

// Open is the first performative of a connection. IdleTimeout zero is none.
type Open struct {
	ContainerID  string
	Hostname     string
	MaxFrameSize uint32
	ChannelMax   uint16
	IdleTimeout  time.Duration
}

// Begin opens a session. RemoteChannel is set in the answer only.
type Begin struct {
	RemoteChannel  *uint32
	NextOutgoingID uint32
	IncomingWindow uint32
	OutgoingWindow uint32
	HandleMax      uint32
}

// Terminus is a link's source or target.
type Terminus struct {
	Address     string
	Filter      map[string]any
	Coordinator bool // a transaction coordinator, which is a target without address
}

// Attach opens a link. A peer that refuses it leaves out the terminus that it
// would own, and detaches at once.
type Attach struct {
	Name                 string
	Handle               uint32
	Receiver             bool // the role of whoever sends this frame
	SenderSettleMode     *uint8
	ReceiverSettleMode   *uint8
	Source, Target       *Terminus
	InitialDeliveryCount *uint32
	MaxMessageSize       uint64
	Properties           map[string]any
}

// Flow updates the session's windows and, if Handle is set, a link's credit.
type Flow struct {
	NextIncomingID *uint32
	IncomingWindow uint32
	NextOutgoingID uint32
	OutgoingWindow uint32
	Handle         *uint32
	DeliveryCount  *uint32
	LinkCredit     *uint32
	Drain, Echo    bool
}

// Transfer carries a message or a part of one. Payload is what follows it in
// the frame, not copied.
type Transfer struct {
	Handle        uint32
	DeliveryID    *uint32
	DeliveryTag   []byte
	MessageFormat *uint32
	Settled, More bool
	Aborted       bool
	Payload       []byte
}

// Disposition states the outcome of the deliveries First to Last.
type Disposition struct {
	Receiver    bool // the role of whoever sends this frame
	First, Last uint32
	Settled     bool
	State       *State
}

// Detach closes a link.
type Detach struct {
	Handle uint32
	Closed bool
	Error  *Error
}

// End closes a session.
type End struct{ Error *Error }

// Close closes the connection.
type Close struct{ Error *Error }

// SASLMechanisms is the server's offer.
type SASLMechanisms struct{ Mechanisms []string }

// SASLInit is the client's choice.
type SASLInit struct{ Mechanism string }

// SASLOutcome ends the exchange; zero is success.
type SASLOutcome struct{ Code uint8 }

// Error is why a peer refused or closed something.
type Error struct {
	Condition   string
	Description string
	Info        map[string]any
}

func (e *Error) Error() string { return e.Condition + ": " + e.Description }

// Outcome is how a delivery ended.
type Outcome byte

// The outcomes, by the code of their type.
const (
	Accepted Outcome = codeAccepted
	Rejected Outcome = codeRejected
	Released Outcome = codeReleased
	Modified Outcome = codeModified
)

// State is a terminal delivery state.
type State struct {
	Outcome           Outcome
	Error             *Error         // of Rejected
	DeliveryFailed    bool           // of Modified, like the next two
	UndeliverableHere bool           //
	Annotations       map[string]any //
}
