package storagetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/google/go-cmp/cmp"
)

func queryCases() []Case[*aztables.ServiceClient] {
	return []Case[*aztables.ServiceClient]{
		{"a filter finds the rows it names", filters},
		{"a filter's constant has the property's type", filterTypes},
		{"rows come in the order of their keys", order},
		{"pages continue where they ended", pages},
		{"a page may change between requests", movingPages},
		{"a page holds at most 1000 rows", fullPage},
		{"select sends only what was asked for", selection},
	}
}

// rowKeys collects the row keys of all pages.
func rowKeys(t *testing.T, table *aztables.Client, o *aztables.ListEntitiesOptions) (keys []string) {
	t.Helper()
	pager := table.NewListEntitiesPager(o)
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		for _, body := range page.Entities {
			var e aztables.EDMEntity
			check(t, json.Unmarshal(body, &e))
			keys = append(keys, e.RowKey)
		}
	}
	return keys
}

func wantRows(t *testing.T, table *aztables.Client, filter, want string) {
	t.Helper()
	got := strings.Join(rowKeys(t, table, &aztables.ListEntitiesOptions{Filter: &filter}), " ")
	if got != want {
		t.Errorf("%s finds %q, want %q", filter, got, want)
	}
}

func sampleRows(t *testing.T, service *aztables.ServiceClient) *aztables.Client {
	table := newTable(t, service)
	day := func(n int) aztables.EDMDateTime {
		return aztables.EDMDateTime(time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC))
	}
	put(t, table, "one", "a", map[string]any{"S": "x", "I": int32(1), "L": aztables.EDMInt64(1), "D": 0.5, "B": true, "T": day(1)})
	put(t, table, "one", "b", map[string]any{"S": "it's", "I": int32(2), "L": aztables.EDMInt64(1 << 40), "D": 1.5, "B": false, "T": day(2)})
	put(t, table, "two", "c", map[string]any{"S": "y", "I": int32(-3), "L": aztables.EDMInt64(-5), "D": -2.25, "B": true, "T": day(3),
		"G": aztables.EDMGUID("4185404a-5818-48c3-b9be-f217df0dba6f"), "X": aztables.EDMBinary{1, 171}})
	put(t, table, "two", "d", map[string]any{"Other": "property"})
	return table
}

func filters(t *testing.T, service *aztables.ServiceClient) {
	table := sampleRows(t, service)
	for _, c := range []struct{ filter, want string }{
		{"", "a b c d"},
		{"PartitionKey eq 'one'", "a b"},
		{"PartitionKey eq 'two' and RowKey eq 'c'", "c"},
		{"PartitionKey eq 'two' and RowKey ge 'd'", "d"},
		{"PartitionKey gt 'one'", "c d"},
		{"PartitionKey le 'one' and RowKey lt 'b'", "a"},
		{"PartitionKey ge 'one' and PartitionKey lt 'two'", "a b"},
		{"PartitionKey ne 'one'", "c d"},
		{"PartitionKey eq 'one' or RowKey eq 'd'", "a b d"},
		{"RowKey eq 'a' or RowKey eq 'c'", "a c"},
		{"PartitionKey eq 'three'", ""},
		{"S eq 'it''s'", "b"},
		{"S ge 'x' and S lt 'z'", "a c"},
		{"I eq 1", "a"}, {"I gt 1", "b"}, {"I lt 0", "c"}, {"I eq -3", "c"}, {"I ne 1", "b c"},
		{"L eq 1099511627776L", "b"}, {"L lt 0L", "c"}, {"L ge 1L", "a b"},
		{"D gt 0.4", "a b"}, {"D le -2.25", "c"},
		{"B eq true", "a c"}, {"B eq false", "b"},
		{"T eq datetime'2026-03-02T00:00:00Z'", "b"}, {"T gt datetime'2026-03-01T12:00:00.000Z'", "b c"},
		{"G eq guid'4185404a-5818-48c3-b9be-f217df0dba6f'", "c"},
		{"X eq X'01ab'", "c"}, {"X eq binary'01AB'", "c"},
		{"Other eq 'property'", "d"},
		{"I eq 1 or I eq 2 and B eq true", "a"},
		{"(I eq 1 or I eq 2) and B eq true", "a"},
		{"(I eq 1 or I eq 2) and B eq false", "b"},
		{"((I eq 1))", "a"},
		{"not (PartitionKey eq 'one')", "c d"},
		{"PartitionKey eq 'one' and not (I eq 1)", "b"},
		{"Timestamp gt datetime'1999-01-01T00:00:00Z'", "a b c d"},
	} {
		wantRows(t, table, c.filter, c.want)
	}
}

func filterTypes(t *testing.T, service *aztables.ServiceClient) {
	table := sampleRows(t, service)
	for _, filter := range []string{"I eq '1'", "S eq 1", "B eq 'true'"} {
		wantRows(t, table, filter, "")
	}
}

func order(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	for _, key := range []string{"b|2", "a|1", "b|10", "B|1", "a", "_", "0"} {
		pk, rk, _ := strings.Cut(key, "|")
		put(t, table, pk, key+rk, nil)
	}
	want := []string{"0", "B|11", "_", "a", "a|11", "b|1010", "b|22"}
	if got := rowKeys(t, table, nil); !cmp.Equal(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
}

func pages(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	var want []string
	for i := range 23 {
		rk := fmt.Sprintf("r%02d", i)
		put(t, table, fmt.Sprintf("p%d", i/5), rk, map[string]any{"Odd": i%2 == 1})
		want = append(want, rk)
	}
	for _, top := range []int32{1, 4, 5, 23, 24} {
		o := &aztables.ListEntitiesOptions{Top: to.Ptr(top)}
		if got := rowKeys(t, table, o); !cmp.Equal(got, want) {
			t.Errorf("in pages of %d: %q, want %q", top, got, want)
		}
	}
	odd := slices.DeleteFunc(slices.Clone(want), func(rk string) bool { return int(rk[2]-'0')%2 == 0 })
	o := &aztables.ListEntitiesOptions{Top: to.Ptr(int32(3)), Filter: to.Ptr("Odd eq true")}
	if got := rowKeys(t, table, o); !cmp.Equal(got, odd) {
		t.Errorf("odd rows in pages of 3: %q, want %q", got, odd)
	}
}

func movingPages(t *testing.T, service *aztables.ServiceClient) {
	ctx := t.Context()
	table := newTable(t, service)
	for _, rk := range []string{"a", "b", "c", "d"} {
		put(t, table, "p", rk, nil)
	}
	pager := table.NewListEntitiesPager(&aztables.ListEntitiesOptions{Top: to.Ptr(int32(2))})
	page, err := pager.NextPage(ctx)
	check(t, err)
	if len(page.Entities) != 2 || page.NextPartitionKey == nil || page.NextRowKey == nil {
		t.Fatalf("first page has %d rows and continues at %v, %v", len(page.Entities), page.NextPartitionKey, page.NextRowKey)
	}
	_, err = table.DeleteEntity(ctx, "p", "c", nil)
	check(t, err)
	page, err = pager.NextPage(ctx)
	check(t, err)
	var e aztables.EDMEntity
	check(t, json.Unmarshal(page.Entities[0], &e))
	if len(page.Entities) != 1 || e.RowKey != "d" || pager.More() {
		t.Errorf("after c was deleted the next page has %d rows and begins with %q", len(page.Entities), e.RowKey)
	}
}

func fullPage(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	for batch := range 11 {
		var actions []aztables.TransactionAction
		for i := range 100 {
			rk := fmt.Sprintf("%04d", batch*100+i)
			actions = append(actions, aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: entity("p", rk, nil)})
		}
		_, err := table.SubmitTransaction(t.Context(), actions, nil)
		check(t, err)
	}
	page, err := table.NewListEntitiesPager(nil).NextPage(t.Context())
	check(t, err)
	if len(page.Entities) > 1000 || page.NextRowKey == nil {
		t.Errorf("a page has %d rows and continues at %v", len(page.Entities), page.NextRowKey)
	}
	if got := len(rowKeys(t, table, nil)); got != 1100 {
		t.Errorf("all pages have %d rows, want 1100", got)
	}
}

func selection(t *testing.T, service *aztables.ServiceClient) {
	table := sampleRows(t, service)
	o := &aztables.ListEntitiesOptions{Filter: to.Ptr("RowKey eq 'a'"), Select: to.Ptr("RowKey,S")}
	page, err := table.NewListEntitiesPager(o).NextPage(t.Context())
	check(t, err)
	var members map[string]any
	check(t, json.Unmarshal(page.Entities[0], &members))
	for name := range members {
		if strings.HasPrefix(name, "odata.") {
			delete(members, name)
		}
	}
	if diff := cmp.Diff(map[string]any{"RowKey": "a", "S": "x"}, members); diff != "" {
		t.Errorf("selected (-want +got)\n%s", diff)
	}
}
