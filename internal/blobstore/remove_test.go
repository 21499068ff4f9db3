package blobstore_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// recorded puts a backup and its sidecar there.
func (b *bundle) recorded(t *testing.T) {
	t.Helper()
	b.put(t)(backups, backup, 7)
	_, err := b.Record(t.Context(), backups, point())
	check(t, err)
}

func (b *bundle) names() (names []string) {
	for _, blob := range b.server.ListBlobs(backups.Container, "") {
		names = append(names, blob.Name)
	}
	return names
}

func (b *bundle) wantNames(t *testing.T, want ...string) {
	t.Helper()
	if got := b.names(); !slices.Equal(got, want) {
		t.Errorf("the container holds %q, want %q", got, want)
	}
}

func deletion(r *http.Request) bool { return r.Method == http.MethodDelete }

// The sidecar goes last: until then it says what the backup is.
func TestRemoveInOrder(t *testing.T) {
	b := setup(t)
	b.recorded(t)
	var deleted []string
	b.tap.Inject(wire.Fault{Kind: wire.Slow, Match: func(r *http.Request) bool {
		if deletion(r) {
			deleted = append(deleted, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
			if got := r.Header.Get("x-ms-delete-snapshots"); got != "include" {
				t.Errorf("snapshots of %s: %q, want that they go along", r.URL.Path, got)
			}
		}
		return false
	}})
	check(t, b.Remove(t.Context(), backups, backup))
	if want := []string{backup, sidecar}; !slices.Equal(deleted, want) {
		t.Errorf("deleted %q, want %q", deleted, want)
	}
	b.wantNames(t)
}

func TestRemoveRefused(t *testing.T) {
	refusal := func(status int, code, message string) wire.Fault {
		return wire.Fault{
			Kind: wire.Instead, Status: status, Header: http.Header{"X-Ms-Error-Code": {code}, "Content-Type": {"application/xml"}}, Match: deletion,
			Body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>` + code + `</Code><Message>` + message + "\nRequestId:x</Message></Error>",
		}
	}
	const held = "This operation is not permitted as the blob is immutable due to one or more legal holds."
	for name, c := range map[string]struct {
		prepare func(t *testing.T, b *bundle) (lift func())
		says    []string
	}{
		"an immutable container": {func(t *testing.T, b *bundle) func() {
			check(t, b.server.SetImmutable(backups.Container, true))
			return func() { check(t, b.server.SetImmutable(backups.Container, false)) }
		}, []string{"HTTP 409 BlobImmutableDueToPolicy", "immutable due to a policy", "retention policy"}},
		"a legal hold": {func(_ *testing.T, b *bundle) func() {
			return b.tap.Inject(refusal(409, "BlobImmutableDueToLegalHold", held))
		}, []string{"HTTP 409 BlobImmutableDueToLegalHold", held}},
		"a lease": {func(t *testing.T, b *bundle) func() { return b.lease(t)(backups, backup) },
			[]string{"HTTP 412 LeaseIdMissing", "There is currently a lease on the blob", "broken"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.recorded(t)
			lift := c.prepare(t, b)
			for range 2 {
				err := b.Remove(t.Context(), backups, backup)
				unnamed(t, err, append(c.says, "blob "+backup, "container backups", "account devstoreaccount1")...)
				if !errors.Is(err, job.ErrRefused) {
					t.Errorf("error %v, want one that says that it is no use to try again", err)
				}
				b.wantNames(t, backup, sidecar)
			}
			lift()
			check(t, b.Remove(t.Context(), backups, backup))
			b.wantNames(t)
		})
	}
}

// A sidecar may outlive its backup; the next removal takes it.
func TestRemoveSidecarRefused(t *testing.T) {
	b := setup(t)
	b.recorded(t)
	lift := b.lease(t)(backups, sidecar)
	err := b.Remove(t.Context(), backups, backup)
	unnamed(t, err, "sidecar "+sidecar, "LeaseIdMissing")
	if !errors.Is(err, job.ErrRefused) {
		t.Errorf("error %v, want a refusal", err)
	}
	b.wantNames(t, sidecar)
	lift()
	check(t, b.Remove(t.Context(), backups, backup))
	b.wantNames(t)
}

// An error that may pass is no refusal, and leaves the sidecar.
func TestRemoveTrouble(t *testing.T) {
	for code, status := range map[string]int{"ServerBusy": 503, "AuthorizationPermissionMismatch": 403, "SnapshotsPresent": 409, "ContainerBeingDeleted": 409, "": 404} {
		b := setup(t)
		b.recorded(t)
		b.tap.Inject(wire.Fault{Kind: wire.Instead, Status: status, Header: http.Header{"X-Ms-Error-Code": {code}}, Times: 1, Match: deletion})
		err := b.Remove(t.Context(), backups, backup)
		unnamed(t, err, code, backup)
		if errors.Is(err, job.ErrRefused) {
			t.Errorf("%s: %v is a refusal", code, err)
		}
		b.wantNames(t, backup, sidecar)
	}
}

// A deletion whose answer was lost is finished by the next.
func TestRemoveLostAnswer(t *testing.T) {
	b := setup(t)
	b.recorded(t)
	b.tap.Inject(wire.Fault{Kind: wire.ResetAfter, Times: 1, Match: deletion})
	unnamed(t, b.Remove(t.Context(), backups, backup))
	b.wantNames(t, sidecar)
	check(t, b.Remove(t.Context(), backups, backup))
	b.wantNames(t)
}

// Without a blob's name the address is the container's.
func TestRemoveUnnamed(t *testing.T) {
	b := setup(t)
	b.recorded(t)
	before := b.tap.Totals()["blob"]
	unnamed(t, b.Remove(t.Context(), backups, ""))
	if got := b.tap.Totals()["blob"]; got != before {
		t.Errorf("%d requests, want none", got-before)
	}
	b.wantNames(t, backup, sidecar)
}
