package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"lifeboat/internal/emulator/wire"
)

// InProcessARM is the endpoint of ARM for a client with ARMTransport. It is
// plain HTTP, as on loopback, and leads nowhere else.
const InProcessARM = "http://arm.invalid"

const inProcessStorage = "http://storage.invalid"

// ARMTransport carries requests to ARM without a network.
func (a *Azure) ARMTransport() policy.Transporter { return wire.Transport{Handler: a.ARMHandler()} }

// TableTransport carries requests to Table storage without a network.
func (a *Azure) TableTransport() policy.Transporter { return wire.Transport{Handler: a.TableHandler()} }

// BlobTransport carries requests to Blob storage without a network.
func (a *Azure) BlobTransport() policy.Transporter { return wire.Transport{Handler: a.BlobHandler()} }

// GatewayTransport carries requests to the services' gateways, by the host names
// that Azure gives them, without a network.
func (a *Azure) GatewayTransport() http.RoundTripper {
	return wire.Transport{Handler: a.GatewayHandler()}
}

// DialBus is for azservicebus.ClientOptions.NewWebSocketConn: it connects to
// Service Bus by a pipe.
func (a *Azure) DialBus(context.Context, azservicebus.NewWebSocketConnArgs) (net.Conn, error) {
	here, there := net.Pipe()
	go a.Broker.ServeConn(there) // Broker.Close waits for it
	return here, nil
}

// TableClient returns a client of the state table, without a network.
// options may be nil; their transport is replaced.
func (a *Azure) TableClient(options *aztables.ClientOptions) (*aztables.Client, error) {
	var o aztables.ClientOptions
	if options != nil {
		o = *options
	}
	o.Transport = a.TableTransport()
	service, err := aztables.NewServiceClientFromConnectionString(a.Storage.ConnectionString(inProcessStorage, inProcessStorage), &o)
	if err != nil {
		return nil, err
	}
	return service.NewClient(StateTable), nil
}

// BlobClient returns a client of the storage account, without a network.
// options may be nil; their transport is replaced.
func (a *Azure) BlobClient(options *azblob.ClientOptions) (*azblob.Client, error) {
	var o azblob.ClientOptions
	if options != nil {
		o = *options
	}
	o.Transport = a.BlobTransport()
	return azblob.NewClientFromConnectionString(a.Storage.ConnectionString(inProcessStorage, inProcessStorage), &o)
}

// BusClient returns a client of the Service Bus namespace, over pipes. options
// may be nil; how they connect is replaced.
func (a *Azure) BusClient(options *azservicebus.ClientOptions) (*azservicebus.Client, error) {
	var o azservicebus.ClientOptions
	if options != nil {
		o = *options
	}
	o.NewWebSocketConn = a.DialBus
	return azservicebus.NewClientFromConnectionString(a.Broker.ConnectionString("servicebus.invalid"), &o)
}

// Credential returns the app's system-assigned identity, whose tokens come from
// Identity without a network.
func (a *Azure) Credential() azcore.TokenCredential { return credential{a} }

type credential struct{ azure *Azure }

func (c credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if len(o.Scopes) != 1 {
		return azcore.AccessToken{}, fmt.Errorf("want one scope, got %q", o.Scopes)
	}
	query := url.Values{"api-version": {"2019-08-01"}, "resource": {strings.TrimSuffix(o.Scopes[0], "/.default")}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://identity.invalid/?"+query.Encode(), nil)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	r.Header.Set("X-IDENTITY-HEADER", IdentityHeader)
	answer, err := wire.Transport{Handler: c.azure.Identity}.Do(r)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	var grant struct {
		Token   string `json:"access_token"`
		Expires string `json:"expires_on"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&grant); err != nil || answer.StatusCode != http.StatusOK {
		return azcore.AccessToken{}, fmt.Errorf("identity endpoint answered %s", answer.Status)
	}
	seconds, err := strconv.ParseInt(grant.Expires, 10, 64)
	return azcore.AccessToken{Token: grant.Token, ExpiresOn: time.Unix(seconds, 0)}, err
}
