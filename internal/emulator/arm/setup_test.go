package arm_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	armclient "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement/v3"

	"lifeboat/infra"
	"lifeboat/internal/emulator/arm"
)

const (
	subscription = "00000000-0000-0000-0000-000000000001"
	endpoint     = "http://management.test"
	base         = "/subscriptions/" + subscription + "/resourceGroups/rg/providers/Microsoft.ApiManagement/service/apim-weu"
	version      = "?api-version=2024-05-01"
)

// blobs is a blob store in memory.
type blobs struct {
	mu  sync.Mutex
	all map[string][]byte
}

func (b *blobs) PutBlob(account, container, name string, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all[account+"/"+container+"/"+name] = body
	return nil
}

func (b *blobs) GetBlob(account, container, name string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, ok := b.all[account+"/"+container+"/"+name]
	if !ok {
		return nil, errors.New("BlobNotFound")
	}
	return body, nil
}

func (b *blobs) size(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, ok := b.all["st1/backups/"+name]
	if !ok {
		return -1
	}
	return len(body)
}

type bundle struct {
	sim   *arm.Simulator
	blobs *blobs
}

// setup returns a simulator with two services of one tier: apim-weu with some
// content and apim-neu without.
func setup(t *testing.T, change ...func(*arm.Options)) bundle {
	t.Helper()
	b := bundle{blobs: &blobs{all: map[string][]byte{}}}
	o := arm.Options{Actions: infra.RoleActions(), Blobs: b.blobs, Endpoint: endpoint}
	for _, c := range change {
		c(&o)
	}
	b.sim = arm.New(o)
	b.sim.AddService(arm.Service{
		Subscription: subscription, ResourceGroup: "rg", Name: "apim-weu", Location: "West Europe", SKU: "Standard",
		Hostnames: []string{"api.example.com"}, Identity: arm.Identity{SystemAssigned: true}, Content: content(3),
	})
	b.sim.AddService(arm.Service{
		Subscription: subscription, ResourceGroup: "rg", Name: "apim-neu", Location: "North Europe", SKU: "Standard",
		Identity: arm.Identity{SystemAssigned: true, UserAssigned: []arm.UserIdentity{{ResourceID: "/id", ClientID: "c1", PrincipalID: "p1"}}},
	})
	return b
}

func content(apis int) arm.Content {
	c := arm.Content{
		Products:      []arm.Product{{Name: "starter", DisplayName: "Starter", APIs: []string{"api-00"}}},
		NamedValues:   []arm.NamedValue{{Name: "backend", DisplayName: "backend", Value: "https://b"}, {Name: "key", DisplayName: "key", Value: "s3cret", Secret: true}},
		Policies:      map[string]string{"global": "<policies/>"},
		Subscriptions: []arm.Subscription{{Name: "s1", Product: "starter", User: "u1"}},
		Users:         []arm.User{{Name: "u1", Email: "u1@example.com"}},
	}
	for i := range apis {
		name := "api-" + string([]rune{rune('0' + i/10%10), rune('0' + i%10)})
		c.APIs = append(c.APIs, arm.API{Name: name, DisplayName: strings.ToUpper(name), Path: name, ServiceURL: "https://b/" + name})
	}
	return c
}

type credential struct{}

func (credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// direct is a policy.Transporter that calls a handler.
type direct struct{ http.Handler }

func (d direct) Do(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	res := w.Result()
	res.Request = r
	return res, nil
}

func options(t policy.Transporter) *armclient.ClientOptions {
	return &armclient.ClientOptions{
		ClientOptions: policy.ClientOptions{
			Cloud: cloud.Configuration{
				ActiveDirectoryAuthorityHost: "https://login.test/",
				Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
					cloud.ResourceManager: {Endpoint: endpoint, Audience: "https://management.azure.com"},
				},
			},
			Transport: t, InsecureAllowCredentialWithHTTP: true,
		},
		DisableRPRegistration: true,
	}
}

func services(t *testing.T, transport policy.Transporter) *armapimanagement.ServiceClient {
	t.Helper()
	c, err := armapimanagement.NewServiceClient(subscription, credential{}, options(transport))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func target(blob string) armapimanagement.ServiceBackupRestoreParameters {
	account, container, access := "st1", "backups", armapimanagement.AccessTypeSystemAssignedManagedIdentity
	return armapimanagement.ServiceBackupRestoreParameters{StorageAccount: &account, ContainerName: &container, BackupName: &blob, AccessType: &access}
}

// send makes one raw request.
func (b bundle) send(method, url, body string) *http.Response {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	w := httptest.NewRecorder()
	b.sim.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// pipes serves h over net.Pipe and returns a client of it.
func pipes(t *testing.T, h http.Handler) *http.Client {
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: h}
	go server.Serve(l)
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, served := net.Pipe()
		l.conns <- served
		return client, nil
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return &http.Client{Transport: transport}
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }
