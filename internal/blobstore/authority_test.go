package blobstore_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

const authority = "lifeboat.authority.json"

func theAuthority() job.Authority {
	return job.Authority{Table: "stlifeboatneu/lifeboat", Epoch: 2, At: time.Date(2026, 3, 9, 11, 0, 7, 500000000, time.UTC), By: "Ala"}
}

// setAuthority puts an authority of some text there.
func (b *bundle) setAuthority(t *testing.T, text string) {
	t.Helper()
	b.put(t)(backups, backup, 7)
	check(t, b.server.PutBlob(backups.Container, authority, []byte(text), nil))
}

func (b *bundle) authorityText(t *testing.T) string {
	t.Helper()
	text, _, err := b.server.GetBlob(backups.Container, authority)
	check(t, err)
	return string(text)
}

func (b *bundle) readAuthority(t *testing.T) job.StoredAuthority {
	t.Helper()
	a, err := b.Authority(t.Context(), backups)
	check(t, err)
	return a
}

func TestAuthoritySample(t *testing.T) {
	b := setup(t)
	text, err := os.ReadFile("testdata/authority.json")
	check(t, err)
	b.setAuthority(t, string(text))
	read := b.readAuthority(t)
	if diff := cmp.Diff(theAuthority(), read.Authority); diff != "" {
		t.Errorf("authority (-want +got):\n%s", diff)
	}
	check(t, b.server.DeleteBlob(backups.Container, authority))
	a := theAuthority()
	a.At = a.At.In(time.FixedZone("CET", 3600))
	check(t, b.Claim(t.Context(), backups, job.StoredAuthority{}, a))
	if diff := cmp.Diff(string(text), b.authorityText(t)); diff != "" {
		t.Errorf("authority written (-want +got):\n%s", diff)
	}
	got, err := b.direct(t).NewContainerClient(backups.Container).NewBlobClient(authority).GetProperties(t.Context(), nil)
	check(t, err)
	if got.ContentType == nil || *got.ContentType != "application/json" {
		t.Errorf("content type %v, want application/json", got.ContentType)
	}
}

func TestClaimKeepsUnknownFields(t *testing.T) {
	b := setup(t)
	b.setAuthority(t, `{"schema":1,"table":"old","epoch":1,"at":"2026-03-01T01:00:00+01:00","by":"Ola","<why>":{"n":[12345678901234567890,null]}}`)
	check(t, b.Claim(t.Context(), backups, b.readAuthority(t), theAuthority()))
	want := map[string]any{"schema": 1.0, "table": "stlifeboatneu/lifeboat", "epoch": 2.0, "at": "2026-03-09T11:00:07.5Z", "by": "Ala", "<why>": map[string]any{"n": []any{12345678901234567890.0, nil}}}
	if diff := cmp.Diff(want, fieldsOf(t, b.authorityText(t))); diff != "" {
		t.Errorf("authority (-want +got):\n%s", diff)
	}
	if !strings.Contains(b.authorityText(t), "12345678901234567890") {
		t.Error("a number that this version does not know was rounded")
	}
	// A claim by the app itself does not leave a person's name.
	a := theAuthority()
	a.Epoch, a.By = 3, ""
	check(t, b.Claim(t.Context(), backups, b.readAuthority(t), a))
	if got := b.readAuthority(t); got.Authority != a {
		t.Errorf("authority %+v, want %+v", got, a)
	}
}

func TestAuthoritySpoilt(t *testing.T) {
	b := setup(t)
	for text, says := range map[string]string{
		`{"schema":1`: "not readable", `{}`: "corrupt", "null": "corrupt", "": "not readable", strings.Repeat(" ", 2<<20): "larger",
		`{"schema":1,"table":"","epoch":1,"at":"2026-03-01T01:00:00Z"}`:    "corrupt",
		`{"schema":1,"table":"t","epoch":0,"at":"2026-03-01T01:00:00Z"}`:   "corrupt",
		`{"schema":1,"table":"t","epoch":1}`:                               "corrupt",
		`{"table":"t","epoch":1,"at":"2026-03-01T01:00:00Z"}`:              "corrupt",
		`{"schema":1,"table":"t","epoch":"1","at":"2026-03-01T01:00:00Z"}`: "not readable",
		`{"schema":1,"table":"t","epoch":1,"at":"yesterday"}`:              "not readable",
	} {
		b.setAuthority(t, text)
		_, err := b.Authority(t.Context(), backups)
		unnamed(t, err, says, authority, "container backups", "account devstoreaccount1")
		unnamed(t, b.Claim(t.Context(), backups, b.tagged(t), theAuthority()), says, authority)
		if b.authorityText(t) != text {
			t.Errorf("%q was written over", text)
		}
	}
}

// tagged is what is there as if it had been read.
func (b *bundle) tagged(t *testing.T) job.StoredAuthority {
	t.Helper()
	got, err := b.direct(t).NewContainerClient(backups.Container).NewBlobClient(authority).GetProperties(t.Context(), nil)
	check(t, err)
	return job.StoredAuthority{ETag: string(*got.ETag)}
}

func TestAuthorityNewer(t *testing.T) {
	b := setup(t)
	const newer = `{"schema":2,"table":{}}`
	b.setAuthority(t, newer)
	if _, err := b.Authority(t.Context(), backups); !errors.Is(err, job.ErrNewerSchema) || !strings.Contains(err.Error(), authority) {
		t.Errorf("error %v, want one for the newer schema", err)
	}
	if err := b.Claim(t.Context(), backups, b.tagged(t), theAuthority()); !errors.Is(err, job.ErrNewerSchema) {
		t.Errorf("claim: %v, want an error for the newer schema", err)
	}
	if b.authorityText(t) != newer {
		t.Error("a newer authority was written over")
	}
}

// Without a tag the next claim would have no condition.
func TestAuthorityUntagged(t *testing.T) {
	b := setup(t)
	text, err := os.ReadFile("testdata/authority.json")
	check(t, err)
	b.tap.Inject(wire.Fault{Kind: wire.Instead, Status: 200, Body: string(text), Header: http.Header{"X-Ms-Blob-Type": {"BlockBlob"}}})
	_, err = b.Authority(t.Context(), backups)
	unnamed(t, err, "not a blob's", authority)
}

// Each start of an operation and each deletion waits for a look.
func TestAuthorityRequests(t *testing.T) {
	b := setup(t)
	b.put(t)(backups, backup, 7)
	var read job.StoredAuthority
	for _, c := range []struct {
		name string
		want int
		call func() error
	}{
		{"a look at nothing", 1, func() error { _, err := b.Authority(t.Context(), backups); return ignoreMissing(err) }},
		{"the first claim", 1, func() error { return b.Claim(t.Context(), backups, read, theAuthority()) }},
		{"a look", 1, func() (err error) { read, err = b.Authority(t.Context(), backups); return err }},
		{"a claim", 2, func() error { return b.Claim(t.Context(), backups, read, theAuthority()) }},
	} {
		before := b.tap.Totals()["blob"]
		check(t, c.call())
		if got := b.tap.Totals()["blob"] - before; got != c.want {
			t.Errorf("%s took %d requests, want %d", c.name, got, c.want)
		}
	}
}

func ignoreMissing(err error) error {
	if errors.Is(err, job.ErrNotFound) {
		return nil
	}
	return err
}
