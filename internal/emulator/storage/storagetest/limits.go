package storagetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/google/go-cmp/cmp"
)

func limitCases() []Case[*aztables.ServiceClient] {
	return []Case[*aztables.ServiceClient]{
		{"keys may hold odd characters", oddKeys},
		{"keys may not hold some characters", illegalKeys},
		{"an insert needs both keys", keysNeeded},
		{"an entity has at most 252 properties", propertyCount},
		{"a property holds at most 64 KiB", propertySize},
		{"a property's name has at most 255 characters", nameSize},
		{"a key has at most 512 characters", keySize},
		{"an entity may not exceed 1 MiB", entitySize},
	}
}

// oddKeys builds its entities by hand: the SDK's EDMEntity doubles quotes in
// keys that it sends in a body, where they must not be doubled.
func oddKeys(t *testing.T, service *aztables.ServiceClient) {
	ctx := t.Context()
	table := newTable(t, service)
	for _, key := range []string{"two words", "100%", "a+b=c&d", "(paren,comma)", "job|2026-03-01T01:00:00Z", "it's", "Zürich", "日本", "%2541", "semi;colon", "tilde~", "@at!$*"} {
		body, err := json.Marshal(map[string]any{"PartitionKey": key, "RowKey": key, "Key": key})
		check(t, err)
		_, err = table.AddEntity(ctx, body, nil)
		check(t, err)
		wantProps(t, table, key, key, map[string]any{"Key": key})
		filter := fmt.Sprintf("PartitionKey eq '%s'", strings.ReplaceAll(key, "'", "''"))
		if got := rowKeys(t, table, &aztables.ListEntitiesOptions{Filter: &filter}); !cmp.Equal(got, []string{key}) {
			t.Errorf("the partition %q has %q", key, got)
		}
		_, err = table.UpdateEntity(ctx, body, nil)
		check(t, err)
		_, err = table.DeleteEntity(ctx, key, key, nil)
		check(t, err)
	}
}

func illegalKeys(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	for _, key := range []string{"a/b", `a\b`, "a#b", "a?b", "a\tb", "a\u0085b"} {
		_, err := table.AddEntity(t.Context(), entity(key, "r", nil), nil)
		wantError(t, err, 400, "OutOfRangeInput")
		_, err = table.AddEntity(t.Context(), entity("p", key, nil), nil)
		wantError(t, err, 400, "OutOfRangeInput")
	}
}

func keysNeeded(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	for _, body := range []string{`{"PartitionKey":"p"}`, `{"RowKey":"r"}`, `{"PartitionKey":"p","RowKey":null}`} {
		_, err := table.AddEntity(t.Context(), []byte(body), nil)
		if err == nil {
			t.Errorf("inserted %s", body)
		}
	}
}

func propertyCount(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	many := make(map[string]any)
	for i := range 252 {
		many[fmt.Sprintf("P%d", i)] = int32(i)
	}
	put(t, table, "p", "many", many)
	many["OneMore"] = true
	_, err := table.AddEntity(t.Context(), entity("p", "too many", many), nil)
	wantError(t, err, 400, "TooManyProperties")
}

func propertySize(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	put(t, table, "p", "long", map[string]any{"S": strings.Repeat("ü", 32<<10), "B": aztables.EDMBinary(make([]byte, 64<<10))})
	for _, value := range []any{strings.Repeat("ü", 32<<10+1), aztables.EDMBinary(make([]byte, 64<<10+1))} {
		_, err := table.AddEntity(t.Context(), entity("p", "too long", map[string]any{"V": value}), nil)
		wantError(t, err, 400, "PropertyValueTooLarge")
	}
}

func nameSize(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	put(t, table, "p", "name", map[string]any{strings.Repeat("n", 255): true})
	_, err := table.AddEntity(t.Context(), entity("p", "long name", map[string]any{strings.Repeat("n", 256): true}), nil)
	wantError(t, err, 400, "PropertyNameTooLong")
}

func keySize(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	put(t, table, strings.Repeat("k", 512), strings.Repeat("k", 512), nil)
	_, err := table.AddEntity(t.Context(), entity("p", strings.Repeat("k", 513), nil), nil)
	if err == nil {
		t.Error("a key of 513 characters was accepted")
	}
}

func entitySize(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	large := make(map[string]any)
	for i := range 15 {
		large[fmt.Sprintf("P%d", i)] = strings.Repeat("x", 32<<10)
	}
	put(t, table, "p", "large", large)
	large["P15"] = strings.Repeat("x", 32<<10)
	_, err := table.AddEntity(t.Context(), entity("p", "too large", large), nil)
	wantError(t, err, 400, "EntityTooLarge")
}
