package blobstore_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/blobstore"
	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
)

const backup = "apim-weu-20260301T010000Z-backup-a1-3f2a91.apimbackup"

var backups = recoverytest.Backups

func point() job.Point {
	start := time.Date(2026, 3, 1, 1, 4, 12, 345678901, time.UTC)
	return job.Point{Service: "apim-weu", Job: "apim-weu-20260301T010000Z-backup", Attempt: 1, Blob: backup, Size: 7, StartedAt: start, VerifiedAt: start.Add(time.Hour)}
}

func TestSidecarBlob(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	_, err := b.Record(t.Context(), backups, point())
	check(t, err)
	blobs := b.server.ListBlobs(backups.Container, "")
	names := []string{blobs[0].Name, blobs[len(blobs)-1].Name}
	if want := []string{backup, backup + ".lifeboat.json"}; !slices.Equal(names, want) {
		t.Errorf("the container holds %q, want %q", names, want)
	}
	got, err := b.direct(t).NewContainerClient(backups.Container).NewBlobClient(backup+".lifeboat.json").GetProperties(t.Context(), nil)
	check(t, err)
	if got.ContentType == nil || *got.ContentType != "application/json" {
		t.Errorf("content type %v, want application/json", got.ContentType)
	}
}

func TestRecordedSample(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	text, err := os.ReadFile("testdata/sidecar.json")
	check(t, err)
	check(t, b.server.PutBlob(backups.Container, backup+".lifeboat.json", text, nil))
	// In an immutable container the write is refused for another reason.
	for _, immutable := range []bool{false, true} {
		check(t, b.server.SetImmutable(backups.Container, immutable))
		got, err := b.Record(t.Context(), backups, point())
		check(t, err)
		if got.Size != 7789321 || got.Facts.Tier != "Developer" {
			t.Errorf("recorded %+v, want what was there", got)
		}
	}
}

func TestImmutableContainer(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	check(t, b.server.SetImmutable(backups.Container, true))
	for range 2 {
		got, err := b.Record(t.Context(), backups, point())
		check(t, err)
		if diff := cmp.Diff(point(), got); diff != "" {
			t.Errorf("recorded point (-want +got):\n%s", diff)
		}
	}
}

func TestSpoiltSidecar(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	for text, says := range map[string]string{
		`{"schema":1`: "not readable", `{}`: "corrupt", strings.Repeat(" ", 2<<20): "larger",
		`{"schema":1,"service":"s","blob":"other","startedAt":"2026-03-01T01:00:00Z","verifiedAt":"2026-03-01T01:00:00Z"}`: "another blob",
	} {
		check(t, b.server.PutBlob(backups.Container, backup+".lifeboat.json", []byte(text), nil))
		_, err := b.Record(t.Context(), backups, point())
		unnamed(t, err, says, backup+".lifeboat.json", "backups")
	}
	check(t, b.server.PutBlob(backups.Container, backup+".lifeboat.json", []byte(`{"schema":2,"service":{}}`), nil))
	if _, err := b.Record(t.Context(), backups, point()); !errors.Is(err, job.ErrNewerSchema) {
		t.Errorf("error %v, want one for the newer schema", err)
	}
}

func TestUselessPoint(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	p := point()
	p.StartedAt = time.Time{}
	_, err := b.Record(t.Context(), backups, p)
	unnamed(t, err, "startedAt")
	if got := b.server.ListBlobs(backups.Container, ""); len(got) != 1 {
		t.Errorf("%d blobs, want the backup alone", len(got))
	}
}

func TestMissingContainer(t *testing.T) {
	b := setup(t)
	_, err := b.Artefact(t.Context(), backups, backup)
	if !errors.Is(err, job.ErrNotFound) || !strings.Contains(err.Error(), "container backups") || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("error %v, want one that says that the container does not exist", err)
	}
	_, err = b.Record(t.Context(), backups, point())
	unnamed(t, err, "ContainerNotFound", "container backups")
}

func TestAccounts(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	for range 3 {
		_, err := b.Artefact(t.Context(), backups, backup)
		check(t, err)
		_, err = b.Artefact(t.Context(), job.Service{Account: "unknown", Container: "backups"}, backup)
		unnamed(t, err, "account unknown", "no such account")
	}
	if want := []string{"devstoreaccount1", "unknown", "unknown", "unknown"}; !slices.Equal(b.opened, want) {
		t.Errorf("opened %q, want %q: an account once, an error never kept", b.opened, want)
	}
}

// calls is every method of the port.
func calls() map[string]func(context.Context, *blobstore.Store) error {
	return map[string]func(context.Context, *blobstore.Store) error{
		"Artefact": func(ctx context.Context, s *blobstore.Store) error {
			_, err := s.Artefact(ctx, backups, backup)
			return err
		},
		"Record": func(ctx context.Context, s *blobstore.Store) error {
			_, err := s.Record(ctx, backups, point())
			return err
		},
		"Amend": func(ctx context.Context, s *blobstore.Store) error {
			return s.Amend(ctx, backups, withdrawn().Blob, recoverytest.Later(withdrawn()))
		},
		"Remove": func(ctx context.Context, s *blobstore.Store) error { return s.Remove(ctx, backups, backup) },
		"Recorded": func(ctx context.Context, s *blobstore.Store) (last error) {
			for _, err := range s.Recorded(ctx, backups) {
				last = err
			}
			return last
		},
		"Authority": func(ctx context.Context, s *blobstore.Store) error {
			_, err := s.Authority(ctx, backups)
			return err
		},
		"Claim": func(ctx context.Context, s *blobstore.Store) error {
			return s.Claim(ctx, backups, job.StoredAuthority{}, theAuthority())
		},
		"Claim of what was read": func(ctx context.Context, s *blobstore.Store) error {
			return s.Claim(ctx, backups, job.StoredAuthority{ETag: `"1"`}, theAuthority())
		},
	}
}

func TestTrouble(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	header := http.Header{"X-Ms-Error-Code": {"ServerBusy"}}
	for fault, word := range map[*wire.Fault]string{
		{Kind: wire.Instead, Status: 503, Header: header}: "HTTP 503 ServerBusy from storage.invalid",
		{Kind: wire.Instead, Status: 500}:                 "HTTP 500",
		{Kind: wire.Instead, Status: 404}:                 "HTTP 404", // a proxy's, not storage's
		{Kind: wire.Instead, Status: 409, Header: http.Header{"X-Ms-Error-Code": {"ContainerBeingDeleted"}}}: "ContainerBeingDeleted",
		{Kind: wire.Instead, Status: 403, Header: http.Header{"X-Ms-Error-Code": {"AuthenticationFailed"}}}:  "AuthenticationFailed",
		{Kind: wire.Reset}: "EOF",
	} {
		remove := b.tap.Inject(*fault)
		for name, call := range calls() {
			t.Run(string(fault.Kind)+" "+http.StatusText(fault.Status)+" to "+name, func(t *testing.T) {
				unnamed(t, call(t.Context(), b.Store), word, "container backups of account devstoreaccount1")
			})
		}
		remove()
	}
}

// A page with status 200 is neither a backup nor a sidecar: what is there
// stays unknown, and nothing is written by it.
func TestNoBlob(t *testing.T) {
	const page = `<?xml version="1.0"?><Error><Code>ServerBusy</Code><Message>No.</Message></Error>`
	length := []string{strconv.Itoa(len(page))}
	looks := calls()
	delete(looks, "Remove") // which reads nothing
	delete(looks, "Claim")
	for name, header := range map[string]http.Header{
		"a bare page":            {"Content-Length": length, "Content-Type": {"application/xml"}},
		"a page with a tag":      {"Content-Length": length, "Etag": {`"1"`}},
		"a blob without its tag": {"Content-Length": length, "X-Ms-Blob-Type": {"BlockBlob"}},
	} {
		for call, do := range looks {
			t.Run(name+" to "+call, func(t *testing.T) {
				b := setup(t)
				b.recorded(t)
				before := b.sidecar(t)
				b.tap.Inject(wire.Fault{Kind: wire.Instead, Status: 200, Header: header, Body: page, Match: func(r *http.Request) bool {
					return (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.URL.Query().Get("comp") != "list"
				}})
				err := do(t.Context(), b.Store)
				unnamed(t, err, "the answer is not a blob's: try again", "container backups of account devstoreaccount1")
				if errors.Is(err, job.ErrUnreadable) || errors.Is(err, job.ErrRefused) {
					t.Errorf("error %v is taken for the blob's", err)
				}
				if b.sidecar(t) != before {
					t.Errorf("the sidecar has become %s", b.sidecar(t))
				}
			})
		}
	}
}

// A record whose answer was lost is found by the next.
func TestLostAnswer(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	b.tap.Inject(wire.Fault{Kind: wire.ResetAfter, Times: 1})
	_, err := b.Record(t.Context(), backups, point())
	unnamed(t, err)
	other := point()
	other.VerifiedAt = other.VerifiedAt.Add(time.Minute)
	got, err := b.Record(t.Context(), backups, other)
	check(t, err)
	if diff := cmp.Diff(point(), got); diff != "" {
		t.Errorf("recorded point (-want +got):\n%s", diff)
	}
}

func TestCanceled(t *testing.T) {
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls() {
		err := call(ctx, b.Store)
		unnamed(t, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v does not wrap context.Canceled", name, err)
		}
	}
}

func TestWrongKey(t *testing.T) {
	server, err := storage.New(storage.Options{})
	check(t, err)
	key := base64.StdEncoding.EncodeToString([]byte("another account's secret key"))
	connection := strings.Replace(server.ConnectionString(endpoint, endpoint), server.Key(), key, 1)
	s := blobstore.New(func(string) (*service.Client, error) {
		return service.NewClientFromConnectionString(connection, &service.ClientOptions{
			ClientOptions: azcore.ClientOptions{Transport: wire.Transport{Handler: server.Blob()}},
		})
	})
	for name, call := range calls() {
		err := call(t.Context(), s)
		unnamed(t, err, "HTTP 403 AuthenticationFailed")
		if strings.Contains(err.Error(), key) {
			t.Errorf("%s: error %q shows the key", name, err)
		}
	}
}

// net/http puts the whole address into its errors, signature and all.
func TestSignatureInAddress(t *testing.T) {
	dead := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}}
	s := blobstore.New(func(string) (*service.Client, error) {
		return service.NewClientWithNoCredential("https://account.invalid/?sv=2026&sig=secret%3D", &service.ClientOptions{
			ClientOptions: azcore.ClientOptions{Transport: &http.Client{Transport: dead}, Retry: policy.RetryOptions{MaxRetries: -1}},
		})
	})
	for _, call := range calls() {
		unnamed(t, call(t.Context(), s), "connection refused")
	}
}
