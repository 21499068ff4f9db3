package tablestore_test

import (
	"errors"
	"testing"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/job"
)

// FuzzFilter: names come from messages, and no name makes a query find what is
// not of that name.
func FuzzFilter(f *testing.F) {
	f.Add(service, aPoint().Blob)
	f.Add(service+"' or PartitionKey ne '", "x")
	f.Add("s", "b' or Blob ne 'x")
	f.Add("''", "'")
	f.Add("s' and true or 'a' eq 'a", "\x00\n")
	f.Fuzz(func(t *testing.T, of, blob string) {
		b := setup(t, storage.Options{})
		there := b.keepPoint(t, aPoint())
		p, err := b.Point(t.Context(), of, blob)
		if mine := of == there.Service && blob == there.Blob; mine != (err == nil) {
			t.Errorf("Point(%q, %q) = %+v, %v", of, blob, p, err)
		}
		if err != nil && errors.Is(err, job.ErrUnreadable) {
			t.Errorf("Point(%q, %q): %v", of, blob, err)
		}
	})
}
