package blobstore_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

func numbered(n int) job.Point {
	p := point()
	p.Blob = fmt.Sprintf("apim-weu-%d.apimbackup", n)
	return p
}

// recordNumbered puts a few backups and their sidecars there.
func (b *bundle) recordNumbered(t *testing.T, n int) (all []job.Point) {
	t.Helper()
	for i := range n {
		p := numbered(i)
		b.put(t)(backups, p.Blob, 7)
		_, err := b.Record(t.Context(), backups, p)
		check(t, err)
		all = append(all, p)
	}
	return all
}

func (b *bundle) all(ctx context.Context) (points []job.Point, errs []error) {
	for p, err := range b.Recorded(ctx, backups) {
		if err != nil {
			errs = append(errs, err)
		} else {
			points = append(points, p)
		}
	}
	return points, errs
}

func (b *bundle) wantAll(t *testing.T, want []job.Point) []error {
	t.Helper()
	got, errs := b.all(t.Context())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
	return errs
}

func TestRecordedSamples(t *testing.T) {
	b := setup(t)
	for _, name := range []string{"sidecar", "sidecar-settings", "sidecar-withdrawn", "sidecar-held"} {
		text, err := os.ReadFile("testdata/" + name + ".json")
		check(t, err)
		b.recordSample(t, string(text))
		want, err := b.Record(t.Context(), backups, point()) // what stands, stands
		check(t, err)
		if errs := b.wantAll(t, []job.Point{want}); errs != nil {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

func TestRecordedSpoilt(t *testing.T) {
	const times = `,"startedAt":"2026-03-01T01:00:00Z","verifiedAt":"2026-03-01T01:00:00Z"}`
	for text, says := range map[string]string{
		`{"schema":1`: "not readable", `{}`: "corrupt", "": "not readable", strings.Repeat(" ", 2<<20): "larger", `{"schema":2,"service":{}}`: "schema 2",
		`{"schema":1,"service":"apim-weu","blob":"other"` + times:                      "another blob",
		`{"schema":1,"service":"apim-weu","job":"a/b","blob":"` + backup + `"` + times: "key",
		// It says of itself that it is none of this service's.
		`{"schema":1,"service":"apim-weu-2026","blob":"other"` + times:                                                 "",
		`{"schema":1,"service":"apim-weu-20260301T010000Z","blob":"` + backup + `"` + times:                            "",
		`{"schema":1,"service":"APIM-WEU","blob":"` + backup + `"` + times:                                             "",
		`{"schema":1,"service":"apim-weu-2026","blob":"` + backup + `","startedAt":"0001-01-01T00:00:00Z"` + times[1:]: "not readable",
	} {
		b := setup(t)
		all := b.recordNumbered(t, 9) // their names sort after the spoilt one's
		b.recordSample(t, text)
		errs := b.wantAll(t, all)
		switch {
		case says == "":
			if errs != nil {
				t.Errorf("errors %v for another service's %q", errs, text)
			}
		case len(errs) != 1 || !errors.Is(errs[0], job.ErrUnreadable):
			t.Errorf("errors %v, want one that says %q", errs, says)
		case says == "schema 2":
			if !errors.Is(errs[0], job.ErrNewerSchema) || !strings.Contains(errs[0].Error(), sidecar) {
				t.Errorf("error %v, want one for the newer schema of %s", errs[0], sidecar)
			}
		default:
			unnamed(t, errs[0], says, sidecar, "container backups", "account devstoreaccount1")
		}
	}
}

// A listing has at most 5,000 blobs a page.
func TestRecordedPages(t *testing.T) {
	b := setup(t)
	for n := range 5100 {
		b.put(t)(backups, fmt.Sprintf("apim-weu-%04d.apimbackup", n), 0)
		b.put(t)(backups, fmt.Sprintf("apim-aaa-%04d.apimbackup.lifeboat.json", n), 0)
	}
	last := numbered(5099)
	_, err := b.Record(t.Context(), backups, last)
	check(t, err)
	before := b.tap.Totals()["blob"]
	if errs := b.wantAll(t, []job.Point{last}); errs != nil {
		t.Error(errs)
	}
	if got := b.tap.Totals()["blob"] - before; got != 3 {
		t.Errorf("%d requests, want two pages and the sidecar", got)
	}
}

func sidecarRead(n int) func(r *http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, numbered(n).Blob+".lifeboat.json")
	}
}

func code(status int, code string) wire.Fault {
	return wire.Fault{Kind: wire.Instead, Status: status, Header: http.Header{"X-Ms-Error-Code": {code}}}
}

// What befalls one sidecar is its own matter; what befalls storage is not.
func TestRecordedTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		fault  wire.Fault
		missed []int // of five points, the fault being at 2
		says   []string
	}{
		"removed since it was listed": {code(404, "BlobNotFound"), []int{2}, nil},
		"archived":                    {code(409, "BlobArchived"), []int{2}, []string{"BlobArchived", "online tier"}},
		"on its way back":             {code(409, "BlobBeingRehydrated"), []int{2}, []string{"BlobBeingRehydrated"}},
		"storage is busy":             {code(503, "ServerBusy"), []int{2, 3, 4}, []string{"HTTP 503 ServerBusy"}},
		"a proxy's not found":         {code(404, ""), []int{2, 3, 4}, []string{"HTTP 404"}},
		"not allowed":                 {code(403, "AuthorizationPermissionMismatch"), []int{2, 3, 4}, []string{"AuthorizationPermissionMismatch"}},
		"the container has gone":      {code(404, "ContainerNotFound"), []int{2, 3, 4}, []string{"ContainerNotFound"}},
		"no connection":               {wire.Fault{Kind: wire.Reset}, []int{2, 3, 4}, []string{"EOF"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			all := b.recordNumbered(t, 5)
			check(t, b.server.PutBlob(backups.Container, "apim-weu-0.lifeboat.json", nil, nil)) // which can't be read
			c.fault.Match = sidecarRead(2)
			b.tap.Inject(c.fault)
			var want []job.Point
			for n, p := range all {
				if !slices.Contains(c.missed, n) {
					want = append(want, p)
				}
			}
			errs := b.wantAll(t, want)
			unnamed(t, errs[0], "apim-weu-0.lifeboat.json")
			if len(c.says) == 0 {
				if len(errs) != 1 {
					t.Errorf("errors %v, want one", errs)
				}
				return
			}
			unnamed(t, errs[1], append(c.says, numbered(2).Blob, "container backups")...)
			if len(errs) != 2 {
				t.Errorf("errors %v, want two", errs)
			}
		})
	}
}

// What is no list must not pass for an empty one.
func TestRecordedNoList(t *testing.T) {
	b := setup(t)
	b.recorded(t)
	for _, body := range []string{"", "<html><body>Sign in</body></html>", `<?xml version="1.0"?><EnumerationResults></EnumerationResults>`, "<EnumerationResults><Blobs>"} {
		remove := b.tap.Inject(wire.Fault{Kind: wire.Instead, Status: 200, Body: body, Header: http.Header{"Content-Type": {"application/xml"}}})
		points, errs := b.all(t.Context())
		if len(points) != 0 || len(errs) != 1 {
			t.Errorf("answer %q: points %v, errors %v", body, points, errs)
			continue
		}
		unnamed(t, errs[0], "list the sidecars of service apim-weu", "container backups")
		remove()
	}
}

func TestRecordedCanceled(t *testing.T) {
	b := setup(t)
	b.recordNumbered(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	taken := 0
	for p, err := range b.Recorded(ctx, backups) {
		taken++
		switch {
		case taken == 1 && err == nil && p.Blob == numbered(0).Blob:
			cancel()
		case taken != 2 || !errors.Is(err, context.Canceled):
			t.Errorf("%d: point %v, error %v", taken, p.Blob, err)
		}
	}
	if taken != 2 {
		t.Errorf("%d yielded, want a point and the error", taken)
	}
}

// Nobody reads what nobody takes.
func TestRecordedLeftEarly(t *testing.T) {
	b := setup(t)
	b.recordNumbered(t, 5)
	before := b.tap.Totals()["blob"]
	for range b.Recorded(t.Context(), backups) {
		break
	}
	if got := b.tap.Totals()["blob"] - before; got != 2 {
		t.Errorf("%d requests, want the list and one sidecar", got)
	}
}
