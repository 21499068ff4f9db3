package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// ProcessOptions are a Process's settings.
type ProcessOptions struct {
	Env    []string                  // the app settings and whatever else the handler sees
	Output func(stream, line string) // of "stdout" and "stderr"; nil drops the lines
	Log    *slog.Logger              // slog.Default if nil
}

// Process runs the executable that host.json names, with the host's rules for
// its end: exit code 0 is never started again and every later invocation
// fails, 200 is a restart that counts for nothing, any other is an error, and
// the third error stops the host unless more than 30 minutes lie between two.
type Process struct {
	handler CustomHandler
	root    string
	options ProcessOptions
	failed  chan error
	ended   chan struct{} // closed when the supervisor is gone
	halt    context.CancelFunc
	life    context.Context

	mu      sync.Mutex
	current *child
}

// NewProcess returns a worker for an app's executable.
func NewProcess(app App, o ProcessOptions) *Process {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Output == nil {
		o.Output = func(string, string) {}
	}
	p := &Process{handler: app.Handler, root: app.Dir, options: o, failed: make(chan error, 1), ended: make(chan struct{})}
	p.life, p.halt = context.WithCancel(context.Background())
	return p
}

const (
	restartCode    = 200
	errorThreshold = 3
	errorWindow    = 30 * time.Minute
)

// Start starts the executable and returns when it listens, or with the reason
// why it never will.
func (p *Process) Start(ctx context.Context) error {
	first := newChild(p)
	p.mu.Lock()
	p.current = first
	p.mu.Unlock()
	go p.supervise(first)
	for {
		p.mu.Lock()
		c := p.current
		p.mu.Unlock()
		select {
		case <-c.ready:
			return nil
		case <-c.replaced:
		case err := <-p.failed:
			p.failed <- err
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// supervise starts the process again and again, as its ends demand.
func (p *Process) supervise(c *child) {
	defer close(p.ended)
	var errs []time.Time
	for {
		err := c.run(p.life)
		if p.life.Err() != nil {
			return
		}
		switch {
		case c.killed():
			p.options.Log.Warn("handler killed and started again")
		case c.code == restartCode:
			p.options.Log.Info("handler asked to be started again")
		case c.code == 0 && c.listened():
			p.options.Log.Error("HANDLER EXITED WITH 0: the host never starts it again and every invocation fails from now on")
			<-p.life.Done()
			return
		default:
			p.options.Log.Error("handler exited", "code", c.code, "error", err)
			if errs = count(errs, time.Now()); len(errs) >= errorThreshold {
				p.failed <- fmt.Errorf("exceeded the handler's restart count: %d errors, the last one: %w", len(errs), c.reason(err))
				<-p.life.Done()
				return
			}
		}
		next := newChild(p)
		p.mu.Lock()
		p.current = next
		p.mu.Unlock()
		close(c.replaced)
		c = next
	}
}

// count adds an error; the earlier ones are forgotten after a quiet half hour.
func count(errs []time.Time, now time.Time) []time.Time {
	if len(errs) > 0 && now.Sub(errs[len(errs)-1]) > errorWindow {
		errs = nil
	}
	return append(errs, now)
}

// Do posts one envelope. It waits for a handler that is being started again,
// as long as the host would.
func (p *Process) Do(ctx context.Context, function, invocation string, envelope []byte) (Answer, error) {
	c, err := p.listening(ctx)
	if err != nil {
		return Answer{}, err
	}
	return post(ctx, c.client, c.base, function, invocation, envelope)
}

// Forward sends a request on. It waits as Do does.
func (p *Process) Forward(r *http.Request) (*http.Response, error) {
	c, err := p.listening(r.Context())
	if err != nil {
		return nil, err
	}
	return send(c.client, c.base, r)
}

// listening returns the process that listens, once there is one.
func (p *Process) listening(ctx context.Context) (*child, error) {
	waiting, cancel := context.WithTimeout(ctx, 4*p.handler.InitTimeout)
	defer cancel()
	for {
		p.mu.Lock()
		c := p.current
		p.mu.Unlock()
		if c == nil {
			return nil, errors.New("connection refused: the handler was not started")
		}
		select {
		case <-c.ready:
			return c, nil
		case <-c.replaced:
		case <-p.life.Done():
			return nil, errors.New("connection refused: the handler was stopped")
		case <-waiting.Done():
			return nil, fmt.Errorf("the handler does not listen: %w", waiting.Err())
		}
	}
}

// Restart kills the process; it is started again and that counts for nothing.
// An invocation that comes next waits for the new process.
func (p *Process) Restart() {
	p.mu.Lock()
	c := p.current
	p.mu.Unlock()
	if c == nil {
		return
	}
	c.kill()
	select {
	case <-c.replaced:
	case <-p.ended:
	}
}

// Pid returns the running process's id, or 0.
func (p *Process) Pid() int {
	p.mu.Lock()
	c := p.current
	p.mu.Unlock()
	if c == nil || !c.listened() {
		return 0
	}
	return c.cmd.Process.Pid
}

// Stop kills the process, without a signal that it could handle, and waits for
// its end.
func (p *Process) Stop() {
	p.halt()
	p.mu.Lock()
	started := p.current != nil
	p.mu.Unlock()
	if started {
		<-p.ended
	}
}

// Failed yields the error that stops the host.
func (p *Process) Failed() <-chan error { return p.failed }

// freePort asks the system for a port on loopback. Somebody else may take it
// before the handler does; the handler then fails to listen and is started
// again with another.
func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func newChild(p *Process) *child {
	return &child{process: p, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}, ready: make(chan struct{}), replaced: make(chan struct{}), murder: make(chan struct{})}
}

func (c *child) environment(port int) []string {
	id, listen := guid(), strconv.Itoa(port)
	return append(append([]string{}, c.process.options.Env...),
		"FUNCTIONS_CUSTOMHANDLER_PORT="+listen, "FUNCTIONS_HTTPWORKER_PORT="+listen,
		"FUNCTIONS_CUSTOMHANDLER_WORKER_ID="+id, "FUNCTIONS_HTTPWORKER_ID="+id,
		"FUNCTIONS_APP_ROOT_PATH="+c.process.root)
}

func (c *child) command(port int) *exec.Cmd {
	h := c.process.handler
	cmd := exec.Command(h.Executable, h.Arguments...)
	cmd.Dir = h.WorkingDirectory
	cmd.Env = c.environment(port)
	return cmd
}
