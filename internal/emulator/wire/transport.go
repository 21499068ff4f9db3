package wire

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// Transport carries requests to a handler without a connection. It is a
// policy.Transporter for the Azure SDK and an http.RoundTripper for the rest.
// The handler runs in the caller's goroutine.
type Transport struct{ Handler http.Handler }

// Do answers req by the handler. A handler that drops the connection gives an
// error in which io.ErrUnexpectedEOF can be found.
func (t Transport) Do(req *http.Request) (resp *http.Response, err error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	w := &answer{header: make(http.Header)}
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			resp, err = nil, dropped(req)
		default:
			panic(v)
		}
	}()
	t.Handler.ServeHTTP(w, inbound(req))
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return w.response(req), nil
}

// RoundTrip is Do under the name that net/http gives it.
func (t Transport) RoundTrip(req *http.Request) (*http.Response, error) { return t.Do(req) }

func dropped(req *http.Request) error {
	return fmt.Errorf("%s %s: connection dropped: %w", req.Method, req.URL.Path, io.ErrUnexpectedEOF)
}

// inbound is req as a server would have read it: header names in canonical
// form, a body that is never nil, a Host.
func inbound(req *http.Request) *http.Request {
	in := req.Clone(req.Context())
	in.Header = make(http.Header, len(req.Header))
	for name, values := range req.Header {
		for _, v := range values {
			in.Header.Add(name, v)
		}
	}
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RequestURI = req.URL.RequestURI()
	return in
}

// answer collects what the handler writes.
type answer struct {
	header http.Header // as the handler sees it
	sent   http.Header // as it was when the status was written
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status, a.sent = status, a.header.Clone()
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

func (a *answer) response(req *http.Request) *http.Response {
	a.WriteHeader(http.StatusOK)
	resp := &http.Response{
		Status:     strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode: a.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        make(http.Header, len(a.sent)),
		ContentLength: int64(a.body.Len()),
		Request:       req,
	}
	for name, values := range a.sent {
		for _, v := range values {
			resp.Header.Add(name, v)
		}
	}
	if req.Method == http.MethodHead {
		a.body.Reset()
		resp.ContentLength = -1
		if n, err := strconv.ParseInt(resp.Header.Get("Content-Length"), 10, 64); err == nil {
			resp.ContentLength = n
		}
	} else if resp.Header.Get("Content-Length") == "" {
		resp.Header.Set("Content-Length", strconv.Itoa(a.body.Len()))
	}
	resp.Body = io.NopCloser(bytes.NewReader(a.body.Bytes()))
	return resp
}
