package functions_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/functions"
)

const functionKey = "s3cr3t-key"

// hook is an httpTrigger that notes what it was called with.
type hook struct {
	log     bytes.Buffer
	logger  *slog.Logger
	request *http.Request
	body    string
	answer  func(http.ResponseWriter, *http.Request)
}

func newHook(o functions.Options) (*functions.Handler, *hook) {
	k := &hook{}
	k.logger = slog.New(functions.LogHandler(slog.NewJSONHandler(&k.log, nil)))
	o.Log = k.logger
	return functions.NewHandler(o,
		functions.OnHTTP("AlertHook", []string{http.MethodPost}, "alerts/v1", func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			k.request, k.body = r, string(body)
			k.logger.InfoContext(r.Context(), "called", "url", r.URL.String(), "uri", r.RequestURI, "headers", r.Header)
			if k.answer != nil {
				k.answer(w, r)
			}
		}),
		functions.OnTimer("nightly", func(context.Context, functions.Timer) error { return nil }),
	), k
}

// forward sends a request as the host forwards it.
func forward(h http.Handler, method, url, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	r.Header.Add("X-Azure-Functions-InvocationId", invocationID)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHTTPPassesBothWays(t *testing.T) {
	h, k := newHook(functions.Options{})
	k.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "busy")
	}
	w := forward(h, "POST", "/api/alerts/v1?b=2&a=1", `{"x":1}`, "Content-Type", "application/json")
	if w.Code != 503 || w.Body.String() != "busy" || w.Header().Get("Retry-After") != "30" {
		t.Errorf("answer = %d %v %s, want the function's own", w.Code, w.Header(), w.Body)
	}
	if k.body != `{"x":1}` || k.request.Method != "POST" || k.request.URL.RawQuery != "b=2&a=1" || k.request.ContentLength != 7 || k.request.Header.Get("Content-Type") != "application/json" {
		t.Errorf("called with %s %s %q", k.request.Method, k.request.URL, k.body)
	}
	if functions.InvocationID(k.request.Context()) != invocationID {
		t.Errorf("invocation %q, want %s", functions.InvocationID(k.request.Context()), invocationID)
	}
}

// Nothing written is a 200, as with net/http.
func TestHTTPWithoutAnAnswer(t *testing.T) {
	h, _ := newHook(functions.Options{})
	if w := forward(h, "POST", "/api/alerts/v1", ""); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("answer = %d %q, want 200 and nothing", w.Code, w.Body)
	}
}

func TestHTTPRoutes(t *testing.T) {
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{"POST", "/api/alerts/v1", 200},
		{"POST", "/API/Alerts/V1", 200}, // the host's router takes these
		{"POST", "/api/alerts/v1/", 200},
		{"GET", "/api/alerts/v1", 405},
		{"HEAD", "/api/alerts/v1", 405},
		{"POST", "/api/alerts", 404},
		{"POST", "/api/alerts/v1/x", 404},
		{"POST", "/api//alerts/v1", 404},
		{"POST", "/api/nightly", 404},
		{"POST", "/AlertHook", 404}, // where an envelope would go
		{"POST", "/alerts/v1", 404},
		{"POST", "/NIGHTLY", 404},
		{"POST", "/api/../nightly", 404},
	} {
		h, k := newHook(functions.Options{})
		w := forward(h, tt.method, tt.path, "")
		if w.Code != tt.want || (k.request != nil) != (tt.want == 200) || w.Header().Get("Location") != "" {
			t.Errorf("%s %s = %d, want %d", tt.method, tt.path, w.Code, tt.want)
		}
		if tt.want == 405 && w.Header().Get("Allow") != "POST" {
			t.Errorf("%s %s: Allow = %q, want POST", tt.method, tt.path, w.Header().Get("Allow"))
		}
	}
}

// The key is the caller's secret and the host's affair. A function that logs
// all that it gets must not spill it.
func TestHTTPKeyIsNeverLogged(t *testing.T) {
	for _, query := range []string{"?code=" + functionKey, "?a=1&CODE=" + functionKey + "&b=2", "?c%6Fde=" + functionKey, "?%zz=" + functionKey + "&code=" + functionKey, "?code=x&code=" + functionKey} {
		for _, answer := range []func(http.ResponseWriter, *http.Request){nil, func(http.ResponseWriter, *http.Request) { panic("boom") }} {
			h, k := newHook(functions.Options{})
			k.answer = answer
			url := "/api/alerts/v1" + query
			forward(h, "POST", url, "", "x-functions-key", functionKey, "Referer", "https://app"+url, "X-Original-URL", url, "X-WAWS-Unencoded-URL", url, "X-Other", "kept")
			forward(h, "GET", url, "", "x-functions-key", functionKey)
			forward(h, "POST", "/api/nothing"+query, "", "x-functions-key", functionKey)
			if strings.Contains(k.log.String(), functionKey) {
				t.Errorf("%s: the log has the key:\n%s", query, k.log.String())
			}
			if k.request.Header.Get("X-Other") != "kept" || strings.Contains(query, "a=1") && k.request.URL.RawQuery != "a=1&b=2" {
				t.Errorf("%s: the function got %s %v", query, k.request.URL, k.request.Header)
			}
		}
	}
}

func TestHTTPLogsTheInvocation(t *testing.T) {
	h, k := newHook(functions.Options{})
	// A caller can send the header, too; the host's comes last.
	forward(h, "POST", "/api/alerts/v1", "", "X-Azure-Functions-InvocationId", "forged")
	if line := k.log.String(); !strings.Contains(line, `"invocation":"`+invocationID+`","function":"AlertHook"`) {
		t.Errorf("log = %s, want the invocation and the function's name", line)
	}
}

func TestHTTPPanicIsA500(t *testing.T) {
	h, k := newHook(functions.Options{})
	k.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "half an ans")
		panic("boom")
	}
	w := forward(h, "POST", "/api/alerts/v1", "")
	if w.Code != 500 || w.Body.String() != `{"error":"internal error"}` {
		t.Errorf("answer = %d %s, want a 500 alone", w.Code, w.Body)
	}
	if log := k.log.String(); !strings.Contains(log, "invocation panicked") || !strings.Contains(log, "boom") {
		t.Errorf("log = %s, want the panic", log)
	}
}

func TestHTTPBodyIsBounded(t *testing.T) {
	h, k := newHook(functions.Options{MaxBody: 8})
	if w := forward(h, "POST", "/api/alerts/v1", "123456789"); w.Code != 413 || k.request != nil {
		t.Errorf("9 bytes = %d, want 413 and no call", w.Code)
	}
	if w := forward(h, "POST", "/api/alerts/v1", "12345678"); w.Code != 200 || k.body != "12345678" {
		t.Errorf("8 bytes = %d, body %q, want 200 and all of them", w.Code, k.body)
	}
}

func TestHTTPHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, k := newHook(functions.Options{Deadline: time.Minute})
		began := time.Now()
		k.answer = func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			w.WriteHeader(http.StatusGatewayTimeout)
		}
		w := forward(h, "POST", "/api/alerts/v1", "")
		if took := time.Since(began); w.Code != 504 || took != time.Minute {
			t.Errorf("answer = %d after %s, want the function's own after 1m", w.Code, took)
		}
	})
}

func TestHTTPRegistration(t *testing.T) {
	h, _ := newHook(functions.Options{})
	got := h.Functions()[0]
	if diff := cmp.Diff([]any{"AlertHook", functions.HTTPTrigger, []string{"POST"}, "alerts/v1"}, []any{got.Name, got.Trigger, got.Methods, got.Route}); diff != "" {
		t.Errorf("registration (-want +got):\n%s", diff)
	}
	nothing := func(http.ResponseWriter, *http.Request) {}
	post := []string{"POST"}
	if route := functions.OnHTTP("Page", post, "", nothing).Route; route != "Page" {
		t.Errorf("default route = %q, want Page", route)
	}
	for name, register := range map[string]func(){
		"a parameter":     func() { functions.OnHTTP("A", post, "jobs/{id}", nothing) },
		"a leading slash": func() { functions.OnHTTP("A", post, "/jobs", nothing) },
		"a slash behind":  func() { functions.OnHTTP("A", post, "jobs/", nothing) },
		"the admin's":     func() { functions.OnHTTP("A", post, "Admin/jobs", nothing) },
		"the runtime's":   func() { functions.OnHTTP("A", post, "runtime", nothing) },
		"no method":       func() { functions.OnHTTP("A", nil, "jobs", nothing) },
		"a route twice": func() {
			functions.NewHandler(functions.Options{}, functions.OnHTTP("A", post, "jobs", nothing), functions.OnHTTP("B", post, "Jobs", nothing))
		},
		"a name twice": func() {
			functions.NewHandler(functions.Options{}, functions.OnHTTP("A", post, "a", nothing), functions.OnHTTP("A", post, "b", nothing))
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("want a panic")
				}
			}()
			register()
		})
	}
}
