package tablestore

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lifeboat/internal/job"
)

// schema is the version of the rows that this program writes and the newest
// that it reads. Properties may be added without a new schema: updates merge,
// so a property that a program doesn't know survives its save. For the same
// reason every known property is always written, zero or not.
const schema = 1

// The properties that every row has, or may have.
const (
	partitionKey = "PartitionKey"
	rowKey       = "RowKey"
	schemaKey    = "Schema"
	etagKey      = "odata.etag"
)

// row is a row to write: strings, bools, ints, int64s and times by name.
type row map[string]any

func newRow(service, key string) row { return row{partitionKey: service, rowKey: key} }

// encode is r as Azure reads it, with the types that JSON does not show.
func (r row) encode() ([]byte, error) {
	out := make(map[string]any, 2*len(r))
	for name, value := range r {
		switch v := value.(type) {
		case time.Time:
			out[name], out[name+"@odata.type"] = edmTime(v), "Edm.DateTime"
		case int64:
			out[name], out[name+"@odata.type"] = strconv.FormatInt(v, 10), "Edm.Int64"
		default:
			out[name] = v
		}
	}
	return json.Marshal(out)
}

// earliest is the first time that a table can hold. It stands for the zero
// time, which comes before it.
var earliest = time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)

// edmTime is t to 100 ns, which is as fine as a table's clock goes.
func edmTime(t time.Time) string {
	if t.Before(earliest) {
		t = earliest
	}
	return t.UTC().Format("2006-01-02T15:04:05.0000000Z")
}

// fields is a row that was read. The first property that is not what it should
// be is kept in err; what it and those after it give is of no use.
type fields struct {
	values map[string]json.RawMessage
	err    error
}

// parse reads a row. It returns job.ErrNewerSchema without a look at the rest.
func parse(data []byte) (*fields, error) {
	f := &fields{}
	if err := json.Unmarshal(data, &f.values); err != nil {
		return nil, fmt.Errorf("row is no JSON object: %w", err)
	}
	if got := f.int(schemaKey); got > schema {
		return nil, fmt.Errorf("%s has schema %d, this version knows %d: %w", f.name(), got, schema, job.ErrNewerSchema)
	}
	return f, f.done()
}

// done is what was wrong with the row, if anything.
func (f *fields) done() error {
	if f.err != nil {
		return fmt.Errorf("%s: %w", f.name(), f.err)
	}
	return nil
}

func (f *fields) name() string {
	var service, key string
	_ = json.Unmarshal(f.values[partitionKey], &service) // for people only
	_ = json.Unmarshal(f.values[rowKey], &key)
	return fmt.Sprintf("row %s of service %s", shownKey(key), shownKey(service))
}

// shownKey is key as an error may show it: a row's are not ours to trust.
func shownKey(key string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, shortened(key, maxName/2))
}

// get reads a property; one that is missing is zero, because the row may be
// older than the property.
func get[T any](f *fields, name string) (value T) {
	raw, ok := f.values[name]
	if !ok || f.err != nil {
		return value
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		f.err = fmt.Errorf("property %s is no %T", name, value)
	}
	return value
}

// id is what follows prefix in the row's key.
func (f *fields) id(prefix string) string { return strings.TrimPrefix(f.text(rowKey), prefix) }

func (f *fields) text(name string) string { return get[string](f, name) }
func (f *fields) bool(name string) bool   { return get[bool](f, name) }
func (f *fields) int(name string) int     { return get[int](f, name) }

// int64 reads a number that Azure writes as a string, because JSON's numbers
// don't reach that far.
func (f *fields) int64(name string) int64 {
	digits := f.text(name)
	if digits == "" {
		return 0
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("property %s is no integer", name)
	}
	return n
}

func (f *fields) time(name string) time.Time {
	t := get[time.Time](f, name).UTC()
	if t.Year() > 9999 && f.err == nil { // by its zone; no table holds it
		f.err = fmt.Errorf("property %s is no %T", name, t)
	}
	if !t.After(earliest) {
		return time.Time{}
	}
	return t
}

// maxText bounds, in bytes, the words of others that are kept for people. A
// table takes 64 KiB of UTF-16 in a property and would refuse the whole row.
const maxText = 8 << 10

// shortened is s in at most n bytes, with an ellipsis where it was cut.
func shortened(s string, n int) string {
	const ellipsis = "…"
	if len(s) <= n {
		return s
	}
	cut := n - len(ellipsis)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + ellipsis
}
