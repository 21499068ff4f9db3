package servicebus

// OpKind names an operation of a client.
type OpKind string

// The operations that a Hook is asked about.
const (
	OpSend            OpKind = "send"     // also of a scheduled message sent on the link
	OpSchedule        OpKind = "schedule" // by schedule-message
	OpCancel          OpKind = "cancel"
	OpReceive         OpKind = "receive" // credit was given; no message is named
	OpReceiveDeferred OpKind = "receive-deferred"
	OpComplete        OpKind = "complete"
	OpAbandon         OpKind = "abandon"
	OpDeadLetter      OpKind = "dead-letter"
	OpDefer           OpKind = "defer"
	OpRelease         OpKind = "release"
	OpRenew           OpKind = "renew"
	OpPeek            OpKind = "peek"
)

// Op is an operation that arrived over AMQP and has not been done yet.
type Op struct {
	Kind    OpKind
	Queue   string
	Message Message // zero where no single message is meant
}

// A Hook decides what becomes of an operation. It is called without the
// broker's lock, one call at a time per connection, and once per message where
// an operation names several; the first verdict that is not about a single
// message then holds for all.
type Hook func(Op) Verdict

// Verdict is a Hook's answer. The zero Verdict is Proceed.
type Verdict struct {
	fate                   fate
	condition, description string
}

type fate int

const (
	proceed fate = iota
	fail
	dropBefore
	dropAfter
	swallow
	twice
)

// The verdicts that take no arguments.
var (
	// Proceed does what was asked.
	Proceed = Verdict{}
	// DropBefore cuts the connection and does nothing.
	DropBefore = Verdict{fate: dropBefore}
	// DropAfter does what was asked and cuts the connection before the answer.
	DropAfter = Verdict{fate: dropAfter}
	// Swallow accepts a message that nobody will ever get.
	Swallow = Verdict{fate: swallow}
	// Twice stores a message twice, as two messages.
	Twice = Verdict{fate: twice}
)

// Fail refuses the operation with an AMQP error condition.
func Fail(condition, description string) Verdict {
	return Verdict{fate: fail, condition: condition, description: description}
}

// SetHook sets the hook that judges operations from now on; nil judges none.
func (b *Broker) SetHook(h Hook) {
	if h == nil {
		b.hook.Store(nil)
		return
	}
	b.hook.Store(&h)
}

// judge asks the hook about an operation on messages. It returns the verdict
// on the whole and how many times each message is to be stored.
func (b *Broker) judge(kind OpKind, queue string, messages ...func() Message) (Verdict, []int) {
	copies := make([]int, len(messages))
	for i := range copies {
		copies[i] = 1
	}
	hook := b.hook.Load()
	if hook == nil {
		return Proceed, copies
	}
	for i, m := range messages {
		switch v := (*hook)(Op{Kind: kind, Queue: queue, Message: m()}); v.fate {
		case proceed:
		case swallow:
			copies[i] = 0
		case twice:
			copies[i] = 2
		default:
			return v, copies
		}
	}
	return Proceed, copies
}

// noMessage stands for the message of an operation that has none.
func noMessage() Message { return Message{} }
