package tablestore

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
)

// FuzzRows: any row is read, or told by an error that is fit for a log; what
// was read can be written, and is the same when that is read again.
func FuzzRows(f *testing.F) {
	kinds := keptKinds()
	for _, k := range kinds {
		for _, value := range k.rows {
			text, err := k.write(value).encode()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Add([]byte(`{"PartitionKey":"s","RowKey":"service","Schema":2}`))
	f.Add([]byte(`{"PartitionKey":"s","RowKey":"count|a","Value":"9223372036854775808","Value@odata.type":"Edm.Int64"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for kind, k := range kinds {
			value, err := k.read(data)
			if err != nil {
				if said := err.Error(); len(said) > 2<<10 || strings.ContainsFunc(said, unicode.IsControl) {
					t.Errorf("%s: not fit for a log: %.2000q", kind, said)
				}
				continue
			}
			written, err := k.write(value).encode()
			if err != nil {
				t.Errorf("%s: can't be written again: %v", kind, err)
				continue
			}
			if value, err = k.read(written); err != nil {
				t.Errorf("%s: written and not read: %v", kind, err)
				continue
			}
			if second, err := k.write(value).encode(); err != nil || !bytes.Equal(second, written) {
				t.Errorf("%s: a second write changes it (%v) from\n%s\nto\n%s", kind, err, written, second)
			}
		}
	})
}
