// Package apim speaks with Azure's management API (ARM) about API Management
// services: it starts backups and restores, follows their operations and reads
// what a service holds. Each call is one request, or one list, without retries: a
// look that fails is for the caller to repeat later, and so is one that has no
// answer within a minute. Errors are translated here, once, into those of
// package job.
package apim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement/v3"

	"lifeboat/internal/job"
)

// Options say how to reach ARM.
type Options struct {
	// Cloud is where ARM is and which audience its tokens have.
	Cloud      cloud.Configuration
	Credential azcore.TokenCredential
	// PlainHTTP lets the credential's token travel unencrypted, for an ARM
	// stand-in on loopback only.
	PlainHTTP bool
	// Transport sends the requests; one that follows no redirect and gives up
	// dead connections if nil.
	Transport policy.Transporter
	// Gateways sends the requests to services' gateways, which are not ARM's
	// and get no token; a connection of its own for each if nil.
	Gateways http.RoundTripper
	// Secret returns the value of an app setting, for access by key; none has
	// one if nil.
	Secret func(setting string) string
}

// Client implements the engine's view of ARM. It is safe for concurrent use.
type Client struct {
	options  Options
	endpoint *url.URL
	gateways *http.Client

	mu        sync.Mutex
	factories map[factoryKey]*armapimanagement.ClientFactory
	plain     *arm.Client
}

type factoryKey struct{ subscription, apiVersion string }

// New returns a Client. It sends nothing yet.
func New(o Options) (*Client, error) {
	manager := o.Cloud.Services[cloud.ResourceManager]
	endpoint, err := url.Parse(manager.Endpoint)
	if err != nil || endpoint.Host == "" {
		return nil, fmt.Errorf("ARM endpoint %q is not a URL", manager.Endpoint)
	}
	if manager.Audience == "" {
		return nil, fmt.Errorf("ARM endpoint %s has no audience for its tokens", manager.Endpoint)
	}
	if o.Transport == nil {
		o.Transport = direct
	}
	if o.Secret == nil {
		o.Secret = func(string) string { return "" }
	}
	return &Client{options: o, endpoint: endpoint, gateways: gatewayClient(o.Gateways), factories: map[factoryKey]*armapimanagement.ClientFactory{}}, nil
}

// direct follows no redirect: a 307 would send a request, with a storage key
// perhaps, a second time and to another place.
var direct = &http.Client{Transport: carrier(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// carrier asks its HTTP/2 connections whether they live. All requests share
// one, and would wait a quarter of an hour on one that has died without a word.
func carrier() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
	return t
}

// lookLimit bounds one request that looks, with its token and its answer. How
// long one that starts something may take is its caller's affair.
const lookLimit = time.Minute

// once forbids the SDK's own retries: of a request that starts something they
// would hide the first answer behind a second, and waiting is the queue's work.
var once = policy.RetryOptions{MaxRetries: -1}

// onceInTime is once for what only looks.
var onceInTime = policy.RetryOptions{MaxRetries: -1, TryTimeout: lookLimit}

func (c *Client) factory(s job.Service) (*armapimanagement.ClientFactory, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := factoryKey{s.Subscription, s.APIVersion}
	if f, ok := c.factories[key]; ok {
		return f, nil
	}
	f, err := armapimanagement.NewClientFactory(s.Subscription, c.options.Credential, c.pipeline(s.APIVersion))
	if err != nil {
		return nil, fmt.Errorf("ARM client for subscription %s: %w", s.Subscription, err)
	}
	c.factories[key] = f
	return f, nil
}

// pipeline is what every request goes through. An empty apiVersion is the
// SDK's own.
func (c *Client) pipeline(apiVersion string) *arm.ClientOptions {
	return &arm.ClientOptions{
		ClientOptions: policy.ClientOptions{
			APIVersion:                      apiVersion,
			Cloud:                           c.options.Cloud,
			InsecureAllowCredentialWithHTTP: c.options.PlainHTTP,
			PerCallPolicies:                 []policy.Policy{sameHost{c.endpoint}},
			PerRetryPolicies:                []policy.Policy{leaving{}},
			Retry:                           onceInTime,
			Telemetry:                       policy.TelemetryOptions{ApplicationID: "lifeboat"},
			Transport:                       c.options.Transport,
		},
		DisableRPRegistration: true,
	}
}

// errForeignHost: an answer pointed to a host that is not ARM's.
var errForeignHost = errors.New("the answer points to a host that is not the ARM endpoint; no token is sent there")

// sameHost stops a request to any host but ARM's before it gets a token. A
// poll URL and a next link come from an answer or from the table, so they
// are not to be trusted with one.
type sameHost struct{ endpoint *url.URL }

func (p sameHost) Do(r *policy.Request) (*http.Response, error) {
	if !p.allows(r.Raw().URL) {
		return nil, fmt.Errorf("%s://%s: %w", r.Raw().URL.Scheme, r.Raw().URL.Host, errForeignHost)
	}
	return r.Next()
}

func (p sameHost) allows(u *url.URL) bool {
	return u.Scheme == p.endpoint.Scheme && strings.EqualFold(u.Hostname(), p.endpoint.Hostname()) && portOf(u) == portOf(p.endpoint)
}

// portOf is the port that u leads to, named or not.
func portOf(u *url.URL) string {
	switch port := u.Port(); {
	case port == "" && u.Scheme == "https":
		return "443"
	case port == "" && u.Scheme == "http":
		return "80"
	default:
		return port
	}
}

// leaving notes whether a request got as far as the transport: whatever went
// wrong before, above all getting a token, proves that nothing was sent.
type leaving struct{}

type leavingKey struct{}

// noteLeaving lets leaving write into left. A request that was answered 401
// has not left: ARM looked at its token only.
func noteLeaving(ctx context.Context, left *bool) context.Context {
	return context.WithValue(ctx, leavingKey{}, left)
}

func (leaving) Do(r *policy.Request) (*http.Response, error) {
	left, noted := r.Raw().Context().Value(leavingKey{}).(*bool)
	if !noted {
		return r.Next()
	}
	*left = true
	resp, err := r.Next()
	*left = err != nil || resp.StatusCode != http.StatusUnauthorized
	return resp, err
}

// Observe reads the service resource. Its error is job.ErrUnavailable.
func (c *Client) Observe(ctx context.Context, s job.Service) (job.Observed, error) {
	doing := "read service " + s.Resource
	f, err := c.factory(s)
	if err != nil {
		return job.Observed{}, translate(doing, job.ErrUnavailable, err)
	}
	resp, err := f.NewServiceClient().Get(ctx, s.ResourceGroup, s.Resource, nil)
	if err != nil {
		return job.Observed{}, translate(doing, job.ErrUnavailable, err)
	}
	if !isService(resp.ServiceResource, s) {
		return job.Observed{}, &job.AzureError{Kind: job.ErrUnavailable, Doing: doing, Message: "the answer is not this service's resource, or has no provisioningState"}
	}
	return observed(resp.ServiceResource), nil
}

func factsOf(r armapimanagement.ServiceResource) job.Facts {
	var f job.Facts
	if r.SKU != nil {
		if r.SKU.Name != nil {
			f.Tier = string(*r.SKU.Name)
		}
		if r.SKU.Capacity != nil {
			f.Units = int(*r.SKU.Capacity)
		}
	}
	if r.Location != nil {
		f.Location = *r.Location
	}
	return f
}
