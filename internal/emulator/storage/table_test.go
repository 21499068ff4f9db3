package storage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
)

func TestTableProtocol(t *testing.T) {
	s := newServer(t, storage.Options{AllowBearer: true})
	check(t, s.CreateTable("rows"))
	h := s.Table()
	key := "/rows(PartitionKey='p',RowKey='r')"
	for _, c := range []struct {
		what, method, path, body string
		header                   []string
		status                   int
		code                     string
	}{
		{"insert without content", "POST", "/rows", `{"PartitionKey":"p","RowKey":"r","A":1}`, []string{"Prefer", "return-no-content"}, 204, ""},
		{"keys in the other order", "GET", "/rows(RowKey='r',PartitionKey='p')", "", nil, 200, `"A":1`},
		{"merge by its old name", "MERGE", key, `{"B":2}`, []string{"If-Match", "*"}, 204, ""},
		{"merge through POST", "POST", key, `{"C":3}`, []string{"X-HTTP-Method", "MERGE"}, 204, ""},
		{"all merges kept", "GET", key, "", []string{"Accept", "application/json;odata=nometadata"}, 200, `"A":1,"B":2,"C":3}`},
		{"a large whole number is a double", "PUT", key, `{"N":5000000000}`, nil, 204, ""},
		{"as OData reads it", "GET", key, "", nil, 200, `"N":5e+09`},
		{"a whole double", "PUT", key, `{"D":5,"D@odata.type":"Edm.Double"}`, nil, 204, ""},
		{"stays a double", "GET", key, "", nil, 200, `"D":5.0`},
		{"an option that the service lacks", "GET", "/rows()?$orderby=A", "", nil, 501, "$orderby"},
		{"delete wants a condition", "DELETE", key, "", nil, 400, "MissingRequiredHeader"},
		{"an ETag of another form", "DELETE", key, "", []string{"If-Match", "abc"}, 400, "InvalidInput"},
		{"a property twice", "PUT", key, `{"A":1,"A":2}`, nil, 400, "DuplicatePropertiesSpecified"},
		{"a nested property", "PUT", key, `{"A":{"B":1}}`, nil, 400, "InvalidInput"},
		{"a value not of its type", "PUT", key, `{"A":"x","A@odata.type":"Edm.Int64"}`, nil, 400, "InvalidInput"},
		{"a type that is none", "PUT", key, `{"A":"x","A@odata.type":"Edm.Time"}`, nil, 400, "InvalidInput"},
		{"a property name that is none", "PUT", key, `{"1A":1}`, nil, 400, "PropertyNameInvalid"},
		{"no JSON", "PUT", key, `{"A":1} trailing`, nil, 400, "InvalidInput"},
		{"Atom", "GET", "/rows()", "", []string{"Accept", "application/atom+xml"}, 415, "JsonFormatNotSupported"},
		{"a foreign continuation", "GET", "/rows()?NextPartitionKey=x", "", nil, 400, "InvalidInput"},
		{"too large a page", "GET", "/rows()?$top=1001", "", nil, 400, "InvalidInput"},
		{"half a key", "GET", "/rows(PartitionKey='p')", "", nil, 400, "InvalidInput"},
		{"an open quote", "GET", "/rows(PartitionKey='p',RowKey='r)", "", nil, 400, "InvalidInput"},
		{"a batch that is none", "POST", "/$batch", "x", []string{"Content-Type", "text/plain"}, 400, "InvalidInput"},
		{"a batch too large", "POST", "/$batch", strings.Repeat("x", 4<<20+1), []string{"Content-Type", "multipart/mixed; boundary=x"}, 413, "RequestBodyTooLarge"},
	} {
		resp, body := raw(t, h, c.method, strings.ReplaceAll(c.path, " ", "%20"), c.body, c.header...)
		if resp.StatusCode != c.status || !strings.Contains(body, c.code) {
			t.Errorf("%s: %d %s, want %d %s", c.what, resp.StatusCode, body, c.status, c.code)
		}
	}
}

func TestEmptyKeysAreKeys(t *testing.T) {
	s := newServer(t, storage.Options{AllowBearer: true, PageSize: 1})
	check(t, s.CreateTable("rows"))
	raw(t, s.Table(), "POST", "/rows", `{"PartitionKey":"","RowKey":""}`)
	raw(t, s.Table(), "POST", "/rows", `{"PartitionKey":"","RowKey":"r"}`)
	if resp, body := raw(t, s.Table(), "GET", "/rows(PartitionKey='',RowKey='')", ""); resp.StatusCode != 200 {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	resp, _ := raw(t, s.Table(), "GET", "/rows()", "")
	if resp.Header.Get("x-ms-continuation-NextPartitionKey") == "" || resp.Header.Get("x-ms-continuation-NextRowKey") == "" {
		t.Errorf("headers %v lack a continuation", resp.Header)
	}
}

// A page may end before it found anything, with a continuation.
func TestScanLimitGivesEmptyPages(t *testing.T) {
	s := newServer(t, storage.Options{ScanLimit: 2})
	check(t, s.CreateTable("rows"))
	table := tablesClient(t, s, wire.Transport{Handler: s.Table()}).NewClient("rows")
	for i := range 7 {
		_, err := table.AddEntity(t.Context(), fmt.Appendf(nil, `{"PartitionKey":"p","RowKey":"%d","Last":%v}`, i, i == 6), nil)
		check(t, err)
	}
	pager := table.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: to.Ptr("Last eq true")})
	var sizes []int
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		sizes = append(sizes, len(page.Entities))
	}
	if !cmp.Equal(sizes, []int{0, 0, 0, 1}) {
		t.Errorf("pages of %v, want three empty ones first", sizes)
	}
}
