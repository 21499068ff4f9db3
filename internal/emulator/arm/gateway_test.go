package arm_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/arm"
)

// ask sends a GET to the gateways; 0 is a dropped connection.
func (b bundle) ask(url string) (status int, body string) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	w := httptest.NewRecorder()
	b.sim.GatewayHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, nil))
	return w.Code, w.Body.String()
}

const (
	weuStatus = "https://apim-weu.azure-api.net/status-0123456789abcdef"
	neuStatus = "http://127.0.0.1:8801/apim-neu/status-0123456789abcdef"
)

func TestGatewayStates(t *testing.T) {
	b := setup(t)
	for _, tt := range []struct {
		state arm.GatewayState
		want  int
	}{{arm.GatewayUnhealthy, 503}, {arm.GatewayDown, 0}, {arm.GatewayHealthy, 200}} {
		b.sim.SetGateway("apim-weu", tt.state)
		if got, _ := b.ask(weuStatus); got != tt.want {
			t.Errorf("%q = %d, want %d", tt.state, got, tt.want)
		}
		if got, _ := b.ask("https://apim-weu.azure-api.net/api-00/x"); got != tt.want {
			t.Errorf("a call of an API, %q = %d, want %d", tt.state, got, tt.want)
		}
		if got, _ := b.ask(neuStatus); got != 200 {
			t.Errorf("the other gateway = %d, want 200", got)
		}
	}
	if got, _ := b.ask("https://apim-xxx.azure-api.net/status-0123456789abcdef"); got != 0 {
		t.Errorf("a gateway of no service = %d, want none", got)
	}
}

func TestGatewayEchoesTheAPIsThatItHolds(t *testing.T) {
	b := setup(t)
	b.sim.SetContent("apim-weu", arm.Content{APIs: []arm.API{
		{Name: "orders", Path: "orders", ServiceURL: "https://b/orders"}, {Name: "orders-v2", Path: "orders/v2", ServiceURL: "https://b/v2"},
	}})
	for path, want := range map[string]arm.Echo{
		"/orders":        {Service: "apim-weu", API: "orders", Method: "GET", Path: "/", Backend: "https://b/orders"},
		"/orders/17":     {Service: "apim-weu", API: "orders", Method: "GET", Path: "/17", Backend: "https://b/orders/17"},
		"/orders/v2/17":  {Service: "apim-weu", API: "orders-v2", Method: "GET", Path: "/17", Backend: "https://b/v2/17"},
		"/orders/v23/17": {Service: "apim-weu", API: "orders", Method: "GET", Path: "/v23/17", Backend: "https://b/orders/v23/17"},
	} {
		status, body := b.ask("https://APIM-weu.azure-api.net" + path)
		var got arm.Echo
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || status != 200 {
			t.Errorf("%s = %d (-want +got):\n%s", path, status, diff)
		}
	}
	if status, body := b.ask("https://apim-weu.azure-api.net/ordersx"); status != 404 || body != `{ "statusCode": 404, "message": "Resource not found" }` {
		t.Errorf("no such API = %d %s", status, body)
	}
}

// What a standby answers is what was restored onto it, and the settings that a
// backup leaves out stay its own.
func TestGatewayOfARestoredService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.sim.Mutate("apim-neu", func(v *arm.Service) { v.Settings.DeveloperPortal = "Disabled" })
		const call = "https://apim-neu.azure-api.net/api-02/x"
		if status, _ := b.ask(call); status != 404 {
			t.Fatalf("before the restore = %d, want 404", status)
		}
		b.send("POST", base+"/backup"+version, request)
		time.Sleep(10 * time.Minute)
		b.send("POST", neuBase+"/restore"+version, request)
		time.Sleep(15 * time.Minute)
		if status, body := b.ask(call); status != 200 {
			t.Errorf("after the restore = %d %s, want 200", status, body)
		}
		after, _ := b.sim.Service("apim-neu")
		if after.Settings.DeveloperPortal != "Disabled" || len(after.Hostnames) != 0 {
			t.Errorf("settings after the restore = %+v, %q", after.Settings, after.Hostnames)
		}
	})
}

const neuBase = "/subscriptions/" + subscription + "/resourceGroups/rg/providers/Microsoft.ApiManagement/service/apim-neu"

func TestGatewayURLsAndStatesSurvive(t *testing.T) {
	b := setup(t)
	b.sim.ServeGatewaysAt("http://127.0.0.1:8801/gateways/")
	b.sim.SetGateway("apim-weu", arm.GatewayDown)
	var saved bytes.Buffer
	if err := b.sim.Snapshot(&saved); err != nil {
		t.Fatal(err)
	}
	if err := b.sim.Restore(&saved); err != nil {
		t.Fatal(err)
	}
	if got, _ := b.ask(weuStatus); got != 0 {
		t.Errorf("the gateway = %d, want none", got)
	}
	var service struct{ Properties struct{ GatewayURL string } }
	if err := json.Unmarshal([]byte(text(t, b.send("GET", base+version, ""))), &service); err != nil {
		t.Fatal(err)
	}
	if got, want := service.Properties.GatewayURL, "http://127.0.0.1:8801/gateways/apim-weu"; got != want {
		t.Errorf("gatewayUrl = %s, want %s", got, want)
	}
}
