package apim_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/wire"
)

const subnet = "/subscriptions/s/resourceGroups/RG/providers/Microsoft.Network/virtualNetworks/v/subnets/apim"

// elaborate is everything that a backup leaves out.
func elaborate(s *arm.Service) {
	s.Hostnames = []string{"API.Contoso.example"}
	s.Settings = arm.Settings{
		NetworkType: "External", Subnet: subnet, Zones: []string{"2", "1"},
		Locations:        []arm.Location{{Name: "East US", Units: 2, Zones: []string{"3"}, Subnet: subnet}, {Name: "Japan East"}},
		CustomProperties: map[string]string{"Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls10": "True", "Contoso.Token": "not-for-the-table"},
		CACertificates:   []arm.CACertificate{{Store: "Root", Thumbprint: "ab12", Expiry: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}},
		PlatformVersion:  "stv2.1", PublicNetworkAccess: "Disabled", DeveloperPortal: "Disabled", GatewayDisabled: true,
	}
}

func TestObserveTellsWhatABackupLeavesOut(t *testing.T) {
	w := newWorld(t)
	w.sim.Mutate("apim-weu", elaborate)
	got, err := w.client.Observe(t.Context(), weu())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"caCertificate/Root/AB12":            "expires 2030-01-02",
		"developerPortal":                    "Disabled",
		"gateway":                            "disabled",
		"hostname/Proxy/api.contoso.example": "certificate D2417E944797DD8FC093A0E8D1A3625456CC40C2 expires 2027-01-31",
		"identity":                           "SystemAssigned, UserAssigned",
		"identity//id":                       "assigned",
		"location/eastus":                    "added, units 2, zones 3, subnet " + strings.ToLower(subnet),
		"location/japaneast":                 "added, units 1",
		"network/subnet":                     strings.ToLower(subnet),
		"network/type":                       "External",
		"platformVersion":                    "stv2.1",
		"property/Gateway.Security.Protocols.Tls10": "true",
		"publicNetworkAccess":                       "Disabled",
		"units":                                     "2",
		"zones":                                     "1, 2",
	}
	if diff := cmp.Diff(want, got.Settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if got.GatewayURL != "https://apim-weu.azure-api.net" || got.ManagementURL != "https://apim-weu.management.azure-api.net" {
		t.Errorf("gateway %q, management %q", got.GatewayURL, got.ManagementURL)
	}
	if n := w.requests("GET"); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// A standby that was set up as its source was shows no difference but that of
// its own address, which is left out.
func TestSettingsOfTwinsAreEqual(t *testing.T) {
	w := newWorld(t)
	w.sim.Mutate("apim-weu", elaborate)
	twin, _ := w.sim.Service("apim-weu")
	twin.Name, twin.Location = "apim-neu", "North Europe"
	w.sim.AddService(twin)
	source, err := w.client.Observe(t.Context(), weu())
	if err != nil {
		t.Fatal(err)
	}
	standby, err := w.client.Observe(t.Context(), neu())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(source.Settings, standby.Settings); diff != "" {
		t.Errorf("settings (-source +standby):\n%s", diff)
	}
}

// Whatever an answer holds, no certificate, password or unknown property gets
// into a row, and nothing that is missing does harm.
func TestSettingsOfOddAnswers(t *testing.T) {
	const odd = `{"name":"apim-weu","properties":{"provisioningState":"Succeeded","additionalLocations":[null,{}],
		"certificates":[null,{"storeName":"Root","encodedCertificate":"MIIsecret","certificatePassword":"secret"}],
		"customProperties":{"Microsoft.WindowsAzure.ApiManagement.":"secret","X":"secret","Microsoft.WindowsAzure.ApiManagement.Y":null},
		"hostnameConfigurations":[null,{"type":"Proxy","hostName":"a.example","encodedCertificate":"MIIsecret","certificatePassword":"secret","negotiateClientCertificate":true}]},
		"identity":{"type":"UserAssigned","userAssignedIdentities":{"/ID":null}},"zones":[null]}`
	w := newWorld(t)
	w.answer("GET", wire.Fault{Kind: wire.Instead, Status: 200, Body: odd})
	got, err := w.client.Observe(t.Context(), weu())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"hostname/Proxy/a.example": "certificate not shown, negotiates client certificates",
		"identity":                 "UserAssigned", "identity//id": "assigned", "location/": "added",
	}
	if diff := cmp.Diff(want, got.Settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

// The last answer of a backup is the service: it needs no look of its own.
func TestABackupsEndTellsTheSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.sim.Mutate("apim-weu", elaborate)
		token := w.start()
		time.Sleep(time.Hour)
		progress, err := w.client.Poll(t.Context(), weu(), token)
		if err != nil || w.requests("GET") != 1 {
			t.Fatalf("poll = %+v, %v, want one request", progress, err)
		}
		service, err := w.client.Observe(t.Context(), weu())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(service.Settings, progress.Settings); diff != "" {
			t.Errorf("settings (-service +progress):\n%s", diff)
		}
	})
}
