package storage_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode checks an error of the SDK or of in-process access.
func wantCode(t *testing.T, err error, status int, code string) {
	t.Helper()
	var response *azcore.ResponseError
	var local *storage.Error
	got := fmt.Sprint(err)
	switch {
	case errors.As(err, &response):
		got = fmt.Sprint(response.StatusCode, " ", response.ErrorCode)
	case errors.As(err, &local):
		got = fmt.Sprint(local.Status, " ", local.Code)
	}
	if want := fmt.Sprint(status, " ", code); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestWrongKeyIsRefused(t *testing.T) {
	s := newServer(t, storage.Options{})
	stranger := newServer(t, storage.Options{Key: "c3RyYW5nZXI="})
	_, err := tablesClient(t, stranger, wire.Transport{Handler: s.Table()}).CreateTable(t.Context(), "secrets", nil)
	wantCode(t, err, 403, "AuthenticationFailed")
	_, err = blobClient(t, stranger, wire.Transport{Handler: s.Blob()}).CreateContainer(t.Context(), "secrets", nil)
	wantCode(t, err, 403, "AuthenticationFailed")
	other := newServer(t, storage.Options{Account: "other"})
	_, err = blobClient(t, other, wire.Transport{Handler: s.Blob()}).CreateContainer(t.Context(), "secrets", nil)
	wantCode(t, err, 403, "AuthenticationFailed")
	if len(s.Tables())+len(s.Containers()) != 0 {
		t.Error("a stranger changed the account")
	}
}

// raw sends a request with a bearer token, for what the SDK's clients never send.
func raw(t *testing.T, h http.Handler, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, endpoint+"/devstoreaccount1"+path, strings.NewReader(body))
	check(t, err)
	req.Header.Set("Authorization", "Bearer token")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := wire.Transport{Handler: h}.Do(req)
	check(t, err)
	text, err := io.ReadAll(resp.Body)
	check(t, err)
	return resp, string(text)
}

func TestBearerIsAllowedOnlyWhenAsked(t *testing.T) {
	for allowed, want := range map[bool]int{true: 201, false: 403} {
		s := newServer(t, storage.Options{AllowBearer: allowed})
		if resp, body := raw(t, s.Blob(), "PUT", "/box?restype=container", ""); resp.StatusCode != want {
			t.Errorf("AllowBearer %v: %d %s, want %d", allowed, resp.StatusCode, body, want)
		}
	}
	s := newServer(t, storage.Options{AllowBearer: true})
	resp, _ := raw(t, s.Table(), "GET", "/Tables", "", "Authorization", "")
	if resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("without authorization: %d, want 401 with a challenge", resp.StatusCode)
	}
}

// What is not built says so by name, and changes nothing.
func TestUnsupportedIsNamed(t *testing.T) {
	s := newServer(t, storage.Options{AllowBearer: true})
	check(t, s.CreateContainer("box"))
	check(t, s.PutBlob("box", "b", []byte("x"), nil))
	check(t, s.CreateTable("rows"))
	for _, c := range []struct {
		service, method, path string
		header                []string
		names                 string
	}{
		{"blob", "PUT", "/box/b?comp=snapshot", nil, "snapshot"},
		{"blob", "PUT", "/box/b?comp=tags", nil, "tags"},
		{"blob", "PUT", "/box/b?comp=tier", nil, "tier"},
		{"blob", "PUT", "/box/p", []string{"x-ms-blob-type", "PageBlob"}, "PageBlob"},
		{"blob", "PUT", "/box/c", []string{"x-ms-copy-source", "http://x/"}, "x-ms-copy-source"},
		{"blob", "GET", "/box/b?snapshot=2026", nil, "snapshot"},
		{"blob", "GET", "/box?restype=container&comp=acl", nil, "acl"},
		{"blob", "PUT", "/box?restype=container&comp=lease", nil, "lease"},
		{"blob", "GET", "/?restype=service&comp=properties", nil, "properties"},
		{"blob", "GET", "/box/b?sig=x", nil, "shared access signatures"},
		{"table", "GET", "/?comp=properties&restype=service", nil, "properties"},
		{"table", "GET", "/rows?comp=acl", nil, "acl"},
	} {
		h := s.Blob()
		if c.service == "table" {
			h = s.Table()
		}
		resp, body := raw(t, h, c.method, c.path, "", c.header...)
		if resp.StatusCode != 501 || !strings.Contains(body, c.names) {
			t.Errorf("%s %s: %d %s, want 501 naming %s", c.method, c.path, resp.StatusCode, body, c.names)
		}
	}
	if got := s.ListBlobs("box", ""); len(got) != 1 || got[0].Name != "b" {
		t.Errorf("blobs %+v, want only b", got)
	}
}

// The client is told that its save failed although it was done: the case that
// a row's revision has to settle.
func TestDoneButToldOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := newServer(t, storage.Options{})
		var tap wire.Tap
		client := tablesClient(t, s, overPipe(t, tap.Wrap("table", s.Table())))
		check(t, s.CreateTable("jobs"))
		table := client.NewClient("jobs")
		added, err := table.AddEntity(ctx, []byte(`{"PartitionKey":"p","RowKey":"r","Revision":1}`), nil)
		check(t, err)
		tap.Inject(wire.Fault{Service: "table", Match: func(r *http.Request) bool { return r.Method == http.MethodPut }, Kind: wire.ResetAfter, Times: 1})
		_, err = table.UpdateEntity(ctx, []byte(`{"PartitionKey":"p","RowKey":"r","Revision":2}`),
			&aztables.UpdateEntityOptions{IfMatch: &added.ETag, UpdateMode: aztables.UpdateModeReplace})
		wantCode(t, err, 412, "UpdateConditionNotSatisfied") // the SDK tried again
		if got := s.Entities("jobs")[0]["Revision"]; got != int32(2) {
			t.Errorf("revision %v, want 2", got)
		}
		puts := tap.Count(func(r wire.Request) bool { return r.Method == http.MethodPut })
		if puts != 2 {
			t.Errorf("%d PUTs, want 2", puts)
		}
	})
}
