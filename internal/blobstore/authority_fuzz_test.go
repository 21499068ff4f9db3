package blobstore

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode"

	"lifeboat/internal/job"
)

// FuzzAuthority: what can be read can be claimed again, with everything that
// this version does not know, and what can't be read is never claimed over.
func FuzzAuthority(f *testing.F) {
	f.Add([]byte(`{"schema":1,"table":"https://st.table.core.windows.net/lifeboat","epoch":2,"at":"2026-03-01T01:00:00Z","by":"ann"}`))
	f.Add([]byte(`{"schema":1,"table":"t","epoch":1,"at":"2026-03-01T01:00:00+01:00","by":"","mood":{"later":[1,2]}}`))
	f.Add([]byte(`{"schema":2,"table":"t","epoch":1}`))
	f.Add([]byte(`{"schema":1,"table":"t","epoch":1,"at":"9999-12-31T23:59:59-23:59"}`))
	f.Add([]byte(`{"Schema":1,"schema":1,"TABLE":"a","table":"b","epoch":1,"at":"2026-03-01T01:00:00Z"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := decodeAuthority(text)
		if err != nil {
			if said := err.Error(); len(said) > 1<<10 || unprintable(said) {
				t.Errorf("not fit for a log: %.2000q", said)
			}
			if written, err := claimed(text, job.Authority{Table: "mine", Epoch: 1}); err == nil {
				t.Errorf("claimed over what can't be read: %s", written)
			}
			return
		}
		next := job.Authority{Table: "mine", Epoch: a.Epoch, At: a.At, By: "bob"}
		written, err := claimed(text, next)
		if err != nil {
			return // a zone can push a time beyond year 9999
		}
		again, err := decodeAuthority(written)
		if err != nil || again != next {
			t.Errorf("claimed %+v, read %+v, %v", next, again, err)
		}
		kept(t, text, written)
	})
}

func unprintable(text string) bool {
	for _, r := range text {
		if unicode.IsControl(r) {
			return true
		}
	}
	return false
}

// kept checks that each field of before that this version does not know is in
// after. Names that differ in case only are one to encoding/json.
func kept(t *testing.T, before, after []byte) {
	t.Helper()
	var old, now map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(before, &old), json.Unmarshal(after, &now)); err != nil {
		t.Fatal(err)
	}
	for name := range old {
		if _, ok := now[name]; !ok {
			t.Errorf("field %q is lost", name)
		}
	}
}
