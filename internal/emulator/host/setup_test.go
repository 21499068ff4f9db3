package host_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"lifeboat/internal/emulator/host"
)

// files writes an app's directory. host.json runs until a test says otherwise.
func files(t *testing.T, all map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if _, ok := all["host.json"]; !ok {
		all["host.json"] = hostFile("", "")
	}
	for name, text := range all {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// hostFile is a host.json with more members in customHandler and at the top.
func hostFile(handler, top string) string {
	return `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}` + handler + `}` + top + `}`
}

const (
	timerFile   = `{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","schedule":"0 */5 * * * *"}]}`
	messageFile = `{"bindings":[{"type":"serviceBusTrigger","direction":"in","name":"msg","queueName":"steps","connection":"Bus","dataType":"binary"}]}`
	eventFile   = `{"bindings":[{"type":"eventGridTrigger","direction":"in","name":"event"}]}`
)

func load(t *testing.T, all map[string]string) host.App {
	t.Helper()
	app, err := host.Load(files(t, all), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// request is one invocation as a handler sees it.
type request struct {
	at       time.Time
	path, id string
	envelope string
}

// recorder is a handler that notes every invocation and answers with what
// answer says; success if nil.
type recorder struct {
	mu     sync.Mutex
	all    []request
	answer func(http.ResponseWriter, *http.Request)
}

const success = `{"Outputs":{},"Logs":["a line"],"ReturnValue":null}`

func (h *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		return
	}
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	h.all = append(h.all, request{time.Now(), r.URL.Path, r.Header.Get("X-Azure-Functions-InvocationId"), string(body)})
	h.mu.Unlock()
	if h.answer != nil {
		h.answer(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, success)
}

func (h *recorder) requests() []request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// bundle is a running host on virtual time.
type bundle struct {
	*host.Host
	worker  *host.InProcess
	handler *recorder
	queue   *queue

	mu          sync.Mutex
	invocations []host.Invocation
}

// setup starts a host in the current bubble.
func setup(t *testing.T, app host.App, change ...func(*bundle, *host.Options)) *bundle {
	t.Helper()
	b := &bundle{handler: &recorder{}, queue: newQueue()}
	b.worker = host.NewInProcess(b.handler)
	o := host.Options{Worker: b.worker, Queues: b.queue, Log: slog.New(slog.DiscardHandler), Namespace: "ns.servicebus.windows.net", OnInvocation: func(in host.Invocation) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.invocations = append(b.invocations, in)
	}}
	for _, c := range change {
		c(b, &o)
	}
	b.Host = host.New(app, o)
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Crash() })
	return b
}

func (b *bundle) ended() []host.Invocation {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.invocations)
}

// queue is a Service Bus queue with locks of a minute.
type queue struct {
	mu      sync.Mutex
	ready   []*host.Message
	arrived chan struct{}
	history []string // "complete m1", "abandon m1", "expire m1", "renew m1"
}

const lock = time.Minute

func newQueue() *queue { return &queue{arrived: make(chan struct{}, 1)} }

func (q *queue) send(ids ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range ids {
		q.ready = append(q.ready, &host.Message{ID: id, Body: []byte(`{"id":"` + id + `"}`), EnqueuedAt: time.Now()})
	}
	q.wake()
}

func (q *queue) wake() {
	select {
	case q.arrived <- struct{}{}:
	default:
	}
}

func (q *queue) seen() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.history)
}

func (q *queue) Receive(ctx context.Context, name string) (host.Delivery, error) {
	if name != "steps" {
		return nil, errors.New("no such queue")
	}
	for {
		q.mu.Lock()
		if len(q.ready) > 0 {
			m := q.ready[0]
			q.ready = q.ready[1:]
			if len(q.ready) > 0 {
				q.wake()
			}
			m.DeliveryCount++
			m.LockedUntil = time.Now().Add(lock)
			d := &delivery{q: q, m: m, copy: *m}
			d.expiry = time.AfterFunc(lock, func() { d.settle("expire", true) })
			q.mu.Unlock()
			return d, nil
		}
		q.mu.Unlock()
		select {
		case <-q.arrived:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

type delivery struct {
	q       *queue
	m       *host.Message
	copy    host.Message
	expiry  *time.Timer
	settled bool
}

func (d *delivery) Message() host.Message { return d.copy }
func (d *delivery) Complete() error       { return d.settle("complete", false) }
func (d *delivery) Abandon() error        { return d.settle("abandon", true) }

func (d *delivery) settle(how string, again bool) error {
	d.q.mu.Lock()
	defer d.q.mu.Unlock()
	if d.settled {
		return errors.New("lock lost")
	}
	d.settled = true
	d.expiry.Stop()
	d.q.history = append(d.q.history, fmt.Sprintf("%s %s", how, d.m.ID))
	if again {
		d.q.ready = append(d.q.ready, d.m)
		d.q.wake()
	}
	return nil
}

func (d *delivery) Renew() (time.Time, error) {
	d.q.mu.Lock()
	defer d.q.mu.Unlock()
	if d.settled {
		return time.Time{}, errors.New("lock lost")
	}
	d.q.history = append(d.q.history, "renew "+d.m.ID)
	d.expiry.Reset(lock)
	return time.Now().Add(lock), nil
}

// timerData is what a handler reads of a timer's envelope.
func timerData(t *testing.T, r request) (status struct{ Last, Next, LastUpdated string }, pastDue bool) {
	t.Helper()
	var e struct {
		Data struct {
			Timer struct {
				ScheduleStatus struct{ Last, Next, LastUpdated string }
				IsPastDue      bool
			}
		}
	}
	if err := json.Unmarshal([]byte(r.envelope), &e); err != nil {
		t.Fatal(err)
	}
	return e.Data.Timer.ScheduleStatus, e.Data.Timer.IsPastDue
}
