package host

import (
	"encoding/json"
	"maps"
	"sync"
	"time"
)

// Status is what the host stores about a timer.
type Status struct {
	Last        time.Time // zero before the first run
	Next        time.Time
	LastUpdated time.Time
}

// Statuses stores the timers' statuses, as the host does in a blob container.
// It marshals as JSON. The zero value is empty.
type Statuses struct {
	mu  sync.Mutex
	all map[string]Status
}

// Get returns a timer's status.
func (s *Statuses) Get(function string) (Status, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, ok := s.all[function]
	return status, ok
}

// Set replaces a timer's status.
func (s *Statuses) Set(function string, status Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]Status{}
	}
	s.all[function] = status
}

func (s *Statuses) MarshalJSON() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return json.Marshal(maps.Clone(s.all))
}

func (s *Statuses) UnmarshalJSON(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return json.Unmarshal(b, &s.all)
}

// monitored returns what an envelope tells: nothing if the timer keeps no
// status.
func (s *Statuses) monitored(f Function) *Status {
	if status, ok := s.Get(f.Name); ok && f.UseMonitor {
		return &status
	}
	return nil
}

// keepTime fires a timer until the listeners stop. The next occurrence is armed
// when an invocation has ended, so a timer never overlaps itself, and what it
// missed meanwhile stays missed.
func (h *Host) keepTime(f Function) {
	if pastDue := f.UseMonitor && h.pastDue(f); pastDue || f.RunOnStartup {
		h.tick(f, pastDue)
	}
	for {
		now := h.options.Now()
		timer := time.NewTimer(f.Schedule.After(now).Sub(now))
		select {
		case <-timer.C:
			h.tick(f, false)
		case <-h.listen.Done():
			timer.Stop()
			return
		}
	}
}

// pastDue says whether the stored occurrence was missed. It stores a first
// status, and a new one after the schedule has changed, which is never past due.
func (h *Host) pastDue(f Function) bool {
	now := h.options.Now()
	status, ok := h.options.Statuses.Get(f.Name)
	basis := status.Last
	if basis.IsZero() {
		basis = status.LastUpdated
	}
	if ok && f.Schedule.After(basis).Equal(status.Next) {
		return now.After(status.Next)
	}
	h.options.Statuses.Set(f.Name, Status{Next: f.Schedule.After(now), LastUpdated: now})
	return false
}

func (h *Host) tick(f Function, pastDue bool) {
	if h.listen.Err() != nil {
		return
	}
	in := h.invoke(f, h.posting(f, func(s sys) []byte {
		return timerEnvelope(f, h.options.Statuses.monitored(f), pastDue, s)
	}))
	if h.life.Err() == nil && f.UseMonitor {
		h.options.Statuses.Set(f.Name, Status{Last: in.Started, Next: f.Schedule.After(in.Started), LastUpdated: in.Started})
	}
	h.report(in)
}
