package simulation

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
)

// arm is Azure's management API as one call sees it.
type arm struct{ c *call }

// planted begins every resume token, so that one that gets out is seen.
const planted = "planted-token-"

var errReset = errors.New("connection reset by peer")

// retryAfter is one of the forms of Retry-After, as the port shows them.
func (h *history) retryAfter() (form string, d time.Duration) {
	switch h.r.IntN(4) {
	case 0:
		return "absent", 0
	case 1:
		return "absurd", 90 * 24 * time.Hour
	case 2:
		return "date", time.Duration(1+h.r.IntN(600)) * time.Second
	default:
		return "seconds", time.Duration(5+h.r.IntN(120)) * time.Second
	}
}

// pollAfter is the Retry-After of an operation that goes on.
func (h *history) pollAfter() time.Duration {
	if one(h.r, 4) {
		_, wait := h.retryAfter()
		return wait
	}
	return time.Duration(120+h.r.IntN(240)) * time.Second
}

// refusal is an answer of Azure's that shows no effect, for a look or a start.
func (h *history) refusal(name, doing string) *job.AzureError {
	return h.refusalOf(h.r.IntN(12), name, doing)
}

// refusalOf is refusal by its number, from 0 to 11.
func (h *history) refusalOf(n int, name, doing string) *job.AzureError {
	starts := strings.HasPrefix(name, "arm.Start")
	e := &job.AzureError{Kind: job.ErrUnavailable, Doing: doing}
	switch {
	case n < 4:
		form, wait := h.retryAfter()
		h.inject("429, Retry-After " + form)
		e.Status, e.Code, e.RetryAfter = http.StatusTooManyRequests, "TooManyRequests", wait
		if starts {
			e.Kind = job.ErrThrottled
		}
	case n < 6:
		h.inject("5xx")
		e.Status, e.Code = http.StatusServiceUnavailable, "ServiceUnavailable"
		if starts {
			e.Kind = job.ErrUnanswered
		}
	case n < 8:
		h.inject("dial error")
		e.Err = errors.New("connection refused")
		if starts {
			e.Kind = job.ErrUnsent
		}
	case n == 8 && starts:
		h.inject("409")
		e.Kind, e.Status, e.Code = job.ErrBusy, http.StatusConflict, "ServiceLocked"
	case n == 9 && starts:
		h.inject("4xx")
		e.Kind, e.Status, e.Code = job.ErrRefused, http.StatusForbidden, "AuthorizationFailed"
	case n == 8 && name == "arm.Poll":
		h.inject("404 while polling")
		e.Kind, e.Status = job.ErrHandleLost, http.StatusNotFound
	case n == 9 && name == "arm.Poll":
		h.inject("foreign host in Location")
		e.Kind, e.Message = job.ErrHandleLost, "the poll URL's host is not ARM's"
	case n == 9 && name == "arm.Count":
		h.inject("4xx")
		e.Kind, e.Status, e.Code = job.ErrRefused, http.StatusForbidden, "AuthorizationFailed"
	default:
		h.inject("reset before the effect")
		e.Err = errReset
		if starts {
			e.Kind = job.ErrUnanswered
		}
	}
	return e
}

func doing(name, service string) string { return strings.TrimPrefix(name, "arm.") + " of " + service }

// managed is an effect of the management API.
func managed[T any](c *call, name, service string, effect func() (T, error)) (T, error) {
	fault := c.before(name)
	var none T
	if fault == recoverytest.FailInstead {
		if c.down(name) {
			c.inject("arm is down")
			return none, c.refusalOf(6, name, doing(name, service))
		}
		return none, c.refusal(name, doing(name, service))
	}
	found, err := effect()
	if c.after(name, fault) {
		return none, c.lost(name, doing(name, service))
	}
	return found, err
}

// lost is what the caller is told of an effect that took place.
func (h *history) lost(name, doing string) *job.AzureError {
	e := &job.AzureError{Kind: job.ErrUnavailable, Doing: doing}
	if strings.HasPrefix(name, "arm.Start") {
		e.Kind = job.ErrUnanswered
	}
	if one(h.r, 3) {
		h.inject("200 with an error body, after the effect")
		e.Status, e.Code, e.Message = http.StatusOK, "InternalServerError", "Something went wrong."
		return e
	}
	h.inject("reset after the effect")
	e.Err = errReset
	return e
}

func (p arm) start(ctx context.Context, name string, kind job.Kind, s job.Service, blob string, send func() (job.Started, error)) (job.Started, error) {
	thaw, refusal := p.c.freeze(s.Name)
	defer thaw()
	if refusal { // each kind as likely, and a definite no more so
		return job.Started{}, p.c.refusalOf(pick(p.c.r, 0, 4, 6, 8, 8, 9, 9, 10), name, doing(name, s.Name))
	}
	started, err := managed(p.c, name, s.Name, func() (job.Started, error) {
		if ctx.Err() != nil {
			p.c.inject("request's time ran out before it left")
			return job.Started{}, &job.AzureError{Kind: job.ErrUnanswered, Doing: name, Err: ctx.Err()}
		}
		p.c.requested(kind, s.Name, blob)
		before := len(p.c.ops)
		started, err := send()
		if len(p.c.ops) > before {
			p.c.accepted(p.c.ops[before])
		}
		return started, err
	})
	if err == nil {
		started.ResumeToken = planted + started.ResumeToken
		started.RetryAfter = p.c.pollAfter()
	}
	return started, err
}

// StartBackup implements recovery.ARM.
func (p arm) StartBackup(ctx context.Context, s job.Service, blob string) (job.Started, error) {
	return p.start(ctx, "arm.StartBackup", job.Backup, s, blob, func() (job.Started, error) { return p.c.azure.StartBackup(ctx, s, blob) })
}

// StartRestore implements recovery.ARM.
func (p arm) StartRestore(ctx context.Context, s job.Service, blob string) (job.Started, error) {
	return p.start(ctx, "arm.StartRestore", job.Restore, s, blob, func() (job.Started, error) { return p.c.azure.StartRestore(ctx, s, blob) })
}

// Poll implements recovery.ARM.
func (p arm) Poll(ctx context.Context, s job.Service, resumeToken string) (job.Progress, error) {
	progress, err := managed(p.c, "arm.Poll", s.Name, func() (job.Progress, error) {
		return p.c.azure.Poll(ctx, s, strings.TrimPrefix(resumeToken, planted))
	})
	if err == nil && !progress.Done {
		progress.ResumeToken = planted + strings.TrimRight(progress.ResumeToken, "+") + pick(p.c.r, "", "+", "++")
		progress.RetryAfter = p.c.pollAfter()
	}
	return progress, err
}

// Observe implements recovery.ARM.
func (p arm) Observe(ctx context.Context, s job.Service) (job.Observed, error) {
	return managed(p.c, "arm.Observe", s.Name, func() (job.Observed, error) { return p.c.azure.Observe(ctx, s) })
}

// Gateway implements recovery.ARM.
func (p arm) Gateway(ctx context.Context, o job.Observed) job.GatewayState {
	state, err := asked(p.c, "arm.Gateway", func() (job.GatewayState, error) { return p.c.azure.Gateway(ctx, o), nil })
	if err != nil {
		return job.GatewayUnreachable
	}
	return state
}

// Access implements recovery.ARM.
func (p arm) Access(ctx context.Context, s job.Service) job.Grant {
	grant, err := asked(p.c, "arm.Access", func() (job.Grant, error) { return p.c.azure.Access(ctx, s), nil })
	if err != nil {
		return job.Grant{State: job.GrantUnknown, Reason: err.Error()}
	}
	return grant
}

// Count implements recovery.ARM.
func (p arm) Count(ctx context.Context, s job.Service, kinds job.Resources) (job.Inventory, error) {
	return managed(p.c, "arm.Count", s.Name, func() (job.Inventory, error) { return p.c.azure.Count(ctx, s, kinds) })
}
