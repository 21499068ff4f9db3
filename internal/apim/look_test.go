package apim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

var all = job.Resources{APIs: true, Products: true, NamedValues: true}

func names(c arm.Content) []string {
	var names []string
	for _, a := range c.APIs {
		names = append(names, a.Name)
	}
	return names
}

func TestObserve(t *testing.T) {
	w := newWorld(t)
	want := job.Observed{
		ProvisioningState: "Succeeded", Facts: job.Facts{Tier: "Premium", Units: 2, Location: "West Europe"},
		GatewayURL: "https://apim-weu.azure-api.net", ManagementURL: "https://apim-weu.management.azure-api.net",
	}
	for range 2 {
		got, err := w.client.Observe(t.Context(), weu())
		got.Settings = nil // of a test of their own
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("observed (-want +got), %v:\n%s", err, diff)
		}
		if n := w.requests("GET"); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
		w.sim.Lock("apim-weu", time.Hour)
		want.ProvisioningState = "Updating"
	}
}

// Looks that failed: which of them are worth another try.
func TestLooksThatFail(t *testing.T) {
	retry := http.Header{"Retry-After": {"20"}}
	tests := []struct {
		name    string
		fault   wire.Fault
		want    job.AzureError // of both, but for the kind
		refused bool           // Count gives up
	}{
		{"403", wire.Fault{Status: 403, Body: armBody("AuthorizationFailed", "No authorization.")}, job.AzureError{Code: "AuthorizationFailed", Message: "No authorization."}, true},
		{"404", wire.Fault{Status: 404, Body: armBody("ResourceNotFound", "Not found.")}, job.AzureError{Code: "ResourceNotFound", Message: "Not found."}, true},
		{"400", wire.Fault{Status: 400, Body: armBody("InvalidApiVersionParameter", "No.")}, job.AzureError{Code: "InvalidApiVersionParameter", Message: "No."}, true},
		{"405", wire.Fault{Status: 405}, job.AzureError{Message: "HTTP 405 Method Not Allowed"}, true},
		{"401", wire.Fault{Status: 401}, job.AzureError{Message: "HTTP 401 Unauthorized"}, false},
		{"302", wire.Fault{Status: 302, Header: http.Header{"Location": {"https://elsewhere.test"}}}, job.AzureError{Message: "HTTP 302 Found"}, false},
		{"408", wire.Fault{Status: 408}, job.AzureError{Message: "HTTP 408 Request Timeout"}, false},
		{"429", wire.Fault{Status: 429, Header: retry}, job.AzureError{Message: "HTTP 429 Too Many Requests", RetryAfter: 20 * time.Second}, false},
		{"500", wire.Fault{Status: 500}, job.AzureError{Message: "HTTP 500 Internal Server Error"}, false},
		{"503", wire.Fault{Status: 503, Header: retry}, job.AzureError{Message: "HTTP 503 Service Unavailable", RetryAfter: 20 * time.Second}, false},
		{"a page", wire.Fault{Status: 200, Body: "<html>"}, job.AzureError{}, false},
		{"a connection that drops", wire.Fault{Kind: wire.Reset}, job.AzureError{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.fault.Kind == wire.None {
				tt.fault.Kind = wire.Instead
			}
			if tt.want.Message != "" {
				tt.want.Status = tt.fault.Status
			}
			w.answer("GET", tt.fault)
			tt.want.Kind = job.ErrUnavailable
			_, err := w.client.Observe(t.Context(), weu())
			w.fails(err, tt.want)
			w.answer("GET", tt.fault)
			if tt.refused {
				tt.want.Kind = job.ErrRefused
			}
			inventory, err := w.client.Count(t.Context(), weu(), all)
			w.fails(err, tt.want)
			if n := w.requests("GET"); n != 2 || inventory != (job.Inventory{}) {
				t.Errorf("%d requests counted %+v, want 2 and nothing", n, inventory)
			}
			w.noStranger()
		})
	}
}

// What comes with a 200 and is not the service, or does not say its state.
func TestObserveAnotherAnswer(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{
		`{}`, `{"name":"apim-weu"}`, `{"name":"apim-weu","properties":{}}`, armBody("Oops", "Oops."),
		`{"properties":{"provisioningState":"Succeeded"}}`, `{"name":"apim-neu","properties":{"provisioningState":"Succeeded"}}`, // another service
	} {
		w.answer("GET", wire.Fault{Kind: wire.Instead, Status: 200, Body: body})
		got, err := w.client.Observe(t.Context(), weu())
		w.fails(err, job.AzureError{Kind: job.ErrUnavailable, Message: "the answer is not this service's resource, or has no provisioningState"})
		if diff := cmp.Diff(job.Observed{}, got); diff != "" {
			t.Errorf("%s: observed (-want +got):\n%s", body, diff)
		}
	}
}

func TestCount(t *testing.T) {
	w := newWorld(t)
	got, err := w.client.Count(t.Context(), weu(), all)
	want := job.Inventory{APIs: job.NewTally(names(content(3))), Products: job.NewTally([]string{"starter"}), NamedValues: job.NewTally([]string{"key", "backend"})}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("inventory (-want +got), %v:\n%s", err, diff)
	}
	if n := w.requests("GET"); n != 3 {
		t.Errorf("%d requests, want one a kind", n)
	}
	got, err = w.client.Count(t.Context(), weu(), job.Resources{NamedValues: true})
	if diff := cmp.Diff(job.Inventory{NamedValues: want.NamedValues}, got); diff != "" || err != nil || !strings.Contains(w.last().url, "/namedValues?") {
		t.Errorf("inventory of named values (-want +got), %v:\n%s", err, diff)
	}
	if n := w.requests("GET"); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	w.sim.SetContent("apim-weu", arm.Content{})
	if got, err = w.client.Count(t.Context(), weu(), all); err != nil || got.APIs != job.NewTally(nil) || got.Fingerprint() == "" {
		t.Errorf("an empty service = %+v, %v, want known zeros", got, err)
	}
}

func TestCountGoesOnPastAHundred(t *testing.T) {
	for apis, requests := range map[int]int{100: 1, 101: 2, 250: 3} {
		w := newWorld(t)
		w.sim.SetContent("apim-weu", content(apis))
		got, err := w.client.Count(t.Context(), weu(), job.Resources{APIs: true})
		if want := job.NewTally(names(content(apis))); err != nil || got.APIs != want {
			t.Errorf("%d APIs = %+v, %v, want %+v", apis, got.APIs, err, want)
		}
		if n := w.requests("GET"); n != requests {
			t.Errorf("%d APIs took %d requests, want %d", apis, n, requests)
		}
	}
}

// A page that is missing must not make a smaller inventory.
func TestCountThatBreaksOffHalfWay(t *testing.T) {
	w := newWorld(t)
	w.sim.SetContent("apim-weu", content(250))
	w.tap.Inject(wire.Fault{Kind: wire.Instead, Status: 503, Skip: 2, Times: 1})
	got, err := w.client.Count(t.Context(), weu(), all)
	w.fails(err, job.AzureError{Kind: job.ErrUnavailable, Status: 503, Message: "HTTP 503 Service Unavailable"})
	if got != (job.Inventory{}) {
		t.Errorf("inventory = %+v, want none", got)
	}
}

// An error body that comes with a 200 must not make a list of none, nor a short
// one.
func TestCountOfWhatIsNoList(t *testing.T) {
	for list, kinds := range map[string]job.Resources{"apis": {APIs: true}, "products": {Products: true}, "namedValues": {NamedValues: true}} {
		first := `{"value":[{"name":"a"}],"nextLink":"https://` + host + resource + "/" + list + `?$skip=100"}`
		for _, body := range []string{armBody("Oops", "Oops."), `{}`, `{"value":null}`, `{"value":[null]}`, `{"value":[{}]}`} {
			for page := 1; page <= 2; page++ {
				t.Run(fmt.Sprintf("%s, page %d, %s", list, page, body), func(t *testing.T) {
					w := newWorld(t)
					if page == 2 {
						w.answer("GET", wire.Fault{Kind: wire.Instead, Status: 200, Body: first})
					}
					w.answer("GET", wire.Fault{Kind: wire.Instead, Status: 200, Body: body})
					got, err := w.client.Count(t.Context(), weu(), kinds)
					w.fails(err, job.AzureError{Kind: job.ErrUnavailable, Message: "the answer is not a list"})
					if n := w.requests("GET"); n != page || got != (job.Inventory{}) {
						t.Errorf("%d requests counted %+v, want %d and nothing", n, got, page)
					}
				})
			}
		}
	}
}

// A list of none is one, on any page.
func TestCountOfAnEmptyPage(t *testing.T) {
	w := newWorld(t)
	w.answer("GET", wire.Fault{Kind: wire.Instead, Status: 200, Body: `{"value":[{"name":"a"}],"nextLink":"https://` + host + resource + `/apis?$skip=100"}`})
	w.answer("GET", wire.Fault{Kind: wire.Instead, Status: 200, Body: `{"value":[]}`})
	got, err := w.client.Count(t.Context(), weu(), job.Resources{APIs: true})
	if want := job.NewTally([]string{"a"}); err != nil || got.APIs != want {
		t.Errorf("APIs = %+v, %v, want %+v", got.APIs, err, want)
	}
}

func TestForeignNextLink(t *testing.T) {
	for name, endpoint := range foreign {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.answer("GET", wire.Fault{Kind: wire.Instead, Status: 200, Body: `{"value":[{"name":"a"}],"nextLink":"` + endpoint + resource + `/apis?$skip=100"}`})
			got, err := w.client.Count(t.Context(), weu(), all)
			w.fails(err, job.AzureError{Kind: job.ErrUnavailable})
			if !strings.Contains(err.Error(), "not the ARM endpoint") || got != (job.Inventory{}) {
				t.Errorf("count = %+v, %v, want nothing and the reason", got, err)
			}
			w.noStranger()
		})
	}
}

// One client serves services of several versions, as their plan says.
func TestAPIVersion(t *testing.T) {
	w := newWorld(t)
	for plan, want := range map[string]string{"": "2024-05-01", "2023-05-01-preview": "2023-05-01-preview"} {
		t.Run("plan says "+plan, func(t *testing.T) {
			s := weu()
			s.APIVersion = plan
			started, err := w.client.StartBackup(t.Context(), s, blob)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.client.Poll(t.Context(), s, started.ResumeToken); err != nil {
				t.Error(err)
			}
			if _, err := w.client.Observe(t.Context(), s); err != nil {
				t.Error(err)
			}
			if _, err := w.client.Count(t.Context(), s, all); err != nil {
				t.Error(err)
			}
			for _, r := range w.arm {
				if !strings.Contains(r.url, "api-version="+want) || r.authorization != "Bearer "+bearer {
					t.Errorf("%s %s with %q, want api-version %s and the token", r.method, r.url, r.authorization, want)
				}
			}
			if n := len(w.arm); n != 6 {
				t.Errorf("%d requests, want 6", n)
			}
			w.requests("")
			w.sim.SetState("apim-weu", "Succeeded") // for the next one's start
		})
	}
}

func TestServicesOfTwoSubscriptions(t *testing.T) {
	w := newWorld(t)
	for _, s := range []string{subscription, "00000000-0000-0000-0000-000000000002"} {
		service := weu()
		service.Subscription = s
		_, _ = w.client.Observe(t.Context(), service)
		if got := w.last().url; !strings.Contains(got, "/subscriptions/"+s+"/") {
			t.Errorf("asked %s, want subscription %s", got, s)
		}
	}
}
