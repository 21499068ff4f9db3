package bench

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"lifeboat/bench/echo"
)

// BenchmarkInvocation is one invocation over a kept-alive connection on
// loopback, as the host makes it: of the whole function app over ports in
// memory, and of a bare JSON echo. Both get the same bytes, in turns, from the
// same client.
func BenchmarkInvocation(b *testing.B) {
	w := newPollWorld(b)
	app, bare := listen(b, w.handler), listen(b, http.HandlerFunc(echo.Handler))
	var lifeboats, echoes []time.Duration
	for b.Loop() {
		body := w.invocation(b)
		lifeboats = append(lifeboats, call(b, app, body))
		w.moved(b)
		echoes = append(echoes, call(b, bare, body))
	}
	p50, p99 := report(b, "", lifeboats)
	bare50, bare99 := report(b, "echo-", echoes)
	b.ReportMetric(p50/bare50, "p50-ratio")
	b.ReportMetric(p99/bare99, "p99-ratio")
	b.ReportMetric(0, "ns/op") // of both, and of what makes the bodies
}

// listen serves h as `lifeboat serve` does and returns the address of JobStep.
func listen(b *testing.B, h http.Handler) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // until Close
	b.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String() + "/JobStep"
}

func call(b *testing.B, url, body string) time.Duration {
	b.Helper()
	begun := time.Now()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	answer, err := io.ReadAll(r.Body)
	took := time.Since(begun)
	_ = r.Body.Close()
	if err != nil || r.StatusCode != http.StatusOK {
		b.Fatalf("answer %d: %s, %v", r.StatusCode, answer, err)
	}
	return took
}
