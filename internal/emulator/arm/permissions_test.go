package arm_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lifeboat/infra"
	"lifeboat/internal/emulator/arm"
)

const (
	permissionsOf = "/providers/Microsoft.Authorization/permissions"
	authVersion   = "?api-version=2022-04-01"
)

func TestPermissionsAreWhatIsEnforced(t *testing.T) {
	b := setup(t)
	granted := func() []string {
		t.Helper()
		r := b.send(http.MethodGet, base+permissionsOf+authVersion, "")
		var said struct {
			Value []struct{ Actions, NotActions []string }
		}
		if err := json.NewDecoder(r.Body).Decode(&said); err != nil || r.StatusCode != http.StatusOK || said.Value == nil {
			t.Fatalf("answer %s, %v", r.Status, err)
		}
		var all []string
		for _, p := range said.Value {
			all = append(all, p.Actions...)
		}
		return all
	}
	if got := granted(); !slices.Equal(got, infra.RoleActions()) {
		t.Errorf("granted %q, want the role's actions", got)
	}
	const read = "Microsoft.ApiManagement/service/read"
	b.sim.SetActions([]string{read})
	if got := granted(); !slices.Equal(got, []string{read}) {
		t.Errorf("granted %q, want %s", got, read)
	}
	b.sim.SetActions(nil)
	if got := granted(); len(got) != 0 {
		t.Errorf("granted %q, want nothing", got)
	}
}

func TestPermissionsRefuseWhatTheyCantAnswer(t *testing.T) {
	b := setup(t, func(o *arm.Options) { o.Actions = nil })
	for _, tt := range []struct {
		method, url string
		status      int
		code        string
	}{
		{http.MethodGet, base + permissionsOf, http.StatusBadRequest, "MissingApiVersionParameter"},
		{http.MethodGet, base + permissionsOf + version, http.StatusBadRequest, "NoRegisteredProviderFound"},
		{http.MethodPost, base + permissionsOf + authVersion, http.StatusNotImplemented, "NotImplemented"},
		{http.MethodGet, strings.Replace(base, "apim-weu", "apim-xyz", 1) + permissionsOf + authVersion, http.StatusNotFound, "ResourceNotFound"},
		{http.MethodGet, base + "/apis" + permissionsOf + authVersion, http.StatusNotFound, "InvalidResourceType"},
		{http.MethodGet, base + "/permissions" + version, http.StatusNotImplemented, "NotImplemented"},
	} {
		r := b.send(tt.method, tt.url, "")
		if body := text(t, r); r.StatusCode != tt.status || !strings.Contains(body, tt.code) {
			t.Errorf("%s %s: %s %s, want %d %s", tt.method, tt.url, r.Status, body, tt.status, tt.code)
		}
	}
}
