package host

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// routePrefix is the default of extensions.http.routePrefix.
const routePrefix = "/api/"

// maxForwarded bounds a request's body; the real host's own limit is 100 MB.
const maxForwarded = 16 << 20

// HTTP answers /api/<route> as the host does with forwarding: it checks the
// function key, sends the request on to the handler and its answer back,
// whatever the status. A route or a method that no function declares is a 404,
// for the host knows no 405 (azure-functions-host#10098). Of a body the
// handler gets nothing unless it was sent with its length.
//
// It is also where Event Grid delivers, at
// /runtime/webhooks/eventgrid?functionName=<name>.
func (h *Host) HTTP() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(strings.TrimSuffix(r.URL.Path, "/"), eventsPath) {
			h.events(w, r)
			return
		}
		f, ok := h.routed(r)
		switch {
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		case f.AuthLevel != Anonymous && !carries(r, h.options.FunctionKey):
			w.WriteHeader(http.StatusUnauthorized)
		default:
			h.forward(w, r, f)
		}
	})
}

// routed finds the function for a request; the router ignores case and a slash
// at the end.
func (h *Host) routed(r *http.Request) (Function, bool) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	i := slices.IndexFunc(h.app.Functions, func(f Function) bool {
		return f.Trigger == HTTPTrigger && strings.EqualFold(path, routePrefix+f.Route) && (f.Methods == nil || slices.Contains(f.Methods, r.Method))
	})
	if i < 0 {
		return Function{}, false
	}
	return h.app.Functions[i], true
}

// carries checks a key, in the header or else in the query. Nobody needs one
// that is not set.
func carries(r *http.Request, want string) bool {
	if want == "" {
		return true
	}
	key := r.Header.Get("x-functions-key")
	if key == "" {
		key = queryValue(r, "code")
	}
	return subtle.ConstantTimeCompare([]byte(key), []byte(want)) == 1
}

// queryValue is the first value of a query parameter, whatever its case.
func queryValue(r *http.Request, name string) string {
	for key, values := range r.URL.Query() {
		if strings.EqualFold(key, name) {
			return values[0]
		}
	}
	return ""
}

func (h *Host) forward(w http.ResponseWriter, r *http.Request, f Function) {
	var body []byte
	if r.ContentLength > 0 { // a chunked body is lost
		var err error
		if body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxForwarded)); err != nil {
			w.WriteHeader(badBody(err))
			return
		}
	}
	if !h.enter() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	defer h.running.Done()
	var answer response
	in := h.invoke(f, func(ctx context.Context, id string, _ time.Time) verdict {
		got, err := h.options.Worker.Forward(forwarded(ctx, r, id, body))
		if err == nil {
			answer, err = collect(got)
		}
		if err != nil {
			return verdict{outcome: Failed, reason: err.Error()}
		}
		return verdict{status: answer.status, outcome: Succeeded}
	})
	h.report(in)
	if in.Outcome != Succeeded {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer.write(w)
}

// enter counts an invocation that comes from outside, unless the host stops.
func (h *Host) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return false
	}
	h.running.Add(1)
	return true
}

func badBody(err error) int {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

// hopByHop are headers of one connection, which are not forwarded.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// forwarded is the request that the handler gets: the caller's, keys included,
// with the host's own headers added to it. Only its address is missing.
func forwarded(ctx context.Context, r *http.Request, invocation string, body []byte) *http.Request {
	out := (&http.Request{
		Method: r.Method, Host: r.Host, Header: r.Header.Clone(),
		URL:  &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery},
		Body: http.NoBody,
	}).WithContext(ctx)
	for _, name := range hopByHop {
		out.Header.Del(name)
	}
	out.Header.Del("Content-Length")
	if len(body) > 0 {
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	out.Header.Add("X-Azure-Functions-InvocationId", invocation)
	out.Header.Add("X-Azure-Functions-HostVersion", hostVersion)
	if out.Header.Get("User-Agent") == "" {
		out.Header.Set("User-Agent", "") // or net/http would add its own
	}
	return out
}

// response is a handler's answer, which the host buffers.
type response struct {
	status int
	header http.Header
	body   []byte
}

func collect(r *http.Response) (response, error) {
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	if err != nil {
		return response{}, fmt.Errorf("read the answer: %w", err)
	}
	return response{r.StatusCode, r.Header, body}, nil
}

func (r response) write(w http.ResponseWriter) {
	for name, values := range r.header {
		if !slices.Contains(hopByHop, name) {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body)
}
