package blobstore_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// Storage can refuse a claim for good, or because somebody was first.
func TestClaimRefused(t *testing.T) {
	put := func(fault wire.Fault) wire.Fault {
		fault.Match = func(r *http.Request) bool { return r.Method == http.MethodPut }
		return fault
	}
	for name, c := range map[string]struct {
		fault wire.Fault
		// what claims of nothing and of something return, nil for an error
		// that no caller branches on
		first, next error
		says        string
	}{
		"the condition":          {code(412, "ConditionNotMet"), job.ErrConflict, job.ErrConflict, ""},
		"it is there":            {code(409, "BlobAlreadyExists"), job.ErrConflict, nil, "BlobAlreadyExists"},
		"only new blobs allowed": {code(403, "UnauthorizedBlobOverwrite"), job.ErrConflict, job.ErrRefused, "UnauthorizedBlobOverwrite"},
		"immutable":              {code(409, "BlobImmutableDueToPolicy"), job.ErrConflict, job.ErrRefused, "retention policy"},
		"held":                   {code(409, "BlobImmutableDueToLegalHold"), job.ErrConflict, job.ErrRefused, "legal hold"},
		"leased":                 {code(412, "LeaseIdMissing"), job.ErrConflict, job.ErrRefused, "lease"},
		"no container":           {code(404, "ContainerNotFound"), job.ErrNotFound, job.ErrNotFound, "the container does not exist"},
		"the container is going": {code(409, "ContainerBeingDeleted"), nil, nil, "ContainerBeingDeleted"},
		"not allowed":            {code(403, "AuthorizationPermissionMismatch"), nil, nil, "AuthorizationPermissionMismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.setAuthority(t, `{"schema":1,"table":"old","epoch":1,"at":"2026-03-01T01:00:00Z"}`)
			read, before := b.readAuthority(t), b.authorityText(t)
			b.tap.Inject(put(c.fault))
			for want, from := range map[*error]job.StoredAuthority{&c.first: {}, &c.next: read} {
				err := b.Claim(t.Context(), backups, from, theAuthority())
				for _, sentinel := range []error{job.ErrConflict, job.ErrNotFound, job.ErrRefused, job.ErrExists, job.ErrNewerSchema} {
					if got := errors.Is(err, sentinel); got != (*want == sentinel) {
						t.Errorf("error %v is %q: %t", err, sentinel, got)
					}
				}
				if err == nil || !strings.Contains(err.Error(), "claim "+authority+" in container backups of account devstoreaccount1") {
					t.Errorf("error %v does not say what was claimed", err)
				} else if *want != job.ErrConflict && !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %v does not say %q", err, c.says)
				}
			}
			if b.authorityText(t) != before {
				t.Error("the authority was written all the same")
			}
		})
	}
}

func TestClaimImmutable(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	check(t, b.server.SetImmutable(backups.Container, true))
	check(t, b.Claim(t.Context(), backups, job.StoredAuthority{}, theAuthority()))
	next := theAuthority()
	next.Epoch++
	if err := b.Claim(t.Context(), backups, job.StoredAuthority{}, next); !errors.Is(err, job.ErrConflict) {
		t.Errorf("error %v, want a conflict", err)
	}
	if err := b.Claim(t.Context(), backups, b.readAuthority(t), next); !errors.Is(err, job.ErrRefused) || errors.Is(err, job.ErrConflict) {
		t.Errorf("error %v, want a refusal that is no conflict", err)
	}
	if got := b.readAuthority(t).Authority; got != theAuthority() {
		t.Errorf("authority %+v, want the first", got)
	}
}

// Between the look at what was read and the write somebody else may claim.
func TestClaimOverNewer(t *testing.T) {
	for what, meanwhile := range map[string]func(b *bundle) error{
		"claims": func(b *bundle) error {
			return b.server.PutBlob(backups.Container, authority, []byte(`{"schema":1,"table":"other","epoch":9,"at":"2026-03-01T01:00:00Z"}`), nil)
		},
		"removes": func(b *bundle) error { return b.server.DeleteBlob(backups.Container, authority) },
	} {
		for _, method := range []string{http.MethodGet, http.MethodPut} {
			b := setup(t)
			b.setAuthority(t, `{"schema":1,"table":"old","epoch":1,"at":"2026-03-01T01:00:00Z"}`)
			read, done := b.readAuthority(t), false
			b.tap.Inject(wire.Fault{Kind: wire.Slow, Match: func(r *http.Request) bool {
				if r.Method == method && !done {
					done = true
					check(t, meanwhile(b))
				}
				return false
			}})
			if err := b.Claim(t.Context(), backups, read, theAuthority()); !errors.Is(err, job.ErrConflict) || !done {
				t.Errorf("somebody %s before the %s: %v, want a conflict", what, method, err)
			}
			if a, err := b.Authority(t.Context(), backups); a.Table == theAuthority().Table {
				t.Errorf("somebody %s before the %s: authority %+v, %v, want theirs", what, method, a, err)
			}
		}
	}
}

// A claim whose answer was lost is found by the next look.
func TestClaimLostAnswer(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	b.tap.Inject(wire.Fault{Kind: wire.ResetAfter, Times: 1})
	unnamed(t, b.Claim(t.Context(), backups, job.StoredAuthority{}, theAuthority()), authority)
	if got := b.readAuthority(t).Authority; got != theAuthority() {
		t.Errorf("authority %+v, want the one claimed", got)
	}
	if err := b.Claim(t.Context(), backups, job.StoredAuthority{}, theAuthority()); !errors.Is(err, job.ErrConflict) {
		t.Errorf("claimed again: %v, want a conflict", err)
	}
}
