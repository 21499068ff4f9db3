package wire

import (
	"encoding/binary"
	"math"
	"time"
)

// fields walks the list of a performative or another composite, field by
// field, without boxing. After the first error every field reads as absent.
type fields struct {
	*decoder
	left  int
	depth int
	err   error
}

// composite reads a described list and returns its code and its fields.
func (d *decoder) composite(depth int) (code uint64, f *fields, err error) {
	if b, err := d.byte(); err != nil || b != 0 {
		return 0, nil, malformed("want a described list")
	}
	code, err = d.descriptor()
	if err != nil {
		return 0, nil, err
	}
	list, err := d.byte()
	if err != nil {
		return 0, nil, err
	}
	if list == 0x45 {
		return code, &fields{decoder: &decoder{values: d.values}, depth: depth}, nil
	}
	if list != 0xc0 && list != 0xd0 || depth > maxDepth {
		return 0, nil, malformed("want a list, got type code %#02x", list)
	}
	body, count, err := d.header(list)
	if err != nil {
		return 0, nil, err
	}
	return code, &fields{decoder: &body, left: count, depth: depth}, nil
}

// descriptor reads a numeric descriptor. Nobody sends the symbolic ones.
func (d *decoder) descriptor() (uint64, error) {
	v, err := d.value(maxDepth)
	if err != nil {
		return 0, err
	}
	code, ok := v.(uint64)
	if !ok {
		return 0, malformed("descriptor %v", v)
	}
	return code, nil
}

// next returns the type code of the next field, or ok false if it is null,
// absent or unreadable.
func (f *fields) code() (code byte, ok bool) {
	if f.err != nil || f.left == 0 {
		return 0, false
	}
	f.left--
	code, f.err = f.byte()
	return code, f.err == nil && code != 0x40
}

func (f *fields) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// unsigned reads any unsigned integer, or nothing.
func (f *fields) unsigned(limit uint64) (v uint64, ok bool) {
	code, ok := f.code()
	if !ok {
		return 0, false
	}
	switch code {
	case 0x43, 0x44:
		return 0, true
	case 0x50, 0x52, 0x53, 0x60, 0x70, 0x80:
	default:
		f.fail(malformed("want an unsigned number, got type code %#02x", code))
		return 0, false
	}
	b, err := f.next(fixedWidth(code))
	if err != nil {
		f.fail(err)
		return 0, false
	}
	var wide [8]byte
	copy(wide[8-len(b):], b)
	v = binary.BigEndian.Uint64(wide[:])
	if v > limit {
		f.fail(malformed("%d is larger than %d", v, limit))
		return 0, false
	}
	return v, true
}

func (f *fields) uint32() uint32 {
	v, _ := f.unsigned(math.MaxUint32)
	return uint32(v)
}

func (f *fields) optionalUint32() *uint32 {
	v, ok := f.unsigned(math.MaxUint32)
	if !ok {
		return nil
	}
	n := uint32(v)
	return &n
}

func (f *fields) optionalUint8() *uint8 {
	v, ok := f.unsigned(math.MaxUint8)
	if !ok {
		return nil
	}
	n := uint8(v)
	return &n
}

func (f *fields) milliseconds() time.Duration {
	return time.Duration(f.uint32()) * time.Millisecond
}

func (f *fields) bool() bool {
	code, ok := f.code()
	if !ok {
		return false
	}
	switch code {
	case 0x41:
		return true
	case 0x42:
		return false
	case 0x56:
		b, err := f.byte()
		f.fail(err)
		return b != 0
	}
	f.fail(malformed("want a boolean, got type code %#02x", code))
	return false
}

// bytes reads a binary, string or symbol without copying it.
func (f *fields) bytes() []byte {
	code, ok := f.code()
	if !ok {
		return nil
	}
	if code>>4 != 0xa && code>>4 != 0xb {
		f.fail(malformed("want text or binary, got type code %#02x", code))
		return nil
	}
	b, err := f.variableBytes(code)
	f.fail(err)
	return b
}

func (f *fields) text() string { return string(f.bytes()) }

func (f *fields) binary() []byte {
	b := f.bytes()
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}

// any reads a field of whatever type.
func (f *fields) any() any {
	if f.err != nil || f.left == 0 {
		return nil
	}
	f.left--
	v, err := f.value(f.depth + 1)
	f.fail(err)
	return v
}

func (f *fields) stringMap() map[string]any {
	m, _ := f.any().(map[string]any)
	return m
}

// nested reads a composite field, or returns nil if it is null or absent.
func (f *fields) nested() (code uint64, inner *fields) {
	if f.err != nil || f.left == 0 {
		return 0, nil
	}
	f.left--
	if len(f.rest) > 0 && f.rest[0] == 0x40 {
		f.rest = f.rest[1:]
		return 0, nil
	}
	code, inner, err := f.composite(f.depth + 1)
	if err != nil {
		f.fail(err)
		return 0, nil
	}
	return code, inner
}
