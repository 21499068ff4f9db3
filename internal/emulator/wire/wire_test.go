package wire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/emulator/wire"
)

// counter answers 200 "done" and counts what it did.
type counter struct{ n atomic.Int32 }

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	c.n.Add(1)
	_, _ = io.WriteString(w, "done")
}

func send(t *testing.T, h http.Handler, method, url string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := wire.Transport{Handler: h}.Do(req)
	if err != nil {
		return 0, "", err
	}
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func TestFaults(t *testing.T) {
	answer := wire.Fault{Status: 429, Header: http.Header{"Retry-After": {"7"}}, Body: "slow down"}
	for _, c := range []struct {
		name    string
		kind    wire.Kind
		status  int // 0: the connection drops
		body    string
		handled int32
	}{
		{"instead of the handler", wire.Instead, 429, "slow down", 0},
		{"after the handler", wire.After, 429, "slow down", 1},
		{"dropped before", wire.Reset, 0, "", 0},
		{"dropped after", wire.ResetAfter, 0, "", 1},
		{"slow", wire.Slow, 200, "done", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tap wire.Tap
			var done counter
			h := tap.Wrap("arm", &done)
			f := answer
			f.Kind = c.kind
			tap.Inject(f)
			status, body, err := send(t, h, "POST", "http://arm.invalid/x")
			if status != c.status || body != c.body {
				t.Errorf("got %d %q, want %d %q", status, body, c.status, c.body)
			}
			if c.status == 0 && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("error %v, want a dropped connection", err)
			}
			if got := done.n.Load(); got != c.handled {
				t.Errorf("the handler ran %d times, want %d", got, c.handled)
			}
			r := tap.Requests()[0]
			if r.Status != c.status || r.Fault != c.kind || r.Method != "POST" || r.Path != "/x" || r.Service != "arm" {
				t.Errorf("recorded %+v", r)
			}
		})
	}
}

func TestFaultIsUsedUp(t *testing.T) {
	var tap wire.Tap
	h := tap.Wrap("table", &counter{})
	tap.Inject(wire.Fault{Service: "table", Match: func(r *http.Request) bool { return r.Method == "PUT" }, Kind: wire.Instead, Skip: 1, Times: 2})
	remove := tap.Inject(wire.Fault{Service: "blob", Kind: wire.Instead})
	want := []int{200, 200, 503, 200, 503, 200}
	for i, method := range []string{"PUT", "GET", "PUT", "GET", "PUT", "PUT"} {
		if status, _, _ := send(t, h, method, "http://t.invalid/"); status != want[i] {
			t.Errorf("request %d got %d, want %d", i, status, want[i])
		}
	}
	blob := tap.Wrap("blob", &counter{})
	if status, _, _ := send(t, blob, "GET", "http://b.invalid/"); status != 503 {
		t.Errorf("got %d, want the fault's 503", status)
	}
	remove()
	if status, _, _ := send(t, blob, "GET", "http://b.invalid/"); status != 200 {
		t.Errorf("got %d after the fault was removed, want 200", status)
	}
}

func TestTapRemembers(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	tap := wire.Tap{Keep: 20, Now: func() time.Time { return at }}
	h := tap.Wrap("blob", &counter{})
	watched := tap.Watch(func(r wire.Request) bool { return r.Method == "PUT" })
	for range 50 {
		if _, _, err := send(t, h, "PUT", "http://b.invalid/c/b?comp=block&sig=s3cret%3D&x=1"); err != nil {
			t.Fatal(err)
		}
	}
	requests := tap.Requests()
	if len(requests) > 20 || watched() != 50 || tap.Totals()["blob"] != 50 {
		t.Errorf("remembers %d, watched %d, total %v", len(requests), watched(), tap.Totals())
	}
	last := requests[len(requests)-1]
	want := wire.Request{At: at, Service: "blob", Method: "PUT", Path: "/c/b", Query: "comp=block&sig=REDACTED&x=1", Status: 200}
	if last != want {
		t.Errorf("recorded %+v, want %+v", last, want)
	}
	if n := tap.Count(func(r wire.Request) bool { return r.Status == 200 }); n != len(requests) {
		t.Errorf("counted %d of %d", n, len(requests))
	}
}

// Over a pipe and in a bubble: the delay is virtual, and a dropped connection
// reaches the client as one.
func TestFaultsOverPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tap wire.Tap
		pipe := wire.NewPipe()
		server := &http.Server{Handler: tap.Wrap("arm", &counter{})}
		done := make(chan error, 1)
		go func() { done <- server.Serve(pipe) }()
		carrier := &http.Transport{DialContext: pipe.DialContext}
		client := &http.Client{Transport: carrier}

		tap.Inject(wire.Fault{Kind: wire.Slow, Delay: time.Hour, Times: 1})
		begun := time.Now()
		resp, err := client.Post("http://arm.invalid/", "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if took := time.Since(begun); took != time.Hour {
			t.Errorf("took %s, want 1h", took)
		}
		tap.Inject(wire.Fault{Kind: wire.ResetAfter, Times: 1})
		if resp, err := client.Post("http://arm.invalid/", "text/plain", strings.NewReader("body")); err == nil {
			_ = resp.Body.Close()
			t.Errorf("got %s, want a dropped connection", resp.Status)
		}
		tap.Inject(wire.Fault{Kind: wire.Slow, Delay: time.Hour, Times: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, "GET", "http://arm.invalid/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Do(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the caller's deadline", err)
		}
		carrier.CloseIdleConnections()
		_ = server.Shutdown(context.Background())
		<-done
	})
}

func TestTransportPassesPanics(t *testing.T) {
	defer func() {
		if v := recover(); v != "bug" {
			t.Errorf("recovered %v, want the handler's own panic", v)
		}
	}()
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("bug") })
	_, _, _ = send(t, h, "GET", "http://x.invalid/")
	t.Error("the panic was swallowed")
}
