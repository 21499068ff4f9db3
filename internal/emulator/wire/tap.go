// Package wire is what passes between a client and a development stand-in:
// counted, recorded, and broken on demand. It knows nothing about what the
// stand-ins do; it only sees HTTP.
package wire

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// DefaultKeep is how many requests a Tap remembers when Keep is zero.
const DefaultKeep = 10_000

// Tap watches the requests to any number of handlers. The zero Tap is ready
// to use, and all its methods are safe for concurrent use.
type Tap struct {
	// Now is the clock of Request.At; time.Now if nil.
	Now func() time.Time
	// Keep bounds how many requests are remembered; DefaultKeep if zero.
	Keep int

	mu       sync.Mutex
	requests []Request // oldest first
	first    uint64    // number of requests[0]; older ones are forgotten
	totals   map[string]int
	counters []*counter
	faults   []*fault
}

// Request is one request as it arrived and what became of it.
type Request struct {
	At      time.Time
	Service string
	Method  string
	Path    string // decoded
	Query   string // raw, with secrets such as a SAS signature replaced
	Status  int    // what the caller was told; 0 while running and when the connection was dropped
	Fault   Kind   // the fault that was applied, or None
}

// Wrap returns h with the Tap in front. The service name is what Fault.Service
// and Request.Service mean by it, such as "arm", "table" or "blob".
func (t *Tap) Wrap(service string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := t.fire(service, r)
		number := t.arrived(service, r, f.Kind)
		noted := &statusWriter{ResponseWriter: w}
		// Deferred, because a dropped connection leaves by a panic.
		defer func() { t.answered(number, noted.status) }()
		f.serve(noted, r, h)
		noted.finish()
	})
}

// Requests returns the remembered requests, oldest first.
func (t *Tap) Requests() []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.requests)
}

// Count says how many of the remembered requests match. A test that may send
// more than Keep requests counts with Watch instead.
func (t *Tap) Count(match func(Request) bool) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, r := range t.requests {
		if match(r) {
			n++
		}
	}
	return n
}

// Totals returns how many requests each service has had since the Tap was
// made, remembered or not.
func (t *Tap) Totals() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	totals := make(map[string]int, len(t.totals))
	for service, n := range t.totals {
		totals[service] = n
	}
	return totals
}

// Watch counts, from now on and without limit, the requests that match when
// they arrive (their Status is still 0).
func (t *Tap) Watch(match func(Request) bool) (count func() int) {
	c := &counter{match: match}
	t.mu.Lock()
	t.counters = append(t.counters, c)
	t.mu.Unlock()
	return func() int {
		t.mu.Lock()
		defer t.mu.Unlock()
		return c.n
	}
}

type counter struct {
	match func(Request) bool
	n     int
}

func (t *Tap) arrived(service string, r *http.Request, kind Kind) uint64 {
	now := time.Now
	if t.Now != nil {
		now = t.Now
	}
	req := Request{
		At: now().UTC(), Service: service, Method: r.Method,
		Path: r.URL.Path, Query: redact(r.URL.RawQuery), Fault: kind,
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.totals == nil {
		t.totals = make(map[string]int)
	}
	t.totals[service]++
	for _, c := range t.counters {
		if c.match(req) {
			c.n++
		}
	}
	t.remember(req)
	return t.first + uint64(len(t.requests)) - 1
}

// remember forgets a tenth at once, so that a full Tap is not copied for each
// request.
func (t *Tap) remember(req Request) {
	keep := t.Keep
	if keep <= 0 {
		keep = DefaultKeep
	}
	if len(t.requests) >= keep {
		drop := max(keep/10, 1)
		t.requests = slices.Delete(t.requests, 0, drop)
		t.first += uint64(drop)
	}
	t.requests = append(t.requests, req)
}

func (t *Tap) answered(number uint64, status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if number >= t.first {
		t.requests[number-t.first].Status = status
	}
}
