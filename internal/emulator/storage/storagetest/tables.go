package storagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/google/go-cmp/cmp"
)

// TableCases are the expectations of a Table service.
func TableCases() []Case[*aztables.ServiceClient] {
	cases := []Case[*aztables.ServiceClient]{
		{"tables are created once, listed and deleted", tablesLive},
		{"a table's name is checked", tableNames},
		{"every type of property survives the round trip", everyType},
		{"metadata levels", metadataLevels},
		{"an insert of what exists is refused", insertExists},
		{"what is missing is said to be missing", missing},
		{"replace forgets, merge keeps", replaceAndMerge},
		{"an update obeys its ETag", updateCondition},
		{"an upsert needs nothing to be there", upsert},
		{"a delete obeys its ETag", deleteCondition},
		{"every write has its own ETag", uniqueETags},
		{"of racing writers one wins", racingWriters},
		{"a malformed filter is refused", malformedFilter},
	}
	return slices.Concat(cases, limitCases(), queryCases(), transactionCases())
}

func newTable(t *testing.T, service *aztables.ServiceClient) *aztables.Client {
	t.Helper()
	client := service.NewClient(unique("t"))
	_, err := client.CreateTable(t.Context(), nil)
	check(t, err)
	return client
}

// entity builds an EDM entity of keys and properties.
func entity(pk, rk string, props map[string]any) []byte {
	e := aztables.EDMEntity{Entity: aztables.Entity{PartitionKey: pk, RowKey: rk}, Properties: props}
	body, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return body
}

// put inserts a row and returns its ETag.
func put(t *testing.T, table *aztables.Client, pk, rk string, props map[string]any) azcore.ETag {
	t.Helper()
	resp, err := table.AddEntity(t.Context(), entity(pk, rk, props), nil)
	check(t, err)
	return resp.ETag
}

// props reads a row's properties and ETag.
func props(t *testing.T, table *aztables.Client, pk, rk string) (map[string]any, azcore.ETag) {
	t.Helper()
	resp, err := table.GetEntity(t.Context(), pk, rk, nil)
	check(t, err)
	var e aztables.EDMEntity
	check(t, json.Unmarshal(resp.Value, &e))
	return e.Properties, resp.ETag
}

func wantProps(t *testing.T, table *aztables.Client, pk, rk string, want map[string]any) {
	t.Helper()
	got, _ := props(t, table, pk, rk)
	if diff := cmp.Diff(want, got, cmp.Comparer(sameTime)); diff != "" {
		t.Fatalf("%s/%s differs (-want +got)\n%s", pk, rk, diff)
	}
}

func sameTime(a, b aztables.EDMDateTime) bool { return time.Time(a).Equal(time.Time(b)) }

func tablesLive(t *testing.T, service *aztables.ServiceClient) {
	ctx := t.Context()
	a, b := unique("a"), unique("b")
	for _, name := range []string{b, a} {
		resp, err := service.CreateTable(ctx, name, nil)
		check(t, err)
		if *resp.TableName != name {
			t.Fatalf("created %q, want %q", *resp.TableName, name)
		}
	}
	_, err := service.CreateTable(ctx, a, nil)
	wantError(t, err, 409, "TableAlreadyExists")

	filter := fmt.Sprintf("TableName eq '%s' or TableName eq '%s'", a, b)
	if got := tableNamesOf(t, service, &aztables.ListTablesOptions{Filter: &filter}); !cmp.Equal(got, []string{a, b}) {
		t.Fatalf("tables %v, want %v", got, []string{a, b})
	}
	if got := tableNamesOf(t, service, &aztables.ListTablesOptions{Filter: &filter, Top: to.Ptr(int32(1))}); !cmp.Equal(got, []string{a, b}) {
		t.Fatalf("tables in pages of 1: %v, want %v", got, []string{a, b})
	}
	_, err = service.DeleteTable(ctx, a, nil)
	check(t, err)
	_, err = service.DeleteTable(ctx, a, nil)
	wantError(t, err, 404, "ResourceNotFound")
	if got := tableNamesOf(t, service, &aztables.ListTablesOptions{Filter: &filter}); !cmp.Equal(got, []string{b}) {
		t.Fatalf("tables %v, want %v", got, []string{b})
	}
}

func tableNamesOf(t *testing.T, service *aztables.ServiceClient, o *aztables.ListTablesOptions) (names []string) {
	t.Helper()
	pager := service.NewListTablesPager(o)
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		for _, table := range page.Tables {
			names = append(names, *table.Name)
		}
	}
	return names
}

func tableNames(t *testing.T, service *aztables.ServiceClient) {
	for _, name := range []string{"with-hyphen", "1digit", "under_score"} {
		_, err := service.CreateTable(t.Context(), name, nil)
		wantError(t, err, 400, "InvalidResourceName")
	}
	for _, name := range []string{"ab", strings.Repeat("x", 64)} {
		_, err := service.CreateTable(t.Context(), name, nil)
		wantError(t, err, 400, "OutOfRangeInput")
	}
}

var sampleTime = time.Date(2026, 3, 1, 1, 2, 3, 456_789_000, time.UTC)

func allTypes() map[string]any {
	return map[string]any{
		"String": "Grüße, 'quoted' \"twice\" <&>\n\t€", "Empty": "", "Bool": true,
		"Int32": int32(-7), "Int64": aztables.EDMInt64(math.MaxInt64), "Double": 2.5,
		"DateTime": aztables.EDMDateTime(sampleTime),
		"GUID":     aztables.EDMGUID("4185404a-5818-48c3-b9be-f217df0dba6f"),
		"Binary":   aztables.EDMBinary{0, 1, 254, 255},
	}
}

func everyType(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	etag := put(t, table, "p", "r", allTypes())
	wantProps(t, table, "p", "r", allTypes())
	resp, err := table.GetEntity(t.Context(), "p", "r", nil)
	check(t, err)
	var e aztables.EDMEntity
	check(t, json.Unmarshal(resp.Value, &e))
	if resp.ETag != etag || e.ETag != string(etag) {
		t.Errorf("ETag %q and %q, want %q", resp.ETag, e.ETag, etag)
	}
	if !strings.HasPrefix(string(etag), `W/"datetime'`) {
		t.Errorf("ETag %q is not of Azure's form", etag)
	}
	if time.Time(e.Timestamp).IsZero() {
		t.Error("the row has no Timestamp")
	}
}

func metadataLevels(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	put(t, table, "p", "r", allTypes())
	for format, want := range map[aztables.MetadataFormat]struct{ has, lacks []string }{
		aztables.MetadataFormatNone:    {nil, []string{"odata.etag", "odata.metadata", "Int64@odata.type"}},
		aztables.MetadataFormatMinimal: {[]string{"odata.metadata", "odata.etag", "Int64@odata.type"}, []string{"odata.id", "Timestamp@odata.type"}},
		aztables.MetadataFormatFull:    {[]string{"odata.metadata", "odata.etag", "odata.id", "odata.editLink", "odata.type", "Timestamp@odata.type", "Int64@odata.type"}, nil},
	} {
		resp, err := table.GetEntity(t.Context(), "p", "r", &aztables.GetEntityOptions{Format: to.Ptr(format)})
		check(t, err)
		var members map[string]any
		check(t, json.Unmarshal(resp.Value, &members))
		for _, name := range want.has {
			if _, ok := members[name]; !ok {
				t.Errorf("%s lacks %s: %s", format, name, resp.Value)
			}
		}
		for _, name := range want.lacks {
			if _, ok := members[name]; ok {
				t.Errorf("%s has %s: %s", format, name, resp.Value)
			}
		}
	}
}

func insertExists(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	put(t, table, "p", "r", map[string]any{"A": "first"})
	_, err := table.AddEntity(t.Context(), entity("p", "r", map[string]any{"A": "second"}), nil)
	wantError(t, err, 409, "EntityAlreadyExists")
	wantProps(t, table, "p", "r", map[string]any{"A": "first"})
}

func missing(t *testing.T, service *aztables.ServiceClient) {
	ctx := t.Context()
	table := newTable(t, service)
	_, err := table.GetEntity(ctx, "p", "r", nil)
	wantError(t, err, 404, "ResourceNotFound")
	for _, mode := range []aztables.UpdateMode{aztables.UpdateModeReplace, aztables.UpdateModeMerge} {
		_, err = table.UpdateEntity(ctx, entity("p", "r", nil), &aztables.UpdateEntityOptions{UpdateMode: mode})
		wantError(t, err, 404, "ResourceNotFound")
	}
	_, err = table.DeleteEntity(ctx, "p", "r", nil)
	wantError(t, err, 404, "ResourceNotFound")

	nowhere := service.NewClient(unique("missing"))
	_, err = nowhere.AddEntity(ctx, entity("p", "r", nil), nil)
	wantError(t, err, 404, "TableNotFound")
	_, err = nowhere.GetEntity(ctx, "p", "r", nil)
	wantError(t, err, 404, "TableNotFound")
	_, err = nowhere.NewListEntitiesPager(nil).NextPage(ctx)
	wantError(t, err, 404, "TableNotFound")
}

func replaceAndMerge(t *testing.T, service *aztables.ServiceClient) {
	ctx := t.Context()
	table := newTable(t, service)
	put(t, table, "p", "r", map[string]any{"A": "a", "B": "b"})
	_, err := table.UpdateEntity(ctx, entity("p", "r", map[string]any{"B": "B", "C": "c"}), &aztables.UpdateEntityOptions{UpdateMode: aztables.UpdateModeMerge})
	check(t, err)
	wantProps(t, table, "p", "r", map[string]any{"A": "a", "B": "B", "C": "c"})
	_, err = table.UpdateEntity(ctx, entity("p", "r", map[string]any{"C": "C"}), &aztables.UpdateEntityOptions{UpdateMode: aztables.UpdateModeReplace})
	check(t, err)
	wantProps(t, table, "p", "r", map[string]any{"C": "C"})
}

func updateCondition(t *testing.T, service *aztables.ServiceClient) {
	ctx := t.Context()
	table := newTable(t, service)
	stale := put(t, table, "p", "r", map[string]any{"N": int32(1)})
	fresh := stale
	for i, mode := range []aztables.UpdateMode{aztables.UpdateModeReplace, aztables.UpdateModeMerge} {
		body := entity("p", "r", map[string]any{"N": int32(i + 2)})
		resp, err := table.UpdateEntity(ctx, body, &aztables.UpdateEntityOptions{IfMatch: &fresh, UpdateMode: mode})
		check(t, err)
		if resp.ETag == fresh || resp.ETag == "" {
			t.Fatalf("%s answered ETag %q after %q", mode, resp.ETag, fresh)
		}
		fresh = resp.ETag
		_, err = table.UpdateEntity(ctx, entity("p", "r", nil), &aztables.UpdateEntityOptions{IfMatch: &stale, UpdateMode: mode})
		wantError(t, err, 412, "UpdateConditionNotSatisfied")
	}
	wantProps(t, table, "p", "r", map[string]any{"N": int32(3)})
	if _, etag := props(t, table, "p", "r"); etag != fresh {
		t.Fatalf("ETag %q, want %q", etag, fresh)
	}
}

func upsert(t *testing.T, service *aztables.ServiceClient) {
	ctx := t.Context()
	table := newTable(t, service)
	for _, mode := range []aztables.UpdateMode{aztables.UpdateModeReplace, aztables.UpdateModeMerge} {
		rk := string(mode)
		resp, err := table.UpsertEntity(ctx, entity("p", rk, map[string]any{"A": "a"}), &aztables.UpsertEntityOptions{UpdateMode: mode})
		check(t, err)
		if resp.ETag == "" {
			t.Errorf("upsert by %s answered no ETag", mode)
		}
		_, err = table.UpsertEntity(ctx, entity("p", rk, map[string]any{"B": "b"}), &aztables.UpsertEntityOptions{UpdateMode: mode})
		check(t, err)
	}
	wantProps(t, table, "p", string(aztables.UpdateModeReplace), map[string]any{"B": "b"})
	wantProps(t, table, "p", string(aztables.UpdateModeMerge), map[string]any{"A": "a", "B": "b"})
}

func deleteCondition(t *testing.T, service *aztables.ServiceClient) {
	ctx := t.Context()
	table := newTable(t, service)
	stale := put(t, table, "p", "r", nil)
	resp, err := table.UpsertEntity(ctx, entity("p", "r", nil), nil)
	check(t, err)
	_, err = table.DeleteEntity(ctx, "p", "r", &aztables.DeleteEntityOptions{IfMatch: &stale})
	wantError(t, err, 412, "UpdateConditionNotSatisfied")
	_, err = table.DeleteEntity(ctx, "p", "r", &aztables.DeleteEntityOptions{IfMatch: &resp.ETag})
	check(t, err)
	put(t, table, "p", "r", nil)
	_, err = table.DeleteEntity(ctx, "p", "r", nil)
	check(t, err)
	_, err = table.GetEntity(ctx, "p", "r", nil)
	wantError(t, err, 404, "ResourceNotFound")
}

func uniqueETags(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	seen := map[azcore.ETag]bool{put(t, table, "p", "r", nil): true}
	for range 50 {
		resp, err := table.UpsertEntity(t.Context(), entity("p", "r", nil), nil)
		check(t, err)
		if seen[resp.ETag] {
			t.Fatalf("two writes have the ETag %s", resp.ETag)
		}
		seen[resp.ETag] = true
	}
}

func racingWriters(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	etag := put(t, table, "p", "r", map[string]any{"Winner": int32(-1)})
	var won atomic.Int32
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			body := entity("p", "r", map[string]any{"Winner": int32(i)})
			_, err := table.UpdateEntity(context.WithoutCancel(t.Context()), body, &aztables.UpdateEntityOptions{IfMatch: &etag, UpdateMode: aztables.UpdateModeReplace})
			if err == nil {
				won.Add(1)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d writers won, want 1", won.Load())
	}
}

func malformedFilter(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	for _, filter := range []string{"PartitionKey eq", "(A eq 1", "A is 1", "A eq 1 and"} {
		_, err := table.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter}).NextPage(t.Context())
		if err == nil {
			t.Errorf("%q was accepted", filter)
			continue
		}
		wantError(t, err, 400, "InvalidInput")
	}
}
