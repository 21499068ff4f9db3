// Package servicebus is a Service Bus for development and tests: an AMQP 1.0
// server that the unmodified azservicebus client talks to over any net.Conn,
// and a Go API for what plays the Functions host. Time comes from outside, so
// that it lives inside a synctest bubble.
//
// It has queues and their dead-letter queues. It has no topics, sessions,
// transactions, forwarding or partitions, and says so when asked for them.
package servicebus

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a Broker.
type Options struct {
	// Now is the clock; time.Now if nil. The broker sleeps by the runtime's
	// timers, so a clock that jumps needs a call of Wake.
	Now func() time.Time
	// KeyName and Key are what clients must sign their tokens with. With an
	// empty Key any token will do, an Entra one included.
	KeyName, Key string
	// Log hears of connections that broke the protocol. It may be nil.
	Log *slog.Logger
}

// Broker holds queues and serves them. Its methods may be called from any
// goroutine.
type Broker struct {
	options Options

	mu       sync.Mutex // guards what follows down to closed, and all queues, sessions and links
	now      time.Time  // since the lock was taken
	entities []*entity
	byName   map[string]*entity // by lower-case path
	turn     uint64             // counts deliveries, so that consumers take turns
	timer    *time.Timer
	alarm    time.Time // what the timer is set for, zero if it isn't
	touched  []*conn   // connections with frames to hand to their writers
	stats    Stats

	conns     map[*conn]struct{}
	listeners map[net.Listener]struct{}
	closed    bool

	hook    atomic.Pointer[Hook]
	closing chan struct{}  // closed by Close
	running sync.WaitGroup // connections, and a timer that has been set
}

// entity is an address: a queue or a dead-letter queue, and who waits there.
type entity struct {
	*queue
	consumers []consumer
}

// A consumer waits for messages. Its methods are called with the lock held.
type consumer interface {
	// wants tells whether it would take a message now.
	wants() bool
	// settled tells whether what it takes is gone at once.
	settled() bool
	// deliver gives it a message that it wanted.
	deliver(*entry)
}

// New makes a broker without queues.
func New(o Options) *Broker {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Broker{
		options:   o,
		byName:    map[string]*entity{},
		conns:     map[*conn]struct{}{},
		listeners: map[net.Listener]struct{}{},
		closing:   make(chan struct{}),
	}
}

// AddQueue creates a queue and its dead-letter queue. If it exists, it keeps
// its messages and changes its settings.
func (b *Broker) AddQueue(name string, o QueueOptions) {
	b.lock()
	defer b.unlock()
	if e, ok := b.byName[strings.ToLower(name)]; ok {
		e.reconfigure(o)
		return
	}
	b.adopt(newQueue(name, o))
}

// adopt makes a queue and its dead-letter queue addressable.
func (b *Broker) adopt(q *queue) {
	for _, q := range []*queue{q, q.deadLetters} {
		e := &entity{queue: q}
		b.entities = append(b.entities, e)
		b.byName[strings.ToLower(q.name)] = e
	}
}

// entity finds a queue by its path, in whatever case.
func (b *Broker) entity(path string) (*entity, error) {
	e, ok := b.byName[strings.ToLower(path)]
	if !ok {
		return nil, fmt.Errorf("%q: %w", path, ErrQueueNotFound)
	}
	return e, nil
}

// ConnectionString is what a client on this machine needs.
func (b *Broker) ConnectionString(hostport string) string {
	name, key := b.options.KeyName, b.options.Key
	if name == "" {
		name = "RootManageSharedAccessKey"
	}
	if key == "" {
		key = "any-key-will-do" // the client insists on one
	}
	return fmt.Sprintf("Endpoint=sb://%s;SharedAccessKeyName=%s;SharedAccessKey=%s;UseDevelopmentEmulator=true",
		hostport, name, key)
}

// Send enqueues m, or schedules it if its ScheduledEnqueueTime is to come. It
// returns ErrQueueNotFound or ErrClosed, and an error for an id that Azure would
// not take.
func (b *Broker) Send(queue string, m Message) error {
	// Through bytes and back, so that the queue shares nothing with the caller.
	encoded, err := m.toAMQP().MarshalBinary()
	if err != nil {
		return fmt.Errorf("send to %s: %w", queue, err)
	}
	content, err := decodeMessage(encoded)
	if err != nil {
		return fmt.Errorf("send to %s: %w", queue, err)
	}
	if problem := tooLongID(content); problem != "" {
		return fmt.Errorf("send to %s: %s", queue, problem)
	}
	b.lock()
	defer b.unlock()
	e, err := b.entity(queue)
	switch {
	case b.closed:
		return fmt.Errorf("send to %s: %w", queue, ErrClosed)
	case err != nil:
		return fmt.Errorf("send: %w", err)
	case e.deadLetters == nil:
		return fmt.Errorf("send to %s: dead-letter queues take no messages", queue)
	}
	e.enqueue(b.now, content)
	b.stats.Sent++
	return nil
}

// Peek returns every message of the queue by sequence number, whatever its
// state, without touching any. An unknown queue has none.
func (b *Broker) Peek(queue string) []Message {
	b.lock()
	defer b.unlock()
	e, err := b.entity(queue)
	if err != nil {
		return nil
	}
	var found []Message
	for _, m := range e.peek(0, len(e.entries)) {
		found = append(found, m.message())
	}
	return found
}

// Counts returns how many messages wait in the queue (locked and deferred ones
// included), are scheduled, and lie in its dead-letter queue.
func (b *Broker) Counts(queue string) (active, scheduled, deadLettered int) {
	b.lock()
	defer b.unlock()
	e, err := b.entity(queue)
	if err != nil {
		return 0, 0, 0
	}
	if e.deadLetters != nil {
		deadLettered = len(e.deadLetters.entries)
	}
	return e.count(Active) + e.count(Deferred), e.count(Scheduled), deadLettered
}
