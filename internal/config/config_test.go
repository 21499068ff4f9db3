package config

import (
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/google/go-cmp/cmp"
)

const (
	secret  = "S2VlcE1lU2VjcmV0"
	busText = "Endpoint=sb://localhost:5672;SharedAccessKeyName=all;SharedAccessKey=" + secret + ";UseDevelopmentEmulator=true"
	account = "DefaultEndpointsProtocol=http;AccountName=dev;AccountKey=" + secret + ";"
	tables  = account + "TableEndpoint=http://127.0.0.1:10002/dev;"
	blobs   = account + "BlobEndpoint=http://[::1]:10000/dev;"
)

// azure are the settings that an app in Azure cannot do without.
func azure(change ...string) map[string]string {
	s := map[string]string{
		Port: "40123", AppRoot: "/home/site/wwwroot",
		ServiceBusNamespace: "lifeboat.servicebus.windows.net", StateTableURI: "https://lifeboat.table.core.windows.net",
	}
	for i := 0; i < len(change); i += 2 {
		s[change[i]] = change[i+1]
	}
	return s
}

func load(settings map[string]string) (Config, error) {
	return Load(func(name string) string { return settings[name] })
}

func TestDefaults(t *testing.T) {
	got, err := load(azure())
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Port: 40123, PlanFile: "/home/site/wwwroot/lifeboat.yaml", Table: "lifeboat", LogLevel: slog.LevelInfo,
		Cloud: cloud.AzurePublic, StorageSuffix: "core.windows.net",
		ServiceBus: Endpoint{Name: "lifeboat.servicebus.windows.net"}, State: Endpoint{Name: "https://lifeboat.table.core.windows.net"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestEverySetting(t *testing.T) {
	got, err := load(azure(
		PlanFile, "/plans/prod.yaml", Table, "Lifeboat2", LogLevel, "debug", Cloud, "china",
		ServiceBusCredential, "managedidentity", ServiceBusClientID, "44444444-4444-4444-8444-44444444ABCD"))
	if err != nil {
		t.Fatal(err)
	}
	if got.PlanFile != "/plans/prod.yaml" || got.Table != "Lifeboat2" || got.LogLevel != slog.LevelDebug || got.ClientID != "44444444-4444-4444-8444-44444444ABCD" {
		t.Errorf("config = %+v", got)
	}
}

// A cloud is its endpoints: none may be empty, or of another cloud.
func TestClouds(t *testing.T) {
	for name, want := range map[string][3]string{
		"":             {"https://management.azure.com", "https://management.core.windows.net/", "core.windows.net"},
		"public":       {"https://management.azure.com", "https://management.core.windows.net/", "core.windows.net"},
		"china":        {"https://management.chinacloudapi.cn", "https://management.core.chinacloudapi.cn/", "core.chinacloudapi.cn"},
		"usgovernment": {"https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net/", "core.usgovcloudapi.net"},
	} {
		c, err := load(azure(Cloud, name))
		arm := c.Cloud.Services[cloud.ResourceManager]
		if got := [3]string{arm.Endpoint, arm.Audience, c.StorageSuffix}; got != want || err != nil {
			t.Errorf("cloud %q = %v, %v, want %v", name, got, err, want)
		}
		c, err = load(azure(Cloud, name, ARMEndpoint, "http://127.0.0.1:8801"))
		arm = c.Cloud.Services[cloud.ResourceManager]
		if arm.Endpoint != "http://127.0.0.1:8801" || arm.Audience != want[1] || !c.PlainARM || err != nil {
			t.Errorf("cloud %q with a stand-in = %+v, plain %t, %v, want the cloud's audience", name, arm, c.PlainARM, err)
		}
	}
	if got := cloud.AzurePublic.Services[cloud.ResourceManager].Endpoint; got != "https://management.azure.com" {
		t.Errorf("the SDK's own public cloud is now at %s", got)
	}
}

func TestDevelopment(t *testing.T) {
	c, err := load(map[string]string{Port: "7071", ServiceBus: busText, State: tables, Backups: blobs})
	want := [3]Endpoint{{ConnectionString: busText}, {ConnectionString: tables}, {ConnectionString: blobs}}
	if got := [3]Endpoint{c.ServiceBus, c.State, c.Backups}; got != want || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if c.PlanFile != "lifeboat.yaml" {
		t.Errorf("plan %s, want it here", c.PlanFile)
	}
}

func TestMistakes(t *testing.T) {
	tests := []struct {
		name, setting, value, want string
	}{
		{"no port", Port, "", "start this program by the host"},
		{"a port that is a word", Port, "http", `got "http"`},
		{"port 0", Port, "0", "from 1 to 65535"},
		{"a port beyond the last", Port, "65536", "from 1 to 65535"},
		{"a table that begins with a digit", Table, "1ifeboat", `got "1ifeboat"`},
		{"a table with a dash", Table, "life-boat", "letters and digits"},
		{"a table of two letters", Table, "lb", "3 to 63"},
		{"an unknown level", LogLevel, "loud", "want debug, info, warn or error"},
		{"an unknown cloud", Cloud, "germany", "want public, china or usgovernment"},
		{"another credential", ServiceBusCredential, "workloadidentity", "want managedidentity or nothing"},
		{"a name for a client id", ServiceBusClientID, "id-lifeboat", "a GUID"},
		{"no namespace", ServiceBusNamespace, "", "missing: want a namespace such as"},
		{"a namespace without a domain", ServiceBusNamespace, "lifeboat", "want a namespace such as"},
		{"a namespace that is a URL", ServiceBusNamespace, "sb://lifeboat.servicebus.windows.net", "want a namespace such as"},
		{"a connection string for a namespace", ServiceBusNamespace, "Endpoint=sb://x.servicebus.windows.net;SharedAccessKey=" + secret, "want a namespace such as"},
		{"no table URI", StateTableURI, "", "missing: want a URL such as"},
		{"a table URI without TLS", StateTableURI, "http://lifeboat.table.core.windows.net", "want a URL such as"},
		{"a table URI with a table", StateTableURI, "https://lifeboat.table.core.windows.net/lifeboat", "want a URL such as"},
		{"a signed table URI", StateTableURI, "https://lifeboat.table.core.windows.net/?sig=" + secret, "want a URL such as"},
		{"a table URI with a password", StateTableURI, "https://me:" + secret + "@lifeboat.table.core.windows.net/", "want a URL such as"},
		{"a connection string beside a namespace", ServiceBus, busText, "set beside " + ServiceBusNamespace},
		{"a connection string beside a table URI", State, tables, "set beside " + StateTableURI},
		{"ARM on another machine", ARMEndpoint, "http://10.0.0.4:8801", "a loopback URL"},
		{"ARM that looks like loopback", ARMEndpoint, "http://127.0.0.1.example.com", "a loopback URL"},
		{"ARM behind a user", ARMEndpoint, "http://127.0.0.1:" + secret + "@example.com", "a loopback URL"},
		{"ARM with TLS", ARMEndpoint, "https://127.0.0.1:8801", "a loopback URL"},
		{"ARM with a path", ARMEndpoint, "http://127.0.0.1:8801/arm", "a loopback URL"},
		{"ARM with a query", ARMEndpoint, "http://127.0.0.1:8801?code=" + secret, "a loopback URL"},
		{"ARM without a scheme", ARMEndpoint, "127.0.0.1:8801", "a loopback URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(azure(tt.setting, tt.value))
			checkMistake(t, err, tt.setting, tt.want)
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	wrong := map[string]string{
		Port: "x", Table: "x", LogLevel: "x", Cloud: "x", ARMEndpoint: "x", ServiceBusCredential: "x", ServiceBusClientID: "x",
		ServiceBusNamespace: "x", StateTableURI: "x", Backups: "x",
	}
	got, err := load(wrong)
	if err == nil {
		t.Fatal("no error")
	}
	var named []string
	for line := range strings.Lines(err.Error()) {
		name, _, _ := strings.Cut(line, ": ")
		named = append(named, name)
	}
	var want []string
	for name := range wrong {
		want = append(want, name)
	}
	slices.Sort(named)
	slices.Sort(want)
	if diff := cmp.Diff(want, named); diff != "" {
		t.Errorf("settings named (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Config{}, got); diff != "" {
		t.Errorf("config beside an error (-want +got):\n%s", diff)
	}
}

// The sample is what people copy.
func TestSampleListsTheSettings(t *testing.T) {
	data, err := os.ReadFile("../../local.settings.sample.json")
	if err != nil {
		t.Fatal(err)
	}
	var sample struct{ Values map[string]string }
	if err := json.Unmarshal(data, &sample); err != nil {
		t.Fatal(err)
	}
	for _, name := range Settings() {
		if _, ok := sample.Values[name]; !ok {
			t.Errorf("%s is not in local.settings.sample.json", name)
		}
	}
	sample.Values[Port] = "7071"
	if _, err := load(sample.Values); err != nil {
		t.Errorf("the sample does not load: %v", err)
	}
}
