package tablestore_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// manyPoints are as large as words may make them.
func manyPoints(n, words int) (all []job.Point) {
	for i := range n {
		p := aPoint()
		p.Job, p.Blob = fmt.Sprintf("%s-%d", p.Job, i), fmt.Sprintf("%d-%s", i, p.Blob)
		p.Held, p.HeldBy, p.WithdrawnWhy = strings.Repeat("<", words), strings.Repeat("<", words), strings.Repeat("<", words)
		all = append(all, p)
	}
	return all
}

// An added row is the one that a backup's own move makes.
func TestAddedPointRow(t *testing.T) {
	p := aPoint()
	p.Size, p.Settings, p.Held, p.HeldBy = 7, map[string]string{"a": "b"}, "kept for the audit", "Ala"
	one, other := setup(t, storage.Options{}), setup(t, storage.Options{})
	one.keepPoint(t, p)
	check(t, other.Transit(t.Context(), job.Transition{Read: job.StoredSummary{Summary: job.Summary{Service: service}}, Added: []job.Point{p}}))
	key := "point|20260301T010000Z|" + p.Job
	want, got := one.row(service, key), other.row(service, key)
	for _, row := range []map[string]any{want, got} {
		delete(row, "Timestamp")
	}
	if diff := cmp.Diff(want, got); diff != "" || got == nil {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}

// What Azure would not take is not sent, and what it takes is.
func TestTransitLimits(t *testing.T) {
	read := job.StoredSummary{Summary: job.Summary{Service: service}}
	for name, c := range map[string]struct {
		n, words int
		says     string // "" for none
	}{
		"99 points and the summary":  {99, 10, ""},
		"100 points and the summary": {100, 10, "101 changes, and a transaction has at most 100"},
		"as many bytes as fit":       {36, 8 << 10, ""},
		"more bytes than fit":        {80, 8 << 10, "bytes, and a transaction has at most 4194304"},
	} {
		b := setup(t, storage.Options{})
		err := b.Transit(t.Context(), job.Transition{Read: read, Added: manyPoints(c.n, c.words)})
		requests, rows := b.tap.Totals()["table"], len(b.server.Entities(table))
		if c.says == "" {
			check(t, err)
			if requests != 1 || rows != c.n+1 {
				t.Errorf("%s: %d requests made %d rows", name, requests, rows)
			}
			continue
		}
		unnamed(t, err, c.says, "change service "+service, "at a time")
		if requests != 0 || rows != 0 {
			t.Errorf("%s: %d requests made %d rows, want none", name, requests, rows)
		}
	}
}

// What is counted as a transaction's bytes is no less than what is sent.
func TestTransitBytes(t *testing.T) {
	b := setup(t, storage.Options{})
	read := job.StoredSummary{Summary: job.Summary{Service: service}}
	sent := 0
	b.tap.Inject(wire.Fault{Kind: wire.Instead, Status: 503, Match: func(r *http.Request) bool {
		sent = int(r.ContentLength)
		return true
	}})
	for n := 36; n < 99; n++ {
		err := b.Transit(t.Context(), job.Transition{Read: read, Added: manyPoints(n, 8<<10)})
		if strings.Contains(err.Error(), "bytes") {
			break
		}
		unnamed(t, err, "HTTP 503")
	}
	if sent < 7<<19 || sent > 4<<20 {
		t.Errorf("at most %d bytes were sent, want nearly as many as fit", sent)
	}
}

// The points of a lost answer are there, and the next try says so.
func TestAddedLostAnswer(t *testing.T) {
	b := setup(t, storage.Options{})
	tr := job.Transition{Read: job.StoredSummary{Summary: job.Summary{Service: service}}, Added: manyPoints(2, 1)}
	b.tap.Inject(wire.Fault{Kind: wire.ResetAfter, Times: 1})
	unnamed(t, b.Transit(t.Context(), tr))
	for _, p := range tr.Added {
		if got := b.point(t, p.Blob); !got.StartedAt.Equal(begin) || !got.VerifiedAt.Equal(begin.Add(time.Hour)) {
			t.Errorf("point %+v", got)
		}
	}
}
