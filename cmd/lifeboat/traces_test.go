package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// handled serves with env until one invocation was answered, and returns the
// output.
func handled(t *testing.T, env map[string]string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan int, 1)
	var stdout, stderr bytes.Buffer
	go func() {
		done <- run(ctx, []string{"serve"}, func(k string) string { return env[k] }, &stdout, &stderr)
	}()
	address := "http://127.0.0.1:" + env["FUNCTIONS_CUSTOMHANDLER_PORT"]
	waitFor(t, address)
	answer, err := http.Post(address+"/api/alert", "application/json", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("answer %d, want 400", answer.StatusCode)
	}
	stop()
	<-done
	return stdout.String() + stderr.String()
}

func TestServeSendsItsLastTraces(t *testing.T) {
	sent := make(chan []byte, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent <- body
	}))
	defer collector.Close()
	env := settings(t, strings.Replace(sample, "%s", "", 1))
	env["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.URL
	out := handled(t, env)
	select {
	case body := <-sent:
		if !bytes.Contains(body, []byte("POST /api/alert")) || !bytes.Contains(body, []byte("lifeboat")) {
			t.Errorf("sent %q", body)
		}
	default:
		t.Errorf("nothing was sent:\n%s", out)
	}
}

// A wish for traces that can't be met must not stop backups.
func TestServeWithoutTheTracesThatItCannotSend(t *testing.T) {
	env := settings(t, strings.Replace(sample, "%s", "", 1))
	env["OTEL_EXPORTER_OTLP_ENDPOINT"], env["OTEL_EXPORTER_OTLP_HEADERS"] = "http://127.0.0.1:9", planted+"%zz"
	out := handled(t, env)
	if !strings.Contains(out, "OTEL_EXPORTER_OTLP_HEADERS: ") || strings.Contains(out, planted) {
		t.Errorf("output:\n%s", out)
	}
}
