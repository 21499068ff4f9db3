package main

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus/admin"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/config"
	lending "lifeboat/internal/emulator/identity"
	"lifeboat/internal/job"
	"lifeboat/internal/preflight"
)

func TestLentIdentityIsForTheLabOnly(t *testing.T) {
	for _, tt := range []struct {
		endpoint string
		plain    bool
		want     bool
	}{
		{"http://127.0.0.1:8801/msi/token", true, true},
		{"http://[::1]:8801/msi/token", true, true},
		{"http://127.0.0.1:8801/msi/token", false, false}, // ARM is Azure's
		{"http://169.254.169.254/msi/token", true, false},
		{"https://127.0.0.1:8801/msi/token", true, false},
		{"http://127.0.0.1.evil.example/msi/token", true, false},
		{"", true, false},
	} {
		_, lent := lentIdentity(config.Config{PlainARM: tt.plain}, func(string) string { return tt.endpoint })
		if lent != tt.want {
			t.Errorf("%q with a plain ARM %t: lent %t, want %t", tt.endpoint, tt.plain, lent, tt.want)
		}
	}
}

func TestLabIdentityGetsATokenOfTheLab(t *testing.T) {
	lab := lending.New(lending.Options{Secret: planted, Clients: []string{""}})
	server := httptest.NewServer(lab)
	defer server.Close()
	o := policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}}
	token, err := labIdentity{server.URL, planted}.GetToken(t.Context(), o)
	if err != nil || !lab.Accept("https://management.azure.com")(token.Token) || time.Until(token.ExpiresOn) < time.Hour {
		t.Errorf("token until %s, %v", token.ExpiresOn, err)
	}
	if _, err := (labIdentity{server.URL, "wrong"}).GetToken(t.Context(), o); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("with another secret: %v", err)
	}
}

func TestAppIn(t *testing.T) {
	token := func(claims string) string { return "h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s" }
	for text, want := range map[string]string{
		token(`{"appid":"a1"}`): "a1", token(`{"azp":"a2"}`): "a2", token(`{"upn":"ann"}`): "", token(`{`): "", "": "", "a.b": "",
	} {
		if got := appIn(text); got != want {
			t.Errorf("appIn(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestFaultsBetrayNothing(t *testing.T) {
	request := &http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "https", Host: "st.blob.core.windows.net", Path: "/c", RawQuery: "sig=" + planted},
		Header: http.Header{"Authorization": {"Bearer " + planted}}}
	storage := &azcore.ResponseError{StatusCode: 403, ErrorCode: "AuthorizationFailure", RawResponse: &http.Response{
		StatusCode: 403, Request: request, Body: io.NopCloser(strings.NewReader(planted)),
	}}
	dial := &url.Error{Op: "Get", URL: request.URL.String(), Err: errors.New("connection refused")}
	for name, tt := range map[string]struct {
		err  error
		want preflight.Fault
	}{
		"storage":   {storage, preflight.Fault{Status: 403, Code: "AuthorizationFailure", Text: "HTTP 403 AuthorizationFailure from st.blob.core.windows.net"}},
		"transport": {errors.Join(dial), preflight.Fault{Text: "connection refused"}},
		"late":      {&url.Error{Op: "Get", URL: planted, Err: context.DeadlineExceeded}, preflight.Fault{Text: "there was no answer within 10 s"}},
	} {
		if got := faultOf(tt.err); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

// atom answers as Service Bus' management API, of which there is no stand-in.
type atom struct {
	status int
	body   string
}

func (a atom) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body))}, nil
}

func (atom) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: planted, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

const queueEntry = `<entry xmlns="http://www.w3.org/2005/Atom"><title type="text">job-steps</title><content type="application/xml">` +
	`<QueueDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"><LockDuration>PT30S</LockDuration>` +
	`<RequiresSession>true</RequiresSession><DefaultMessageTimeToLive>P14D</DefaultMessageTimeToLive><MaxDeliveryCount>7</MaxDeliveryCount>` +
	`<Status>Active</Status><AutoDeleteOnIdle>PT1H</AutoDeleteOnIdle></QueueDescription></content></entry>`

func TestQueueSettings(t *testing.T) {
	read := func(a atom) (*preflight.QueueSettings, error) {
		client, err := admin.NewClient("lifeboat.servicebus.windows.net", a, &admin.ClientOptions{ClientOptions: policy.ClientOptions{Transport: a, Retry: policy.RetryOptions{MaxRetries: -1}}})
		if err != nil {
			t.Fatal(err)
		}
		return (&sights{admin: client}).queueSettings(t.Context(), "job-steps")
	}
	got, err := read(atom{http.StatusOK, queueEntry})
	want := &preflight.QueueSettings{Lock: 30 * time.Second, Deliveries: 7, TTL: 14 * 24 * time.Hour, Sessions: true, Status: "Active", Idle: time.Hour}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("settings: %v (-want +got)\n%s", err, diff)
	}
	_, err = read(atom{http.StatusUnauthorized, ""})
	if f := faultIn(err); !f.Denied() || strings.Contains(f.Text, planted) {
		t.Errorf("refused: %+v", f)
	}
	for _, a := range []atom{{http.StatusNotFound, ""}, {http.StatusOK, strings.Replace(queueEntry, "PT30S", "soon", 1)}} {
		if got, err := read(a); err == nil {
			t.Errorf("%d: %+v, want an error", a.status, got)
		}
	}
}

// A proxy that asks for a sign-in answers 200 to everything.
func TestAnAnswerOfSomebodyElseIsNoContainer(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	defer proxy.Close()
	s := &sights{blobs: func(string) (*service.Client, error) { return service.NewClientWithNoCredential(proxy.URL, nil) }}
	if err := s.container(t.Context(), job.Service{Account: "stbackups", Container: "apim-backups"}); !errors.Is(err, errNotStorage) {
		t.Errorf("the container: %v", err)
	}
	if _, err := s.corsRules(t.Context(), "stbackups"); !errors.Is(err, errNotStorage) {
		t.Errorf("the account's CORS rules: %v", err)
	}
}
