package wire

import (
	"encoding/binary"
	"sort"
	"time"

	"github.com/Azure/go-amqp"
)

// list writes the fields of a composite. Nulls are held back, so that trailing
// ones are left out.
type list struct {
	b     []byte
	count uint32
	nulls uint32
}

// appendComposite writes a described list whose code the fields' writer returns.
func appendComposite(b []byte, write func(*list) byte) []byte {
	start := len(b)
	b = append(b, 0, 0x53, 0, 0xd0, 0, 0, 0, 0, 0, 0, 0, 0)
	l := &list{b: b}
	code := write(l)
	b = l.b
	b[start+2] = code
	binary.BigEndian.PutUint32(b[start+4:], uint32(len(b)-start-8))
	binary.BigEndian.PutUint32(b[start+8:], l.count)
	return b
}

func (l *list) null() { l.nulls++ }

// field makes room for a field that is not null.
func (l *list) field() {
	for range l.nulls {
		l.b = append(l.b, 0x40)
	}
	l.count += l.nulls + 1
	l.nulls = 0
}

func (l *list) uint32(v uint32) {
	l.field()
	l.b = appendUint32(l.b, v)
}

func (l *list) optionalUint32(v *uint32) {
	if v == nil {
		l.null()
		return
	}
	l.uint32(*v)
}

func (l *list) uint64(v uint64) {
	l.field()
	l.b = binary.BigEndian.AppendUint64(append(l.b, 0x80), v)
}

func (l *list) uint16(v uint16) {
	l.field()
	l.b = binary.BigEndian.AppendUint16(append(l.b, 0x60), v)
}

func (l *list) uint8(v uint8) {
	l.field()
	l.b = append(l.b, 0x50, v)
}

func (l *list) optionalUint8(v *uint8) {
	if v == nil {
		l.null()
		return
	}
	l.uint8(*v)
}

// flag writes a boolean whose default is false.
func (l *list) flag(v bool) {
	if !v {
		l.null()
		return
	}
	l.bool(true)
}

func (l *list) bool(v bool) {
	l.field()
	l.b = appendBool(l.b, v)
}

// text writes a string, or null if it is empty.
func (l *list) text(s string) {
	if s == "" {
		l.null()
		return
	}
	l.field()
	l.b = appendVariable(l.b, 0xa1, s)
}

func (l *list) symbol(s string) {
	l.field()
	l.b = appendVariable(l.b, 0xa3, s)
}

func (l *list) binary(b []byte) {
	if b == nil {
		l.null()
		return
	}
	l.field()
	l.b = appendVariable(l.b, 0xa0, string(b))
}

func (l *list) symbols(names []string) {
	l.field()
	size := 1 + 1
	for _, s := range names {
		size += 1 + len(s)
	}
	l.b = append(l.b, 0xe0, byte(size), byte(len(names)), 0xa3)
	for _, s := range names {
		l.b = append(append(l.b, byte(len(s))), s...)
	}
}

// symbolMap writes a map with symbols for keys, or null if it is empty.
func (l *list) symbolMap(m map[string]any) {
	if len(m) == 0 {
		l.null()
		return
	}
	l.field()
	l.b = appendMap(l.b, m)
}

func (l *list) composite(write func(*list) byte) {
	l.field()
	l.b = appendComposite(l.b, write)
}

func appendUint32(b []byte, v uint32) []byte {
	switch {
	case v == 0:
		return append(b, 0x43)
	case v < 256:
		return append(b, 0x52, byte(v))
	}
	return binary.BigEndian.AppendUint32(append(b, 0x70), v)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 0x41)
	}
	return append(b, 0x42)
}

// appendVariable writes a string, symbol or binary; code is that of the short form.
func appendVariable(b []byte, code byte, s string) []byte {
	if len(s) < 256 {
		b = append(b, code, byte(len(s)))
	} else {
		b = binary.BigEndian.AppendUint32(append(b, code+0x10), uint32(len(s)))
	}
	return append(b, s...)
}

func appendMap(b []byte, m map[string]any) []byte {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	start := len(b)
	b = append(b, 0xd1, 0, 0, 0, 0, 0, 0, 0, 0)
	for _, k := range keys {
		b = appendVariable(b, 0xa3, k)
		b = appendValue(b, m[k])
	}
	binary.BigEndian.PutUint32(b[start+1:], uint32(len(b)-start-5))
	binary.BigEndian.PutUint32(b[start+5:], uint32(2*len(keys)))
	return b
}

// appendValue writes the simple types that properties and error infos are made
// of; anything else becomes null.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return appendBool(b, v)
	case uint32:
		return appendUint32(b, v)
	case uint64:
		return binary.BigEndian.AppendUint64(append(b, 0x80), v)
	case int32:
		return binary.BigEndian.AppendUint32(append(b, 0x71), uint32(v))
	case int64:
		return binary.BigEndian.AppendUint64(append(b, 0x81), uint64(v))
	case string:
		return appendVariable(b, 0xa1, v)
	case []byte:
		return appendVariable(b, 0xa0, string(v))
	case amqp.UUID:
		return append(append(b, 0x98), v[:]...)
	case time.Time:
		return binary.BigEndian.AppendUint64(append(b, 0x83), uint64(v.UnixMilli()))
	case map[string]any:
		return appendMap(b, v)
	}
	return append(b, 0x40)
}
