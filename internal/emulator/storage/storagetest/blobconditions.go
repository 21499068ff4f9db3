package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
)

func conditionCases() []Case[*azblob.Client] {
	return []Case[*azblob.Client]{
		{"a write obeys its conditions", writeConditions},
		{"a read obeys its conditions", readConditions},
		{"a deletion obeys its conditions", deleteConditions},
		{"a deletion that takes snapshots along needs none", deleteWithSnapshots},
	}
}

func ifMatch(etag azcore.ETag) *blob.AccessConditions {
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: &etag}}
}

func ifNoneMatch(etag azcore.ETag) *blob.AccessConditions {
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: &etag}}
}

func modifiedSince(at time.Time) *blob.AccessConditions {
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfModifiedSince: &at}}
}

func unmodifiedSince(at time.Time) *blob.AccessConditions {
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfUnmodifiedSince: &at}}
}

func writeConditions(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	b := c.NewBlockBlobClient("b")
	try := func(text string, conditions *blob.AccessConditions) (blockblob.UploadResponse, error) {
		return b.Upload(ctx, body(text), &blockblob.UploadOptions{AccessConditions: conditions})
	}
	_, err := try("x", ifMatch(`"0x8D000000000000"`))
	wantError(t, err, 412, "ConditionNotMet")
	first, err := try("first", ifNoneMatch(azcore.ETagAny))
	check(t, err)
	_, err = try("x", ifNoneMatch(azcore.ETagAny))
	wantError(t, err, 409, "BlobAlreadyExists")
	_, err = try("x", ifNoneMatch(*first.ETag))
	wantError(t, err, 412, "ConditionNotMet")
	second, err := try("second", ifMatch(*first.ETag))
	check(t, err)
	_, err = try("x", ifMatch(*first.ETag))
	wantError(t, err, 412, "ConditionNotMet")
	_, err = try("x", unmodifiedSince(second.LastModified.Add(-time.Hour)))
	wantError(t, err, 412, "ConditionNotMet")
	_, err = try("x", modifiedSince(second.LastModified.Add(time.Hour)))
	wantError(t, err, 412, "ConditionNotMet")
	wantContent(t, c, "b", "second")
	_, err = try("third", ifMatch(azcore.ETagAny))
	check(t, err)
	wantContent(t, c, "b", "third")

	_, err = b.CommitBlockList(ctx, nil, &blockblob.CommitBlockListOptions{AccessConditions: ifNoneMatch(azcore.ETagAny)})
	wantError(t, err, 409, "BlobAlreadyExists")
}

func readConditions(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	up := upload(t, c, "b", "x", nil)
	b := c.NewBlobClient("b")
	// The SDK takes a 304 for a success that carries an error code.
	try := func(conditions *blob.AccessConditions) error {
		resp, err := b.DownloadStream(ctx, &blob.DownloadStreamOptions{AccessConditions: conditions})
		if err == nil && resp.ErrorCode != nil {
			return errors.New(*resp.ErrorCode)
		}
		return err
	}
	check(t, try(ifMatch(*up.ETag)))
	check(t, try(ifNoneMatch(`"0x8D000000000000"`)))
	check(t, try(modifiedSince(up.LastModified.Add(-time.Hour))))
	check(t, try(unmodifiedSince(*up.LastModified)))
	wantError(t, try(ifMatch(`"0x8D000000000000"`)), 412, "ConditionNotMet")
	wantError(t, try(unmodifiedSince(up.LastModified.Add(-time.Hour))), 412, "ConditionNotMet")
	for _, same := range []*blob.AccessConditions{ifNoneMatch(*up.ETag), modifiedSince(*up.LastModified)} {
		if err := try(same); err == nil || err.Error() != "ConditionNotMet" {
			t.Errorf("an unchanged blob was read again: %v", err)
		}
	}
}

func deleteConditions(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	stale := upload(t, c, "b", "x", nil)
	fresh := upload(t, c, "b", "x", nil)
	b := c.NewBlobClient("b")
	_, err := b.Delete(ctx, &blob.DeleteOptions{AccessConditions: ifMatch(*stale.ETag)})
	wantError(t, err, 412, "ConditionNotMet")
	_, err = b.Delete(ctx, &blob.DeleteOptions{AccessConditions: unmodifiedSince(fresh.LastModified.Add(-time.Hour))})
	wantError(t, err, 412, "ConditionNotMet")
	_, err = b.Delete(ctx, &blob.DeleteOptions{AccessConditions: ifMatch(*fresh.ETag)})
	check(t, err)
}

func deleteWithSnapshots(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	upload(t, c, "b", "x", nil)
	upload(t, c, "b.json", "y", nil)
	include := &blob.DeleteOptions{DeleteSnapshots: to.Ptr(blob.DeleteSnapshotsOptionTypeInclude)}
	_, err := leaseOf(t, c, "b", idOne).AcquireLease(ctx, -1, nil)
	check(t, err)
	_, err = c.NewBlobClient("b").Delete(ctx, include)
	wantError(t, err, 412, "LeaseIdMissing")
	wantContent(t, c, "b", "x")
	_, err = leaseOf(t, c, "b", idOne).BreakLease(ctx, nil)
	check(t, err)
	_, err = c.NewBlobClient("b").Delete(ctx, include)
	check(t, err)
	_, err = c.NewBlobClient("b").Delete(ctx, include)
	wantError(t, err, 404, "BlobNotFound")
	wantContent(t, c, "b.json", "y")
}
