// Package webhook posts notices and pings heartbeats over HTTP. Addresses and
// keys are secrets that it reads from app settings at each call; it keeps none
// and no error contains any part of one.
//
// Each call is one request: it is not repeated, and no redirect is followed,
// for that would take a notice to a place that nobody configured. Nor does a
// call reach a metadata service, whatever the address says (see forbidden).
package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// ErrNotSet: an app setting that the plan names has no value.
var ErrNotSet = errors.New("is not set")

// timeout bounds one call, its answer included.
const timeout = 10 * time.Second

// maxAnswer is how much of an answer is read, and maxSaid how much of that a
// heartbeat's is judged by. What a webhook's says is of no interest.
const (
	maxAnswer = 64 << 10
	maxSaid   = 4 << 10
)

// Options say where addresses come from and how they are reached.
type Options struct {
	// Getenv returns the value of an app setting, "" if it has none.
	Getenv func(setting string) string
	// Transport sends the requests; a connection of its own for each if nil,
	// and then none to the addresses that forbidden names.
	Transport http.RoundTripper
	// AllowLinkLocal lets connections go to those, too.
	AllowLinkLocal bool
	// Resolver looks names up; net.DefaultResolver if nil.
	Resolver *net.Resolver
	// Now dates signatures; time.Now if nil.
	Now func() time.Time
}

// Client posts and pings. It is safe for concurrent use.
type Client struct {
	getenv func(string) string
	now    func() time.Time
	http   *http.Client
}

// New returns a Client. It sends nothing yet.
func New(o Options) *Client {
	if o.Transport == nil {
		o.Transport = transport(o)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Client{getenv: o.Getenv, now: o.Now, http: &http.Client{
		Transport:     o.Transport,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Post sends body once; a nil error is a 2xx. The header webhook-id carries
// id, which is the same for all copies of a notice, with "_" for every full
// stop. If to has a key, the request is signed (see sign). An error wraps
// ErrNotSet if a setting has no value.
func (c *Client) Post(ctx context.Context, to plan.Webhook, id, contentType string, body []byte) error {
	d := destination{"webhook " + to.Name, to.URLSetting}
	address, err := c.address(d)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), bytes.NewReader(body))
	if err != nil {
		return d.unusable()
	}
	// A full stop would blur where the id ends in what is signed.
	id = strings.ReplaceAll(id, ".", "_")
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Webhook-Id", id)
	if to.KeySetting != "" {
		key, err := c.key(destination{d.name, to.KeySetting})
		if err != nil {
			return err
		}
		sign(r.Header, key, id, c.now(), body)
	}
	_, err = c.send(r, d)
	return err
}

// Ping tells the heartbeat whose URL is in setting of b, once; a nil error is
// a 2xx that does not say that it was of no effect (see heeded). As in the
// pinging API of healthchecks.io, b is added to the URL's path. An error wraps
// ErrNotSet if setting has no value.
func (c *Client) Ping(ctx context.Context, setting string, b job.Beat) error {
	d := destination{"heartbeat", setting}
	address, err := c.address(d)
	if err != nil {
		return err
	}
	if b != job.BeatSuccess {
		address = address.JoinPath(string(b))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return d.unusable()
	}
	said, err := c.send(r, d)
	if err != nil {
		return err
	}
	return d.heeded(said)
}

// send returns how the answer begins, if it is a 2xx.
func (c *Client) send(r *http.Request, d destination) (string, error) {
	r.Header.Set("User-Agent", "lifeboat")
	answer, err := c.http.Do(r)
	if err != nil {
		return "", d.failed(r.Context(), err)
	}
	// An answer that breaks off is one: the receiver has what was sent.
	said, _ := io.ReadAll(io.LimitReader(answer.Body, maxSaid))
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer-maxSaid)
	_ = answer.Body.Close()
	return string(said), d.answered(answer.StatusCode)
}

// destination is how errors call what was to be reached: by the plan's name
// and the app setting, never by its address.
type destination struct{ name, setting string }

func (d destination) errorf(format string, args ...any) error {
	return fmt.Errorf("%s (app setting %s): "+format, append([]any{d.name, d.setting}, args...)...)
}

func (d destination) unusable() error {
	return d.errorf("its value is not a usable address: want an https URL, or an http one on loopback")
}

// address reads the URL of d. Plain HTTP would show the notice to the network,
// so it is for loopback only.
func (c *Client) address(d destination) (*url.URL, error) {
	value, err := c.value(d, "an https URL")
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, d.unusable()
	}
	return u, nil
}
