package tablestore_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/tablestore"
)

var theNotice = job.ServiceNotice(service, service, job.NoticeLate, begin, job.NoticeFacts{Message: "no good backup since yesterday", Since: begin.Add(-24 * time.Hour)})

// noticeCalls is every method of the port about transitions, notices and
// counters.
func noticeCalls() map[string]func(context.Context, *tablestore.Store) error {
	const tag = `W/"datetime'2026-03-01T01%3A00%3A00Z'"`
	read := job.StoredSummary{Summary: job.Summary{Service: service}, ETag: tag}
	return map[string]func(context.Context, *tablestore.Store) error{
		"Transit of many rows": func(ctx context.Context, s *tablestore.Store) error {
			return s.Transit(ctx, job.Transition{Read: read, Notices: []job.Notice{theNotice}})
		},
		"Transit of many points": func(ctx context.Context, s *tablestore.Store) error {
			return s.Transit(ctx, job.Transition{Read: read, Added: []job.Point{aPoint()}})
		},
		"Transit": func(ctx context.Context, s *tablestore.Store) error {
			return s.Transit(ctx, job.Transition{Read: read})
		},
		"Point": func(ctx context.Context, s *tablestore.Store) error {
			_, err := s.Point(ctx, service, "a.apimbackup")
			return err
		},
		"RemovePoint": func(ctx context.Context, s *tablestore.Store) error {
			return s.RemovePoint(ctx, job.StoredPoint{Point: job.Point{Service: service, Job: "j"}, ETag: tag})
		},
		"AddNotice": func(ctx context.Context, s *tablestore.Store) error { return s.AddNotice(ctx, theNotice) },
		"Notice": func(ctx context.Context, s *tablestore.Store) error {
			_, err := s.Notice(ctx, service, theNotice.ID)
			return err
		},
		"SaveNotice": func(ctx context.Context, s *tablestore.Store) error {
			return s.SaveNotice(ctx, job.StoredNotice{Notice: theNotice, ETag: tag}, job.Delivery{})
		},
		"Notices":  func(ctx context.Context, s *tablestore.Store) error { return last(s.Notices(ctx)) },
		"Count":    func(ctx context.Context, s *tablestore.Store) error { return s.Count(ctx, "repairs", "lost", 1) },
		"Counters": func(ctx context.Context, s *tablestore.Store) error { return last(s.Counters(ctx)) },
	}
}

// add adds the notice and reads it.
func (b *bundle) add(t *testing.T) job.StoredNotice {
	t.Helper()
	check(t, b.AddNotice(t.Context(), theNotice))
	n, err := b.Notice(t.Context(), service, theNotice.ID)
	check(t, err)
	return n
}

func TestNoticeRows(t *testing.T) {
	b := setup(t, storage.Options{})
	n := b.add(t)
	check(t, b.SaveNotice(t.Context(), n, job.Delivery{State: job.DeliveryPending, Attempts: 2, NotBefore: begin.Add(time.Minute), Done: []string{"ops"}, LastError: "chat: HTTP 503"}))
	check(t, b.Count(t.Context(), "dead_letters", "recovery/requests", 1<<40))
	for key, want := range map[string]map[string]any{
		"notice|apim-weu:20260301T010000.000Z:Late": {
			"PartitionKey": service, "Schema": int32(1), "Type": "Late", "About": service, "At": begin,
			"Facts": `{"message":"no good backup since yesterday","since":"2026-02-28T01:00:00Z"}`,
			"State": "Pending", "Attempts": int32(2), "NotBefore": begin.Add(time.Minute), "Done": `["ops"]`, "LastError": "chat: HTTP 503",
		},
		"count|dead_letters|recovery=2Frequests": {
			"PartitionKey": "_", "Schema": int32(1), "Name": "dead_letters", "Label": "recovery/requests", "Value": int64(1 << 40),
		},
	} {
		got := b.row(want["PartitionKey"].(string), key)
		for _, name := range []string{"RowKey", "Timestamp"} {
			delete(got, name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func TestNoticesKeepUnknownProperties(t *testing.T) {
	b := setup(t, storage.Options{})
	b.edit(t, "point|20260301T010000Z|a", map[string]any{"Blob": "a", "Job": "a", "StartedAt": "2026-03-01T01:00:00Z", "StartedAt@odata.type": "Edm.DateTime"})
	b.edit(t, "service", map[string]any{"Schema": 1})
	b.add(t)
	const facts = `{"message":"m","fromTheFuture":1}`
	keys := []string{"point|20260301T010000Z|a", "service", "notice|" + theNotice.ID}
	for _, key := range keys {
		b.edit(t, key, map[string]any{"FromTheFuture": "kept"})
	}
	b.edit(t, keys[2], map[string]any{"Facts": facts})
	p, err := b.Point(t.Context(), service, "a")
	check(t, err)
	n, err := b.Notice(t.Context(), service, theNotice.ID)
	check(t, err)
	read, err := b.StoredSummary(t.Context(), service)
	check(t, err)
	check(t, b.Transit(t.Context(), job.Transition{Read: read, Points: []job.PointMove{{From: p, To: p.Point}}}))
	check(t, b.SaveNotice(t.Context(), n, job.Delivery{State: job.Delivered}))
	for _, key := range keys {
		if got := b.row(service, key)["FromTheFuture"]; got != "kept" {
			t.Errorf("%s: unknown property is %v", key, got)
		}
	}
	if got := b.row(service, keys[2])["Facts"]; got != facts {
		t.Errorf("facts are %v after a delivery, want them as they were", got)
	}
}

func TestNewerNotices(t *testing.T) {
	b := setup(t, storage.Options{})
	b.add(t)
	later := theNotice
	later.ID += "r"
	check(t, b.AddNotice(t.Context(), later))
	b.edit(t, "point|20260301T010000Z|a", map[string]any{"Blob": "a", "Schema": 2})
	b.edit(t, "notice|"+theNotice.ID, map[string]any{"Schema": 2, "Attempts": "of another type"})
	_, err := b.Point(t.Context(), service, "a")
	wantNewer(t, err)
	_, err = b.Notice(t.Context(), service, theNotice.ID)
	wantNewer(t, err)
	// The notice that this version can't read does not hide the one after it.
	var seen []string
	for n, err := range b.Notices(t.Context()) {
		if err != nil {
			wantNewer(t, err)
		}
		seen = append(seen, n.ID)
	}
	if want := []string{later.ID, ""}; !cmp.Equal(seen, want) {
		t.Errorf("notices %q, want %q", seen, want)
	}
}

func TestNewerCounter(t *testing.T) {
	b := setup(t, storage.Options{})
	check(t, b.Count(t.Context(), "repairs", "", 3))
	_, err := b.client.UpsertEntity(t.Context(), []byte(`{"PartitionKey":"_","RowKey":"count|repairs|","Schema":2}`), &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeMerge})
	check(t, err)
	if err := b.Count(t.Context(), "repairs", "", 1); !errors.Is(err, job.ErrNewerSchema) {
		t.Errorf("count: %v, want an error for the newer schema", err)
	}
	if got := b.row("_", "count|repairs|")["Value"]; got != int64(3) {
		t.Errorf("counter is %v, want 3 as before", got)
	}
}

func TestSpoiltNotice(t *testing.T) {
	b := setup(t, storage.Options{})
	b.add(t)
	key := "notice|" + theNotice.ID
	for name, value := range map[string]any{"Facts": `{"took":"long"}`, "Done": "{", "At": "soon", "Attempts": "two"} {
		old := b.row(service, key)
		b.edit(t, key, map[string]any{name: value})
		_, err := b.Notice(t.Context(), service, theNotice.ID)
		unnamed(t, err, name, theNotice.ID, service)
		b.edit(t, key, map[string]any{name: old[name], name + "@odata.type": edmType(old[name])})
	}
	_, err := b.Notice(t.Context(), service, theNotice.ID)
	check(t, err)
}

// Others who count the same are made way for, but not for ever.
func TestCountConflicts(t *testing.T) {
	for conflicts, given := range map[int]error{1: nil, 9: nil, 10: job.ErrConflict} {
		b := setup(t, storage.Options{})
		check(t, b.Count(t.Context(), "repairs", "lost", 1))
		b.tap.Inject(wire.Fault{
			Kind: wire.Instead, Status: 412, Body: `{"odata.error":{"code":"UpdateConditionNotSatisfied","message":{"value":"No."}}}`, Times: conflicts,
			Match: func(r *http.Request) bool { return r.Method == http.MethodPatch },
		})
		err := b.Count(t.Context(), "repairs", "lost", 1)
		if !errors.Is(err, given) || err != nil && !strings.Contains(err.Error(), "repairs") {
			t.Errorf("%d conflicts: %v, want %v", conflicts, err, given)
		}
		want := int64(2)
		if given != nil {
			want = 1
		}
		if got := b.row("_", "count|repairs|lost")["Value"]; got != want {
			t.Errorf("%d conflicts: counter is %v, want %d", conflicts, got, want)
		}
	}
}

// The watchdog makes these calls for every service, every few minutes.
func TestNoticeRequests(t *testing.T) {
	b := setup(t, storage.Options{})
	created := b.create(t, pending())
	var n job.StoredNotice
	transit := func(m job.SummaryMove, notices ...job.Notice) error {
		read, err := b.StoredSummary(t.Context(), service)
		if err != nil {
			return err
		}
		return b.Transit(t.Context(), job.Transition{Read: read, Summary: m, Notices: notices})
	}
	late := job.Late
	for _, c := range []struct {
		name string
		want int
		call func() error
	}{
		{"a transition, with its read", 2, func() error { return transit(job.SummaryMove{Health: &late}, theNotice) }},
		{"a summary alone, with its read", 2, func() error { return transit(job.SummaryMove{Lapsing: &created.ID}) }},
		{"the notices", 1, func() error {
			for found, err := range b.Notices(t.Context()) {
				if err != nil {
					return err
				}
				n = found
			}
			return nil
		}},
		{"a delivery", 1, func() error { return b.SaveNotice(t.Context(), n, job.Delivery{State: job.Delivered}) }},
		{"a point", 1, func() error {
			if _, err := b.Point(t.Context(), service, "a"); !errors.Is(err, job.ErrNotFound) {
				return err
			}
			return nil
		}},
		{"the unfinished jobs", 1, func() error { return last(b.Unfinished(t.Context())) }},
		{"the first count", 2, func() error { return b.Count(t.Context(), "repairs", "lost", 1) }},
		{"a count", 2, func() error { return b.Count(t.Context(), "repairs", "lost", 1) }},
		{"the counters", 1, func() error { return last(b.Counters(t.Context())) }},
	} {
		before := b.tap.Totals()["table"]
		check(t, c.call())
		if got := b.tap.Totals()["table"] - before; got != c.want {
			t.Errorf("%s took %d requests, want %d", c.name, got, c.want)
		}
	}
}
