package tablestore_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/tablestore"
)

var (
	theIncident = job.Incident{ID: "inc-1", Service: service, Rule: "rule", OpenedAt: begin, FiredAt: begin}
	freshAlert  = job.StoredAlert{AlertRecord: theAlert}
	theAlert    = job.AlertRecord{ID: "/subscriptions/1/alerts/1", Service: service, Incident: "inc-1", Rule: "rule", FiredAt: begin}
)

func alertKey(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "alert|" + hex.EncodeToString(sum[:])
}

// incidentCalls is every method of the port about points and incidents.
func incidentCalls() map[string]func(context.Context, *tablestore.Store) error {
	tag := `W/"datetime'2026-03-01T01%3A00%3A00Z'"`
	from := job.StoredIncident{Incident: theIncident, ETag: tag}
	over := theIncident
	over.ResolvedAt = begin.Add(time.Hour)
	return map[string]func(context.Context, *tablestore.Store) error{
		"StoredSummary": func(ctx context.Context, s *tablestore.Store) error {
			_, err := s.StoredSummary(ctx, service)
			return err
		},
		"Lease": func(ctx context.Context, s *tablestore.Store) error {
			_, err := s.Lease(ctx, service)
			return err
		},
		"Points": func(ctx context.Context, s *tablestore.Store) error { return last(s.Points(ctx, service)) },
		"Alert": func(ctx context.Context, s *tablestore.Store) error {
			_, err := s.Alert(ctx, service, theAlert.ID)
			return err
		},
		"Alerts":      func(ctx context.Context, s *tablestore.Store) error { return last(s.Alerts(ctx, service, "inc-1")) },
		"RecordAlert": func(ctx context.Context, s *tablestore.Store) error { return s.RecordAlert(ctx, freshAlert) },
		"OpenIncident without a summary": func(ctx context.Context, s *tablestore.Store) error {
			return s.OpenIncident(ctx, job.StoredSummary{}, theIncident, freshAlert)
		},
		"OpenIncident": func(ctx context.Context, s *tablestore.Store) error {
			return s.OpenIncident(ctx, job.StoredSummary{ETag: tag}, theIncident, freshAlert)
		},
		"JoinIncident": func(ctx context.Context, s *tablestore.Store) error { return s.JoinIncident(ctx, from, freshAlert) },
		"RecordAlert that was read": func(ctx context.Context, s *tablestore.Store) error {
			return s.RecordAlert(ctx, job.StoredAlert{AlertRecord: theAlert, ETag: tag})
		},
		"Incident": func(ctx context.Context, s *tablestore.Store) error {
			_, err := s.Incident(ctx, service, "inc-1")
			return err
		},
		"Incidents":                 func(ctx context.Context, s *tablestore.Store) error { return last(s.Incidents(ctx)) },
		"SaveIncident":              func(ctx context.Context, s *tablestore.Store) error { return s.SaveIncident(ctx, from, theIncident) },
		"SaveIncident that is over": func(ctx context.Context, s *tablestore.Store) error { return s.SaveIncident(ctx, from, over) },
	}
}

// last is the last error of a listing.
func last[T any](seq iter.Seq2[T, error]) (last error) {
	for _, err := range seq {
		last = err
	}
	return last
}

// open opens the incident over the summary as it is.
func (b *bundle) open(t *testing.T) job.StoredIncident {
	t.Helper()
	summary, err := b.StoredSummary(t.Context(), service)
	check(t, err)
	check(t, b.OpenIncident(t.Context(), summary, theIncident, freshAlert))
	i, err := b.Incident(t.Context(), service, theIncident.ID)
	check(t, err)
	return i
}

// alert is theAlert as it is kept.
func (b *bundle) alert(t *testing.T) job.StoredAlert {
	t.Helper()
	a, err := b.Alert(t.Context(), service, theAlert.ID)
	check(t, err)
	return a
}

func TestIncidentRows(t *testing.T) {
	b := setup(t, storage.Options{})
	b.open(t)
	none := time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)
	for key, want := range map[string]map[string]any{
		"service": {"Incident": "inc-1"},
		"incident|inc-1": {
			"Schema": int32(1), "Open": true, "Rule": "rule", "OpenedAt": begin, "FiredAt": begin,
			"Restore": "", "Target": "", "ResolvedAt": none, "ResolvedBy": "",
		},
		alertKey(theAlert.ID): {
			"Schema": int32(1), "ID": theAlert.ID, "Incident": "inc-1", "Rule": "rule", "FiredAt": begin, "ResolvedAt": none,
		},
	} {
		got := b.row(service, key)
		for _, name := range []string{"PartitionKey", "RowKey", "Timestamp"} {
			delete(got, name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func TestIncidentsKeepUnknownProperties(t *testing.T) {
	b := setup(t, storage.Options{})
	b.open(t)
	keys := []string{"service", "incident|inc-1", alertKey(theAlert.ID)}
	for _, key := range keys {
		b.edit(t, key, map[string]any{"FromTheFuture": "kept"})
	}
	from, err := b.Incident(t.Context(), service, "inc-1")
	check(t, err)
	over := from.Incident
	over.ResolvedAt = begin.Add(time.Hour)
	check(t, b.SaveIncident(t.Context(), from, over))
	check(t, b.RecordAlert(t.Context(), b.alert(t)))
	summary, err := b.StoredSummary(t.Context(), service)
	check(t, err)
	next := theIncident
	next.ID = "inc-2"
	check(t, b.OpenIncident(t.Context(), summary, next, b.alert(t)))
	for _, key := range keys {
		if got := b.row(service, key)["FromTheFuture"]; got != "kept" {
			t.Errorf("%s: unknown property is %v", key, got)
		}
	}
}

func TestNewerIncidents(t *testing.T) {
	b := setup(t, storage.Options{})
	b.open(t)
	b.edit(t, "point|20260301T010000Z|a", map[string]any{"Blob": "a"})
	b.edit(t, "point|20260302T010000Z|b", map[string]any{"Blob": "b", "Schema": 2})
	for _, key := range []string{"service", "incident|inc-1", alertKey(theAlert.ID)} {
		b.edit(t, key, map[string]any{"Schema": 2, "FiredAt": "of another type"})
	}
	_, err := b.StoredSummary(t.Context(), service)
	wantNewer(t, err)
	_, err = b.Incident(t.Context(), service, "inc-1")
	wantNewer(t, err)
	wantNewer(t, last(b.Incidents(t.Context())))
	_, err = b.Alert(t.Context(), service, theAlert.ID)
	wantNewer(t, err)
	wantNewer(t, last(b.Alerts(t.Context(), service, "inc-1")))
	// The point that this version can't read does not hide the older one.
	var seen []string
	for p, err := range b.Points(t.Context(), service) {
		if err != nil {
			wantNewer(t, err)
		}
		seen = append(seen, p.Blob)
	}
	if want := []string{"a", ""}; !cmp.Equal(seen, want) {
		t.Errorf("points %q, want %q", seen, want)
	}
}

// A listing that breaks off must not show an old point as the newest.
func TestPointsOrNone(t *testing.T) {
	b := setup(t, storage.Options{PageSize: 1})
	b.edit(t, "point|20260301T010000Z|a", map[string]any{"Blob": "a"})
	b.edit(t, "point|20260302T010000Z|b", map[string]any{"Blob": "b"})
	b.tap.Inject(wire.Fault{Kind: wire.Instead, Status: 503, Skip: 1})
	for p, err := range b.Points(t.Context(), service) {
		unnamed(t, err, "HTTP 503", service)
		if p.Blob != "" {
			t.Errorf("point %q from half a listing", p.Blob)
		}
	}
}

// Decisions wait for these calls.
func TestIncidentRequests(t *testing.T) {
	b := setup(t, storage.Options{})
	var from job.StoredIncident
	for _, c := range []struct {
		name string
		want int
		call func() error
	}{
		{"opening, with its reads", 3, func() error { from = b.open(t); return nil }},
		{"saving", 1, func() error { return b.SaveIncident(t.Context(), from, theIncident) }},
		{"one alert, with its read", 2, func() error { return b.RecordAlert(t.Context(), b.alert(t)) }},
		{"the open incidents", 1, func() error { return last(b.Incidents(t.Context())) }},
		{"the points", 1, func() error { return last(b.Points(t.Context(), service)) }},
	} {
		before := b.tap.Totals()["table"]
		check(t, c.call())
		if got := b.tap.Totals()["table"] - before; got != c.want {
			t.Errorf("%s took %d requests, want %d", c.name, got, c.want)
		}
	}
	if got := b.tap.Count(func(r wire.Request) bool { return r.Method == http.MethodPost }); got != 1 {
		t.Errorf("%d transactions, want 1", got)
	}
}
