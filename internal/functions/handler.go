// Package functions knows the envelope in which the Azure Functions host
// calls a custom handler: which route belongs to which function, how the
// host encodes a trigger, and which answers it takes for a yes or a no. What
// a function does with a trigger is its handler's affair.
package functions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

const (
	// DefaultDeadline bounds one invocation. It lies well below the shortest
	// default functionTimeout (5 minutes): when that passes, the host kills the
	// whole process with every other invocation in it.
	DefaultDeadline = 2 * time.Minute

	// DefaultMaxBody bounds one envelope. A standard Service Bus message has
	// 256 KB and an Event Grid event 1 MB, before base64.
	DefaultMaxBody = 4 << 20

	// readLimit bounds how long the host may take to send one envelope.
	readLimit = 30 * time.Second
)

// done is the whole answer of a success. An empty body with a 2xx would leave
// the invocation hanging until functionTimeout.
const done = `{"Outputs":{},"Logs":[],"ReturnValue":null}`

// Options are a Handler's settings; the zero value uses the defaults.
type Options struct {
	Log      *slog.Logger  // slog.Default if nil
	Deadline time.Duration // of each invocation's context
	MaxBody  int64         // bytes of an envelope, or of a forwarded body
	Around   Around        // every run of a function; nothing if nil
	// Admits says whose requests a function answers that the host lets anybody
	// call; nobody's if nil.
	Admits func(*http.Request) bool
}

// Handler answers the host: POST /<FunctionName> runs that function,
// /api/<route> is a request that the host forwards as it came, and GET / says
// that the process is ready. It matches paths exactly and never redirects,
// because the host follows a redirect and turns the POST into a GET.
type Handler struct {
	options   Options
	functions []Registration
	routes    map[string]Registration
}

// hostName is what the host accepts as a function's folder.
var hostName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,127}$`)

// NewHandler returns a handler for the given functions. It panics on a name
// that the host would refuse or that is registered twice.
func NewHandler(o Options, functions ...Registration) *Handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Deadline == 0 {
		o.Deadline = DefaultDeadline
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	h := &Handler{options: o, functions: functions, routes: map[string]Registration{}}
	names := map[string]bool{}
	for _, f := range functions {
		if !hostName.MatchString(f.Name) || strings.EqualFold(f.Name, "host") {
			panic(fmt.Sprintf("functions: the host refuses the name %q", f.Name))
		}
		if _, twice := h.routes[f.path]; twice || names[f.Name] {
			panic(fmt.Sprintf("functions: %s is registered twice", f.Name))
		}
		h.routes[f.path], names[f.Name] = f, true
	}
	return h
}

// Functions returns what was registered, in that order, so that a test can
// compare it with the folders that the host reads.
func (h *Handler) Functions() []Registration {
	return append([]Registration(nil), h.functions...)
}

// ServeHTTP runs one invocation. Every answer to an envelope is a JSON object.
// The host reads a 2xx as success and anything else as failure, and never reads
// a failure's body: the reason is in the log. What a forwarded request is
// answered goes to the caller, whatever its status.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		answer(w, http.StatusOK, "{}") // asked every 25 ms at the start and as a ping later: not logged
		return
	}
	f, ok := h.routes[r.URL.Path]
	if !ok {
		f, ok = h.routes[forwardedPath(r.URL.Path)]
	}
	name := f.Name
	if !ok {
		name = shown(strings.TrimPrefix(r.URL.Path, "/"))
	}
	ctx := withInvocation(r.Context(), invocationOf(r), name)
	switch {
	case !ok:
		h.options.Log.ErrorContext(ctx, "unknown function", "path", shown(r.URL.Path))
		refuse(w, http.StatusNotFound, fmt.Sprintf("no function is registered for %s", shown(r.URL.Path)))
	case !slices.Contains(f.methods(), r.Method):
		h.options.Log.WarnContext(ctx, "wrong method", "method", shown(r.Method), "path", shown(r.URL.Path))
		w.Header().Set("Allow", strings.Join(f.methods(), ", "))
		refuse(w, http.StatusMethodNotAllowed, "want "+strings.Join(f.methods(), " or "))
	case f.serve != nil:
		h.forwarded(ctx, w, r, f)
	default:
		h.invoke(ctx, w, r, f)
	}
}

// maxShown is how much of a path or a method that nobody asked for is repeated.
const maxShown = 200

func shown(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

// invocationOf reads the host's id of an invocation. The host adds it to what
// a caller may have sent, so the last one counts.
func invocationOf(r *http.Request) string {
	ids := r.Header.Values("X-Azure-Functions-InvocationId")
	if len(ids) == 0 {
		return ""
	}
	return ids[len(ids)-1]
}

func (h *Handler) invoke(ctx context.Context, w http.ResponseWriter, r *http.Request, f Registration) {
	call, err := h.read(w, r, f)
	if err != nil {
		h.options.Log.ErrorContext(ctx, "malformed invocation", "error", err)
		refuse(w, badRequest(err), err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, h.options.Deadline)
	defer cancel()
	message, _ := call.trigger.(*Message)
	i := Invocation{ID: InvocationID(ctx), Function: f.Name, Trigger: f.Trigger, Message: message}
	err = h.around(ctx, i, func(ctx context.Context) error { return h.run(ctx, call.run) })
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	answer(w, http.StatusOK, done)
}

func (h *Handler) read(w http.ResponseWriter, r *http.Request, f Registration) (call, error) {
	body, err := h.body(w, r)
	if err != nil {
		return call{}, err
	}
	in, err := decode(body)
	if err != nil {
		return call{}, err
	}
	return f.bind(in)
}

func (h *Handler) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(readLimit)) // a recorder has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.options.MaxBody))
	if err != nil {
		// The deadline stays, for the server reads on to the body's end.
		return nil, fmt.Errorf("read invocation: %w", err)
	}
	_ = control.SetReadDeadline(time.Time{}) // hitting it would cancel the function's context
	return body, nil
}

// run calls the function and logs its failure: the one place that does.
func (h *Handler) run(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			h.options.Log.ErrorContext(ctx, "invocation panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = errors.New("panic")
		}
	}()
	if err := run(ctx); err != nil {
		h.options.Log.WarnContext(ctx, "invocation failed", "error", err)
		return err
	}
	return nil
}

func badRequest(err error) int {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout
	}
	return http.StatusBadRequest
}

func refuse(w http.ResponseWriter, status int, reason string) {
	body, err := json.Marshal(struct {
		Error string `json:"error"`
	}{reason})
	if err != nil {
		body = []byte(`{}`)
	}
	answer(w, status, string(body))
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
