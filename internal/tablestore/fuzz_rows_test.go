package tablestore

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"lifeboat/internal/job"
)

// reader reads a row of one kind and writes it again, as far as that is a row
// of its own.
type reader struct {
	kind  string
	again func(data []byte) (written row, err error)
}

func readers() []reader {
	return []reader{
		{"job", func(data []byte) (row, error) { j, err := readJob(data); return jobRow(j), err }},
		{"point", func(data []byte) (row, error) { p, err := readPoint(data); return pointRow(p.Point), err }},
		{"notice", func(data []byte) (row, error) { n, err := readNotice(data); return noticeRow(n.Notice), err }},
		{"lease", func(data []byte) (row, error) { l, err := readLease(data); return leaseRow(l.Lease), err }},
		{"incident", func(data []byte) (row, error) { _, err := readIncident(data); return nil, err }},
		{"alert", func(data []byte) (row, error) { _, err := readAlert(data); return nil, err }},
		{"counter", func(data []byte) (row, error) { _, err := readCounter(data); return nil, err }},
		{"summary", func(data []byte) (row, error) { _, err := readSummary(data); return nil, err }},
	}
}

// FuzzRows: any row is read, or told by an error that is fit for a log; what
// was read can be written, and then read again.
func FuzzRows(f *testing.F) {
	for _, j := range []job.Job{{ID: "a", Service: "s"}, {ID: "b", Service: "s", Kind: job.Restore, Restore: &job.RestoreOrder{Source: "x"}}} {
		text, err := jobRow(j).encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, r := range []row{pointRow(job.Point{Service: "s", Job: "j", Blob: "b"}), noticeRow(job.Notice{ID: "n", Service: "s", Type: job.NoticeLate}), leaseRow(job.Lease{Service: "s", Job: "j"})} {
		text, err := r.encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"PartitionKey":"s","RowKey":"service","Schema":2}`))
	f.Add([]byte(`{"PartitionKey":"s","RowKey":"count|a","Value":"9223372036854775808","Value@odata.type":"Edm.Int64"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, r := range readers() {
			written, err := r.again(data)
			if err != nil {
				if said := err.Error(); len(said) > 2<<10 || strings.ContainsFunc(said, unicode.IsControl) {
					t.Errorf("%s: not fit for a log: %.2000q", r.kind, said)
				}
				continue
			}
			if written == nil {
				continue
			}
			text, err := written.encode()
			if err != nil {
				t.Errorf("%s: can't be written again: %v", r.kind, err)
				continue
			}
			if _, err := r.again(text); err != nil && !errors.Is(err, job.ErrNewerSchema) {
				t.Errorf("%s: written and not read: %v", r.kind, err)
			}
		}
	})
}
