package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/wire"
)

const statusPath = "/status-0123456789abcdef"

var armScope = policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}}

func TestGatewaysInProcess(t *testing.T) {
	a := New(Options{Services: SampleServices()})
	defer a.Close()
	client := http.Client{Transport: a.GatewayTransport()}
	answer, err := client.Do(get(t, "https://apim-weu.azure-api.net"+statusPath))
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("a gateway that serves = %v, %v", answer, err)
	}
	a.ARM.SetGateway("apim-weu", arm.GatewayDown)
	if answer, err := client.Do(get(t, "https://apim-weu.azure-api.net"+statusPath)); err == nil {
		t.Errorf("a gateway that is down = %s, want no answer", answer.Status)
	}
	if n := a.Tap.Count(func(r wire.Request) bool { return r.Service == ServiceGateway }); n != 2 {
		t.Errorf("the Tap saw %d requests, want 2", n)
	}
}

// From the moment that they are served, ARM says where the gateways are.
func TestGatewaysOnASocket(t *testing.T) {
	a := New(Options{Services: SampleServices()})
	at, err := a.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	defer http.DefaultClient.CloseIdleConnections()
	url := gatewayURL(t, a, at, "apim-weu")
	if !strings.HasPrefix(url, at.Gateways+"/") {
		t.Errorf("gatewayUrl = %s, want it below %s", url, at.Gateways)
	}
	for path, want := range map[string]int{statusPath: 200, "/orders/17": 200, "/nothing": 404} {
		answer, err := http.DefaultClient.Do(get(t, url+path))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s = %d, want %d", path, answer.StatusCode, want)
		}
	}
	a.ARM.SetGateway("apim-weu", arm.GatewayDown)
	if answer, err := http.DefaultClient.Do(get(t, url+statusPath)); err == nil {
		t.Errorf("a gateway that is down = %s, want no answer", answer.Status)
	}
}

func gatewayURL(t *testing.T, a *Azure, at Addresses, service string) string {
	t.Helper()
	token, err := a.Credential().GetToken(t.Context(), armScope)
	if err != nil {
		t.Fatal(err)
	}
	r := get(t, at.ARM+"/subscriptions/"+SampleSubscription+"/resourceGroups/"+SampleGroup+"/providers/Microsoft.ApiManagement/service/"+service+"?api-version=2024-05-01")
	r.Header.Set("Authorization", "Bearer "+token.Token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var resource struct{ Properties struct{ GatewayURL string } }
	if err := json.NewDecoder(answer.Body).Decode(&resource); err != nil {
		t.Fatal(err)
	}
	return resource.Properties.GatewayURL
}
