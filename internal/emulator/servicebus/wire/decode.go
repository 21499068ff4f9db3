package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/Azure/go-amqp"
)

const (
	maxDepth  = 16   // nesting of lists, maps, arrays and described values
	maxValues = 8192 // values in one frame, whatever their nesting
)

// decoder reads values off the front of rest.
type decoder struct {
	rest   []byte
	values int
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

func (d *decoder) byte() (byte, error) {
	b, err := d.next(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (d *decoder) next(n int) ([]byte, error) {
	if n < 0 || n > len(d.rest) {
		return nil, malformed("%d bytes wanted, %d left", n, len(d.rest))
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b, nil
}

// size reads a length or count of the given width (1 or 4 bytes).
func (d *decoder) size(width int) (int, error) {
	b, err := d.next(width)
	if err != nil {
		return 0, err
	}
	if width == 1 {
		return int(b[0]), nil
	}
	n := binary.BigEndian.Uint32(b)
	if n > math.MaxInt32 {
		return 0, malformed("size %d", n)
	}
	return int(n), nil
}

// value reads one value of any type. Symbols come back as strings, described
// values as what they describe, decimals as their raw bytes, maps with only
// those entries whose keys are strings or symbols.
func (d *decoder) value(depth int) (any, error) {
	code, err := d.byte()
	if err != nil {
		return nil, err
	}
	return d.valueOf(code, depth)
}

func (d *decoder) valueOf(code byte, depth int) (any, error) {
	d.values++
	if depth > maxDepth || d.values > maxValues {
		return nil, malformed("nested deeper than %d or more than %d values", maxDepth, maxValues)
	}
	switch code >> 4 {
	case 0x0:
		return d.described(code, depth)
	case 0x4:
		return d.empty(code)
	case 0x5, 0x6, 0x7, 0x8, 0x9:
		return d.fixed(code)
	case 0xa, 0xb:
		return d.variable(code)
	case 0xc, 0xd:
		return d.compound(code, depth)
	case 0xe, 0xf:
		return d.array(code, depth)
	}
	return nil, malformed("type code %#02x", code)
}

func (d *decoder) described(code byte, depth int) (any, error) {
	if code != 0 {
		return nil, malformed("type code %#02x", code)
	}
	if _, err := d.value(depth + 1); err != nil {
		return nil, err
	}
	return d.value(depth + 1)
}

func (d *decoder) empty(code byte) (any, error) {
	switch code {
	case 0x40:
		return nil, nil
	case 0x41:
		return true, nil
	case 0x42:
		return false, nil
	case 0x43:
		return uint32(0), nil
	case 0x44:
		return uint64(0), nil
	case 0x45:
		return []any{}, nil
	}
	return nil, malformed("type code %#02x", code)
}

// fixedWidth is the width of a fixed-width type by the code's upper half.
func fixedWidth(code byte) int {
	return 1 << (code>>4 - 5)
}

func (d *decoder) fixed(code byte) (any, error) {
	b, err := d.next(fixedWidth(code))
	if err != nil {
		return nil, err
	}
	switch code {
	case 0x50:
		return b[0], nil
	case 0x51:
		return int8(b[0]), nil
	case 0x52:
		return uint32(b[0]), nil
	case 0x53:
		return uint64(b[0]), nil
	case 0x54:
		return int32(int8(b[0])), nil
	case 0x55:
		return int64(int8(b[0])), nil
	case 0x56:
		return b[0] != 0, nil
	case 0x60:
		return binary.BigEndian.Uint16(b), nil
	case 0x61:
		return int16(binary.BigEndian.Uint16(b)), nil
	case 0x70:
		return binary.BigEndian.Uint32(b), nil
	case 0x71, 0x73:
		return int32(binary.BigEndian.Uint32(b)), nil
	case 0x72:
		return math.Float32frombits(binary.BigEndian.Uint32(b)), nil
	case 0x80:
		return binary.BigEndian.Uint64(b), nil
	case 0x81:
		return int64(binary.BigEndian.Uint64(b)), nil
	case 0x82:
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	case 0x83:
		return time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC(), nil
	case 0x98:
		return amqp.UUID(b), nil
	case 0x74, 0x84, 0x94:
		return append([]byte(nil), b...), nil
	}
	return nil, malformed("type code %#02x", code)
}

func (d *decoder) variable(code byte) (any, error) {
	b, err := d.variableBytes(code)
	if err != nil {
		return nil, err
	}
	switch code & 0xf {
	case 0x0:
		return append([]byte{}, b...), nil
	case 0x1, 0x3:
		return string(b), nil
	}
	return nil, malformed("type code %#02x", code)
}

// variableBytes is the content of a binary, string or symbol, not copied.
func (d *decoder) variableBytes(code byte) ([]byte, error) {
	width := 1
	if code>>4 == 0xb {
		width = 4
	}
	n, err := d.size(width)
	if err != nil {
		return nil, err
	}
	return d.next(n)
}

// header reads the size and count of a list, map or array, and returns a
// decoder confined to its body.
func (d *decoder) header(code byte) (body decoder, count int, err error) {
	width := 1
	if code>>4 == 0xd || code>>4 == 0xf {
		width = 4
	}
	size, err := d.size(width)
	if err != nil {
		return decoder{}, 0, err
	}
	b, err := d.next(size)
	if err != nil {
		return decoder{}, 0, err
	}
	body = decoder{rest: b, values: d.values}
	count, err = body.size(width)
	if err == nil && count > maxValues {
		err = malformed("%d values in one compound", count)
	}
	return body, count, err
}

func (d *decoder) compound(code byte, depth int) (any, error) {
	if code&0xf > 1 {
		return nil, malformed("type code %#02x", code)
	}
	body, count, err := d.header(code)
	if err != nil {
		return nil, err
	}
	defer func() { d.values = body.values }()
	if code&0xf == 1 {
		return body.entries(count, depth)
	}
	var list []any
	for range count {
		v, err := body.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (d *decoder) entries(count, depth int) (any, error) {
	if count%2 != 0 {
		return nil, malformed("a map of %d values", count)
	}
	m := map[string]any{}
	for range count / 2 {
		key, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if name, ok := key.(string); ok {
			m[name] = v
		}
	}
	return m, nil
}

func (d *decoder) array(code byte, depth int) (any, error) {
	if code&0xf != 0 {
		return nil, malformed("type code %#02x", code)
	}
	body, count, err := d.header(code)
	if err != nil {
		return nil, err
	}
	defer func() { d.values = body.values }()
	element, err := body.byte()
	if err != nil {
		return nil, err
	}
	var list []any
	for range count {
		v, err := body.valueOf(element, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}
