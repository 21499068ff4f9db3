package event

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecode: whatever arrives, the answer is an event that keeps its
// promises, or ErrMalformed.
func FuzzDecode(f *testing.F) {
	for name := range samples {
		f.Add(sample(f, name))
	}
	for _, c := range cases {
		for _, raw := range c.body.forms() {
			f.Add(raw)
		}
	}
	for _, c := range malformed {
		f.Add([]byte(c.raw[:min(len(c.raw), 4096)]))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := Decode(raw)
		if (e == nil) == (err == nil) {
			t.Fatalf("Decode = %v, %v, want one of the two", e, err)
		}
		if err != nil {
			fit(t, err.Error(), 2*maxPlain+200)
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error = %v", err)
			}
			return
		}
		switch e := e.(type) {
		case Change:
			identified(t, e.ID, e.At)
			fit(t, e.What, maxPlain)
			service, below, ok := cut(e.Resource, apiManagement, "service")
			if !ok || service != e.Service || service+below != e.Resource || strings.Count(service, "/") != 8 {
				t.Fatalf("no change in a service: %+v", e)
			}
		case BlobDeleted:
			identified(t, e.ID, e.At)
			if e.Account == "" || e.Container == "" || e.Blob == "" || strings.Contains(e.Account+e.Container, "/") {
				t.Fatalf("no blob: %+v", e)
			}
		case Ignored:
			identified(t, e.ID, e.At)
			fit(t, e.Type, maxPlain)
			if !slices.Contains([]IgnoredReason{NoChange, NotDone, Backup, Restore, Read, OtherResource, ServiceDeleted, Blob, UnknownType}, e.Reason) {
				t.Fatalf("reason %q", e.Reason)
			}
			if e.Resource != "" && !hasPrefix(e.Resource, "/subscriptions/") {
				t.Fatalf("no id in Azure: %q", e.Resource)
			}
		}
		if again, err := Decode(raw); err != nil || !cmp.Equal(e, again) {
			t.Fatalf("once %+v, then %+v, %v", e, again, err)
		}
	})
}

func identified(t *testing.T, id string, at time.Time) {
	t.Helper()
	if blank(id) || at.Location() != time.UTC || at.Year() < 2000 || at.Year() >= 9999 {
		t.Fatalf("id %q at %v", id, at)
	}
}

func fit(t *testing.T, s string, most int) {
	t.Helper()
	if s == "" || len([]rune(s)) > most || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Fatalf("not fit for a log: %q", s)
	}
}
