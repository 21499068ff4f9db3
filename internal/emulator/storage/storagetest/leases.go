package storagetest

import (
	"slices"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
)

func leaseCases() []Case[*azblob.Client] {
	return []Case[*azblob.Client]{
		{"a lease has one holder", leaseHolder},
		{"a lease is renewed, changed and released by its holder", leaseOperations},
		{"a leased blob is written only with the lease", leasedWrites},
		{"a lease is broken at once or later", leaseBreak},
		{"a lease's terms are checked", leaseTerms},
	}
}

const (
	idOne = "11111111-1111-4111-8111-111111111111"
	idTwo = "22222222-2222-4222-8222-222222222222"
)

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

func leaseOf(t *testing.T, c *container.Client, name, id string) *lease.BlobClient {
	t.Helper()
	l, err := lease.NewBlobClient(c.NewBlobClient(name), &lease.BlobClientOptions{LeaseID: &id})
	check(t, err)
	return l
}

func wantLease(t *testing.T, c *container.Client, name string, status lease.StatusType, state lease.StateType) {
	t.Helper()
	resp, err := c.NewBlobClient(name).GetProperties(t.Context(), nil)
	check(t, err)
	if *resp.LeaseStatus != status || *resp.LeaseState != state {
		t.Fatalf("the lease is %s and %s, want %s and %s", *resp.LeaseStatus, *resp.LeaseState, status, state)
	}
}

func leaseHolder(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	up := upload(t, c, "b", "x", nil)
	wantLease(t, c, "b", lease.StatusTypeUnlocked, lease.StateTypeAvailable)
	one, two := leaseOf(t, c, "b", idOne), leaseOf(t, c, "b", idTwo)
	resp, err := one.AcquireLease(ctx, 15, nil)
	check(t, err)
	if *resp.LeaseID != idOne {
		t.Errorf("lease %s, want %s", *resp.LeaseID, idOne)
	}
	wantLease(t, c, "b", lease.StatusTypeLocked, lease.StateTypeLeased)
	_, err = two.AcquireLease(ctx, 15, nil)
	wantError(t, err, 409, "LeaseAlreadyPresent")
	_, err = one.AcquireLease(ctx, 60, nil)
	check(t, err)
	props, err := c.NewBlobClient("b").GetProperties(ctx, nil)
	check(t, err)
	if *props.ETag != *up.ETag {
		t.Error("a lease changed the ETag")
	}
}

func leaseOperations(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	upload(t, c, "b", "x", nil)
	one, two := leaseOf(t, c, "b", idOne), leaseOf(t, c, "b", idTwo)
	_, err := one.RenewLease(ctx, nil)
	wantError(t, err, 409, "LeaseIdMismatchWithLeaseOperation")
	one = leaseOf(t, c, "b", idOne) // a refused change, too, alters what the SDK's client calls its ID
	_, err = one.ChangeLease(ctx, idTwo, nil)
	wantError(t, err, 409, "LeaseNotPresentWithLeaseOperation")
	one = leaseOf(t, c, "b", idOne)
	_, err = one.AcquireLease(ctx, -1, nil)
	check(t, err)
	_, err = one.RenewLease(ctx, nil)
	check(t, err)
	_, err = two.RenewLease(ctx, nil)
	wantError(t, err, 409, "LeaseIdMismatchWithLeaseOperation")
	_, err = two.ReleaseLease(ctx, nil)
	wantError(t, err, 409, "LeaseIdMismatchWithLeaseOperation")
	_, err = one.ChangeLease(ctx, idTwo, nil)
	check(t, err)
	_, err = two.RenewLease(ctx, nil)
	check(t, err)
	_, err = two.ReleaseLease(ctx, nil)
	check(t, err)
	wantLease(t, c, "b", lease.StatusTypeUnlocked, lease.StateTypeAvailable)
}

func withLease(id string) *blob.AccessConditions {
	return &blob.AccessConditions{LeaseAccessConditions: &blob.LeaseAccessConditions{LeaseID: to.Ptr(id)}}
}

func leasedWrites(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	upload(t, c, "b", "x", nil)
	b := c.NewBlockBlobClient("b")
	try := func(o *blob.AccessConditions) error {
		_, err := b.Upload(ctx, body("y"), &blockblob.UploadOptions{AccessConditions: o})
		return err
	}
	wantError(t, try(withLease(idOne)), 412, "LeaseNotPresentWithBlobOperation")
	_, err := leaseOf(t, c, "b", idOne).AcquireLease(ctx, -1, nil)
	check(t, err)
	wantError(t, try(nil), 412, "LeaseIdMissing")
	wantError(t, try(withLease(idTwo)), 412, "LeaseIdMismatchWithBlobOperation")
	_, err = b.SetMetadata(ctx, nil, nil)
	wantError(t, err, 412, "LeaseIdMissing")
	_, err = b.StageBlock(ctx, blockID("one"), body("one"), nil)
	wantError(t, err, 412, "LeaseIdMissing")
	_, err = b.Delete(ctx, nil)
	wantError(t, err, 412, "LeaseIdMissing")
	wantContent(t, c, "b", "x")
	check(t, try(withLease(idOne)))
	wantContent(t, c, "b", "y")
	wantLease(t, c, "b", lease.StatusTypeLocked, lease.StateTypeLeased)
	_, err = b.Delete(ctx, &blob.DeleteOptions{AccessConditions: withLease(idOne)})
	check(t, err)
}

func leaseBreak(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	upload(t, c, "b", "x", nil)
	one, two := leaseOf(t, c, "b", idOne), leaseOf(t, c, "b", idTwo)
	_, err := one.BreakLease(ctx, nil)
	wantError(t, err, 409, "LeaseNotPresentWithLeaseOperation")
	_, err = one.AcquireLease(ctx, -1, nil)
	check(t, err)
	resp, err := two.BreakLease(ctx, nil)
	check(t, err)
	if *resp.LeaseTime != 0 {
		t.Errorf("an infinite lease breaks in %d s, want 0", *resp.LeaseTime)
	}
	wantLease(t, c, "b", lease.StatusTypeUnlocked, lease.StateTypeBroken)
	_, err = one.RenewLease(ctx, nil)
	wantError(t, err, 409, "LeaseIsBrokenAndCannotBeRenewed")
	_, err = two.AcquireLease(ctx, 60, nil)
	check(t, err)
	resp, err = one.BreakLease(ctx, &lease.BlobBreakOptions{BreakPeriod: to.Ptr(int32(30))})
	check(t, err)
	if *resp.LeaseTime < 29 || *resp.LeaseTime > 30 {
		t.Errorf("the lease breaks in %d s, want 30", *resp.LeaseTime)
	}
	wantLease(t, c, "b", lease.StatusTypeLocked, lease.StateTypeBreaking)
	_, err = two.AcquireLease(ctx, 60, nil)
	wantError(t, err, 409, "LeaseIsBreakingAndCannotBeAcquired")
	_, err = one.AcquireLease(ctx, 60, nil)
	wantError(t, err, 409, "LeaseAlreadyPresent")
}

func leaseTerms(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	upload(t, c, "b", "x", nil)
	for _, seconds := range []int32{0, 14, 61, -2} {
		_, err := leaseOf(t, c, "b", idOne).AcquireLease(t.Context(), seconds, nil)
		wantError(t, err, 400, "InvalidHeaderValue")
	}
	_, err := leaseOf(t, c, "missing", idOne).AcquireLease(t.Context(), 15, nil)
	wantError(t, err, 404, "BlobNotFound")
}
