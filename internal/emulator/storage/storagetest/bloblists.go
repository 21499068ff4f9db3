package storagetest

import (
	"fmt"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/google/go-cmp/cmp"
)

func listCases() []Case[*azblob.Client] {
	return []Case[*azblob.Client]{
		{"a list holds what begins with the prefix", listPrefix},
		{"a list continues where it ended", listPages},
		{"a list tells the blobs' properties", listProperties},
		{"a delimiter folds names into prefixes", listHierarchy},
	}
}

// listed collects the names of all pages.
func listed(t *testing.T, c *container.Client, o *container.ListBlobsFlatOptions) (names []string) {
	t.Helper()
	pager := c.NewListBlobsFlatPager(o)
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		for _, item := range page.Segment.BlobItems {
			names = append(names, *item.Name)
		}
	}
	return names
}

func listPrefix(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	for _, name := range []string{"b/2", "a/1", "b/10", "ab", "b"} {
		upload(t, c, name, name, nil)
	}
	for prefix, want := range map[string][]string{
		"":    {"a/1", "ab", "b", "b/10", "b/2"},
		"a":   {"a/1", "ab"},
		"b/":  {"b/10", "b/2"},
		"b/1": {"b/10"},
		"c":   nil,
	} {
		if got := listed(t, c, &container.ListBlobsFlatOptions{Prefix: &prefix}); !cmp.Equal(got, want) {
			t.Errorf("prefix %q lists %q, want %q", prefix, got, want)
		}
	}
}

func listPages(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	var want []string
	for i := range 11 {
		name := fmt.Sprintf("p/%02d", i)
		upload(t, c, name, name, nil)
		want = append(want, name)
	}
	upload(t, c, "q", "x", nil)
	for _, size := range []int32{1, 4, 11, 12} {
		o := &container.ListBlobsFlatOptions{Prefix: to.Ptr("p/"), MaxResults: &size}
		if got := listed(t, c, o); !cmp.Equal(got, want) {
			t.Errorf("in pages of %d: %q, want %q", size, got, want)
		}
	}
}

func listProperties(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	up := upload(t, c, "b", "four", &blockblob.UploadOptions{Metadata: map[string]*string{"service": to.Ptr("<apim & co>")}})
	page, err := c.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Metadata: true}}).NextPage(t.Context())
	check(t, err)
	item := page.Segment.BlobItems[0]
	if diff := cmp.Diff(map[string]string{"service": "<apim & co>"}, plain(item.Metadata)); diff != "" {
		t.Errorf("metadata (-want +got)\n%s", diff)
	}
	p := item.Properties
	switch {
	case *p.ContentLength != 4, !p.LastModified.Equal(*up.LastModified), p.CreationTime == nil, len(p.ContentMD5) == 0:
		t.Errorf("properties %+v", p)
	case `"`+string(*p.ETag)+`"` != string(*up.ETag) && *p.ETag != *up.ETag:
		t.Errorf("ETag %s, want %s", *p.ETag, *up.ETag)
	}
	page, err = c.NewListBlobsFlatPager(nil).NextPage(t.Context())
	check(t, err)
	if got := page.Segment.BlobItems[0].Metadata; len(got) != 0 {
		t.Errorf("metadata %v came unasked", plain(got))
	}
}

func listHierarchy(t *testing.T, client *azblob.Client) {
	c := newContainer(t, client)
	for _, name := range []string{"a/1", "a/2", "b", "c/d/e", "c/f"} {
		upload(t, c, name, name, nil)
	}
	for _, size := range []int32{1, 2, 5} {
		if got, want := hierarchy(t, c, "", size), []string{"a/*", "b", "c/*"}; !cmp.Equal(got, want) {
			t.Errorf("in pages of %d: %q, want %q", size, got, want)
		}
		if got, want := hierarchy(t, c, "c/", size), []string{"c/d/*", "c/f"}; !cmp.Equal(got, want) {
			t.Errorf("c/ in pages of %d: %q, want %q", size, got, want)
		}
	}
}

// hierarchy lists with the delimiter "/"; prefixes carry a star.
func hierarchy(t *testing.T, c *container.Client, prefix string, size int32) (names []string) {
	t.Helper()
	pager := c.NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{Prefix: &prefix, MaxResults: &size})
	seen := make(map[string]bool)
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		var got []string
		for _, p := range page.Segment.BlobPrefixes {
			got = append(got, *p.Name+"*")
		}
		for _, item := range page.Segment.BlobItems {
			got = append(got, *item.Name)
		}
		if len(got) > int(size) {
			t.Errorf("a page of %d has %d names", size, len(got))
		}
		for _, name := range got {
			if seen[name] {
				t.Errorf("%s was listed twice", name)
			}
			seen[name] = true
		}
	}
	for name := range seen {
		names = append(names, name)
	}
	return sorted(names)
}
