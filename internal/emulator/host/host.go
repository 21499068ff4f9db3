package host

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Worker runs the custom handler: as a Process, or InProcess.
type Worker interface {
	// Start returns when the handler has answered for the first time.
	Start(context.Context) error
	// Do posts one envelope to /<function> and waits for a handler that is just
	// being started again.
	Do(ctx context.Context, function, invocation string, envelope []byte) (Answer, error)
	// Forward sends a request, whose URL names no host, to the handler: once,
	// without following a redirect.
	Forward(*http.Request) (*http.Response, error)
	// Restart kills the handler with everything that it is doing, and starts it
	// again without counting that as an error.
	Restart()
	// Stop kills the handler for good.
	Stop()
	// Failed yields an error when the handler has failed too often: the host
	// stops then.
	Failed() <-chan error
}

// Answer is a handler's HTTP answer.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Options are a Host's settings.
type Options struct {
	Worker    Worker
	Queues    Queues           // needed by serviceBusTriggers
	Statuses  *Statuses        // of the timers; outlives a host that uses them again
	Now       func() time.Time // time.Now if nil
	Log       *slog.Logger     // slog.Default if nil
	Namespace string           // of Service Bus, as messages' metadata name it

	// FunctionKey is what callers of HTTP functions need unless the function is
	// anonymous; "" lets everybody in, as the tools on a laptop do.
	FunctionKey string
	// EventGridKey is the system key eventgrid_extension, which Event Grid's
	// deliveries need; "" lets everybody in.
	EventGridKey string

	// OnInvocation is called after each invocation, from many goroutines.
	OnInvocation func(Invocation)
}

// Outcome is how an invocation ended. The death of the handler alone is a
// failure like any other: the host lives on and abandons the message. Only when
// the host dies with it, as by Crash, does a lock have to run out.
type Outcome string

const (
	Succeeded Outcome = "Succeeded"
	Failed    Outcome = "Failed"
	TimedOut  Outcome = "TimedOut" // the handler was killed
)

// Settlement is what became of an invocation's message.
type Settlement string

const (
	Completed Settlement = "Completed"
	Abandoned Settlement = "Abandoned"
	LockLost  Settlement = "LockLost" // the message is, or will be, delivered again
)

// Invocation is one call of a function, after its end.
type Invocation struct {
	Function   string
	ID         string
	Started    time.Time
	Duration   time.Duration
	Status     int // of the HTTP answer; zero without one
	Outcome    Outcome
	Reason     string   // of a failure, as the host words it
	Logs       []string // that the handler answered with
	MessageID  string
	Settlement Settlement // of a message
}

// Host is a Functions host with one app.
type Host struct {
	app     App
	options Options

	listen  context.Context // ends when listeners stop
	deafen  context.CancelFunc
	life    context.Context // ends when invocations are cut off
	cut     context.CancelFunc
	running sync.WaitGroup // listeners and invocations

	mu      sync.Mutex
	stopped bool
	err     error
	done    chan struct{}
}

// New returns a Host that has not been started.
func New(app App, o Options) *Host {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Statuses == nil {
		o.Statuses = &Statuses{}
	}
	if o.Namespace == "" {
		o.Namespace = "emulator.servicebus.windows.net"
	}
	h := &Host{app: app, options: o, done: make(chan struct{})}
	h.listen, h.deafen = context.WithCancel(context.Background())
	h.life, h.cut = context.WithCancel(context.Background())
	return h
}

// Start starts the handler, then the listeners. ctx bounds the start only. An
// app without functions never starts its handler.
func (h *Host) Start(ctx context.Context) error {
	for _, w := range h.app.Warnings {
		h.options.Log.Warn("app", "warning", w)
	}
	if len(h.app.Functions) == 0 {
		return nil
	}
	if h.options.Queues == nil && slices.ContainsFunc(h.app.Functions, func(f Function) bool { return f.Trigger == ServiceBusTrigger }) {
		return errors.New("start the host: no queues to receive from")
	}
	if err := h.options.Worker.Start(ctx); err != nil {
		h.options.Worker.Stop()
		return fmt.Errorf("start the handler: %w", err)
	}
	for _, f := range h.app.Functions {
		switch f.Trigger {
		case TimerTrigger:
			h.running.Go(func() { h.keepTime(f) })
		case ServiceBusTrigger:
			h.running.Go(func() { h.receive(f) })
		}
	}
	go h.watch()
	return nil
}

// watch stops the host when its handler has failed for good.
func (h *Host) watch() {
	select {
	case err := <-h.options.Worker.Failed():
		h.options.Log.Error("the host stops", "error", err)
		h.cut()
		h.end(h.life, err)
	case <-h.done:
	}
}

// Stop stops the listeners, lets invocations end while ctx lasts, and kills the
// handler. What ctx cuts off is not settled: its lock runs out.
func (h *Host) Stop(ctx context.Context) error {
	h.end(ctx, nil)
	return h.Err()
}

// Crash ends everything at once, as the death of the whole instance does:
// nothing that runs is settled.
func (h *Host) Crash() {
	h.cut()
	h.end(h.life, nil)
}

func (h *Host) end(ctx context.Context, err error) {
	h.mu.Lock()
	again := h.stopped
	h.stopped = true
	h.mu.Unlock()
	if again {
		<-h.done
		return
	}
	h.deafen()
	idle := make(chan struct{})
	go func() { h.running.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
	}
	h.cut()
	if len(h.app.Functions) > 0 {
		h.options.Worker.Stop()
	}
	<-idle
	h.err = err
	close(h.done)
}

// Done is closed when the host has stopped.
func (h *Host) Done() <-chan struct{} { return h.done }

// Err returns why a stopped host has stopped by itself.
func (h *Host) Err() error {
	select {
	case <-h.done:
		return h.err
	default:
		return nil
	}
}

// ErrUnknownFunction says that an app has no function of a name, or none that
// can be run by hand.
var ErrUnknownFunction = errors.New("no such function")

// Fire runs a function by hand, as the admin endpoint does, and waits for its
// end. input is a message's body or an event; a timer ignores it.
func (h *Host) Fire(name, input string) (Invocation, error) {
	f, err := h.fireable(name)
	if err != nil {
		return Invocation{}, fmt.Errorf("fire %s: %w", name, err)
	}
	if !h.enter() {
		return Invocation{}, fmt.Errorf("fire %s: the host has stopped", name)
	}
	defer h.running.Done()
	in := h.invoke(f, h.posting(f, func(s sys) []byte {
		switch f.Trigger {
		case TimerTrigger:
			return timerEnvelope(f, h.options.Statuses.monitored(f), false, s)
		case EventGridTrigger:
			return eventEnvelope(f, []byte(input), s)
		}
		return messageEnvelope(f, Message{Body: []byte(input), LockToken: "00000000-0000-0000-0000-000000000000"}, h.client(), s)
	}))
	h.report(in)
	return in, nil
}

func (h *Host) fireable(name string) (Function, error) {
	i := slices.IndexFunc(h.app.Functions, func(f Function) bool { return f.Name == name })
	if i < 0 || h.app.Functions[i].Trigger == HTTPTrigger {
		return Function{}, ErrUnknownFunction
	}
	return h.app.Functions[i], nil
}

func (h *Host) report(in Invocation) {
	if h.options.OnInvocation != nil {
		h.options.OnInvocation(in)
	}
}

// guid returns a random UUID.
func guid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
