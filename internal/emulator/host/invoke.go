package host

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"time"
)

// posting returns a call that posts an envelope.
func (h *Host) posting(f Function, envelope func(sys) []byte) func(context.Context, string, time.Time) verdict {
	return func(ctx context.Context, id string, started time.Time) verdict {
		answer, err := h.options.Worker.Do(ctx, f.Name, id, envelope(newSys(f.Name, guid(), started)))
		v := judge(answer, err)
		if v.hangs {
			h.options.Log.Error("an empty answer never ends an invocation: it hangs until functionTimeout kills the process", "function", f.Name, "invocation", id)
			<-ctx.Done()
		}
		return v
	}
}

// invoke calls a function and waits for its end, which comes no later than the
// function timeout.
func (h *Host) invoke(f Function, call func(ctx context.Context, id string, started time.Time) verdict) Invocation {
	in := Invocation{Function: f.Name, ID: guid(), Started: h.options.Now()}
	began := time.Now()
	ctx, cancel := context.WithCancel(h.life)
	defer cancel()
	var expired <-chan time.Time
	if h.app.Timeout > 0 {
		timer := time.NewTimer(h.app.Timeout)
		defer timer.Stop()
		expired = timer.C
	}
	ended := make(chan verdict, 1)
	go func() { ended <- call(ctx, in.ID, in.Started) }()
	select {
	case v := <-ended:
		in.Status, in.Outcome, in.Reason, in.Logs = v.status, v.outcome, v.reason, v.logs
	case <-expired:
		in.Outcome, in.Reason = TimedOut, fmt.Sprintf("Timeout value of %v was exceeded by function: %s", h.app.Timeout, f.Name)
		h.options.Log.Error("function timeout: the process is killed with every invocation in it", "function", f.Name, "invocation", in.ID)
		h.options.Worker.Restart()
		cancel()
		<-ended
	}
	in.Duration = time.Since(began)
	return in
}

// verdict is what the host makes of an answer.
type verdict struct {
	status  int
	outcome Outcome
	reason  string
	logs    []string
	hangs   bool
}

// judge decides as the host does: a 2xx with a JSON object is a success, a 2xx
// with nothing or null never ends, and all else is a failure.
func judge(a Answer, err error) verdict {
	v := verdict{status: a.Status, outcome: Failed}
	if err != nil {
		v.reason = err.Error()
		return v
	}
	if a.Status < 200 || a.Status > 299 {
		v.reason = fmt.Sprintf("Response status code does not indicate success: %d (%s).", a.Status, http.StatusText(a.Status))
		return v
	}
	body := bytes.TrimSpace(a.Body)
	if len(body) == 0 {
		v.hangs = true
		return v
	}
	if kind, _, _ := mime.ParseMediaType(a.ContentType); kind != "application/json" && kind != "text/json" {
		v.reason = fmt.Sprintf("No MediaTypeFormatter is available to read an object of type 'HttpScriptInvocationResult' from content with media type '%s'.", a.ContentType)
		return v
	}
	if string(body) == "null" {
		v.hangs = true
		return v
	}
	var result struct {
		Outputs map[string]any
		Logs    []string
	}
	if err := json.Unmarshal(body, &result); err != nil {
		v.reason = fmt.Sprintf("the answer is no invocation result: %v", err)
		return v
	}
	v.outcome, v.logs = Succeeded, result.Logs
	return v
}
