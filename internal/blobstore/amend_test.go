package blobstore_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
)

const sidecar = backup + ".lifeboat.json"

func withdrawn() job.Point {
	p := point()
	p.Withdrawn, p.WithdrawnWhy = p.StartedAt.Add(24*time.Hour), "its blob is gone"
	return p
}

// amend lets the sidecar say what p says of what became known later.
func (b *bundle) amend(t *testing.T, p job.Point) error {
	return b.Amend(t.Context(), backups, p.Blob, recoverytest.Later(p))
}

// recordSample puts a sidecar with some text beside the backup.
func (b *bundle) recordSample(t *testing.T, text string) {
	t.Helper()
	b.put(t)(backups, backup, 7)
	check(t, b.server.PutBlob(backups.Container, sidecar, []byte(text), nil))
}

func (b *bundle) sidecar(t *testing.T) string {
	t.Helper()
	text, _, err := b.server.GetBlob(backups.Container, sidecar)
	check(t, err)
	return string(text)
}

func fieldsOf(t *testing.T, text string) (fields map[string]any) {
	t.Helper()
	check(t, json.Unmarshal([]byte(text), &fields))
	return fields
}

func TestAmendKeepsUnknownFields(t *testing.T) {
	b := setup(t)
	text, err := os.ReadFile("testdata/sidecar-settings.json")
	check(t, err)
	b.recordSample(t, strings.Replace(string(text), "{", `{"holds": [{"until": 12345678901234567890}, null], "<a>": {"b": "c"}, `, 1))
	want := fieldsOf(t, b.sidecar(t))
	p := withdrawn()
	p.ConcurrentChanges, p.Held, p.HeldBy = true, "kept for the audit", "Ala"
	p.Pinned, p.Removing = "a-restore", true // of the table only
	check(t, b.amend(t, p))
	want["held"], want["heldBy"] = "kept for the audit", "Ala"
	want["concurrentChanges"], want["withdrawn"], want["withdrawnWhy"] = true, "2026-03-02T01:04:12.345678901Z", "its blob is gone"
	if diff := cmp.Diff(want, fieldsOf(t, b.sidecar(t))); diff != "" {
		t.Errorf("sidecar (-want +got):\n%s", diff)
	}
	if !strings.Contains(b.sidecar(t), "12345678901234567890") {
		t.Error("a number that this version does not know was rounded")
	}
	// What is not so any more is left out, as in a record.
	check(t, b.amend(t, point()))
	for _, name := range []string{"concurrentChanges", "held", "heldBy", "withdrawn", "withdrawnWhy"} {
		delete(want, name)
	}
	if diff := cmp.Diff(want, fieldsOf(t, b.sidecar(t))); diff != "" {
		t.Errorf("sidecar (-want +got):\n%s", diff)
	}
}

func TestAmendImmutable(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	_, err := b.Record(t.Context(), backups, point())
	check(t, err)
	check(t, b.server.SetImmutable(backups.Container, true))
	check(t, b.amend(t, point())) // there is nothing to write
	err = b.amend(t, withdrawn())
	unnamed(t, err, sidecar, "container backups", "BlobImmutableDueToPolicy", "rebuilt from the container")
	if !errors.Is(err, job.ErrRefused) {
		t.Errorf("error %v, want one that says that it is no use to try again", err)
	}
}

func TestAmendHeld(t *testing.T) {
	b := setup(t)
	b.recorded(t)
	b.tap.Inject(wire.Fault{
		Kind: wire.Instead, Status: 409, Header: http.Header{"X-Ms-Error-Code": {"BlobImmutableDueToLegalHold"}},
		Match: func(r *http.Request) bool { return r.Method == http.MethodPut },
	})
	got, err := b.Record(t.Context(), backups, withdrawn()) // what stands, stands
	check(t, err)
	if diff := cmp.Diff(point(), got); diff != "" {
		t.Errorf("recorded point (-want +got):\n%s", diff)
	}
	err = b.amend(t, withdrawn())
	unnamed(t, err, sidecar, "BlobImmutableDueToLegalHold")
	if !errors.Is(err, job.ErrRefused) {
		t.Errorf("error %v, want a refusal", err)
	}
}

// A sidecar that stays as it is, whatever is tried, is the table's to know.
func TestAmendRefused(t *testing.T) {
	for _, c := range []struct {
		method string
		status int
		code   string
		says   string // or "" for trouble that may pass
	}{
		{http.MethodGet, 409, "BlobArchived", "an online tier"},
		{http.MethodGet, 409, "BlobBeingRehydrated", "an online tier"},
		{http.MethodPut, 409, "BlobArchived", "an online tier"},
		{http.MethodPut, 409, "BlobBeingRehydrated", "an online tier"},
		{http.MethodPut, 412, "LeaseIdMissing", "lease has been broken"},
		{http.MethodPut, 409, "BlobImmutableDueToPolicy", "rebuilt from the container"},
		{http.MethodPut, 409, "BlobImmutableDueToLegalHold", "rebuilt from the container"},
		{http.MethodPut, 403, "UnauthorizedBlobOverwrite", "rebuilt from the container"},
		{http.MethodGet, 403, "AuthorizationPermissionMismatch", ""},
		{http.MethodGet, 503, "ServerBusy", ""},
		{http.MethodPut, 403, "AuthorizationPermissionMismatch", ""},
		{http.MethodPut, 503, "ServerBusy", ""},
	} {
		t.Run(c.method+" "+c.code, func(t *testing.T) {
			b := setup(t)
			b.recorded(t)
			before := b.sidecar(t)
			lift := b.tap.Inject(wire.Fault{
				Kind: wire.Instead, Status: c.status, Header: http.Header{"X-Ms-Error-Code": {c.code}},
				Match: func(r *http.Request) bool { return r.Method == c.method },
			})
			err := b.amend(t, withdrawn())
			unnamed(t, err, sidecar, "container backups", c.code, c.says)
			if refused := errors.Is(err, job.ErrRefused); refused != (c.says != "") {
				t.Errorf("error %v is a refusal: %t", err, refused)
			}
			if b.sidecar(t) != before {
				t.Errorf("the sidecar has become %s", b.sidecar(t))
			}
			lift()
			check(t, b.amend(t, withdrawn()))
		})
	}
}

func TestAmendLeased(t *testing.T) {
	b := setup(t)
	b.recorded(t)
	lift := b.lease(t)(backups, sidecar)
	check(t, b.amend(t, point())) // there is nothing to write
	err := b.amend(t, withdrawn())
	unnamed(t, err, sidecar, "LeaseIdMissing", "broken")
	if !errors.Is(err, job.ErrRefused) {
		t.Errorf("error %v, want a refusal", err)
	}
	lift()
	check(t, b.amend(t, withdrawn()))
}

// A sidecar that can't be read must not be written over.
func TestAmendSpoilt(t *testing.T) {
	b := setup(t)
	for text, says := range map[string]string{
		`{"schema":1`: "not readable", `{}`: "corrupt", strings.Repeat(" ", 2<<20): "larger",
		`{"schema":1,"service":"s","blob":"other","startedAt":"2026-03-01T01:00:00Z","verifiedAt":"2026-03-01T01:00:00Z"}`: "another blob",
	} {
		b.recordSample(t, text)
		unnamed(t, b.amend(t, withdrawn()), says, sidecar)
		if got := b.sidecar(t); got != text {
			t.Errorf("the sidecar has become %q", got)
		}
	}
	newer := `{"schema":2,"blob":{}}`
	b.recordSample(t, newer)
	if err := b.amend(t, withdrawn()); !errors.Is(err, job.ErrNewerSchema) || b.sidecar(t) != newer {
		t.Errorf("error %v, want one for the newer schema; the sidecar is %q", err, b.sidecar(t))
	}
}

func TestAmendUnreadable(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	_, err := b.Record(t.Context(), backups, point())
	check(t, err)
	before := b.sidecar(t)
	p := withdrawn()
	p.WithdrawnWhy = strings.Repeat("x", 2<<20)
	unnamed(t, b.amend(t, p), "larger")
	if b.sidecar(t) != before {
		t.Error("a sidecar was written that can't be read again")
	}
}

// Others who write the same sidecar are made way for, but not for ever.
func TestAmendConflicts(t *testing.T) {
	for conflicts, given := range map[int]error{1: nil, 4: nil, 5: job.ErrConflict} {
		b := setup(t)
		b.put(t)(backups, backup, 7)
		_, err := b.Record(t.Context(), backups, point())
		check(t, err)
		before := b.sidecar(t)
		b.tap.Inject(wire.Fault{
			Kind: wire.Instead, Status: 412, Header: http.Header{"X-Ms-Error-Code": {"ConditionNotMet"}}, Times: conflicts,
			Match: func(r *http.Request) bool { return r.Method == http.MethodPut },
		})
		if err := b.amend(t, withdrawn()); !errors.Is(err, given) {
			t.Errorf("%d conflicts: %v, want %v", conflicts, err, given)
		}
		if changed := b.sidecar(t) != before; changed != (given == nil) {
			t.Errorf("%d conflicts: the sidecar has changed: %t", conflicts, changed)
		}
	}
}

// The sidecar that was read may be another's by the time it is written.
func TestAmendOverNewer(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	_, err := b.Record(t.Context(), backups, point())
	check(t, err)
	first := true
	b.tap.Inject(wire.Fault{Kind: wire.Slow, Match: func(r *http.Request) bool {
		if r.Method == http.MethodPut && first {
			first = false
			check(t, b.server.PutBlob(backups.Container, sidecar, []byte(strings.Replace(b.sidecar(t), "{", `{"meanwhile": 1, `, 1)), nil))
		}
		return false
	}})
	check(t, b.amend(t, withdrawn()))
	got := fieldsOf(t, b.sidecar(t))
	if first || got["meanwhile"] == nil || got["withdrawnWhy"] != "its blob is gone" {
		t.Errorf("sidecar %v lacks what somebody wrote meanwhile, or what was amended", got)
	}
}

// An amendment whose answer was lost is found by the next.
func TestAmendLostAnswer(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	_, err := b.Record(t.Context(), backups, point())
	check(t, err)
	put := func(r *http.Request) bool { return r.Method == http.MethodPut }
	b.tap.Inject(wire.Fault{Kind: wire.ResetAfter, Times: 1, Match: put})
	unnamed(t, b.amend(t, withdrawn()))
	writes := b.tap.Count(func(r wire.Request) bool { return r.Method == http.MethodPut })
	check(t, b.amend(t, withdrawn()))
	if got := b.tap.Count(func(r wire.Request) bool { return r.Method == http.MethodPut }); got != writes {
		t.Errorf("%d writes more, want none", got-writes)
	}
	if got := fieldsOf(t, b.sidecar(t))["withdrawnWhy"]; got != "its blob is gone" {
		t.Errorf("withdrawn because %v", got)
	}
}
