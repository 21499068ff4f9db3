package servicebus

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

const snapshotVersion = 1

// snapshot is the JSON form of everything that outlives a process.
type snapshot struct {
	Version int             `json:"version"`
	Queues  []queueSnapshot `json:"queues"`
}

type queueSnapshot struct {
	Name        string          `json:"name"`
	Options     QueueOptions    `json:"options"`
	Sequence    int64           `json:"sequence"`
	Messages    []entrySnapshot `json:"messages,omitempty"`
	DeadLetters []entrySnapshot `json:"deadLetters,omitempty"`
	Seen        []sighting      `json:"seen,omitempty"`
}

type entrySnapshot struct {
	Content          []byte    `json:"content"` // AMQP, as it was sent
	State            State     `json:"state,omitempty"`
	Sequence         int64     `json:"sequence"`
	EnqueuedSequence int64     `json:"enqueuedSequence"`
	EnqueuedAt       time.Time `json:"enqueuedAt,omitzero"`
	ScheduledFor     time.Time `json:"scheduledFor,omitzero"`
	ExpiresAt        time.Time `json:"expiresAt,omitzero"`
	Failures         int       `json:"failures,omitempty"`
	Locked           bool      `json:"locked,omitempty"`
	DeadLetterSource string    `json:"deadLetterSource,omitempty"`
}

// Snapshot writes queues, messages, sequence numbers and the memory of
// duplicate detection. Statistics and connections are not part of it.
func (b *Broker) Snapshot(w io.Writer) error {
	s, err := b.snapshot()
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if err := json.NewEncoder(w).Encode(s); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

func (b *Broker) snapshot() (snapshot, error) {
	b.lock()
	defer b.unlock()
	s := snapshot{Version: snapshotVersion}
	for _, e := range b.entities {
		if e.deadLetters == nil {
			continue
		}
		q := queueSnapshot{Name: e.name, Options: e.options, Sequence: *e.sequence, Seen: slices.Clone(e.history.byAge)}
		var err error
		if q.Messages, err = e.queue.saved(); err != nil {
			return snapshot{}, err
		}
		if q.DeadLetters, err = e.deadLetters.saved(); err != nil {
			return snapshot{}, err
		}
		s.Queues = append(s.Queues, q)
	}
	return s, nil
}

func (q *queue) saved() ([]entrySnapshot, error) {
	var saved []entrySnapshot
	for _, n := range slices.Sorted(maps.Keys(q.entries)) {
		e := q.entries[n]
		content, err := e.content.MarshalBinary()
		if err != nil {
			return nil, fmt.Errorf("message %d of %s: %w", n, q.name, err)
		}
		saved = append(saved, entrySnapshot{
			Content: content, State: e.state, Sequence: e.sequence, EnqueuedSequence: e.enqueuedSequence,
			EnqueuedAt: e.enqueuedAt, ScheduledFor: e.scheduledFor, ExpiresAt: e.expiresAt,
			Failures: e.failures, Locked: e.locked(), DeadLetterSource: e.deadLetterSource,
		})
	}
	return saved, nil
}

// Restore reads what Snapshot wrote. It creates the queues that are missing; a
// queue that exists keeps its settings and has its messages replaced. Locks
// lapse: what was locked counts as one more failed delivery. On an error
// nothing has changed.
func (b *Broker) Restore(r io.Reader) error {
	var s snapshot
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	if s.Version != snapshotVersion {
		return fmt.Errorf("read snapshot: version %d, want %d", s.Version, snapshotVersion)
	}
	b.lock()
	defer b.unlock()
	var restored []*queue
	for _, saved := range s.Queues {
		q, err := b.restore(saved)
		if err != nil {
			return fmt.Errorf("restore %s: %w", saved.Name, err)
		}
		restored = append(restored, q)
	}
	for _, q := range restored {
		b.replace(q)
	}
	b.advance()
	return nil
}

func (b *Broker) restore(saved queueSnapshot) (*queue, error) {
	options := saved.Options
	if e, err := b.entity(saved.Name); err == nil {
		options = e.options
	}
	q := newQueue(saved.Name, options)
	*q.sequence = saved.Sequence
	for _, s := range saved.Seen {
		q.history.remember(s)
	}
	if err := q.deadLetters.load(b.now, saved.DeadLetters); err != nil {
		return nil, err
	}
	return q, q.load(b.now, saved.Messages)
}

func (q *queue) load(now time.Time, saved []entrySnapshot) error {
	for _, s := range saved {
		content, err := decodeMessage(s.Content)
		if err != nil {
			return fmt.Errorf("message %d: %w", s.Sequence, err)
		}
		if content.Properties == nil {
			return fmt.Errorf("message %d has no id", s.Sequence)
		}
		e := &entry{
			content: content, state: s.State, sequence: s.Sequence, enqueuedSequence: s.EnqueuedSequence,
			enqueuedAt: s.EnqueuedAt, scheduledFor: s.ScheduledFor, expiresAt: s.ExpiresAt,
			failures: s.Failures, deadLetterSource: s.DeadLetterSource,
		}
		q.put(e)
		if s.Locked {
			q.fail(now, e)
		}
	}
	return nil
}

// replace puts q in the place of the queue of that name.
func (b *Broker) replace(q *queue) {
	e, ok := b.byName[strings.ToLower(q.name)]
	if !ok {
		b.adopt(q)
		return
	}
	e.queue = q
	b.byName[strings.ToLower(q.deadLetters.name)].queue = q.deadLetters
}
