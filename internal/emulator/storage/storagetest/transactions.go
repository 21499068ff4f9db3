package storagetest

import (
	"fmt"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/google/go-cmp/cmp"
)

func transactionCases() []Case[*aztables.ServiceClient] {
	return []Case[*aztables.ServiceClient]{
		{"a transaction does every kind of change", everyChange},
		{"a failed transaction changes nothing", rollback},
		{"a transaction's failure names the change", innerErrors},
		{"a transaction takes at most 100 changes", hundredChanges},
		{"a transaction stays in one partition", onePartition},
		{"a transaction changes a row once", rowOnce},
		{"a transaction needs its table", batchTableMissing},
	}
}

type actions []aztables.TransactionAction

func (a actions) add(kind aztables.TransactionType, rk string, props map[string]any, etag ...azcore.ETag) actions {
	action := aztables.TransactionAction{ActionType: kind, Entity: entity("p", rk, props)}
	if len(etag) > 0 {
		action.IfMatch = &etag[0]
	}
	return append(a, action)
}

func submit(t *testing.T, table *aztables.Client, a actions) error {
	t.Helper()
	_, err := table.SubmitTransaction(t.Context(), a, nil)
	return err
}

func everyChange(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	merge := put(t, table, "p", "merge", map[string]any{"A": "a"})
	replace := put(t, table, "p", "replace", map[string]any{"A": "a"})
	gone := put(t, table, "p", "delete", nil)
	put(t, table, "p", "delete any", nil)
	put(t, table, "p", "upsert merge", map[string]any{"A": "a"})
	put(t, table, "p", "upsert replace", map[string]any{"A": "a"})
	b := map[string]any{"B": "b"}
	check(t, submit(t, table, actions{}.
		add(aztables.TransactionTypeAdd, "add", b).
		add(aztables.TransactionTypeUpdateMerge, "merge", b, merge).
		add(aztables.TransactionTypeUpdateReplace, "replace", b, replace).
		add(aztables.TransactionTypeDelete, "delete", nil, gone).
		add(aztables.TransactionTypeDelete, "delete any", nil).
		add(aztables.TransactionTypeInsertMerge, "upsert merge", b).
		add(aztables.TransactionTypeInsertReplace, "upsert replace", b).
		add(aztables.TransactionTypeInsertMerge, "new merge", b).
		add(aztables.TransactionTypeInsertReplace, "new replace", b)))
	for rk, want := range map[string]map[string]any{
		"add": b, "replace": b, "upsert replace": b, "new merge": b, "new replace": b,
		"merge": {"A": "a", "B": "b"}, "upsert merge": {"A": "a", "B": "b"},
	} {
		wantProps(t, table, "p", rk, want)
	}
	for _, rk := range []string{"delete", "delete any"} {
		_, err := table.GetEntity(t.Context(), "p", rk, nil)
		wantError(t, err, 404, "ResourceNotFound")
	}
}

func rollback(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	put(t, table, "p", "changed", map[string]any{"A": "a"})
	put(t, table, "p", "deleted", map[string]any{"A": "a"})
	put(t, table, "p", "exists", nil)
	_, before := props(t, table, "p", "changed")
	err := submit(t, table, actions{}.
		add(aztables.TransactionTypeAdd, "added", nil).
		add(aztables.TransactionTypeUpdateReplace, "changed", map[string]any{"B": "b"}).
		add(aztables.TransactionTypeDelete, "deleted", nil).
		add(aztables.TransactionTypeAdd, "exists", nil))
	if err == nil {
		t.Fatal("the transaction succeeded")
	}
	wantProps(t, table, "p", "changed", map[string]any{"A": "a"})
	wantProps(t, table, "p", "deleted", map[string]any{"A": "a"})
	if _, after := props(t, table, "p", "changed"); after != before {
		t.Errorf("the ETag moved from %s to %s", before, after)
	}
	if got, want := rowKeys(t, table, nil), []string{"changed", "deleted", "exists"}; !cmp.Equal(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
}

func innerErrors(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	stale := put(t, table, "p", "exists", nil)
	_, err := table.UpsertEntity(t.Context(), entity("p", "exists", nil), nil)
	check(t, err)

	err = submit(t, table, actions{}.
		add(aztables.TransactionTypeInsertReplace, "fine", nil).
		add(aztables.TransactionTypeAdd, "exists", nil))
	wantInner(t, err, 409, "EntityAlreadyExists", "1:The specified entity already exists.")

	err = submit(t, table, actions{}.
		add(aztables.TransactionTypeUpdateMerge, "exists", nil, stale).
		add(aztables.TransactionTypeAdd, "fine", nil))
	wantInner(t, err, 412, "UpdateConditionNotSatisfied", "0:The update condition specified in the request was not satisfied.")

	err = submit(t, table, actions{}.
		add(aztables.TransactionTypeAdd, "fine", nil).
		add(aztables.TransactionTypeAdd, "fine too", nil).
		add(aztables.TransactionTypeUpdateReplace, "missing", nil, azcore.ETagAny))
	wantInner(t, err, 404, "ResourceNotFound", "2:The specified resource does not exist.")
	if got := rowKeys(t, table, nil); !cmp.Equal(got, []string{"exists"}) {
		t.Errorf("rows %q, want only the one that was there", got)
	}
}

func hundredChanges(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	var a actions
	for i := range 100 {
		a = a.add(aztables.TransactionTypeAdd, fmt.Sprint(i), nil)
	}
	check(t, submit(t, table, a))
	a = nil
	for i := range 101 {
		a = a.add(aztables.TransactionTypeInsertReplace, fmt.Sprint("more", i), nil)
	}
	wantInner(t, submit(t, table, a), 400, "InvalidInput", "99:The batch request operation exceeds the maximum 100 changes per change set.")
	if got := len(rowKeys(t, table, nil)); got != 100 {
		t.Errorf("%d rows, want 100", got)
	}
}

func onePartition(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	a := actions{}.add(aztables.TransactionTypeAdd, "a", nil)
	a = append(a, aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: entity("other", "b", nil)})
	wantInner(t, submit(t, table, a), 400, "CommandsInBatchActOnDifferentPartitions", "1:All commands in a batch must operate on same entity group.")
	if got := rowKeys(t, table, nil); len(got) != 0 {
		t.Errorf("rows %q, want none", got)
	}
}

func rowOnce(t *testing.T, service *aztables.ServiceClient) {
	table := newTable(t, service)
	err := submit(t, table, actions{}.
		add(aztables.TransactionTypeInsertReplace, "a", nil).
		add(aztables.TransactionTypeInsertReplace, "a", nil))
	wantInner(t, err, 400, "InvalidDuplicateRow", "1:")
	if got := rowKeys(t, table, nil); len(got) != 0 {
		t.Errorf("rows %q, want none", got)
	}
}

func batchTableMissing(t *testing.T, service *aztables.ServiceClient) {
	table := service.NewClient(unique("missing"))
	err := submit(t, table, actions{}.add(aztables.TransactionTypeAdd, "a", nil))
	wantInner(t, err, 404, "TableNotFound", "0:The table specified does not exist.")
}
