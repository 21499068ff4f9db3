package apim_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lifeboat/infra"
	"lifeboat/internal/apim"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

func TestPermissions(t *testing.T) {
	w := newWorld(t)
	got, err := w.client.Permissions(t.Context(), weu())
	if err != nil {
		t.Fatal(err)
	}
	want := []apim.Permission{{Actions: infra.RoleActions(), NotActions: []string{}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Permissions (-want +got)\n%s", diff)
	}
	gone := weu()
	gone.Resource = "apim-xyz"
	_, err = w.client.Permissions(t.Context(), gone)
	var said *job.AzureError
	if !errors.As(err, &said) || said.Status != http.StatusNotFound || !strings.Contains(err.Error(), "list the caller's permissions on apim-xyz") {
		t.Errorf("of no service: %v", err)
	}
}

// scripted answers one body after the other.
func scripted(status int, bodies ...string) wire.Transport {
	return wire.Transport{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body := bodies[0]
		if r.URL.Query().Has("page") {
			body = bodies[1]
		}
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, body)
	})}
}

func TestPermissionsOfMorePages(t *testing.T) {
	w := newWorld(t)
	client := w.connect(scripted(http.StatusOK,
		`{"value":[{"actions":["*/read"],"notActions":["a/b/read"]}],"nextLink":"https://`+host+`/next?page=2"}`, `{"value":[{"actions":["*"]}]}`))
	got, err := client.Permissions(t.Context(), weu())
	if err != nil {
		t.Fatal(err)
	}
	want := []apim.Permission{{Actions: []string{"*/read"}, NotActions: []string{"a/b/read"}}, {Actions: []string{"*"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Permissions (-want +got)\n%s", diff)
	}
}

func TestPermissionsThatCantBeSeen(t *testing.T) {
	for name, tt := range map[string]struct {
		transport wire.Transport
		kind      error
		want      string
	}{
		"no list":             {scripted(http.StatusOK, `{"error":"none"}`), job.ErrUnavailable, "not a list"},
		"refused":             {scripted(http.StatusForbidden, `{"error":{"code":"AuthorizationFailed","message":"no"}}`), job.ErrRefused, "AuthorizationFailed"},
		"another host":        {scripted(http.StatusOK, `{"value":[],"nextLink":"https://evil.test/?page=2"}`, `{"value":[]}`), job.ErrUnavailable, "not the ARM endpoint"},
		"pages without end":   {scripted(http.StatusOK, `{"value":[],"nextLink":"https://`+host+`/?page=2"}`, `{"value":[],"nextLink":"https://`+host+`/?page=2"}`), job.ErrUnavailable, "more than"},
		"a server that's ill": {scripted(http.StatusInternalServerError, `{}`), job.ErrUnavailable, "HTTP 500"},
	} {
		got, err := newWorld(t).connect(tt.transport).Permissions(t.Context(), weu())
		if err == nil || got != nil || !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), bearer) {
			t.Errorf("%s: %v, %v, want %v and %q", name, got, err, tt.kind, tt.want)
		}
	}
}
