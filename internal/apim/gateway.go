package apim

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"lifeboat/internal/job"
)

// statusPath is where every API Management gateway answers 200 while it
// serves, as Microsoft documents it for load balancers' probes. It is no API
// of the service: it needs no key and no policy applies.
const statusPath = "status-0123456789abcdef"

// gatewayTimeout bounds one look at a gateway: one that takes longer serves
// nobody either.
const gatewayTimeout = 5 * time.Second

// Gateway asks the gateway that o names for its status, once and without a
// credential. A 200 is healthy, any other answer is unhealthy, none within 5 s
// is unreachable, and so is an address that is neither https nor loopback.
// A ctx that ends early looks like a gateway that did not answer.
func (c *Client) Gateway(ctx context.Context, o job.Observed) job.GatewayState {
	address, err := statusURL(o.GatewayURL)
	if err != nil {
		return job.GatewayUnreachable
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return job.GatewayUnreachable
	}
	r.Header.Set("User-Agent", "lifeboat")
	answer, err := c.gateways.Do(r)
	if err != nil {
		return job.GatewayUnreachable
	}
	_ = answer.Body.Close() // unread: the status is all that counts
	if answer.StatusCode != http.StatusOK {
		return job.GatewayUnhealthy
	}
	return job.GatewayHealthy
}

func gatewayClient(t http.RoundTripper) *http.Client {
	if t == nil {
		// A look every few minutes gains nothing from an idle connection, and
		// one that has died would be taken for a gateway that has.
		t = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}
	}
	return &http.Client{
		Transport: t,
		Timeout:   gatewayTimeout,
		// Another host's health is not the gateway's.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var errNoGateway = errors.New("not the address of a gateway: want https, or http on loopback")

// statusURL takes the scheme, host and path of a gateway's address and nothing
// else: a name and password in it would be sent along.
func statusURL(gateway string) (string, error) {
	u, err := url.Parse(gateway)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", errNoGateway
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).JoinPath(statusPath).String(), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
