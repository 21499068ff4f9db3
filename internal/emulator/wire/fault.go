package wire

import (
	"io"
	"net/http"
	"slices"
	"time"
)

// Kind says how a request is broken.
type Kind string

// The kinds of fault.
const (
	None       Kind = ""
	Instead    Kind = "instead"     // the answer is the fault's; the handler never sees the request
	After      Kind = "after"       // the handler does it, then the caller is told the fault's answer
	Reset      Kind = "reset"       // the connection drops and nothing was done
	ResetAfter Kind = "reset-after" // it was done, and the connection drops instead of an answer
	Slow       Kind = "slow"        // it is done as asked, after Delay
)

// Fault breaks the requests that it matches.
type Fault struct {
	Service string                   // "" matches every service
	Match   func(*http.Request) bool // nil matches every request; it must leave the body to be read
	Kind    Kind
	// Do is called when the fault strikes, with nothing answered yet: for After
	// and ResetAfter when the handler has done it, for the others before anything
	// is done. May be nil.
	Do func()

	Status int         // of the answer, for Instead and After; 503 if zero
	Header http.Header // likewise
	Body   string      // likewise

	Delay time.Duration // waited before anything else happens, for every kind
	Skip  int           // the first n matching requests pass unharmed
	Times int           // how many are broken after that; 0 until removed
}

type fault struct {
	Fault
	skipped, fired int
}

// Inject breaks requests as f says until it is used up or removed. Of several
// faults that match, the one injected first applies. Inject panics if f has no Kind.
func (t *Tap) Inject(f Fault) (remove func()) {
	if f.Kind == None {
		panic("wire: a fault needs a kind")
	}
	if f.Status == 0 {
		f.Status = http.StatusServiceUnavailable
	}
	added := &fault{Fault: f}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, added)
	return func() { t.remove(added) }
}

// Heal removes all faults.
func (t *Tap) Heal() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = nil
}

func (t *Tap) remove(f *fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = slices.DeleteFunc(slices.Clone(t.faults), func(other *fault) bool { return other == f })
}

// fire picks the fault that applies to r, if any, and uses it up by one.
func (t *Tap) fire(service string, r *http.Request) Fault {
	t.mu.Lock()
	faults := t.faults
	t.mu.Unlock()
	for _, f := range faults {
		// Match is the test's code and may call the Tap, so it runs unlocked.
		if f.matches(service, r) && t.use(f) {
			return f.Fault
		}
	}
	return Fault{}
}

func (f *fault) matches(service string, r *http.Request) bool {
	return (f.Service == "" || f.Service == service) && (f.Match == nil || f.Match(r))
}

func (t *Tap) use(f *fault) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.skipped < f.Skip {
		f.skipped++
		return false
	}
	if f.Times > 0 && f.fired >= f.Times {
		return false
	}
	f.fired++
	return true
}

func (f Fault) serve(w http.ResponseWriter, r *http.Request, h http.Handler) {
	if f.Delay > 0 && !wait(r, f.Delay) {
		drain(r)
		panic(http.ErrAbortHandler)
	}
	if f.Kind == After || f.Kind == ResetAfter {
		h.ServeHTTP(&discard{}, r)
	}
	if f.Do != nil {
		f.Do()
	}
	switch f.Kind {
	case Instead, After:
		drain(r)
		f.answer(w)
	case Reset, ResetAfter:
		drain(r)
		panic(http.ErrAbortHandler)
	default:
		h.ServeHTTP(w, r)
	}
}

func (f Fault) answer(w http.ResponseWriter) {
	for name, values := range f.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Body)
}

// wait reports false if the caller hung up first.
func wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// drain reads the body to its end. A server that answers while the client
// still sends makes azcore rewind a body that net/http is reading.
func drain(r *http.Request) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
}
