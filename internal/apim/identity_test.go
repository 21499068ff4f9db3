package apim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"lifeboat/infra"
	"lifeboat/internal/apim"
	"lifeboat/internal/config"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/identity"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

const identitySecret = "local secret"

// identities counts the test's identities: azidentity keeps tokens for the
// whole process, so that each has to be another.
var identities atomic.Int64

// managed is a client with the credential that is deployed, and ARM and the
// identity endpoint behind plain HTTP on loopback.
type managed struct {
	id     string
	tap    *wire.Tap // services "identity" and "arm"
	client *apim.Client
}

func newManaged(t *testing.T, o apim.Options, audience string) managed {
	t.Helper()
	t.Setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:8802/msi/token")
	t.Setenv("IDENTITY_HEADER", identitySecret)
	m := managed{id: fmt.Sprint("client-", identities.Add(1)), tap: &wire.Tap{}}
	issuer := identity.New(identity.Options{Secret: identitySecret, Clients: []string{m.id}})
	credential, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ID: azidentity.ClientID(m.id),
		ClientOptions: policy.ClientOptions{
			Transport: wire.Transport{Handler: m.tap.Wrap("identity", issuer)},
			Retry:     policy.RetryOptions{MaxRetries: -1},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	sim := arm.New(arm.Options{Actions: infra.RoleActions(), Token: issuer.Accept(audience)})
	sim.AddService(arm.Service{Subscription: subscription, ResourceGroup: "rg", Name: "apim-weu", SKU: "Standard"})
	o.Credential, o.Secret = credential, settings
	o.Transport = wire.Transport{Handler: m.tap.Wrap("arm", sim)}
	if m.client, err = apim.New(o); err != nil {
		t.Fatal(err)
	}
	return m
}

// The stand-in takes the cloud's place, but not its audience: what works here
// would work there.
func TestManagedIdentityInEachCloud(t *testing.T) {
	for name, audience := range map[string]string{
		"public":       "https://management.core.windows.net/",
		"china":        "https://management.core.chinacloudapi.cn/",
		"usgovernment": "https://management.core.usgovcloudapi.net/",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Load(func(setting string) string {
				return map[string]string{
					config.Port: "7071", config.Cloud: name, config.ARMEndpoint: "http://127.0.0.1:8801",
					config.ServiceBusNamespace: "example.servicebus.windows.net", config.StateTableURI: "https://example.table.core.windows.net",
				}[setting]
			})
			if err != nil {
				t.Fatal(err)
			}
			m := newManaged(t, apim.Options{Cloud: c.Cloud, PlainHTTP: c.PlainARM}, audience)
			if _, err := m.client.StartBackup(t.Context(), weu(), blob); err != nil {
				t.Error(err)
			}
			if _, err := m.client.Observe(t.Context(), weu()); err != nil {
				t.Error(err)
			}
			for _, r := range m.tap.Requests() {
				query, err := url.ParseQuery(r.Query)
				if r.Service == "identity" && (err != nil || query.Get("client_id") != m.id || query.Get("resource") != audience) {
					t.Errorf("identity asked for a token with %s, want resource %s", r.Query, audience)
				}
			}
			if n := m.tap.Totals()["identity"]; n != 1 {
				t.Errorf("%d tokens asked for, want 1 for all requests", n)
			}
		})
	}
}

func TestManagedIdentityThatGivesNoToken(t *testing.T) {
	for name, fault := range map[string]wire.Fault{
		"no such identity":    {Kind: wire.Instead, Status: 400, Body: `{"statusCode":400,"message":"No User Assigned or Delegated Managed Identity found"}`},
		"an endpoint at odds": {Kind: wire.Instead, Status: 500},
		"throttled":           {Kind: wire.Instead, Status: 429, Header: http.Header{"Retry-After": {"5"}}},
		"nobody there":        {Kind: wire.Reset},
		"a page":              {Kind: wire.Instead, Status: 200, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			o := apim.Options{Cloud: loopback("http://127.0.0.1:8801"), PlainHTTP: true}
			m := newManaged(t, o, "https://management.test")
			fault.Service = "identity"
			remove := m.tap.Inject(fault)
			w := &world{T: t}
			_, err := m.client.StartBackup(t.Context(), weu(), blob)
			w.fails(err, job.AzureError{Kind: job.ErrUnsent})
			_, err = m.client.Observe(t.Context(), weu())
			w.fails(err, job.AzureError{Kind: job.ErrUnavailable})
			if n := m.tap.Totals()["arm"]; n != 0 || strings.Contains(err.Error(), identitySecret) {
				t.Errorf("%d requests to ARM: %v, want none, and no secret", n, err)
			}
			remove()
			if _, err = m.client.Observe(t.Context(), weu()); err != nil {
				t.Errorf("after the fault: %v", err)
			}
		})
	}
}

// Plain HTTP is for loopback, and for loopback only if somebody said so.
func TestTokensDoNotTravelUnencrypted(t *testing.T) {
	m := newManaged(t, apim.Options{Cloud: loopback("http://127.0.0.1:8801")}, "https://management.test")
	_, err := m.client.StartBackup(t.Context(), weu(), blob)
	(&world{T: t}).fails(err, job.AzureError{Kind: job.ErrUnsent})
	if n := m.tap.Totals()["arm"]; n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

func loopback(endpoint string) cloud.Configuration {
	return cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
		cloud.ResourceManager: {Endpoint: endpoint, Audience: "https://management.test"},
	}}
}

func TestNewWantsAnEndpointAndAnAudience(t *testing.T) {
	noAudience := loopback("https://management.test")
	noAudience.Services[cloud.ResourceManager] = cloud.ServiceConfiguration{Endpoint: "https://management.test"}
	for name, c := range map[string]cloud.Configuration{"nothing": {}, "a name": loopback("management.test"), "no audience": noAudience} {
		if _, err := apim.New(apim.Options{Cloud: c}); err == nil {
			t.Errorf("%s: New = nil error", name)
		}
	}
}
