package functions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lifeboat/internal/functions"
)

const invocationID = "4e773554-f6b7-4ea2-b07d-4c5fd5aba741"

// seen is what the three functions of newBundle were called with.
type seen struct {
	timers   []functions.Timer
	messages []functions.Message
	events   []string
	deadline time.Time
	log      bytes.Buffer
	fail     error
	panic    bool
}

func newBundle(o functions.Options) (*functions.Handler, *seen) {
	s := &seen{}
	o.Log = slog.New(functions.LogHandler(slog.NewJSONHandler(&s.log, nil)))
	ran := func(ctx context.Context) error {
		s.deadline, _ = ctx.Deadline()
		if s.panic {
			panic("boom")
		}
		return s.fail
	}
	return functions.NewHandler(o,
		functions.OnTimer("nightly", func(ctx context.Context, t functions.Timer) error {
			s.timers = append(s.timers, t)
			return ran(ctx)
		}),
		functions.OnMessage("onOrder", func(ctx context.Context, m functions.Message) error {
			s.messages = append(s.messages, m)
			return ran(ctx)
		}),
		functions.OnEvent("onBlob", func(ctx context.Context, e functions.Event) error {
			s.events = append(s.events, string(e.Raw))
			return ran(ctx)
		}),
	), s
}

func post(h http.Handler, path string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, body)
	r.Header.Set("X-Azure-Functions-InvocationId", invocationID)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func fixture(t testing.TB, name string) io.Reader {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b)
}

func TestSuccessIsTheWholeEnvelope(t *testing.T) {
	h, _ := newBundle(functions.Options{})
	w := post(h, "/nightly", fixture(t, "timer"))
	if got, want := w.Code, 200; got != want {
		t.Errorf("status = %d, want %d", got, want)
	}
	if got, want := w.Header().Get("Content-Type"), "application/json"; got != want {
		t.Errorf("Content-Type = %q, want %q", got, want)
	}
	if got, want := w.Body.String(), `{"Outputs":{},"Logs":[],"ReturnValue":null}`; got != want {
		t.Errorf("body = %s, want %s", got, want)
	}
}

func TestTimer(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	last := at("2026-09-29T02:00:00.0012345Z")
	for name, want := range map[string]functions.Timer{
		"timer":              {Last: last, Next: at("2026-09-30T02:00:00Z"), LastUpdated: last},
		"timer_first_run":    {Next: at("2026-09-30T02:05:00Z"), LastUpdated: at("2026-09-30T02:00:00.403838Z")},
		"timer_no_monitor":   {},
		"timer_retry":        {},
		"null_input_binding": {},
	} {
		t.Run(name, func(t *testing.T) {
			h, s := newBundle(functions.Options{})
			w := post(h, "/nightly", fixture(t, name))
			if w.Code != 200 {
				t.Fatalf("status = %d: %s", w.Code, w.Body)
			}
			if diff := cmp.Diff([]functions.Timer{want}, s.timers); diff != "" {
				t.Errorf("timers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTimerPastDue(t *testing.T) {
	h, s := newBundle(functions.Options{})
	post(h, "/nightly", strings.NewReader(`{"Data":{"timer":{"ScheduleStatus":{"Last":"2026-09-29T04:00:00+02:00","Next":"2026-09-30T02:00:00"},"IsPastDue":true}}}`))
	want := []functions.Timer{{
		Last:    time.Date(2026, 9, 29, 2, 0, 0, 0, time.UTC),
		Next:    time.Date(2026, 9, 30, 2, 0, 0, 0, time.UTC),
		PastDue: true,
	}}
	if diff := cmp.Diff(want, s.timers); diff != "" {
		t.Errorf("timers (-want +got):\n%s", diff)
	}
}

func TestNeverIsTheZeroTimeInAnyZone(t *testing.T) {
	for _, never := range []string{`"0001-01-01T00:00:00"`, `"0001-01-01T00:00:00Z"`, `"0001-01-01T00:00:00+02:00"`, `"0001-01-01T00:00:00-02:00"`, `null`} {
		h, s := newBundle(functions.Options{})
		w := post(h, "/nightly", strings.NewReader(`{"Data":{"timer":{"ScheduleStatus":{"Last":`+never+`}}}}`))
		if w.Code != 200 || !s.timers[0].Last.IsZero() {
			t.Errorf("%s: status %d, timers %v, want the zero time", never, w.Code, s.timers)
		}
	}
}

func TestMessage(t *testing.T) {
	h, s := newBundle(functions.Options{})
	if w := post(h, "/onOrder", fixture(t, "servicebus_binary")); w.Code != 200 {
		t.Fatalf("status = %d: %s", w.Code, w.Body)
	}
	want := []functions.Message{{
		Body:           []byte(`{"id":1005,"MessageId":"spoofed","ok":true,"customer":{"name":"Ann"},"lines":[1,2]}`),
		ID:             "order-1001", // not the one in the body
		DeliveryCount:  1,
		SequenceNumber: 42,
		EnqueuedAt:     time.Date(2026, 9, 30, 2, 0, 0, 0, time.UTC),
		CorrelationID:  "corr-7",
		Subject:        "order.created",
		ContentType:    "application/json",
		Properties:     map[string]any{"tenant": "a", "attempt": 2.0},
	}}
	if diff := cmp.Diff(want, s.messages); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestMessageMetadataThatLooksLikeSomethingElse(t *testing.T) {
	h, s := newBundle(functions.Options{})
	body := `{"Data":{"m":""},"Metadata":{"MessageId":"123","Subject":"\"456\"","CorrelationId":null,"SequenceNumber":"9007199254740993"}}`
	if w := post(h, "/onOrder", strings.NewReader(body)); w.Code != 200 {
		t.Fatalf("status = %d: %s", w.Code, w.Body)
	}
	want := []functions.Message{{ID: "123", Subject: "456", SequenceNumber: 9007199254740993}}
	if diff := cmp.Diff(want, s.messages, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestEvent(t *testing.T) {
	for _, name := range []string{"eventgrid", "cloudevent"} {
		h, s := newBundle(functions.Options{})
		if w := post(h, "/onBlob", fixture(t, name)); w.Code != 200 {
			t.Fatalf("%s: status = %d: %s", name, w.Code, w.Body)
		}
		var event struct{ ID string }
		if err := json.Unmarshal([]byte(s.events[0]), &event); err != nil || event.ID != "831e1650" {
			t.Errorf("%s: event = %s (%v), want id 831e1650", name, s.events[0], err)
		}
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		status                   int
		logged                   string
	}{
		{"an unknown function", "POST", "/Nobody", "{}", 404, "unknown function"},
		{"a name in another case", "POST", "/Nightly", "{}", 404, "unknown function"},
		{"a trailing slash", "POST", "/nightly/", "{}", 404, "unknown function"},
		{"a double slash", "POST", "//nightly", "{}", 404, "unknown function"},
		{"a POST to the root", "POST", "/", "{}", 404, "unknown function"},
		{"a GET of a function", "GET", "/nightly", "", 405, "wrong method"},
		{"an empty body", "POST", "/nightly", "", 400, "malformed invocation"},
		{"no JSON", "POST", "/nightly", "hello", 400, "malformed invocation"},
		{"no trigger", "POST", "/nightly", `{"Data":{}}`, 400, "malformed invocation"},
		{"Data that is no object", "POST", "/nightly", `{"Data":[1]}`, 400, "malformed invocation"},
		{"a timer that is null", "POST", "/nightly", `{"Data":{"timer":"null"}}`, 400, "malformed invocation"},
		{"a time that is none", "POST", "/nightly", `{"Data":{"timer":{"ScheduleStatus":{"Last":"soon"}}}}`, 400, "malformed invocation"},
		{"a message that is null", "POST", "/onOrder", `{"Data":{"m":null}}`, 400, "malformed invocation"},
		{"a delivery count that is none", "POST", "/onOrder", `{"Data":{"m":""},"Metadata":{"DeliveryCount":"many"}}`, 400, "malformed invocation"},
		{"too long a body", "POST", "/onOrder", `{"Data":{"m":"` + strings.Repeat("A", 3000) + `"}}`, 413, "malformed invocation"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, s := newBundle(functions.Options{MaxBody: 2000})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body)))
			if w.Code != tt.status {
				t.Errorf("status = %d, want %d", w.Code, tt.status)
			}
			var answer struct{ Error string }
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Error == "" {
				t.Errorf("body = %q, want a JSON object that says why", w.Body)
			}
			if !strings.Contains(s.log.String(), tt.logged) {
				t.Errorf("log = %q, want %q", &s.log, tt.logged)
			}
			if len(s.timers)+len(s.messages) > 0 {
				t.Error("the function ran")
			}
		})
	}
}

// A binding without dataType binary would let the body overwrite MessageId.
func TestStringBindingsAreRefused(t *testing.T) {
	for path, names := range map[string][]string{
		"/onOrder": {"servicebus_string_json", "servicebus_string_plain", "servicebus_batch_binary"},
		"/onBlob":  {"eventgrid_batch"},
	} {
		for _, name := range names {
			h, s := newBundle(functions.Options{})
			if w := post(h, path, fixture(t, name)); w.Code != 400 {
				t.Errorf("%s: status = %d, want 400", name, w.Code)
			}
			if !strings.Contains(s.log.String(), "function.json") {
				t.Errorf("%s: log = %s, want a hint at function.json", name, &s.log)
			}
		}
	}
}

func TestReadinessIsSilent(t *testing.T) {
	h, s := newBundle(functions.Options{})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 200 || s.log.Len() != 0 {
		t.Errorf("GET / = %d, log %q, want 200 and no log", w.Code, &s.log)
	}
}

func TestFailureIsLoggedOnceWithItsInvocation(t *testing.T) {
	h, s := newBundle(functions.Options{})
	s.fail = errors.New("storage is down")
	w := post(h, "/nightly", fixture(t, "timer"))
	if w.Code != 500 || !json.Valid(w.Body.Bytes()) {
		t.Errorf("answer = %d %s, want 500 and JSON", w.Code, w.Body)
	}
	var line struct{ Msg, Error, Invocation, Function string }
	if err := json.Unmarshal(s.log.Bytes(), &line); err != nil { // a second line would be an error, too
		t.Fatalf("log = %q: %v", &s.log, err)
	}
	line.Msg = ""
	want := struct{ Msg, Error, Invocation, Function string }{"", "storage is down", invocationID, "nightly"}
	if line != want {
		t.Errorf("log line = %+v, want %+v", line, want)
	}
}

func TestPanicIsAFailure(t *testing.T) {
	h, s := newBundle(functions.Options{})
	s.panic = true
	w := post(h, "/onOrder", fixture(t, "servicebus_binary"))
	if w.Code != 500 || !json.Valid(w.Body.Bytes()) {
		t.Errorf("answer = %d %s, want 500 and JSON", w.Code, w.Body)
	}
	for _, want := range []string{`"boom"`, "handler_test.go", invocationID} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("log = %s, want %q in it", &s.log, want)
		}
	}
}

func TestEveryInvocationHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		h, s := newBundle(functions.Options{Deadline: time.Minute})
		post(h, "/nightly", fixture(t, "timer"))
		if got, want := s.deadline.Sub(start), time.Minute; got != want {
			t.Errorf("deadline after %v, want %v", got, want)
		}
	})
}

func TestASenderThatStallsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := newBundle(functions.Options{})
		client, server := net.Pipe()
		srv := &http.Server{Handler: h}
		go srv.Serve(&oneConn{conn: server, done: make(chan struct{})})
		defer srv.Close()
		start := time.Now()
		io.WriteString(client, "POST /nightly HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{")
		answer, err := io.ReadAll(client)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(answer), "HTTP/1.1 408") {
			t.Errorf("answer = %q, want 408", answer)
		}
		if waited := time.Since(start); waited > time.Minute {
			t.Errorf("waited %v", waited)
		}
		if !strings.Contains(s.log.String(), "malformed invocation") {
			t.Errorf("log = %q", &s.log)
		}
	})
}

type oneConn struct {
	conn net.Conn
	done chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.done
	return nil, net.ErrClosed
}
func (l *oneConn) Close() error   { close(l.done); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

func TestFunctions(t *testing.T) {
	h, _ := newBundle(functions.Options{})
	want := []functions.Registration{
		{Name: "nightly", Trigger: functions.TimerTrigger},
		{Name: "onOrder", Trigger: functions.ServiceBusTrigger},
		{Name: "onBlob", Trigger: functions.EventGridTrigger},
	}
	if diff := cmp.Diff(want, h.Functions(), cmpopts.IgnoreUnexported(functions.Registration{})); diff != "" {
		t.Errorf("Functions() (-want +got):\n%s", diff)
	}
}

func TestNewHandlerRefusesNames(t *testing.T) {
	nop := func(context.Context, functions.Timer) error { return nil }
	for _, names := range [][]string{{"host"}, {"1st"}, {""}, {"a/b"}, {"twice", "twice"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("NewHandler(%q) did not panic", names)
				}
			}()
			var all []functions.Registration
			for _, n := range names {
				all = append(all, functions.OnTimer(n, nop))
			}
			functions.NewHandler(functions.Options{}, all...)
		}()
	}
}

func TestOutsideAnInvocation(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(functions.LogHandler(slog.NewJSONHandler(&out, nil))).With("app", "lifeboat").WithGroup("g")
	log.InfoContext(context.Background(), "started", "a", 1)
	if strings.Contains(out.String(), functions.InvocationKey) || !strings.Contains(out.String(), `"g":{"a":1}`) {
		t.Errorf("log = %s", &out)
	}
	if got := functions.InvocationID(context.Background()); got != "" {
		t.Errorf("InvocationID = %q, want none", got)
	}
}

// FuzzHandler holds what the host depends on for any body at all: one JSON
// object, never empty, and success only if the function ran.
func FuzzHandler(f *testing.F) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			b, err := io.ReadAll(fixture(f, name))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, path := range []string{"/nightly", "/onOrder", "/onBlob"} {
			h, s := newBundle(functions.Options{})
			w := post(h, path, bytes.NewReader(body))
			var object map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &object); err != nil || object == nil {
				t.Errorf("%s answered %q, want a JSON object", path, w.Body)
			}
			ran := len(s.timers)+len(s.messages)+len(s.events) == 1
			if ok := w.Code == 200; ok != ran || (!ok && w.Code != 400) {
				t.Errorf("%s: status %d, ran %v", path, w.Code, ran)
			}
			for _, e := range s.events {
				if !json.Valid([]byte(e)) || e[0] != '{' {
					t.Errorf("event = %q, want a JSON object", e)
				}
			}
		}
	})
}
