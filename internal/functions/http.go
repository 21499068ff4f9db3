package functions

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// routePrefix is what the host puts before every route
// (extensions.http.routePrefix, "api" unless host.json says otherwise).
const routePrefix = "/api/"

// plainRoute is a route without parameters, which is all that is registered.
var plainRoute = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_.-]+)*$`)

// OnHTTP registers handle for an httpTrigger with an http output: with
// customHandler.enableForwardingHttpRequest the host checks the function key
// and forwards the request itself, so that the caller sees handle's answer. The
// request comes without its key and with its whole body, which the host drops
// if it was sent without a length. An answer is sent when handle has returned; a
// panic makes it a 500. OnHTTP panics on a route that the host would refuse or
// that has parameters; "" is the function's name, as with the host.
func OnHTTP(name string, methods []string, route string, handle http.HandlerFunc) Registration {
	if route == "" {
		route = name
	}
	first, _, _ := strings.Cut(strings.ToLower(route), "/")
	if !plainRoute.MatchString(route) || first == "admin" || first == "runtime" {
		panic(fmt.Sprintf("functions: %s: the route %q is reserved, or not a plain path", name, route))
	}
	if len(methods) == 0 {
		panic(fmt.Sprintf("functions: %s: no method", name))
	}
	return Registration{
		Name: name, Trigger: HTTPTrigger, Methods: append([]string(nil), methods...), Route: route,
		path: forwardedPath(routePrefix + route), serve: handle,
	}
}

// forwardedPath is how a forwarded request's path is looked up. The host's
// router ignores case and a slash at the end, and forwards both as they came.
func forwardedPath(path string) string {
	lower := strings.ToLower(path)
	if !strings.HasPrefix(lower, routePrefix) {
		return path
	}
	return strings.TrimSuffix(lower, "/")
}

func (h *Handler) forwarded(ctx context.Context, w http.ResponseWriter, r *http.Request, f Registration) {
	body, err := h.body(w, r)
	if err != nil {
		h.options.Log.WarnContext(ctx, "unreadable request", "error", err)
		refuse(w, badRequest(err), err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, h.options.Deadline)
	defer cancel()
	in, out := keyless(ctx, r, body), &response{header: http.Header{}}
	i := Invocation{
		ID: InvocationID(ctx), Function: f.Name, Trigger: f.Trigger,
		Request: in, Route: f.Route, Status: func() int { return out.status },
	}
	_ = h.around(ctx, i, func(ctx context.Context) error { // out says it
		err := h.run(ctx, func(ctx context.Context) error {
			f.serve(out, in.WithContext(ctx))
			return nil
		})
		if err != nil {
			*out = response{header: http.Header{}}
			refuse(out, http.StatusInternalServerError, "internal error")
		}
		out.WriteHeader(http.StatusOK)
		return err
	})
	out.send(w)
}

// secretHeaders are where a function key is, or a URL that may have one in its
// query: App Service repeats the request's URL in two headers.
var secretHeaders = []string{"X-Functions-Key", "Referer", "X-Original-Url", "X-Waws-Unencoded-Url"}

// keyless is r with a body that has been read and without the function key,
// which the host has checked and nobody else needs: what a handler doesn't get
// it can't log.
func keyless(ctx context.Context, r *http.Request, body []byte) *http.Request {
	in := r.Clone(ctx)
	for _, name := range secretHeaders {
		in.Header.Del(name)
	}
	in.URL.RawQuery = keylessQuery(in.URL.RawQuery)
	in.RequestURI = in.URL.RequestURI()
	in.Body, in.ContentLength, in.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	return in
}

// keylessQuery leaves out the parameter code, in any spelling that the host
// would take.
func keylessQuery(query string) string {
	var kept []string
	for _, parameter := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(parameter, "=")
		if name, err := url.QueryUnescape(name); err == nil && !strings.EqualFold(name, "code") {
			kept = append(kept, parameter)
		}
	}
	return strings.Join(kept, "&")
}

// response keeps an answer until its handler has returned, so that a panic
// halfway leaves no half answer.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *response) Header() http.Header { return r.header }

func (r *response) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *response) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

func (r *response) send(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes())
}
