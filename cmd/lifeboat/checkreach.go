package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus/admin"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"lifeboat/internal/apim"
	"lifeboat/internal/config"
	"lifeboat/internal/job"
)

// management is what check asks of Azure's management API.
type management interface {
	Observe(ctx context.Context, s job.Service) (job.Observed, error)
	Access(ctx context.Context, s job.Service) job.Grant
	Permissions(ctx context.Context, s job.Service) ([]apim.Permission, error)
}

// sights is the Azure that check looks at, beside the table.
type sights struct {
	arm   management
	blobs func(account string) (*service.Client, error)
	bus   *azservicebus.Client // nil: the settings name none
	admin *admin.Client        // nil: there is no management API of queues
	who   func(context.Context) (caller, error)
	// web asks clocks for their time, without a credential.
	web    http.RoundTripper
	clocks []clockAt
	// standIn: this is a development Azure.
	standIn bool

	// What several checks need, once it is looked at.
	caller *look[caller]
	rows   *look[tableRows]
}

// caller is who checks. app says that it is the app's own identity.
type caller struct {
	name string
	app  bool
}

func (s *sights) close(ctx context.Context) error {
	if s.bus == nil {
		return nil
	}
	return s.bus.Close(ctx)
}

// surveyAzure opens what c names, by the operator's own identity, or in the
// lab by the one that it lends. It makes no request.
func surveyAzure(c config.Config, getenv func(string) string) (*sights, error) {
	manager := c.Cloud.Services[cloud.ResourceManager]
	s := &sights{
		web: clockTransport(), standIn: c.State.ConnectionString != "",
		clocks: []clockAt{clockOf(manager.Endpoint), clockOf(stateAddress(c))},
	}
	identity, lent := lentIdentity(c, getenv)
	if !lent {
		var err error
		if identity, err = operatorIdentity(c); err != nil {
			return nil, err
		}
	}
	s.who = func(ctx context.Context) (caller, error) {
		token, err := identity.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{manager.Audience + "/.default"}})
		if err != nil {
			return caller{}, err
		}
		return caller{nameIn(token.Token), lent || c.ClientID != "" && strings.EqualFold(appIn(token.Token), c.ClientID)}, nil
	}
	s.blobs = func(account string) (*service.Client, error) { return blobClient(c, account, identity) }
	var err error
	if s.arm, err = apim.New(apim.Options{Cloud: c.Cloud, Credential: identity, PlainHTTP: c.PlainARM, Secret: getenv}); err != nil {
		return nil, err
	}
	if c.ServiceBus == (config.Endpoint{}) {
		return s, nil
	}
	if s.bus, err = busClient(c, identity); err != nil {
		return nil, err
	}
	if c.ServiceBus.Name != "" {
		s.admin, err = admin.NewClient(c.ServiceBus.Name, identity, &admin.ClientOptions{ClientOptions: clientOptions()})
	}
	return s, err
}

// clockTransport follows no redirect: another server has another clock.
func clockTransport() http.RoundTripper {
	return &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}
}

func clockOf(address string) clockAt {
	u, err := url.Parse(address)
	if err != nil {
		return clockAt{address, address}
	}
	return clockAt{u.Host, u.Scheme + "://" + u.Host + "/"}
}

// stateAddress is where the table's account is.
func stateAddress(c config.Config) string {
	for part := range strings.SplitSeq(c.State.ConnectionString, ";") {
		if address, ok := strings.CutPrefix(part, "TableEndpoint="); ok {
			return address
		}
	}
	return c.State.Name
}

// appIn is the client id in a token, "" if it has none.
func appIn(token string) string {
	who := claimsOf(token)
	return cmp.Or(who.AppID, who.Party)
}

// errNotStorage: a proxy, say, has answered. The SDK looks at the status alone.
var errNotStorage = errors.New("something else than Azure Storage has answered")

// container looks at the properties of s's container.
func (s *sights) container(ctx context.Context, where job.Service) error {
	client, err := s.blobs(where.Account)
	if err != nil {
		return err
	}
	got, err := client.NewContainerClient(where.Container).GetProperties(ctx, nil)
	if err == nil && (got.ETag == nil || got.LastModified == nil) {
		return errNotStorage
	}
	return err
}

// corsRules counts those of an account's blob service.
func (s *sights) corsRules(ctx context.Context, account string) (int, error) {
	client, err := s.blobs(account)
	if err != nil {
		return 0, err
	}
	got, err := client.GetProperties(ctx, nil)
	if err == nil && got.Version == nil {
		return 0, errNotStorage
	}
	return len(got.CORS), err
}
