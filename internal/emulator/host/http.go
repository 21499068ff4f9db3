package host

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// hostVersion is what the stand-in calls itself.
const hostVersion = "4.1037.0.0"

// maxAnswer bounds what is read of an answer.
const maxAnswer = 16 << 20

// post sends one envelope the way the host does: chunked, with its headers, and
// following redirects, which turn a POST into a GET.
func post(ctx context.Context, c *http.Client, base, function, invocation string, envelope []byte) (Answer, error) {
	// A body of unknown length goes out chunked.
	body := io.NopCloser(bytes.NewReader(envelope))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/"+function, body)
	if err != nil {
		return Answer{}, err
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("X-Azure-Functions-InvocationId", invocation)
	r.Header.Set("X-Azure-Functions-HostVersion", hostVersion)
	r.Header.Set("User-Agent", "Azure-Functions-Host/"+hostVersion)
	res, err := c.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer: %w", err)
	}
	return Answer{Status: res.StatusCode, ContentType: res.Header.Get("Content-Type"), Body: b}, nil
}

// send completes a forwarded request's address and makes one round trip: with
// forwarding the host follows no redirect.
func send(c *http.Client, base string, r *http.Request) (*http.Response, error) {
	at, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	r.URL.Scheme, r.URL.Host = at.Scheme, at.Host
	return c.Transport.RoundTrip(r)
}

// probeEvery is how often the host asks whether a handler listens.
const probeEvery = 25 * time.Millisecond

// probe asks GET / until anything at all answers: any status means ready.
func probe(ctx context.Context, c *http.Client, base string) error {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/", nil)
		if err != nil {
			return err
		}
		if res, err := c.Do(r); err == nil {
			return res.Body.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
