package storage

import (
	"bytes"
	"cmp"
	"time"
)

// filter is a parsed $filter.
type filter interface {
	match(row) bool
	// keys bounds where matching rows can be; it may be too wide, never too narrow.
	keys() keyRange
}

// row is what a filter is asked about.
type row interface {
	property(name string) (any, bool)
}

type (
	all   struct{}
	allOf []filter
	anyOf []filter
	not   struct{ filter }
)

func (all) match(row) bool { return true }
func (all) keys() keyRange { return keyRange{} }

func (fs allOf) match(r row) bool {
	for _, f := range fs {
		if !f.match(r) {
			return false
		}
	}
	return true
}

func (fs allOf) keys() keyRange {
	var k keyRange
	for _, f := range fs {
		other := f.keys()
		k.pk, k.rk = k.pk.intersect(other.pk), k.rk.intersect(other.rk)
	}
	return k
}

func (fs anyOf) match(r row) bool {
	for _, f := range fs {
		if f.match(r) {
			return true
		}
	}
	return false
}

func (fs anyOf) keys() keyRange {
	k := fs[0].keys()
	for _, f := range fs[1:] {
		other := f.keys()
		k.pk, k.rk = k.pk.hull(other.pk), k.rk.hull(other.rk)
	}
	return k
}

func (n not) match(r row) bool { return !n.filter.match(r) }
func (n not) keys() keyRange   { return keyRange{} }

type operator string

const (
	equal          operator = "eq"
	notEqual       operator = "ne"
	greater        operator = "gt"
	greaterOrEqual operator = "ge"
	less           operator = "lt"
	lessOrEqual    operator = "le"
)

var operators = map[string]operator{
	"eq": equal, "ne": notEqual, "gt": greater, "ge": greaterOrEqual, "lt": less, "le": lessOrEqual,
}

// mirrored is the operator that says the same with the operands swapped.
func (op operator) mirrored() operator {
	switch op {
	case greater:
		return less
	case greaterOrEqual:
		return lessOrEqual
	case less:
		return greater
	case lessOrEqual:
		return greaterOrEqual
	}
	return op
}

func (op operator) holds(order int) bool {
	switch op {
	case equal:
		return order == 0
	case notEqual:
		return order != 0
	case greater:
		return order > 0
	case greaterOrEqual:
		return order >= 0
	case less:
		return order < 0
	default:
		return order <= 0
	}
}

// comparison is false where the property is missing or of another type: the
// service documents that a constant must have the property's type.
type comparison struct {
	name  string
	op    operator
	value any
}

func (c comparison) match(r row) bool {
	v, ok := r.property(c.name)
	if !ok {
		return false
	}
	order, same := compare(v, c.value)
	return same && c.op.holds(order)
}

func (c comparison) keys() keyRange {
	key, ok := c.value.(string)
	if !ok {
		return keyRange{}
	}
	var s span
	switch c.op {
	case equal:
		s = span{low: key, high: key, bounded: true}
	case greater, greaterOrEqual:
		s = span{low: key}
	case less, lessOrEqual:
		s = span{high: key, bounded: true}
	}
	switch c.name {
	case "PartitionKey":
		return keyRange{pk: s}
	case "RowKey":
		return keyRange{rk: s}
	}
	return keyRange{}
}

func compare(a, b any) (order int, same bool) {
	switch a := a.(type) {
	case string:
		return ordered(a, b)
	case guid:
		return ordered(a, b)
	case int32:
		return ordered(a, b)
	case int64:
		return ordered(a, b)
	case float64:
		return ordered(a, b)
	case bool:
		b, ok := b.(bool)
		return truth(a) - truth(b), ok
	case []byte:
		b, ok := b.([]byte)
		return bytes.Compare(a, b), ok
	case time.Time:
		b, ok := b.(time.Time)
		return a.Compare(b), ok
	}
	return 0, false
}

func ordered[T cmp.Ordered](a T, b any) (int, bool) {
	v, ok := b.(T)
	return cmp.Compare(a, v), ok
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
