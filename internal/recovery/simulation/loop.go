package simulation

import (
	"container/heap"
	"slices"
	"testing/synctest"
	"time"
)

// moment is something that happens at its time.
type moment struct {
	at   time.Time // by the bubble's clock
	seq  int
	what func()
	held *invocation // that goes on then, in place of what
}

type agenda []*moment

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].seq < a[j].seq
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(*moment)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return e
}

// after puts what on the agenda.
func (h *history) after(d time.Duration, what func()) {
	h.seq++
	heap.Push(&h.agenda, &moment{at: time.Now().Add(max(d, 0)), seq: h.seq, what: what})
}

// run lets everything happen that is due within d.
func (h *history) run(d time.Duration) {
	end := time.Now().Add(d)
	for {
		h.gather()
		if h.failed() {
			return
		}
		if len(h.agenda) == 0 || h.agenda[0].at.After(end) {
			if h.wait(end) {
				return
			}
			continue
		}
		if at := h.agenda[0].at; at.After(time.Now()) {
			h.wait(at)
			continue
		}
		switch next := heap.Pop(&h.agenda).(*moment); {
		case next.held != nil:
			next.held.resume <- true // gather waits for what it does
		default:
			next.what()
		}
	}
}

// wait lets time pass until at, or until an invocation that pauses goes on;
// then it reports false.
func (h *history) wait(at time.Time) bool {
	d := time.Until(at)
	if d <= 0 {
		return true
	}
	if h.live.Load() == 0 {
		time.Sleep(d)
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case v := <-h.arrived:
		h.arrivals = append(h.arrivals, v)
		return false
	}
}

// invocation is a call of the engine that others may overtake between any two
// effects.
type invocation struct {
	id     int
	about  func() string // the job, as in call
	resume chan bool     // false: it dies
	frozen time.Duration // how long its next effect has to wait
}

// gather puts every invocation that has come to an effect on the agenda: when
// it goes on is the seed's choice.
func (h *history) gather() {
	if h.live.Load() == 0 && len(h.arrivals) == 0 {
		return
	}
	synctest.Wait()
	for len(h.arrived) > 0 {
		h.arrivals = append(h.arrivals, <-h.arrived)
	}
	slices.SortFunc(h.arrivals, func(a, b *invocation) int { return a.id - b.id })
	for _, v := range h.arrivals {
		h.seq++
		lag := v.frozen
		if v.frozen = 0; lag == 0 {
			lag = h.lag(v.about())
		}
		heap.Push(&h.agenda, &moment{at: time.Now().Add(lag), seq: h.seq, held: v})
	}
	h.arrivals = h.arrivals[:0]
}

// lag is how long an invocation that is about a job is held up before an effect.
func (h *history) lag(about string) time.Duration {
	switch n := h.r.IntN(100); {
	case n < 70 || h.calm:
		return 0
	case h.sluggish && n < 74:
		h.hinder(about, "instance held up for up to an hour")
		return time.Duration(h.r.IntN(3600)) * time.Second
	case n < 88:
		return time.Duration(h.r.IntN(5000)) * time.Millisecond
	case n < 96:
		return time.Duration(h.r.IntN(100)) * time.Second
	default:
		h.hinder(about, "instance held up for minutes")
		return time.Duration(120+h.r.IntN(400)) * time.Second
	}
}

// aside runs f as an invocation of its own.
func (h *history) aside(f func(*call)) {
	h.invocations++
	v := &invocation{id: h.invocations, resume: make(chan bool)}
	h.live.Add(1)
	c := h.newCall(v)
	v.about = func() string { return c.about }
	h.begin(func() {
		defer h.live.Add(-1)
		defer func() {
			if r := recover(); r != nil && r != (died{}) {
				panic(r)
			}
		}()
		f(c)
	})
	synctest.Wait()
}

// begin runs f on a goroutine that has nothing to do, if there is one: its
// stack has grown already, which costs more than most of what f does.
func (h *history) begin(f func()) {
	select {
	case h.idle <- f:
	default:
		go func() {
			for ok := true; ok; f, ok = <-h.idle {
				f()
			}
		}()
	}
}

// yield holds an invocation up before an effect. What is no invocation of its
// own lets those go first that a pause of the engine's has let go on just now:
// only one goroutine at a time may do anything that the others see.
func (h *history) yield(v *invocation) {
	if v == nil {
		if h.live.Load() > 0 {
			synctest.Wait()
		}
		return
	}
	h.arrived <- v
	if !<-v.resume {
		panic(died{})
	}
}

// hold lets time pass for the caller.
func (c *call) hold(d time.Duration) {
	if c.v == nil {
		time.Sleep(d)
	} else {
		c.v.frozen = d
	}
	c.yield(c.v)
}

// stop ends every invocation that still goes on.
func (h *history) stop() {
	h.stopped = true
	for _, e := range h.agenda {
		if e.held != nil {
			h.arrivals = append(h.arrivals, e.held)
		}
	}
	h.agenda = nil
	for h.live.Load() > 0 {
		select {
		case v := <-h.arrived:
			h.arrivals = append(h.arrivals, v)
		default:
		}
		for _, v := range h.arrivals {
			v.resume <- false
			synctest.Wait()
		}
		h.arrivals = h.arrivals[:0]
		time.Sleep(time.Second)
		synctest.Wait()
	}
	close(h.idle)
}
