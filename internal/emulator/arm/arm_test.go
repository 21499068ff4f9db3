package arm_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement/v3"
	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/arm"
)

func TestRefused(t *testing.T) {
	with := func(field, value string) string {
		var body map[string]any
		if err := json.Unmarshal([]byte(request), &body); err != nil {
			t.Fatal(err)
		}
		body[field] = value
		b, _ := json.Marshal(body)
		return string(b)
	}
	neu := strings.Replace(base, "weu", "neu", 1)
	tests := []struct {
		name, method, url, body string
		status                  int
		code                    string
	}{
		{"no api-version", "GET", base, "", 400, "MissingApiVersionParameter"},
		{"the api-version of 2014", "POST", base + "/backup?api-version=2014-02-14", request, 400, "NoRegisteredProviderFound"},
		{"no such service", "GET", strings.Replace(base, "weu", "xxx", 1) + version, "", 404, "ResourceNotFound"},
		{"no such group", "GET", strings.Replace(base, "/rg/", "/rg2/", 1) + version, "", 404, "ResourceGroupNotFound"},
		{"another subscription", "GET", strings.Replace(base, "0001/", "0002/", 1) + version, "", 404, "ResourceGroupNotFound"},
		{"another provider", "GET", strings.Replace(base, "ApiManagement", "Storage", 1) + version, "", 404, "InvalidResourceType"},
		{"a double slash elsewhere", "POST", base + "//backup" + version, request, 404, "InvalidResourceType"},
		{"no such operation", "GET", base + "/operationresults/xyz" + version, "", 404, "ResourceNotFound"},
		{"a PATCH", "PATCH", base + version, "{}", 501, "NotImplemented"},
		{"a PUT of an API", "PUT", base + "/apis/a" + version, "{}", 501, "NotImplemented"},
		{"a DELETE", "DELETE", base + version, "", 501, "NotImplemented"},
		{"a body that is no JSON", "POST", base + "/backup" + version, `{ storageAccount : "st1" }`, 400, "InvalidRequestContent"},
		{"no account", "POST", base + "/backup" + version, with("storageAccount", ""), 400, "ValidationError"},
		{"an account's URL", "POST", base + "/backup" + version, with("storageAccount", "https://st1.blob.core.windows.net"), 400, "ValidationError"},
		{"no container", "POST", base + "/restore" + version, with("containerName", ""), 400, "ValidationError"},
		{"no name", "POST", base + "/backup" + version, with("backupName", ""), 400, "ValidationError"},
		{"no key", "POST", base + "/backup" + version, with("accessKey", ""), 400, "ValidationError"},
		{"an unknown access type", "POST", base + "/backup" + version, with("accessType", "Key"), 400, "ValidationError"},
		{"an identity that the service has not", "POST", base + "/backup" + version, with("accessType", "UserAssignedManagedIdentity"), 400, "ValidationError"},
		{"a user identity without its client id", "POST", neu + "/backup" + version, with("accessType", "UserAssignedManagedIdentity"), 400, "ValidationError"},
		{"a $top of zero", "GET", base + "/apis" + version + "&$top=0", "", 400, "ValidationError"},
		{"a $skip that is no number", "GET", base + "/apis" + version + "&$skip=x", "", 400, "ValidationError"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := setup(t)
			r := b.send(tt.method, tt.url, tt.body)
			var body struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal([]byte(text(t, r)), &body); err != nil {
				t.Fatal(err)
			}
			if r.StatusCode != tt.status || body.Error.Code != tt.code || body.Error.Message == "" {
				t.Errorf("%s %s = %d %+v, want %d %s", tt.method, tt.url, r.StatusCode, body.Error, tt.status, tt.code)
			}
			if got := b.sim.Operations(); len(got) != 0 {
				t.Errorf("operations = %+v, want none", got)
			}
		})
	}
}

func TestUserAssignedIdentityIsAccepted(t *testing.T) {
	b := setup(t)
	body := `{"storageAccount":"st1","containerName":"backups","backupName":"b1","accessType":"UserAssignedManagedIdentity","clientId":"C1"}`
	if r := b.send("POST", strings.Replace(base, "weu", "neu", 1)+"/backup"+version, body); r.StatusCode != 202 {
		t.Errorf("POST = %d %s, want 202", r.StatusCode, text(t, r))
	}
}

func TestTiersWithoutBackup(t *testing.T) {
	for sku, want := range map[string]int{"Developer": 202, "Basic": 202, "Premium": 202, "Consumption": 400, "BasicV2": 400, "StandardV2": 400, "PremiumV2": 400} {
		b := setup(t)
		b.sim.Mutate("apim-weu", func(v *arm.Service) { v.SKU = sku })
		if got := b.send("POST", base+"/backup"+version, request).StatusCode; got != want {
			t.Errorf("backup of %s = %d, want %d", sku, got, want)
		}
	}
}

func TestBearer(t *testing.T) {
	b := setup(t, func(o *arm.Options) { o.Token = func(token string) bool { return token == "good" } })
	for header, want := range map[string]int{"": 401, "Basic good": 401, "Bearer bad": 401, "Bearer good": 200} {
		r := httptest.NewRequest("GET", base+version, nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		b.sim.ServeHTTP(w, r)
		if w.Code != want || (want == 401) != (w.Header().Get("WWW-Authenticate") != "") {
			t.Errorf("with %q: %d, want %d", header, w.Code, want)
		}
	}
}

func TestRoleActions(t *testing.T) {
	b := setup(t)
	requests := map[string]string{
		"Microsoft.ApiManagement/service/read":                  "GET " + base,
		"Microsoft.ApiManagement/service/backup/action":         "POST " + base + "/backup",
		"Microsoft.ApiManagement/service/restore/action":        "POST " + base + "/restore",
		"Microsoft.ApiManagement/service/operationresults/read": "GET " + base + "//operationresults/x",
		"Microsoft.ApiManagement/service/apis/read":             "GET " + base + "/apis",
		"Microsoft.ApiManagement/service/products/read":         "GET " + base + "/products",
		"Microsoft.ApiManagement/service/namedValues/read":      "GET " + base + "/namedValues",
		"Microsoft.Authorization/roleAssignments/read":          "GET " + assignments,
	}
	for action, line := range requests {
		method, url, _ := strings.Cut(line, " ")
		scope := base
		if url == assignments {
			scope = "/subscriptions/" + subscription
		} else {
			url += version
		}
		b.sim.SetActions(nil)
		r := b.send(method, url, request)
		if body := text(t, r); r.StatusCode != 403 || !strings.Contains(body, "does not have authorization to perform action '"+action+"' over scope '"+scope+"'") {
			t.Errorf("%s without a role = %d %s", line, r.StatusCode, body)
		}
		b.sim.SetActions([]string{strings.ToUpper(action)})
		if r := b.send(method, url, request); r.StatusCode == 403 {
			t.Errorf("%s with %s = 403", line, action)
		}
	}
}

func TestServiceWithTheSDK(t *testing.T) {
	b := setup(t)
	got, err := services(t, direct{b.sim}).Get(t.Context(), "RG", "APIM-weu", nil)
	if err != nil {
		t.Fatal(err)
	}
	p := got.Properties
	summary := []any{*got.Name, *got.Location, *got.SKU.Name, *got.SKU.Capacity, *got.Identity.Type, *p.ProvisioningState, *p.GatewayURL, *p.HostnameConfigurations[1].HostName}
	want := []any{"apim-weu", "West Europe", armapimanagement.SKUTypeStandard, int32(1), armapimanagement.ApimIdentityTypeSystemAssigned, "Succeeded", "https://apim-weu.azure-api.net", "api.example.com"}
	if diff := cmp.Diff(want, summary); diff != "" {
		t.Errorf("service (-want +got):\n%s", diff)
	}
	before := *got.Etag
	b.sim.SetState("apim-weu", "Activating")
	got, err = services(t, direct{b.sim}).Get(t.Context(), "rg", "apim-weu", nil)
	if err != nil || *got.Properties.ProvisioningState != "Activating" || *got.Etag == before {
		t.Errorf("after SetState: %s, ETag %s (was %s), %v", *got.Properties.ProvisioningState, *got.Etag, before, err)
	}
}

func TestListsWithTheSDK(t *testing.T) {
	b := setup(t)
	b.sim.SetContent("apim-weu", content(25))
	ctx, top := t.Context(), int32(10)
	apis, err := armapimanagement.NewAPIClient(subscription, credential{}, options(direct{b.sim}))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	pages := 0
	for pager := apis.NewListByServicePager("rg", "apim-weu", &armapimanagement.APIClientListByServiceOptions{Top: &top}); pager.More(); pages++ {
		page, err := pager.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if *page.Count != 25 {
			t.Errorf("count = %d, want 25", *page.Count)
		}
		for _, a := range page.Value {
			names = append(names, *a.Name)
		}
	}
	var want []string
	for _, a := range content(25).APIs {
		want = append(want, a.Name)
	}
	if diff := cmp.Diff(want, names); diff != "" || pages != 3 {
		t.Errorf("%d pages, want 3; APIs (-want +got):\n%s", pages, diff)
	}

	products, err := armapimanagement.NewProductClient(subscription, credential{}, options(direct{b.sim}))
	if err != nil {
		t.Fatal(err)
	}
	if page, err := products.NewListByServicePager("rg", "apim-weu", nil).NextPage(ctx); err != nil || len(page.Value) != 1 || *page.Value[0].Name != "starter" {
		t.Errorf("products = %+v, %v", page.Value, err)
	}
	values, err := armapimanagement.NewNamedValueClient(subscription, credential{}, options(direct{b.sim}))
	if err != nil {
		t.Fatal(err)
	}
	page, err := values.NewListByServicePager("rg", "apim-weu", nil).NextPage(ctx)
	if err != nil || len(page.Value) != 2 || *page.Value[0].Properties.Value != "https://b" || page.Value[1].Properties.Value != nil {
		t.Errorf("named values = %+v, %v, want the secret without its value", page.Value, err)
	}
}

func TestEmptyListHasNoNextPage(t *testing.T) {
	b := setup(t)
	apis, err := armapimanagement.NewAPIClient(subscription, credential{}, options(direct{b.sim}))
	if err != nil {
		t.Fatal(err)
	}
	pager := apis.NewListByServicePager("rg", "apim-neu", nil)
	if page, err := pager.NextPage(t.Context()); err != nil || len(page.Value) != 0 || pager.More() {
		t.Errorf("page = %+v, more %v, %v", page.Value, pager.More(), err)
	}
}

func TestThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		post := func() *http.Response { return b.send("POST", base+"/backup"+version, "{}") } // refused, but counted
		for i := range 200 {
			if r := post(); r.StatusCode != 400 || r.Header.Get("x-ms-ratelimit-remaining-subscription-writes") != strconv.Itoa(199-i) {
				t.Fatalf("write %d = %d, remaining %s", i, r.StatusCode, r.Header.Get("x-ms-ratelimit-remaining-subscription-writes"))
			}
		}
		if r := post(); r.StatusCode != 429 || r.Header.Get("Retry-After") != "1" {
			t.Errorf("write 201 = %d, Retry-After %q, want 429 and 1", r.StatusCode, r.Header.Get("Retry-After"))
		}
		if r := b.send("GET", base+version, ""); r.StatusCode != 200 || r.Header.Get("x-ms-ratelimit-remaining-subscription-reads") != "249" {
			t.Errorf("a read = %d, remaining %s: reads have their own bucket", r.StatusCode, r.Header.Get("x-ms-ratelimit-remaining-subscription-reads"))
		}
		time.Sleep(time.Second)
		for range 10 {
			if r := post(); r.StatusCode != 400 {
				t.Errorf("after a second: %d, want ten more", r.StatusCode)
			}
		}
		if r := post(); r.StatusCode != 429 {
			t.Errorf("the eleventh = %d, want 429", r.StatusCode)
		}
		want := arm.Stats{Reads: 1, Writes: 212, Throttled: 2, MaxWritesPerSecond: 201}
		if got := b.sim.Stats(); got != want {
			t.Errorf("Stats() = %+v, want %+v", got, want)
		}
	})
}

func TestThrottledClientTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, func(o *arm.Options) { o.Reads = arm.Bucket{Burst: 1, PerSecond: 0.1} })
		client := services(t, direct{b.sim})
		start := time.Now()
		for range 2 {
			if _, err := client.Get(t.Context(), "rg", "apim-weu", nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(start); got != 10*time.Second {
			t.Errorf("two reads took %v, want 10s", got)
		}
	})
}
