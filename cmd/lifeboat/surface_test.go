package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/handlers"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/functions"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
)

// surface is the server that the deployed binary starts, over pipes and with an
// engine in memory.
type surface struct {
	pipe *wire.Pipe
	log  *bytes.Buffer
	ran  func() int // messages that were sent
}

func newSurface(t *testing.T) *surface {
	t.Helper()
	p, err := plan.Parse("lifeboat.yaml", fmt.Appendf(nil, sample, ""))
	if err != nil {
		t.Fatal(err)
	}
	s := &surface{pipe: wire.NewPipe(), log: &bytes.Buffer{}}
	log := slog.New(functions.LogHandler(slog.NewJSONHandler(s.log, nil)))
	w := recoverytest.NewWorld(p, log)
	s.ran = func() int { return len(w.Queue.Take(time.Now())) }
	server := newServer(handlers.New(w.Engine, log), log)
	done := make(chan error, 1)
	go func() { done <- server.Serve(s.pipe) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
		time.Sleep(time.Second) // the server waits a moment for what a client still sends
	})
	return s
}

func (s *surface) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := s.pipe.DialContext(t.Context(), "tcp", "pipe")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// say sends text as it is and returns the answers.
func (s *surface) say(t *testing.T, text string) []*http.Response {
	t.Helper()
	conn := s.dial(t)
	go func() { _, _ = io.WriteString(conn, text) }()
	var all []*http.Response
	reader := bufio.NewReader(conn)
	for {
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return all
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return all
		}
		answer.Body = io.NopCloser(bytes.NewReader(body))
		all = append(all, answer)
		if answer.Close {
			return all
		}
	}
}

const alertBody = `{"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/a1","alertRule":"down","severity":"Sev1","signalType":"Metric","monitorCondition":"Fired","monitoringService":"Platform","alertTargetIDs":["/subscriptions/s/x"],"firedDateTime":"2026-03-01T01:00:00Z","essentialsVersion":"1.0","alertContextVersion":"1.0"},"alertContext":{}}}`

// What comes to a wrong place runs nothing, is told so in small words, and is
// led nowhere else.
func TestRequestsThatLeadNowhere(t *testing.T) {
	for _, tt := range []struct {
		name, line, headers, body string
		status                    int
	}{
		{"an unknown function", "POST /Nobody HTTP/1.1", "", "{}", 404},
		{"a double slash", "POST //Watchdog HTTP/1.1", "", "{}", 404},
		{"dots", "POST /api/../Watchdog HTTP/1.1", "", "{}", 404},
		{"encoded dots", "POST /api/%2e%2e/Watchdog HTTP/1.1", "", "{}", 404},
		{"an encoded slash", "POST /api%2Falert%2F..%2F..%2FWatchdog HTTP/1.1", "", "{}", 404},
		{"a dot", "POST /./Watchdog HTTP/1.1", "", "{}", 404},
		{"another case", "POST /watchdog HTTP/1.1", "", "{}", 404},
		{"a backslash", `POST /\Watchdog HTTP/1.1`, "", "{}", 404},
		{"a null byte", "POST /Watchdog%00 HTTP/1.1", "", "{}", 404},
		{"a function by the route of callers", "POST /api/Watchdog HTTP/1.1", "", "{}", 404},
		{"the host's own", "POST /admin/functions/Watchdog HTTP/1.1", "", "{}", 404},
		{"a whole URL", "POST http://169.254.169.254/metadata/instance HTTP/1.1", "", "{}", 404},
		{"a tunnel", "CONNECT 169.254.169.254:80 HTTP/1.1", "", "", 404},
		{"a very long path", "POST /" + strings.Repeat("a", 40<<10) + " HTTP/1.1", "", "{}", 404},
		{"a GET of a function", "GET /Watchdog HTTP/1.1", "", "", 405},
		{"a DELETE", "DELETE /Watchdog HTTP/1.1", "", "", 405},
		{"a method of nobody", "BREW /Watchdog HTTP/1.1", "", "", 405},
		{"a TRACE", "TRACE /api/alert HTTP/1.1", "Cookie: s3cret\r\n", "", 405},
		{"a POST of the metrics", "POST /api/metrics HTTP/1.1", "", "{}", 405},
		{"a POST of the page", "POST /api/status HTTP/1.1", "", "{}", 405},
		{"a DELETE of the state", "DELETE /api/state?job=x HTTP/1.1", "", "", 405},
		{"a TRACE of the page", "TRACE /api/status HTTP/1.1", "Cookie: s3cret\r\n", "", 405},
		{"the page, by nobody", "GET /api/status?service=apim-weu HTTP/1.1", "", "", 403},
		{"the page, by one who says who he is", "GET /api/status HTTP/1.1", "X-MS-CLIENT-PRINCIPAL-ID: s3cret\r\n", "", 403},
		{"the page by dots", "GET /api/state/../status HTTP/1.1", "", "", 404},
		{"the page by a double slash", "GET /api//status HTTP/1.1", "", "", 404},
		{"the page by an encoded slash", "GET /api%2Fstatus HTTP/1.1", "", "", 403}, // the same path, and the same answer
		{"the page with more behind it", "GET /api/status/apim-weu HTTP/1.1", "", "", 404},
		{"the page's file", "GET /api/status/style.css HTTP/1.1", "", "", 404},
		{"the page with a null byte", "GET /api/status%00 HTTP/1.1", "", "", 404},
		{"a body for the page that is too large", "GET /api/status HTTP/1.1", "", strings.Repeat(" ", functions.DefaultMaxBody+1), 413},
		{"a query that is too large", "GET /api/state?job=" + strings.Repeat("a", 100<<10) + " HTTP/1.1", "", "", 431},
		{"a method that is overridden", "GET /Watchdog HTTP/1.1", "X-HTTP-Method-Override: POST\r\n", "", 405},
		{"no JSON", "POST /Watchdog HTTP/1.1", "Content-Type: application/xml\r\n", "<a/>", 400},
		{"an alert as a form", "POST /api/alert HTTP/1.1", "Content-Type: application/x-www-form-urlencoded\r\n", "schemaId=azureMonitorCommonAlertSchema", 400},
		{"nothing at all", "POST /api/alert HTTP/1.1", "", "", 400},
		{"a body that is too large", "POST /Watchdog HTTP/1.1", "", strings.Repeat(" ", functions.DefaultMaxBody+1), 413},
		{"an alert that is too large", "POST /api/alert HTTP/1.1", "", `{"a":"` + strings.Repeat("a", 600<<10) + `"}`, 400},
		{"headers that are too large", "GET / HTTP/1.1", "X-A: " + strings.Repeat("a", 100<<10) + "\r\n", "", 431},
		{"many headers", "GET / HTTP/1.1", strings.Repeat("X-A: b\r\n", 20_000), "", 431},
		{"a line break in a header", "POST /Nobody HTTP/1.1", "X-Azure-Functions-InvocationId: a\rSet-Cookie: b\r\n", "{}", 400},
		{"two lengths", "POST /Watchdog HTTP/1.1", "Content-Length: 7\r\n", "{}", 400},
		{"a length and chunks", "POST /Watchdog HTTP/1.1", "Transfer-Encoding: chunked, identity\r\n", "{}", 501},
		{"no host", "GET / HTTP/1.1\r\nX-No: host", "-", "", 400},
		{"another protocol", "GET / HTTP/3.7", "", "", 505},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSurface(t)
				hostLine := "Host: h\r\n"
				if tt.headers == "-" {
					hostLine, tt.headers = "", ""
				}
				answers := s.say(t, fmt.Sprintf("%s\r\n%s%sConnection: close\r\nContent-Length: %d\r\n\r\n%s", tt.line, hostLine, tt.headers, len(tt.body), tt.body))
				if len(answers) != 1 || answers[0].StatusCode != tt.status {
					t.Fatalf("answers %v, want one %d", answers, tt.status)
				}
				s.harmless(t, answers[0])
			})
		})
	}
}

// harmless checks an answer to what should not have come: small, with no header
// that the request brought, no redirect, and nothing done.
func (s *surface) harmless(t *testing.T, answer *http.Response) {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	if err != nil || len(body) > 1<<10 || strings.Contains(string(body), "s3cret") {
		t.Errorf("%d bytes, %v: %.300q", len(body), err, body)
	}
	for name := range answer.Header {
		if !slices.Contains([]string{"Content-Type", "Content-Length", "Connection", "Date", "Allow", "X-Content-Type-Options"}, name) {
			t.Errorf("header %s: %q", name, answer.Header[name])
		}
	}
	if n := s.ran(); n > 0 {
		t.Errorf("%d messages were sent", n)
	}
	for line := range strings.Lines(s.log.String()) {
		if !json.Valid([]byte(line)) || len(line) > 2<<10 {
			t.Errorf("log line of %d bytes: %.300q", len(line), line)
		}
	}
}

// A caller's id of an invocation is a header like any other: what is in it
// stays one value of one line.
func TestAnInvocationIDThatForgesALogLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurface(t)
		forged := `x","level":"ERROR","msg":"all is lost`
		answers := s.say(t, "POST /Nobody HTTP/1.1\r\nHost: h\r\nX-Azure-Functions-InvocationId: "+forged+"\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
		if len(answers) != 1 {
			t.Fatalf("%d answers", len(answers))
		}
		s.harmless(t, answers[0])
		var line struct{ Msg, Invocation string }
		if err := json.Unmarshal(s.log.Bytes(), &line); err != nil || line.Msg != "unknown function" || line.Invocation != forged {
			t.Errorf("log %s", s.log)
		}
	})
}

// HTTP/1.0 closes, 1.1 stays, and two requests in one packet are two.
func TestConnectionsStayOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSurface(t)
		if answers := s.say(t, "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n"); len(answers) != 1 || answers[0].StatusCode != 200 {
			t.Errorf("HTTP/1.0: %v", answers)
		}
		one := "POST /api/alert HTTP/1.1\r\nHost: h\r\nContent-Length: " + fmt.Sprint(len(alertBody)) + "\r\n"
		answers := s.say(t, one+"\r\n"+alertBody+one+"Connection: close\r\n\r\n"+alertBody)
		if len(answers) != 2 || answers[0].StatusCode != 202 || answers[1].StatusCode != 202 || s.ran() != 2 {
			t.Errorf("HTTP/1.1: %v", answers)
		}
	})
}

// Nobody holds a connection by sending slowly, or by never reading.
func TestSlowClients(t *testing.T) {
	for _, tt := range []struct {
		name, opening, drip string
		most                time.Duration
	}{
		{"one that says nothing", "", "", headerLimit + time.Second},
		{"one that never ends its headers", "GET / HTTP/1.1\r\n", "X-A: b\r\n", headerLimit + time.Second},
		{"one that never ends its body", "POST /Watchdog HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n", " ", time.Minute},
		{"one that never ends its chunks", "POST /api/alert HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", time.Minute},
		{"one that never ends a body for the page", "GET /api/status HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n", " ", time.Minute},
		{"one that never ends chunks for the state", "GET /api/state HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", time.Minute},
		{"one that stays idle", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "", idleLimit + time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSurface(t)
				conn, began := s.dial(t), time.Now()
				ctx, stop := context.WithCancel(t.Context())
				go func() {
					_, err := io.WriteString(conn, tt.opening)
					for err == nil && ctx.Err() == nil && tt.drip != "" {
						time.Sleep(time.Second)
						_, err = io.WriteString(conn, tt.drip)
					}
				}()
				_, _ = io.Copy(io.Discard, conn) // until it is closed
				stop()
				if took := time.Since(began); took > tt.most {
					t.Errorf("held for %v, want at most %v", took, tt.most)
				}
			})
		})
	}
}

func TestOneThatNeverReads(t *testing.T) {
	for _, path := range []string{"/api/metrics", "/api/state", "/api/status"} {
		synctest.Test(t, func(t *testing.T) {
			s := newSurface(t)
			conn, began := s.dial(t), time.Now()
			if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(answerLimit + time.Second)
			synctest.Wait()
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); err == nil {
				t.Errorf("%s: after %v the connection is still served", path, time.Since(began))
			}
		})
	}
}
