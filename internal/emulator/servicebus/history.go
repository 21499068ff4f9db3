package servicebus

import "time"

// history remembers message ids for duplicate detection.
type history struct {
	window time.Duration // zero is off
	seen   map[string]sighting
	byAge  []sighting
}

type sighting struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Sequence int64     `json:"sequence"`
}

// duplicate returns the sequence number of the message that had the same id
// within the window.
func (h *history) duplicate(now time.Time, id string) (sequence int64, ok bool) {
	if h.window == 0 {
		return 0, false
	}
	h.forget(now)
	s, ok := h.seen[id]
	return s.Sequence, ok
}

func (h *history) remember(s sighting) {
	if h.window == 0 {
		return
	}
	if h.seen == nil {
		h.seen = map[string]sighting{}
	}
	h.seen[s.ID] = s
	h.byAge = append(h.byAge, s)
}

// forget drops what is older than the window.
func (h *history) forget(now time.Time) {
	old := 0
	for old < len(h.byAge) && !now.Before(h.byAge[old].At.Add(h.window)) {
		delete(h.seen, h.byAge[old].ID)
		old++
	}
	h.byAge = h.byAge[old:]
}
