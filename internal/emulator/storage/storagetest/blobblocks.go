package storagetest

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/google/go-cmp/cmp"
)

func blockCases() []Case[*azblob.Client] {
	return []Case[*azblob.Client]{
		{"a blob is made of blocks", blocks},
		{"a whole upload discards staged blocks", uploadDiscards},
		{"a large upload goes in blocks", largeUpload},
		{"a block list wants blocks that are there", blockListMissing},
		{"uncommitted blocks are nobody's blob", uncommitted},
	}
}

func blockID(name string) string { return base64.StdEncoding.EncodeToString([]byte(name)) }

func stage(t *testing.T, b *blockblob.Client, parts ...string) {
	t.Helper()
	for _, part := range parts {
		_, err := b.StageBlock(t.Context(), blockID(part), body(part), nil)
		check(t, err)
	}
}

func commit(t *testing.T, b *blockblob.Client, parts ...string) error {
	t.Helper()
	var ids []string
	for _, part := range parts {
		ids = append(ids, blockID(part))
	}
	_, err := b.CommitBlockList(t.Context(), ids, nil)
	return err
}

func blocks(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	b := c.NewBlockBlobClient("b")
	stage(t, b, "one", "two", "six")
	check(t, commit(t, b, "two", "one"))
	wantContent(t, c, "b", "twoone")
	list, err := b.GetBlockList(ctx, blockblob.BlockListTypeAll, nil)
	check(t, err)
	if got := blockNames(list.CommittedBlocks); !cmp.Equal(got, []string{"two", "one"}) {
		t.Errorf("committed %q", got)
	}
	if got := blockNames(list.UncommittedBlocks); len(got) != 0 {
		t.Errorf("uncommitted blocks %q outlived the commit", got)
	}
	wantError(t, commit(t, b, "six"), 400, "InvalidBlockList")

	stage(t, b, "ten")
	list, err = b.GetBlockList(ctx, blockblob.BlockListTypeUncommitted, nil)
	check(t, err)
	if got := blockNames(list.UncommittedBlocks); !cmp.Equal(got, []string{"ten"}) {
		t.Errorf("uncommitted %q", got)
	}
	check(t, commit(t, b, "one", "ten", "one"))
	wantContent(t, c, "b", "onetenone")

	check(t, commit(t, b))
	wantContent(t, c, "b", "")
}

func uploadDiscards(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	b := c.NewBlockBlobClient("b")
	stage(t, b, "two")
	upload(t, c, "b", "whole", nil)
	wantError(t, commit(t, b, "two"), 400, "InvalidBlockList")
	wantContent(t, c, "b", "whole")
}

func blockNames(blocks []*blockblob.Block) (names []string) {
	for _, b := range blocks {
		name, err := base64.StdEncoding.DecodeString(*b.Name)
		if err != nil || int64(len(name)) != *b.Size {
			names = append(names, "malformed "+*b.Name)
			continue
		}
		names = append(names, string(name))
	}
	return names
}

func largeUpload(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	b := c.NewBlockBlobClient("large")
	want := repeated(3<<20 + 160)
	_, err := b.UploadStream(ctx, bytes.NewReader(want), &blockblob.UploadStreamOptions{BlockSize: 1 << 20, Metadata: map[string]*string{"a": to.Ptr("1")}})
	check(t, err)
	wantContent(t, c, "large", string(want))
	resp, err := b.GetProperties(ctx, nil)
	check(t, err)
	if plain(resp.Metadata)["a"] != "1" || *resp.ContentLength != int64(len(want)) {
		t.Errorf("metadata %v, length %d", plain(resp.Metadata), *resp.ContentLength)
	}
}

func blockListMissing(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	b := c.NewBlockBlobClient("b")
	stage(t, b, "one")
	wantError(t, commit(t, b, "one", "two"), 400, "InvalidBlockList")
	check(t, commit(t, b, "one"))
	wantContent(t, c, "b", "one")
}

func uncommitted(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	stage(t, c.NewBlockBlobClient("staged"), "one")
	upload(t, c, "whole", "x", nil)
	if got := listed(t, c, nil); !cmp.Equal(got, []string{"whole"}) {
		t.Errorf("listed %q, want only the whole one", got)
	}
	if got := listed(t, c, &container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{UncommittedBlobs: true}}); !cmp.Equal(got, []string{"staged", "whole"}) {
		t.Errorf("listed %q with uncommitted blobs", got)
	}
	_, err := c.NewBlobClient("staged").GetProperties(ctx, nil)
	wantError(t, err, 404, "BlobNotFound")
	_, err = c.NewBlobClient("staged").DownloadStream(ctx, nil)
	wantError(t, err, 404, "BlobNotFound")
	_, err = c.NewBlockBlobClient("staged").StageBlock(ctx, "not base64!", body("x"), nil)
	wantError(t, err, 400, "InvalidQueryParameterValue")
}

func repeated(size int) []byte { return bytes.Repeat([]byte("0123456789abcdef"), size/16) }
