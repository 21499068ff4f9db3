package storagetest

import (
	"crypto/md5"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/google/go-cmp/cmp"
)

// BlobCases are the expectations of a Blob service.
func BlobCases() []Case[*azblob.Client] {
	cases := []Case[*azblob.Client]{
		{"containers are created once, listed and deleted", containersLive},
		{"a container's name is checked", containerNames},
		{"a blob is written, read and deleted", blobLives},
		{"what is missing in a container is said to be missing", blobMissing},
		{"a blob keeps its metadata and headers", blobKeeps},
		{"metadata and headers can be replaced", blobUpdates},
		{"checksums are compared", checksums},
		{"a range is read", ranges},
		{"a range beyond the end is refused", rangeBeyond},
		{"an empty blob", emptyBlob},
		{"names may hold odd characters", oddNames},
		{"every write of a blob has its own ETag", blobETags},
	}
	return slices.Concat(cases, blockCases(), conditionCases(), listCases(), leaseCases())
}

func newContainer(t *testing.T, client *azblob.Client) *container.Client {
	t.Helper()
	c := client.ServiceClient().NewContainerClient(unique("c"))
	_, err := c.Create(t.Context(), nil)
	check(t, err)
	return c
}

func body(text string) io.ReadSeekCloser {
	return struct {
		io.ReadSeeker
		io.Closer
	}{strings.NewReader(text), io.NopCloser(nil)}
}

func upload(t *testing.T, c *container.Client, name, text string, o *blockblob.UploadOptions) blockblob.UploadResponse {
	t.Helper()
	resp, err := c.NewBlockBlobClient(name).Upload(t.Context(), body(text), o)
	check(t, err)
	return resp
}

func wantContent(t *testing.T, c *container.Client, name, want string) {
	t.Helper()
	resp, err := c.NewBlobClient(name).DownloadStream(t.Context(), nil)
	check(t, err)
	got, err := io.ReadAll(resp.Body)
	check(t, err)
	check(t, resp.Body.Close())
	if string(got) != want {
		t.Fatalf("%s holds %.40q (%d bytes), want %.40q (%d bytes)", name, got, len(got), want, len(want))
	}
}

// plain makes metadata comparable: the SDK reads its names from HTTP headers,
// which Go capitalizes, or from XML.
func plain(metadata map[string]*string) map[string]string {
	got := make(map[string]string)
	for name, value := range metadata {
		got[strings.ToLower(name)] = *value
	}
	return got
}

func containersLive(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	prefix := unique("p")
	names := []string{prefix + "-a", prefix + "-b", prefix + "-c"}
	for _, name := range names {
		_, err := client.CreateContainer(ctx, name, &azblob.CreateContainerOptions{Metadata: map[string]*string{"name": to.Ptr(name)}})
		check(t, err)
	}
	_, err := client.CreateContainer(ctx, names[0], nil)
	wantError(t, err, 409, "ContainerAlreadyExists")

	pager := client.NewListContainersPager(&azblob.ListContainersOptions{Prefix: &prefix, MaxResults: to.Ptr(int32(2)), Include: azblob.ListContainersInclude{Metadata: true}})
	var got []string
	for pager.More() {
		page, err := pager.NextPage(ctx)
		check(t, err)
		for _, item := range page.ContainerItems {
			got = append(got, *item.Name)
			if plain(item.Metadata)["name"] != *item.Name {
				t.Errorf("%s has the metadata %v", *item.Name, plain(item.Metadata))
			}
		}
	}
	if !cmp.Equal(got, names) {
		t.Errorf("containers %q, want %q", got, names)
	}
	one := client.ServiceClient().NewContainerClient(names[0])
	resp, err := one.GetProperties(ctx, nil)
	check(t, err)
	if plain(resp.Metadata)["name"] != names[0] || resp.ETag == nil {
		t.Errorf("properties %v, ETag %v", plain(resp.Metadata), resp.ETag)
	}
	_, err = one.Delete(ctx, nil)
	check(t, err)
	_, err = one.GetProperties(ctx, nil)
	wantError(t, err, 404, "ContainerNotFound")
	_, err = one.Delete(ctx, nil)
	wantError(t, err, 404, "ContainerNotFound")
}

func containerNames(t *testing.T, client *azblob.Client) {
	for name, code := range map[string]string{
		"ab": "OutOfRangeInput", strings.Repeat("x", 64): "OutOfRangeInput",
		"Upper": "InvalidResourceName", "two--hyphens": "InvalidResourceName", "under_score": "InvalidResourceName", "-front": "InvalidResourceName",
	} {
		_, err := client.CreateContainer(t.Context(), name, nil)
		wantError(t, err, 400, code)
	}
}

func blobLives(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	first := upload(t, c, "dir/name.txt", "hello", nil)
	wantContent(t, c, "dir/name.txt", "hello")
	second := upload(t, c, "dir/name.txt", "again", nil)
	wantContent(t, c, "dir/name.txt", "again")
	resp, err := c.NewBlobClient("dir/name.txt").GetProperties(ctx, nil)
	check(t, err)
	switch {
	case *first.ETag == *second.ETag || *resp.ETag != *second.ETag:
		t.Errorf("ETags %s, %s, then %s", *first.ETag, *second.ETag, *resp.ETag)
	case *resp.ContentLength != 5 || *resp.BlobType != blob.BlobTypeBlockBlob:
		t.Errorf("length %d, type %s", *resp.ContentLength, *resp.BlobType)
	case resp.LastModified == nil || resp.CreationTime == nil:
		t.Error("a time is missing")
	}
	_, err = c.NewBlobClient("dir/name.txt").Delete(ctx, nil)
	check(t, err)
	_, err = c.NewBlobClient("dir/name.txt").GetProperties(ctx, nil)
	wantError(t, err, 404, "BlobNotFound")
}

func blobMissing(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	b := newContainer(t, client).NewBlobClient("missing")
	_, err := b.DownloadStream(ctx, nil)
	wantError(t, err, 404, "BlobNotFound")
	_, err = b.Delete(ctx, nil)
	wantError(t, err, 404, "BlobNotFound")
	_, err = b.SetMetadata(ctx, nil, nil)
	wantError(t, err, 404, "BlobNotFound")

	nowhere := client.ServiceClient().NewContainerClient(unique("missing"))
	_, err = nowhere.NewBlockBlobClient("b").Upload(ctx, body("x"), nil)
	wantError(t, err, 404, "ContainerNotFound")
	_, err = nowhere.NewBlobClient("b").DownloadStream(ctx, nil)
	wantError(t, err, 404, "ContainerNotFound")
	_, err = nowhere.NewListBlobsFlatPager(nil).NextPage(ctx)
	wantError(t, err, 404, "ContainerNotFound")
}

func blobKeeps(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	headers := &blob.HTTPHeaders{
		BlobContentType: to.Ptr("application/json"), BlobCacheControl: to.Ptr("no-store"),
		BlobContentDisposition: to.Ptr("attachment"), BlobContentEncoding: to.Ptr("identity"), BlobContentLanguage: to.Ptr("de"),
	}
	// Names that Azure sorts in an order of its own when a request is signed.
	metadata := map[string]*string{"service": to.Ptr("apim-weu"), "a_b": to.Ptr("1"), "a1": to.Ptr("2"), "ab": to.Ptr("3"), "a": to.Ptr("4"), "job": to.Ptr("apim-weu-20260301T010000Z-backup")}
	upload(t, c, "b", "{}", &blockblob.UploadOptions{HTTPHeaders: headers, Metadata: metadata})
	resp, err := c.NewBlobClient("b").GetProperties(t.Context(), nil)
	check(t, err)
	if diff := cmp.Diff(plain(metadata), plain(resp.Metadata)); diff != "" {
		t.Errorf("metadata (-want +got)\n%s", diff)
	}
	sum := md5.Sum([]byte("{}"))
	got := blob.HTTPHeaders{
		BlobContentType: resp.ContentType, BlobCacheControl: resp.CacheControl, BlobContentDisposition: resp.ContentDisposition,
		BlobContentEncoding: resp.ContentEncoding, BlobContentLanguage: resp.ContentLanguage, BlobContentMD5: resp.ContentMD5,
	}
	headers.BlobContentMD5 = sum[:]
	if diff := cmp.Diff(*headers, got); diff != "" {
		t.Errorf("headers (-want +got)\n%s", diff)
	}
}

func blobUpdates(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	first := upload(t, c, "b", "x", &blockblob.UploadOptions{Metadata: map[string]*string{"a": to.Ptr("1")}})
	b := c.NewBlobClient("b")
	second, err := b.SetMetadata(ctx, map[string]*string{"b": to.Ptr("2")}, nil)
	check(t, err)
	third, err := b.SetHTTPHeaders(ctx, blob.HTTPHeaders{BlobContentType: to.Ptr("text/plain")}, nil)
	check(t, err)
	if *first.ETag == *second.ETag || *second.ETag == *third.ETag {
		t.Errorf("ETags %s, %s, %s", *first.ETag, *second.ETag, *third.ETag)
	}
	resp, err := b.GetProperties(ctx, nil)
	check(t, err)
	if diff := cmp.Diff(map[string]string{"b": "2"}, plain(resp.Metadata)); diff != "" {
		t.Errorf("metadata (-want +got)\n%s", diff)
	}
	if *resp.ContentType != "text/plain" {
		t.Errorf("content type %s, want text/plain", *resp.ContentType)
	}
	_, err = b.SetMetadata(ctx, nil, &blob.SetMetadataOptions{AccessConditions: ifMatch(*first.ETag)})
	wantError(t, err, 412, "ConditionNotMet")
	wantContent(t, c, "b", "x")
}

func checksums(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	wrong := blob.TransferValidationTypeMD5(make([]byte, md5.Size))
	_, err := c.NewBlockBlobClient("b").Upload(t.Context(), body("x"), &blockblob.UploadOptions{TransactionalValidation: wrong})
	wantError(t, err, 400, "Md5Mismatch")
	sum := md5.Sum([]byte("x"))
	upload(t, c, "b", "x", &blockblob.UploadOptions{TransactionalValidation: blob.TransferValidationTypeMD5(sum[:])})
}

func ranges(t *testing.T, client *azblob.Client) {
	ctx := t.Context()
	c := newContainer(t, client)
	upload(t, c, "b", "0123456789", nil)
	b := c.NewBlobClient("b")
	for _, r := range []struct {
		offset, count int64
		want          string
	}{{0, 4, "0123"}, {4, 4, "4567"}, {8, 4, "89"}, {9, 1, "9"}, {3, 0, "3456789"}} {
		resp, err := b.DownloadStream(ctx, &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: r.offset, Count: r.count}})
		check(t, err)
		got, err := io.ReadAll(resp.Body)
		check(t, err)
		if string(got) != r.want || resp.ContentRange == nil {
			t.Errorf("range %d+%d is %q, want %q", r.offset, r.count, got, r.want)
		}
	}
	whole := make([]byte, 10)
	_, err := b.DownloadBuffer(ctx, whole, &blob.DownloadBufferOptions{BlockSize: 3, Concurrency: 2})
	check(t, err)
	if string(whole) != "0123456789" {
		t.Errorf("downloaded %q in blocks", whole)
	}
}

func rangeBeyond(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	upload(t, c, "b", "0123456789", nil)
	upload(t, c, "empty", "", nil)
	for name, offset := range map[string]int64{"b": 10, "empty": 0} {
		_, err := c.NewBlobClient(name).DownloadStream(t.Context(), &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: offset, Count: 1}})
		wantError(t, err, 416, "InvalidRange")
	}
}

func emptyBlob(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	upload(t, c, "b", "", nil)
	wantContent(t, c, "b", "")
	resp, err := c.NewBlobClient("b").GetProperties(t.Context(), nil)
	check(t, err)
	if *resp.ContentLength != 0 {
		t.Errorf("length %d, want 0", *resp.ContentLength)
	}
}

func blobETags(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	seen := make(map[azcore.ETag]bool)
	for range 30 {
		etag := *upload(t, c, "b", "x", nil).ETag
		if seen[etag] || !strings.HasPrefix(string(etag), `"0x`) {
			t.Fatalf("ETag %s came twice or is not of Azure's form", etag)
		}
		seen[etag] = true
	}
}

func oddNames(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	names := []string{"two words", "100%", "a+b=c&d", "a/b/c.lifeboat.json", "Zürich/日本", "q?x#y", "<&>'\"", "%2F"}
	for _, name := range names {
		upload(t, c, name, name, nil)
		wantContent(t, c, name, name)
	}
	slices.Sort(names)
	if got := listed(t, c, nil); !cmp.Equal(got, names) {
		t.Errorf("names (-want +got)\n%s", cmp.Diff(names, got))
	}
}
