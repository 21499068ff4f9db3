package simulation

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

// history is one random world and the oracle that watches it.
type history struct {
	r       *rand.Rand
	plan    *plan.Plan
	azure   *recoverytest.Azure
	store   *recoverytest.Store
	log     *slog.Logger
	trace   io.Writer  // of everything, to replay a seed by; may be nil
	telling sync.Mutex // of the trace: two invocations may end at the same moment
	figures *Figures
	effects map[string]int

	context context.Context
	began   time.Time // by the bubble's clock
	start   time.Time // by the world's
	skews   []time.Duration

	agenda      agenda
	seq         int
	live        atomic.Int32
	arrived     chan *invocation
	arrivals    []*invocation
	invocations int
	idle        chan func() // to instances that wait for an invocation
	calls       int
	stopped     bool

	calm      bool // no faults any more
	sluggish  bool // instances are held up often, and long
	cruel     bool // jobs are kept from their moves until it is too late
	weather   weather
	disturbed map[string]time.Time // by job, when it was hindered last; "" is every job
	ids       int

	oracle
}

// call is one call of the engine by one instance.
type call struct {
	*history
	v      *invocation // nil: nobody overtakes it
	number int
	ids    int
	skew   time.Duration
	at     time.Time // when it began, by the world's clock
	faulty bool      // a fault befell it
	asking string    // what it carries out
	about  string    // the job whose end it may bring about; "" is any
	// It is held up for stall before its stallAt-th effect from now on.
	stallAt int
	stall   time.Duration
	engine  *recovery.Engine
}

// nobody is the job of a call that no job waits for.
const nobody = "nobody"

// Violation is an invariant that did not hold.
type Violation struct {
	Seed      uint64
	Invariant string // I1 to I10
	What      string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%s: %s (seed %d)", v.Invariant, v.What, v.Seed)
}

// Run runs the history of one seed, in a synctest bubble, and adds to figures.
// It returns nil if all invariants held. trace, if not nil, is told what
// happens.
func Run(seed uint64, figures *Figures, trace io.Writer) *Violation {
	h := newHistory(seed, figures, trace)
	h.live1()
	h.stop()
	figures.Histories++
	figures.Simulated += time.Since(h.began)
	if h.violation != nil {
		h.violation.Seed = seed
	}
	return h.violation
}

func newHistory(seed uint64, figures *Figures, trace io.Writer) *history {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	h := &history{r: r, figures: figures, trace: trace, effects: figures.EffectsBy, context: context.Background(), began: time.Now(), arrived: make(chan *invocation, 64), idle: make(chan func()), disturbed: map[string]time.Time{}}
	h.plan, h.start = drawPlan(r)
	h.skews = []time.Duration{0, pick(r, 0, 0, time.Minute, -time.Minute, 3*time.Minute, -3*time.Minute)}
	if off := h.skews[1]; off != 0 {
		h.inject("clocks of instances differ by " + off.Abs().String())
	}
	figures.Acts["begins on "+h.start.Format(time.DateOnly)]++
	silent := &recoverytest.Effects{Forget: true}
	h.azure, h.store = recoverytest.NewAzure(silent, h.now), recoverytest.NewStore(silent)
	h.azure.Limit = 30 * 24 * time.Hour
	h.azure.Spoil = h.spoil
	h.log = slog.New(slog.DiscardHandler)
	if seed%32 == 0 || trace != nil {
		h.log = slog.New(&listener{h: h})
	}
	h.sluggish, h.cruel = one(r, 4), one(r, 2)
	h.weather = weather{perMille: pick(r, 0, 2, 10, 30), down: map[string]time.Time{}}
	h.oracle.init(h)
	for _, name := range h.instances {
		h.azure.Change(name, func(i *recoverytest.Instance) { i.Settings = map[string]string{"developerPortal": "Disabled"} })
	}
	return h
}

// now is the world's clock.
func (h *history) now() time.Time { return h.start.Add(time.Since(h.began)).UTC() }

func (h *history) newCall(v *invocation) *call {
	h.calls++
	c := &call{history: h, v: v, number: h.calls, skew: pick(h.r, h.skews...), at: h.now(), about: nobody}
	c.engine = &recovery.Engine{
		Plan: h.plan, Store: store{c}, ARM: arm{c}, Blobs: blobs{c}, Queue: sender{c}, Hooks: hooks{c}, Log: h.log, Table: "here",
		Now:   func() time.Time { return h.now().Add(c.skew) },
		NewID: func() string { c.ids++; return "c" + strconv.Itoa(c.number) + "-" + strconv.Itoa(c.ids) },
	}
	return c
}

// call calls the engine and reports whether it said yes; a death is a no.
func (h *history) call(what string, f func(context.Context, *recovery.Engine) error) (yes bool, c *call) {
	c = h.newCall(nil)
	return c.run(what, f), c
}

func (c *call) run(what string, f func(context.Context, *recovery.Engine) error) (yes bool) {
	defer func() {
		switch r := recover(); r.(type) {
		case nil:
		case died:
			c.tell("%s: died", what)
			c.faulty, yes = true, false
		default:
			c.violate("I0", "%s panics: %v\n%s", what, r, debug.Stack())
		}
	}()
	if strings.HasPrefix(what, "request ") || strings.HasPrefix(what, "change ") {
		c.asking = what
	}
	err := f(c.context, c.engine)
	c.yield(c.v)
	c.tell("%s: %v", what, err)
	return err == nil
}

func (h *history) failed() bool { return h.violation != nil || h.stopped }

func (h *history) tell(format string, args ...any) {
	if h.trace != nil {
		h.telling.Lock()
		defer h.telling.Unlock()
		fmt.Fprintf(h.trace, "%s %s\n", h.now().Format("01-02 15:04:05.000"), fmt.Sprintf(format, args...))
	}
}

// id names something that nothing else is called.
func (h *history) id(prefix string) string { h.ids++; return fmt.Sprintf("%s%d", prefix, h.ids) }

// live1 is the history: some nights, and the time in which all comes to rest.
func (h *history) live1() {
	nights := 3 + h.r.IntN(3)
	end := time.Duration(nights) * 24 * time.Hour
	h.after(0, h.tick)
	for at := time.Duration(h.r.IntN(12*60)) * time.Minute; at < end; {
		h.after(at, h.act)
		// What people do comes in bursts.
		if one(h.r, 3) {
			at += time.Duration(60+h.r.IntN(14*60)) * time.Minute
		} else {
			at += time.Duration(h.r.IntN(30*60)) * time.Second
		}
	}
	h.run(end)
	h.settle()
}

// settle ends all faults and waits until every job has ended.
func (h *history) settle() {
	if h.failed() {
		return
	}
	h.calm = true
	for _, name := range h.instances {
		h.fail(name, "")
		h.azure.Change(name, func(i *recoverytest.Instance) { i.Silent = false })
	}
	h.disturb("")
	for range 12 {
		h.run(time.Hour)
		if h.failed() || h.atRest() {
			break
		}
	}
	if !h.failed() {
		h.nights()
	}
	if !h.failed() {
		h.finally()
	}
}

// atRest reports whether no job goes on.
func (h *history) atRest() bool { return len(h.open) == 0 }
