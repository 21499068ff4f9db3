package storage_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
)

func TestImmutableContainer(t *testing.T) {
	ctx := t.Context()
	s := newServer(t, storage.Options{})
	client := blobClient(t, s, wire.Transport{Handler: s.Blob()})
	check(t, s.CreateContainer("vault"))
	check(t, s.PutBlob("vault", "kept", []byte("x"), nil))
	check(t, s.SetImmutable("vault", true))
	_, err := client.DeleteBlob(ctx, "vault", "kept", nil)
	wantCode(t, err, 409, "BlobImmutableDueToPolicy")
	_, err = client.UploadBuffer(ctx, "vault", "kept", []byte("y"), nil)
	wantCode(t, err, 409, "BlobImmutableDueToPolicy")
	_, err = client.ServiceClient().NewContainerClient("vault").NewBlobClient("kept").SetMetadata(ctx, map[string]*string{"a": to.Ptr("1")}, nil)
	wantCode(t, err, 409, "BlobImmutableDueToPolicy")
	wantCode(t, s.DeleteBlob("vault", "kept"), 409, "BlobImmutableDueToPolicy")
	wantCode(t, s.PutBlob("vault", "kept", nil, nil), 409, "BlobImmutableDueToPolicy")
	_, err = client.UploadBuffer(ctx, "vault", "new", []byte("y"), nil)
	check(t, err)
	props, err := client.ServiceClient().NewContainerClient("vault").GetProperties(ctx, nil)
	check(t, err)
	if !*props.HasImmutabilityPolicy {
		t.Error("the container does not tell its policy")
	}
	check(t, s.SetImmutable("vault", false))
	_, err = client.DeleteBlob(ctx, "vault", "kept", nil)
	check(t, err)
}

// A lease runs out by the clock and can be renewed until somebody else writes.
func TestLeaseByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := newServer(t, storage.Options{})
		client := blobClient(t, s, wire.Transport{Handler: s.Blob()})
		check(t, s.CreateContainer("box"))
		check(t, s.PutBlob("box", "b", []byte("x"), nil))
		b := client.ServiceClient().NewContainerClient("box").NewBlobClient("b")
		mine, err := lease.NewBlobClient(b, nil)
		check(t, err)
		_, err = mine.AcquireLease(ctx, 60, nil)
		check(t, err)
		time.Sleep(59 * time.Second)
		wantCode(t, s.PutBlob("box", "b", []byte("y"), nil), 412, "LeaseIdMissing")
		time.Sleep(2 * time.Second)
		wantState(t, b, lease.StateTypeExpired)
		_, err = mine.RenewLease(ctx, nil)
		check(t, err)
		wantState(t, b, lease.StateTypeLeased)

		resp, err := mine.BreakLease(ctx, nil)
		check(t, err)
		if *resp.LeaseTime != 60 {
			t.Errorf("breaks in %d s, want the 60 s that were left", *resp.LeaseTime)
		}
		time.Sleep(61 * time.Second)
		wantState(t, b, lease.StateTypeBroken)
		check(t, s.PutBlob("box", "b", []byte("y"), nil))
		wantState(t, b, lease.StateTypeAvailable)

		_, err = mine.AcquireLease(ctx, 15, nil)
		check(t, err)
		time.Sleep(16 * time.Second)
		check(t, s.PutBlob("box", "b", []byte("z"), nil))
		_, err = mine.RenewLease(ctx, nil)
		wantCode(t, err, 409, "LeaseIdMismatchWithLeaseOperation")
	})
}

func wantState(t *testing.T, b *blob.Client, want lease.StateType) {
	t.Helper()
	props, err := b.GetProperties(t.Context(), nil)
	check(t, err)
	if *props.LeaseState != want {
		t.Fatalf("the lease is %s, want %s", *props.LeaseState, want)
	}
}

func TestInProcessAccess(t *testing.T) {
	ctx := t.Context()
	s := newServer(t, storage.Options{})
	client := blobClient(t, s, wire.Transport{Handler: s.Blob()})
	check(t, s.CreateContainer("backups"))
	check(t, s.PutBlob("backups", "apim/1", []byte("content"), map[string]string{"Tier": "Premium"}))
	wantCode(t, s.CreateContainer("backups"), 409, "ContainerAlreadyExists")
	resp, err := client.DownloadStream(ctx, "backups", "apim/1", nil)
	check(t, err)
	body, err := io.ReadAll(resp.Body)
	check(t, err)
	if string(body) != "content" || *resp.Metadata["Tier"] != "Premium" {
		t.Errorf("read %q with %v", body, resp.Metadata)
	}
	_, err = client.UploadBuffer(ctx, "backups", "apim/2", []byte("from the client"), nil)
	check(t, err)
	body, _, err = s.GetBlob("backups", "apim/2")
	check(t, err)
	if string(body) != "from the client" {
		t.Errorf("read %q", body)
	}
	infos := s.ListBlobs("backups", "apim/")
	if len(infos) != 2 || infos[0].Name != "apim/1" || infos[0].Size != 7 || infos[0].Metadata["tier"] != "Premium" {
		t.Errorf("listed %+v", infos)
	}
	check(t, s.DeleteBlob("backups", "apim/1"))
	_, _, err = s.GetBlob("backups", "apim/1")
	wantCode(t, err, 404, "BlobNotFound")
	wantCode(t, s.DeleteBlob("nowhere", "b"), 404, "ContainerNotFound")
}
