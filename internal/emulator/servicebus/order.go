package servicebus

import "container/heap"

// order keeps entries so that the first is at hand. It is a heap that knows
// where each entry is, so that any of them can leave.
type order struct {
	entries []*entry
	less    func(a, b *entry) bool
	place   func(*entry) *int // where the entry notes its place plus one, zero is absent
}

func bySequence() *order {
	return &order{
		less:  func(a, b *entry) bool { return a.sequence < b.sequence },
		place: func(e *entry) *int { return &e.readyAt },
	}
}

func byAlarm() *order {
	return &order{
		less:  func(a, b *entry) bool { return a.alarm.Before(b.alarm) },
		place: func(e *entry) *int { return &e.alarmedAt },
	}
}

// first returns the first entry, or nil.
func (o *order) first() *entry {
	if len(o.entries) == 0 {
		return nil
	}
	return o.entries[0]
}

// set makes e a member or not. A member whose key changed moves to its place.
func (o *order) set(e *entry, member bool) {
	at := *o.place(e) - 1
	switch {
	case member && at >= 0:
		heap.Fix(o, at)
	case member:
		heap.Push(o, e)
	case at >= 0:
		heap.Remove(o, at)
	}
}

// The rest is heap.Interface.

func (o *order) Len() int           { return len(o.entries) }
func (o *order) Less(i, j int) bool { return o.less(o.entries[i], o.entries[j]) }

func (o *order) Swap(i, j int) {
	o.entries[i], o.entries[j] = o.entries[j], o.entries[i]
	*o.place(o.entries[i]), *o.place(o.entries[j]) = i+1, j+1
}

func (o *order) Push(x any) {
	e := x.(*entry)
	o.entries = append(o.entries, e)
	*o.place(e) = len(o.entries)
}

func (o *order) Pop() any {
	last := len(o.entries) - 1
	e := o.entries[last]
	o.entries[last] = nil
	o.entries = o.entries[:last]
	*o.place(e) = 0
	return e
}
