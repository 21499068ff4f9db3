package apim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"lifeboat/infra"
	"lifeboat/internal/apim"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

const (
	host         = "management.test"
	subscription = "00000000-0000-0000-0000-000000000001"
	resource     = "/subscriptions/" + subscription + "/resourceGroups/rg/providers/Microsoft.ApiManagement/service/apim-weu"
	blob         = "apim-weu-a1.apimbackup"
	storageKey   = "a2V5LW9mLXRoZS1hY2NvdW50"
	bearer       = "bearer-of-the-app"
)

// weu is the service of most tests. It is reached by key, so that every error
// that is looked at could betray the key.
func weu() job.Service {
	return job.Service{
		Name: "weu", Subscription: subscription, ResourceGroup: "rg", Resource: "apim-weu", Account: "stbackups", Container: "apim",
		Access: job.Access{Mode: job.AccessKey, KeySetting: "KEY_WEU"},
	}
}

// sent is one request as a host got it.
type sent struct {
	method, url, authorization, body string
}

// world is ARM behind a Tap, and a stranger behind every other host.
type world struct {
	*testing.T
	tap    *wire.Tap
	sim    *arm.Simulator
	client *apim.Client

	mu       sync.Mutex
	arm      []sent // what arrived at ARM, faults included
	stranger []sent // what arrived anywhere else
	blobs    map[string]int
	keep     map[string][]byte // their contents, where a test restores them
	tokenErr error             // of the credential
	tokens   int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, tap: &wire.Tap{}, blobs: map[string]int{}}
	w.sim = arm.New(arm.Options{Actions: infra.RoleActions(), Blobs: w, Endpoint: "https://" + host, Token: func(s string) bool { return s == bearer }})
	w.sim.AddService(arm.Service{
		Subscription: subscription, ResourceGroup: "rg", Name: "apim-weu", Location: "West Europe", SKU: "Premium", Units: 2,
		Identity: arm.Identity{SystemAssigned: true, UserAssigned: []arm.UserIdentity{{ResourceID: "/id", ClientID: "client-1", PrincipalID: "p"}}},
		Content:  content(3),
	})
	w.client = w.connect(wire.Transport{Handler: w.network()})
	return w
}

func content(apis int) arm.Content {
	c := arm.Content{
		Products:    []arm.Product{{Name: "starter", DisplayName: "Starter"}},
		NamedValues: []arm.NamedValue{{Name: "backend", Value: "https://b"}, {Name: "key", Value: "x", Secret: true}},
	}
	for i := range apis {
		c.APIs = append(c.APIs, arm.API{Name: fmt.Sprintf("api-%03d", i), Path: fmt.Sprintf("a%d", i)})
	}
	return c
}

// options lead everything through t.
func (w *world) options(t policy.Transporter) apim.Options {
	return apim.Options{
		Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: "https://" + host, Audience: "https://management.test"},
		}},
		Credential: w, Transport: t, Secret: settings,
	}
}

// connect makes a client that reaches everything through t.
func (w *world) connect(t policy.Transporter) *apim.Client {
	w.Helper()
	c, err := apim.New(w.options(t))
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func settings(name string) string {
	return map[string]string{"KEY_WEU": storageKey, "KEY_REF": unresolved}[name]
}

// unresolved is what the platform leaves where it can't follow a reference.
const unresolved = "@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/KEY-REF)"

// network leads a request to ARM or to the stranger, by scheme and host.
func (w *world) network() http.Handler {
	known := w.tap.Wrap("arm", w.sim)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s := sent{r.Method, r.URL.String(), r.Header.Get("Authorization"), string(body)}
		w.mu.Lock()
		home := strings.EqualFold(strings.TrimSuffix(r.Host, ":443"), host) && (r.URL.Scheme == "https" || r.URL.Scheme == "")
		if home {
			w.arm = append(w.arm, s)
		} else {
			w.stranger = append(w.stranger, s)
		}
		w.mu.Unlock()
		if home {
			known.ServeHTTP(rw, r)
		}
	})
}

// GetToken makes world the credential.
func (w *world) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens++
	return azcore.AccessToken{Token: bearer, ExpiresOn: time.Now().Add(time.Hour)}, w.tokenErr
}

// PutBlob and GetBlob make world the blob store.
func (w *world) PutBlob(account, container, name string, body []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.blobs[account+"/"+container+"/"+name] = len(body)
	if w.keep != nil {
		w.keep[account+"/"+container+"/"+name] = body
	}
	return nil
}

func (w *world) GetBlob(account, container, name string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	body, ok := w.keep[account+"/"+container+"/"+name]
	if !ok {
		return nil, errors.New("BlobNotFound")
	}
	return body, nil
}

// requests returns how many requests of a method reached ARM since the last
// call, and forgets all of them.
func (w *world) requests(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, s := range w.arm {
		if s.method == method {
			n++
		}
	}
	w.arm = nil
	return n
}

// last is the request that reached ARM last.
func (w *world) last() sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.arm[len(w.arm)-1]
}

// noStranger fails the test if any host but ARM's was spoken to.
func (w *world) noStranger() {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.stranger {
		w.Errorf("%s %s went to a foreign host, with %q", s.method, s.url, s.authorization)
	}
}

// answer breaks the next request of a method.
func (w *world) answer(method string, f wire.Fault) {
	f.Match = func(r *http.Request) bool { return r.Method == method }
	f.Times = 1
	w.tap.Inject(f)
}

// start begins a backup and returns its token.
func (w *world) start() string {
	w.Helper()
	started, err := w.client.StartBackup(w.Context(), weu(), blob)
	if err != nil {
		w.Fatal(err)
	}
	w.requests("")
	return started.ResumeToken
}

var sentinels = []error{
	job.ErrUnsent, job.ErrBusy, job.ErrThrottled, job.ErrRefused,
	job.ErrUnanswered, job.ErrUnavailable, job.ErrHandleLost, job.ErrOperationFailed,
}

// fails checks that err is of one kind and of no other, says Azure's own
// words, and betrays nothing. Of want, Doing and Err are not looked at.
func (w *world) fails(err error, want job.AzureError) {
	w.Helper()
	var got *job.AzureError
	if !errors.As(err, &got) {
		w.Fatalf("error %v, want a job.AzureError: %v", err, want.Kind)
	}
	for _, kind := range sentinels {
		if errors.Is(err, kind) != (kind == want.Kind) {
			w.Errorf("errors.Is(%q, %q) = %t, want the kind to be %q", err, kind, errors.Is(err, kind), want.Kind)
		}
	}
	if got.Code != want.Code || got.Message != want.Message || got.RetryAfter != want.RetryAfter || got.Status != want.Status {
		w.Errorf("error has status %d, code %q, message %q, retry after %s,\nwant %d, %q, %q, %s",
			got.Status, got.Code, got.Message, got.RetryAfter, want.Status, want.Code, want.Message, want.RetryAfter)
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err), fmt.Sprintf("%+v %#v", got.Err, got.Err)} {
		if strings.Contains(text, storageKey) || strings.Contains(text, bearer) {
			w.Errorf("error betrays a secret: %s", text)
		}
	}
}

// armBody is an error as ARM writes it.
func armBody(code, message string) string {
	return fmt.Sprintf(`{"error":{"code":%q,"message":%q,"details":null,"innerError":null}}`, code, message)
}
