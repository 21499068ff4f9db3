package simulation

import (
	"strings"
	"time"

	"lifeboat/internal/recovery/recoverytest"
)

// died is what a killed invocation panics with.
type died struct{}

// weather is how often and which faults befall effects.
type weather struct {
	perMille int
	// down is what is away until then: store, arm, blobs, queue or hooks.
	down map[string]time.Time
}

// inject notes that something went wrong on purpose. It is no excuse for a job
// that ends late.
func (h *history) inject(what string) { h.figures.Faults[what]++ }

// hinder notes that something went wrong by which a job may end later than it
// should; "" is every job.
func (h *history) hinder(id, what string) {
	h.inject(what)
	h.disturb(id)
}

func (h *history) disturb(id string) { h.disturbed[id] = h.now() }

// before is what befalls an effect; it may kill the invocation.
func (c *call) before(name string) recoverytest.Fault {
	if c.stallAt--; c.stallAt == 0 && c.v != nil {
		c.v.frozen = c.stall
	}
	c.yield(c.v)
	c.figures.Effects++
	c.effects[name]++
	if c.stopped {
		panic(died{})
	}
	if c.calm {
		return recoverytest.NoFault
	}
	if c.down(name) {
		c.spoilt(name)
		return recoverytest.FailInstead
	}
	odds := c.weather.perMille
	if strings.HasPrefix(name, "arm.Start") {
		odds *= 6 // there are few of them
	}
	if c.r.IntN(1000) >= odds {
		return recoverytest.NoFault
	}
	c.spoilt(name)
	if c.v == nil && one(c.r, 20) {
		c.inject("slow answer")
		c.hold(time.Duration(c.r.IntN(90)) * time.Second)
		return recoverytest.NoFault
	}
	fault := pick(c.r, recoverytest.Faults()...)
	if fault == recoverytest.DieBefore {
		c.inject(port(name) + ": " + string(fault))
		panic(died{})
	}
	return fault
}

// after reports whether the caller is told that an effect that took place has
// failed; it may kill the invocation.
func (c *call) after(name string, fault recoverytest.Fault) bool {
	if fault == recoverytest.DieAfter {
		c.inject(port(name) + ": " + string(fault))
		panic(died{})
	}
	return fault == recoverytest.FailAfter
}

// failure is what a caller is told, whatever took place.
func (c *call) failure(name string, fault recoverytest.Fault) error {
	if c.down(name) {
		c.inject(port(name) + " is down")
	} else {
		c.inject(port(name) + ": " + string(fault))
	}
	return recoverytest.ErrInjected
}

func (h *history) down(name string) bool { return time.Now().Before(h.weather.down[port(name)]) }

// spoilt notes that a call was told something else than the truth.
func (c *call) spoilt(name string) {
	c.faulty = true
	c.disturb(c.about)
	if strings.HasPrefix(name, "arm.Gateway") || strings.HasPrefix(name, "arm.Observe") {
		c.blinded = time.Now()
	}
}
