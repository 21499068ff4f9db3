package host

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
)

// base is where the host talks to a handler; the address decides nothing in
// process.
const base = "http://127.0.0.1"

// InProcess runs a handler in this process, over net.Pipe: no ports, and
// virtual time in a synctest bubble. Killing it breaks its connections, which
// cancels the requests' contexts; code that ignores its context goes on, as it
// could not in a process of its own.
type InProcess struct {
	handler http.Handler

	mu      sync.Mutex
	current *inProcess
}

// NewInProcess returns a worker for a handler.
func NewInProcess(handler http.Handler) *InProcess { return &InProcess{handler: handler} }

// inProcess is one life of the handler.
type inProcess struct {
	server    *http.Server
	transport *http.Transport
	client    *http.Client
}

// Start serves the handler and asks it once.
func (p *InProcess) Start(ctx context.Context) error {
	p.mu.Lock()
	p.current = p.launch()
	client := p.current.client
	p.mu.Unlock()
	return probe(ctx, client, base)
}

func (p *InProcess) launch() *inProcess {
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: p.handler}
	go func() { _ = server.Serve(l) }()
	transport := &http.Transport{DialContext: l.dial, MaxIdleConnsPerHost: 32}
	return &inProcess{server: server, transport: transport, client: &http.Client{Transport: transport}}
}

func (p *inProcess) kill() {
	_ = p.server.Close()
	p.transport.CloseIdleConnections()
}

// Do posts one envelope.
func (p *InProcess) Do(ctx context.Context, function, invocation string, envelope []byte) (Answer, error) {
	client, err := p.client()
	if err != nil {
		return Answer{}, err
	}
	return post(ctx, client, base, function, invocation, envelope)
}

// Forward sends a request on.
func (p *InProcess) Forward(r *http.Request) (*http.Response, error) {
	client, err := p.client()
	if err != nil {
		return nil, err
	}
	return send(client, base, r)
}

func (p *InProcess) client() (*http.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		return nil, errors.New("connection refused: the handler does not run")
	}
	return p.current.client, nil
}

// Restart breaks every connection and serves the handler anew. Tests call it
// to let the handler die.
func (p *InProcess) Restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil {
		p.current.kill()
		p.current = p.launch()
	}
}

// Stop breaks every connection.
func (p *InProcess) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil {
		p.current.kill()
		p.current = nil
	}
}

// Failed never yields: a handler in this process can't exit.
func (p *InProcess) Failed() <-chan error { return nil }

// pipes is a net.Listener whose connections are pipes.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
