package storage

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// exchange is one request on its way through a service.
type exchange struct {
	w    http.ResponseWriter
	r    *http.Request
	path string // below the account, without the leading slash
	body []byte
}

// maxBody is a little over the most that any accepted request may carry. Azure
// takes more in one block than a development machine should hold.
const maxBody = 256<<20 + 64<<10

// handler does what all requests have in common: read the body to its end
// (a client that is answered early may still be sending), check who asks, and
// write the error if there is one.
func (s *Server) handler(serve func(*exchange) error, fail func(*exchange, *Error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{w: w, r: r}
		s.common(x)
		err := s.admit(x)
		if err == nil {
			err = serve(x)
		}
		if err != nil {
			fail(x, s.asError(err))
		}
	})
}

func (s *Server) admit(x *exchange) error {
	var err error
	if x.body, err = io.ReadAll(io.LimitReader(x.r.Body, maxBody)); err != nil {
		return &Error{Status: 400, Code: "InvalidInput", Message: "The request body could not be read."}
	}
	if len(x.body) == maxBody {
		_, _ = io.Copy(io.Discard, x.r.Body)
		return errBodyTooLarge
	}
	if err := s.authenticate(x.r); err != nil {
		return err
	}
	rest, ok := strings.CutPrefix(x.r.URL.Path, "/"+s.opts.Account)
	if !ok || rest != "" && rest[0] != '/' {
		return &Error{Status: 404, Code: "ResourceNotFound", Message: "The specified resource does not exist."}
	}
	x.path = strings.TrimPrefix(rest, "/")
	return nil
}

func (s *Server) common(x *exchange) {
	s.mu.Lock()
	s.requests++
	number := s.requests
	now := s.opts.Now()
	s.mu.Unlock()
	h := x.w.Header()
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	h.Set("Server", "Lifeboat-Development-Storage")
	h.Set("x-ms-request-id", fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(now.Unix()), number))
	if v := x.r.Header.Get("x-ms-version"); v != "" {
		h.Set("x-ms-version", v)
	}
	if id := x.r.Header.Get("x-ms-client-request-id"); id != "" {
		h.Set("x-ms-client-request-id", id)
	}
}

// trailer is what Azure appends to an error's message.
func (x *exchange) trailer() string {
	h := x.w.Header()
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("\nRequestId:%s\nTime:%s", h.Get("x-ms-request-id"), formatTime(at))
}

func (x *exchange) query(name string) string { return x.r.URL.Query().Get(name) }

func (x *exchange) header(name string) string { return x.r.Header.Get(name) }

func (x *exchange) set(name, value string) { x.w.Header().Set(name, value) }
