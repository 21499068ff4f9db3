package tablestore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/job"
)

const counterPrefix = "count|"

// countTries is how often a count is tried while others count the same.
const countTries = 10

func counterRow(c job.Counter) row {
	r := newRow(job.NoService, counterKey(c.Name, c.Label))
	r[schemaKey] = schema
	r["Name"] = c.Name
	r["Label"] = c.Label
	r["Value"] = c.Value
	return r
}

func counterKey(name, label string) string {
	return counterPrefix + escaped(name) + "|" + escaped(label)
}

// escaped is s as a part of a key, which may hold neither all characters nor
// the bar between its parts. Two texts never become one.
func escaped(s string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}

func readCounter(data []byte) (job.Counter, error) {
	f, err := parse(data)
	if err != nil {
		return job.Counter{}, err
	}
	c := job.Counter{Name: f.text("Name"), Label: f.text("Label"), Value: f.int64("Value")}
	return c, f.done()
}

// Count adds n to a counter. It returns job.ErrConflict if others counted at
// every try, or seem to have: a try whose answer was lost may have counted, and
// the next one counts again.
func (s *Store) Count(ctx context.Context, name, label string, n int64) error {
	doing := fmt.Sprintf("count %s of %q", name, label)
	for range countTries {
		err := s.count(ctx, doing, name, label, n)
		if !errors.Is(err, job.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("%s: tried %d times: %w", doing, countTries, job.ErrConflict)
}

// count tries once. It returns job.ErrConflict if somebody else counted.
func (s *Store) count(ctx context.Context, doing, name, label string, n int64) error {
	counter := job.Counter{Name: name, Label: label}
	c := change{kind: counterChange, action: aztables.TransactionTypeAdd}
	read, err := s.get(ctx, doing, job.NoService, counterKey(name, label))
	switch {
	case err == nil:
		if counter, err = readCounter(read.Value); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		c.action, c.ifMatch = aztables.TransactionTypeUpdateMerge, string(read.ETag)
	case !errors.Is(err, job.ErrNotFound):
		return err
	}
	counter.Value += n
	c.row = counterRow(counter)
	err = s.write(ctx, []change{c})
	if err == nil {
		return nil
	}
	if answerOf(err).overtaken() {
		return fmt.Errorf("%s: %w", doing, job.ErrConflict)
	}
	return failed(doing, err)
}

// Counters yields every counter. Counters that can't be read come last, as
// errors.
func (s *Store) Counters(ctx context.Context) iter.Seq2[job.Counter, error] {
	query := &aztables.ListEntitiesOptions{Filter: withPrefix(job.NoService, counterPrefix)}
	return listed(ctx, s, "list the counters", query, readCounter)
}
