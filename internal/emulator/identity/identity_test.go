package identity_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"lifeboat/internal/emulator/identity"
)

const (
	armAudience   = "https://management.azure.com"
	blobAudience  = "https://storage.azure.com"
	clientID      = "44444444-4444-4444-8444-444444444444"
	secret        = "local secret"
	tokenLifetime = time.Hour
)

// TestRealCredential runs the credential that is deployed against the
// endpoint on plain loopback http.
func TestRealCredential(t *testing.T) {
	now := time.Now()
	endpoint := identity.New(identity.Options{Secret: secret, Clients: []string{"", clientID}, Lifetime: tokenLifetime, Now: func() time.Time { return now }})
	server := httptest.NewServer(endpoint)
	defer server.Close()
	t.Setenv("IDENTITY_ENDPOINT", server.URL+"/msi/token")
	t.Setenv("IDENTITY_HEADER", secret)

	for name, id := range map[string]azidentity.ManagedIDKind{"system-assigned": nil, "user-assigned": azidentity.ClientID(clientID)} {
		t.Run(name, func(t *testing.T) {
			now = time.Now()
			credential, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: id})
			if err != nil {
				t.Fatal(err)
			}
			token, err := credential.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{armAudience + "/.default"}})
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(token.ExpiresOn); left < tokenLifetime-time.Minute || left > tokenLifetime {
				t.Errorf("token lasts %v, want %v", left, tokenLifetime)
			}
			if !endpoint.Accept("https://management.core.windows.net/", armAudience+"/")(token.Token) {
				t.Error("ARM refuses the token")
			}
			if endpoint.Accept(blobAudience)(token.Token) {
				t.Error("storage accepts a token for ARM")
			}
			now = now.Add(tokenLifetime)
			if endpoint.Accept(armAudience)(token.Token) {
				t.Error("ARM accepts an expired token")
			}
		})
	}
}

func TestCredentialOfAnUnknownIdentity(t *testing.T) {
	server := httptest.NewServer(identity.New(identity.Options{Secret: secret, Clients: []string{clientID}}))
	defer server.Close()
	t.Setenv("IDENTITY_ENDPOINT", server.URL)
	t.Setenv("IDENTITY_HEADER", secret)
	credential, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID("nobody")})
	if err != nil {
		t.Fatal(err)
	}
	if token, err := credential.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{armAudience}}); err == nil {
		t.Errorf("GetToken = %v, want an error", token)
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name, method, url, header string
		status                    int
	}{
		{"a good request", "GET", "/?resource=r&api-version=2019-08-01", secret, 200},
		{"no header", "GET", "/?resource=r&api-version=2019-08-01", "", 401},
		{"a wrong header", "GET", "/?resource=r&api-version=2019-08-01", "x", 401},
		{"no resource", "GET", "/?api-version=2019-08-01", secret, 400},
		{"another version", "GET", "/?resource=r&api-version=2017-09-01", secret, 400},
		{"an unknown client", "GET", "/?resource=r&api-version=2019-08-01&client_id=x", secret, 400},
		{"a resource id", "GET", "/?resource=r&api-version=2019-08-01&mi_res_id=x", secret, 400},
		{"a POST", "POST", "/?resource=r&api-version=2019-08-01", secret, 405},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.url, nil)
			r.Header.Set("X-IDENTITY-HEADER", tt.header)
			w := httptest.NewRecorder()
			identity.New(identity.Options{Secret: secret, Clients: []string{""}}).ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("status = %d %s, want %d", w.Code, w.Body, tt.status)
			}
		})
	}
}

func TestForgedTokens(t *testing.T) {
	mine := identity.New(identity.Options{Secret: secret, Clients: []string{""}})
	other := identity.New(identity.Options{Secret: "another secret", Clients: []string{""}})
	r := httptest.NewRequest(http.MethodGet, "/?api-version=2019-08-01&resource="+armAudience, nil)
	r.Header.Set("X-IDENTITY-HEADER", "another secret")
	w := httptest.NewRecorder()
	other.ServeHTTP(w, r)
	for _, token := range []string{"", "x", "x.y", w.Body.String()} {
		if mine.Accept(armAudience)(token) {
			t.Errorf("%q is accepted", token)
		}
	}
}
