package host_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/host"
)

// hookFile is an httpTrigger with its http output.
func hookFile(members string) string {
	return `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req"` + members + `},{"type":"http","direction":"out","name":"res"}]}`
}

// hooks is an app with three HTTP functions and a timer.
func hooks(t *testing.T) host.App {
	t.Helper()
	return load(t, map[string]string{
		"host.json":              hostFile(`,"enableForwardingHttpRequest":true`, `,"functionTimeout":"00:05:00"`),
		"Alert/function.json":    hookFile(`,"authLevel":"function","methods":["post"],"route":"alerts/v1"`),
		"Page/function.json":     hookFile(`,"authLevel":"anonymous","methods":["get","head"]`),
		"Anything/function.json": hookFile(`,"authLevel":"anonymous","route":"any"`),
		"Tick/function.json":     timerFile,
	})
}

// arrived is what the handler was asked.
type arrived struct {
	Method, URI, Host, Body string
	Length                  int64
	Header                  http.Header
}

// forwarding starts a host whose handler notes the requests under /api/ and
// answers them with answer.
func forwarding(t *testing.T, answer http.HandlerFunc, change ...func(*host.Options)) (*bundle, *[]arrived) {
	t.Helper()
	var got []arrived
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(strings.ToLower(r.URL.Path), "/api/") {
			return // asked whether it is ready
		}
		body, _ := io.ReadAll(r.Body)
		got = append(got, arrived{r.Method, r.RequestURI, r.Host, string(body), r.ContentLength, r.Header})
		if answer != nil {
			answer(w, r)
		}
	})
	b := setup(t, hooks(t), func(b *bundle, o *host.Options) {
		b.worker = host.NewInProcess(handler)
		o.Worker, o.FunctionKey = b.worker, "key"
		for _, c := range change {
			c(o)
		}
	})
	return b, &got
}

func (b *bundle) call(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.HTTP().ServeHTTP(w, r)
	return w
}

func TestForwardPassesBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, got := forwarding(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "busy")
		})
		r := httptest.NewRequest("POST", "https://app.example/api/alerts/v1?b=2&code=key&a=%20x", strings.NewReader(`{"x":1}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Connection", "close")
		w := b.call(r)
		if w.Code != 503 || w.Body.String() != "busy" || w.Header().Get("Retry-After") != "30" || len(w.Header()["Set-Cookie"]) != 2 {
			t.Errorf("answer = %d %v %s, want the handler's own", w.Code, w.Header(), w.Body)
		}
		in := b.ended()[0]
		want := []arrived{{Method: "POST", URI: "/api/alerts/v1?b=2&code=key&a=%20x", Host: "app.example", Body: `{"x":1}`, Length: 7, Header: http.Header{
			"Content-Type": {"application/json"}, "Content-Length": {"7"}, "Accept-Encoding": {"gzip"},
			"X-Azure-Functions-Invocationid": {in.ID}, "X-Azure-Functions-Hostversion": {"4.1037.0.0"},
		}}}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("the handler got (-want +got):\n%s", diff)
		}
		// Whatever the status, the invocation was no failure.
		if in.Function != "Alert" || in.Outcome != host.Succeeded || in.Status != 503 {
			t.Errorf("invocation = %+v", in)
		}
	})
}

func TestForwardRoutes(t *testing.T) {
	for _, tt := range []struct {
		method, url, key string
		want             int
	}{
		{"POST", "/api/alerts/v1", "key", 200},
		{"POST", "/API/Alerts/V1/", "key", 200},
		{"POST", "/api/alerts/v1?code=key", "", 200},
		{"POST", "/api/alerts/v1?CODE=key", "", 200},
		{"POST", "/api/alerts/v1", "", 401},
		{"POST", "/api/alerts/v1", "wrong", 401},
		{"POST", "/api/alerts/v1?code=key", "wrong", 401}, // the header counts
		{"POST", "/api/alerts/v1?code=", "", 401},
		{"GET", "/api/alerts/v1", "key", 404}, // the host knows no 405
		{"POST", "/api/alerts", "key", 404},
		{"POST", "/alerts/v1", "key", 404},
		{"POST", "/api/Alert", "key", 404},
		{"POST", "/api/Tick", "key", 404},
		{"GET", "/api/Page", "", 200},
		{"HEAD", "/api/page", "", 200},
		{"POST", "/api/Page", "", 404},
		{"PATCH", "/api/any", "", 200},
	} {
		t.Run(tt.method+" "+tt.url+" with "+tt.key, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, got := forwarding(t, nil)
				r := httptest.NewRequest(tt.method, tt.url, nil)
				if tt.key != "" {
					r.Header.Set("x-functions-key", tt.key)
				}
				if w := b.call(r); w.Code != tt.want || (len(*got) == 1) != (tt.want == 200) {
					t.Errorf("answer = %d after %d calls, want %d", w.Code, len(*got), tt.want)
				}
			})
		})
	}
}

func TestForwardWithoutAKeyLetsEverybodyIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := forwarding(t, nil, func(o *host.Options) { o.FunctionKey = "" })
		if w := b.call(httptest.NewRequest("POST", "/api/alerts/v1", nil)); w.Code != 200 {
			t.Errorf("answer = %d, want 200", w.Code)
		}
	})
}

// A body without a length gets lost, and a redirect is the caller's affair.
func TestForwardsSharpEdges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, got := forwarding(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/api/any", http.StatusFound)
		})
		r := httptest.NewRequest("POST", "/api/any", io.NopCloser(strings.NewReader("chunked")))
		r.ContentLength = -1
		w := b.call(r)
		if (*got)[0].Body != "" || (*got)[0].Length != 0 {
			t.Errorf("the handler got %q, want the body lost", (*got)[0].Body)
		}
		if w.Code != 302 || len(*got) != 1 {
			t.Errorf("answer = %d after %d calls, want the redirect after one", w.Code, len(*got))
		}
	})
}

func TestForwardToAHandlerThatDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := forwarding(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		w := b.call(httptest.NewRequest("GET", "/api/any", nil))
		if in := b.ended(); w.Code != 500 || in[0].Outcome != host.Failed || in[0].Reason == "" {
			t.Errorf("answer = %d, invocation %+v, want a 500 and a failure", w.Code, in)
		}
	})
}

// The caller that hangs up changes nothing; the timeout kills the process.
func TestForwardTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := forwarding(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		began := time.Now()
		w := b.call(httptest.NewRequest("GET", "/api/any", nil))
		// The app's timer fires at the same moment, before or after.
		in := slices.DeleteFunc(b.ended(), func(i host.Invocation) bool { return i.Function != "Anything" })
		if w.Code != 500 || len(in) != 1 || in[0].Outcome != host.TimedOut || time.Since(began) != 5*time.Minute {
			t.Errorf("answer = %d after %s, invocation %+v, want a timeout after 5m", w.Code, time.Since(began), in)
		}
	})
}

func TestForwardAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := forwarding(t, nil)
		if err := b.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w := b.call(httptest.NewRequest("GET", "/api/any", nil)); w.Code != 503 {
			t.Errorf("answer = %d, want 503", w.Code)
		}
	})
}

func TestLoadFindsMistakesOfHTTPFunctions(t *testing.T) {
	const forwards = `,"enableForwardingHttpRequest":true`
	for _, tt := range []struct{ name, handler, top, function, want string }{
		{"no forwarding", "", "", hookFile(""), "with forwarding only"},
		{"no output", forwards, "", `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req"}]}`, "wants one http output"},
		{"an admin function", forwards, "", hookFile(`,"authLevel":"admin"`), "authLevel"},
		{"a parameter", forwards, "", hookFile(`,"route":"jobs/{id}"`), "plain paths"},
		{"a leading slash", forwards, "", hookFile(`,"route":"/jobs"`), "plain paths"},
		{"the host's own route", forwards, "", hookFile(`,"route":"Admin/jobs"`), "keeps admin to itself"},
		{"no method", forwards, "", hookFile(`,"methods":[]`), "allows none"},
		{"a method that is none", forwards, "", hookFile(`,"methods":["fetch"]`), `"fetch" is none`},
		{"another prefix", forwards, `,"extensions":{"http":{"routePrefix":""}}`, hookFile(""), "routePrefix"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := host.Load(files(t, map[string]string{"host.json": hostFile(tt.handler, tt.top), "F/function.json": tt.function}), func(string) string { return "" })
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load = %v, want %q in it", err, tt.want)
			}
		})
	}
}

// Two functions may share a route as long as no method is for both.
func TestLoadOfSharedRoutes(t *testing.T) {
	for second, fails := range map[string]bool{`["get"]`: false, `["GET","post"]`: true} {
		_, err := host.Load(files(t, map[string]string{
			"host.json":       hostFile(`,"enableForwardingHttpRequest":true`, ""),
			"A/function.json": hookFile(`,"route":"jobs","methods":["post"]`),
			"B/function.json": hookFile(fmt.Sprintf(`,"route":"Jobs","methods":%s`, second)),
		}), func(string) string { return "" })
		if (err != nil) != fails {
			t.Errorf("%s: Load = %v, want an error: %t", second, err, fails)
		}
	}
}

// A handler that is being started again is waited for.
func TestForwardToAProcess(t *testing.T) {
	b := started(t)
	before := b.worker.Pid()
	b.worker.Restart()
	w := httptest.NewRecorder()
	b.HTTP().ServeHTTP(w, httptest.NewRequest("GET", "/api/Call", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), fmt.Sprint(b.worker.Pid())) || b.worker.Pid() == before {
		t.Errorf("answer = %d %s, want 200 from the second process", w.Code, w.Body)
	}
}
