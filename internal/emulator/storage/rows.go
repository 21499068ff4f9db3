package storage

import "slices"

// table holds rows ordered by partition key and row key.
type table struct {
	name       string // as it was created; names compare without case
	partitions map[string]*partition
	keys       []string // of partitions, sorted
}

type partition struct {
	rows map[string]*entity
	keys []string // of rows, sorted
}

func newTable(name string) *table {
	return &table{name: name, partitions: make(map[string]*partition)}
}

func (t *table) get(pk, rk string) *entity {
	if p := t.partitions[pk]; p != nil {
		return p.rows[rk]
	}
	return nil
}

// put stores e in place of whatever has its keys.
func (t *table) put(e *entity) {
	p := t.partitions[e.pk]
	if p == nil {
		p = &partition{rows: make(map[string]*entity)}
		t.partitions[e.pk] = p
		t.keys = inserted(t.keys, e.pk)
	}
	if _, there := p.rows[e.rk]; !there {
		p.keys = inserted(p.keys, e.rk)
	}
	p.rows[e.rk] = e
}

// remove forgets the row, and its partition with the last one.
func (t *table) remove(pk, rk string) {
	p := t.partitions[pk]
	if p == nil || p.rows[rk] == nil {
		return
	}
	delete(p.rows, rk)
	p.keys = removed(p.keys, rk)
	if len(p.rows) == 0 {
		delete(t.partitions, pk)
		t.keys = removed(t.keys, pk)
	}
}

// restore puts back what was there before a change: prior, or nothing.
func (t *table) restore(pk, rk string, prior *entity) {
	if prior == nil {
		t.remove(pk, rk)
		return
	}
	t.put(prior)
}

// walk visits the rows in keys' order that lie in r, from the position on
// (inclusive), until visit says stop.
func (t *table) walk(r keyRange, pk, rk string, visit func(*entity) bool) {
	first := max(r.pk.low, pk)
	start, _ := slices.BinarySearch(t.keys, first)
	for _, key := range t.keys[start:] {
		if !r.pk.has(key) {
			return
		}
		from := r.rk.low
		if key == pk {
			from = max(from, rk)
		}
		if !t.partitions[key].walk(r.rk, from, visit) {
			return
		}
	}
}

func (p *partition) walk(r span, from string, visit func(*entity) bool) bool {
	start, _ := slices.BinarySearch(p.keys, from)
	for _, key := range p.keys[start:] {
		if !r.has(key) {
			return true
		}
		if !visit(p.rows[key]) {
			return false
		}
	}
	return true
}

func inserted(keys []string, key string) []string {
	i, there := slices.BinarySearch(keys, key)
	if there {
		return keys
	}
	return slices.Insert(keys, i, key)
}

func removed(keys []string, key string) []string {
	if i, there := slices.BinarySearch(keys, key); there {
		return slices.Delete(keys, i, i+1)
	}
	return keys
}

// keyRange is a box of keys that holds every row a filter can match.
type keyRange struct{ pk, rk span }

// span is an inclusive range of strings, without an upper end if open. Where
// low is above high it is empty.
type span struct {
	low, high string
	bounded   bool
}

func (s span) has(key string) bool { return key >= s.low && (!s.bounded || key <= s.high) }

func (s span) intersect(o span) span {
	s.low = max(s.low, o.low)
	if o.bounded && (!s.bounded || o.high < s.high) {
		s.high, s.bounded = o.high, true
	}
	return s
}

// hull is the smallest span around both.
func (s span) hull(o span) span {
	s.low = min(s.low, o.low)
	s.bounded = s.bounded && o.bounded
	s.high = max(s.high, o.high)
	if !s.bounded {
		s.high = ""
	}
	return s
}
