package main

import (
	"net/http/httptest"
	"testing"

	"lifeboat/internal/config"
	"lifeboat/internal/functions"
)

// The page is shown to nobody unless somebody vouches for the caller, or there
// is nobody but the developer.
func TestWhomServeAdmits(t *testing.T) {
	inAzure := config.Endpoint{Name: "https://a.table.core.windows.net"}
	for _, c := range []struct {
		name           string
		settings       config.Config
		named, unnamed bool
	}{
		{"in Azure with App Service authentication", config.Config{State: inAzure, SignIn: true}, true, false},
		{"in Azure without, where a caller can name anybody", config.Config{State: inAzure}, false, false},
		{"on a developer's machine", config.Config{State: config.Endpoint{ConnectionString: "x"}}, true, true},
	} {
		var o functions.Options
		admitting(c.settings)(&o)
		for header, want := range map[string]bool{"b3f1": c.named, "": c.unnamed} {
			r := httptest.NewRequest("GET", "/api/status", nil)
			r.Header.Set("X-MS-CLIENT-PRINCIPAL-ID", header)
			if got := o.Admits != nil && o.Admits(r); got != want {
				t.Errorf("%s: a caller named %q is admitted: %t, want %t", c.name, header, got, want)
			}
		}
	}
}
