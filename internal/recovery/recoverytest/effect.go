// Package recoverytest is the engine's world in memory, for tests: a store, a
// management API, a container and a queue that keep what they are told, count
// every effect and break on demand; and the suites that any implementation of
// the same ports must pass.
package recoverytest

import (
	"errors"
	"fmt"
	"sync"
)

// Effect is one call of a port, numbered from 1 in the order of the calls.
type Effect struct {
	Number int
	Call   string // such as "store.Save"
}

// Fault is what befalls an effect.
type Fault string

// The faults.
const (
	NoFault Fault = "none"
	// DieBefore and DieAfter kill the caller before or after the effect.
	DieBefore Fault = "die before"
	DieAfter  Fault = "die after"
	// FailInstead fails the call without an effect, FailAfter lets it happen
	// and tells the caller that it failed.
	FailInstead Fault = "fail instead"
	FailAfter   Fault = "fail after"
)

// Faults lists what can befall an effect.
func Faults() []Fault { return []Fault{DieBefore, DieAfter, FailInstead, FailAfter} }

// Died is what a killed caller panics with.
type Died struct{ Effect Effect }

func (d Died) String() string { return fmt.Sprintf("died at %d %s", d.Effect.Number, d.Effect.Call) }

// ErrInjected is the cause of every injected failure.
var ErrInjected = errors.New("injected fault")

// Effects numbers the effects of all ports that share it and asks Judge what
// befalls each. The zero value lets everything happen.
type Effects struct {
	Judge func(Effect) Fault
	// Forget: effects are not kept, nor numbered.
	Forget bool

	mu    sync.Mutex
	calls []Effect
}

// Seen are the effects so far.
func (e *Effects) Seen() []Effect {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Effect(nil), e.calls...)
}

// do runs effect, which is a call of a port, under the fault that Judge picks
// for it; failed makes the error that the port answers then.
func (e *Effects) do(port, call string, failed func(error) error, effect func() error) error {
	if e.Forget && e.Judge == nil {
		return effect()
	}
	e.mu.Lock()
	this := Effect{Number: len(e.calls) + 1, Call: port + "." + call}
	e.calls = append(e.calls, this)
	e.mu.Unlock()
	fault := NoFault
	if e.Judge != nil {
		fault = e.Judge(this)
	}
	switch fault {
	case DieBefore:
		panic(Died{this})
	case FailInstead:
		return failed(ErrInjected)
	}
	err := effect()
	switch fault {
	case DieAfter:
		panic(Died{this})
	case FailAfter:
		return failed(ErrInjected)
	}
	return err
}

func unchanged(err error) error { return err }
