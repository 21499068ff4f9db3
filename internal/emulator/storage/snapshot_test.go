package storage_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
)

func TestSnapshotSurvivesRestart(t *testing.T) {
	ctx := t.Context()
	before := newServer(t, storage.Options{})
	table := tablesClient(t, before, wire.Transport{Handler: before.Table()})
	_, err := table.CreateTable(ctx, "Jobs", nil)
	check(t, err)
	row := `{"PartitionKey":"apim-weu","RowKey":"it's","S":"ü","I":1,"D":"5","D@odata.type":"Edm.Double","L":"9","L@odata.type":"Edm.Int64",` +
		`"T":"2026-03-01T00:00:00.1234567Z","T@odata.type":"Edm.DateTime","B":"AQI=","B@odata.type":"Edm.Binary",` +
		`"G":"4185404a-5818-48c3-b9be-f217df0dba6f","G@odata.type":"Edm.Guid","N":"NaN","N@odata.type":"Edm.Double","Yes":true}`
	added, err := table.NewClient("Jobs").AddEntity(ctx, []byte(row), nil)
	check(t, err)
	check(t, before.CreateContainer("backups"))
	check(t, before.SetImmutable("backups", true))
	blobs := blobClient(t, before, wire.Transport{Handler: before.Blob()})
	_, err = blobs.UploadStream(ctx, "backups", "blocks", bytes.NewReader(make([]byte, 3<<20)), &azblob.UploadStreamOptions{BlockSize: 1 << 20, Metadata: map[string]*string{"a": to.Ptr("1")}})
	check(t, err)
	held, err := lease.NewBlobClient(blobs.ServiceClient().NewContainerClient("backups").NewBlobClient("blocks"), nil)
	check(t, err)
	_, err = held.AcquireLease(ctx, -1, nil)
	check(t, err)

	var saved bytes.Buffer
	check(t, before.Snapshot(&saved))
	after := newServer(t, storage.Options{})
	check(t, after.Restore(bytes.NewReader(saved.Bytes())))
	if diff := cmp.Diff(before.Entities("jobs"), after.Entities("jobs"), cmp.Comparer(sameNumber)); diff != "" || len(after.Entities("jobs")) != 1 {
		t.Errorf("rows (-before +after)\n%s", diff)
	}
	if diff := cmp.Diff(before.ListBlobs("backups", ""), after.ListBlobs("backups", "")); diff != "" {
		t.Errorf("blobs (-before +after)\n%s", diff)
	}
	wantCode(t, after.DeleteBlob("backups", "blocks"), 412, "LeaseIdMissing")
	_, err = tablesClient(t, after, wire.Transport{Handler: after.Table()}).NewClient("Jobs").
		UpdateEntity(ctx, []byte(row), &aztables.UpdateEntityOptions{IfMatch: &added.ETag, UpdateMode: aztables.UpdateModeReplace})
	check(t, err)

	var again bytes.Buffer
	third := newServer(t, storage.Options{})
	check(t, third.Restore(bytes.NewReader(saved.Bytes())))
	check(t, third.Snapshot(&again))
	if !bytes.Equal(saved.Bytes(), again.Bytes()) {
		t.Error("a snapshot of what was restored differs")
	}
	for _, broken := range []string{"", "{}", `{"version":2}`, saved.String()[:saved.Len()/2]} {
		if err := third.Restore(strings.NewReader(broken)); err == nil {
			t.Errorf("%.20q was restored", broken)
		}
	}
	if len(third.Entities("Jobs")) != 1 {
		t.Error("a failed restore changed the account")
	}
}

func sameNumber(a, b float64) bool { return a == b || a != a && b != b }
