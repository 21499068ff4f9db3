package tablestore_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/tablestore"
)

// keepPoint makes a point and reads it.
func (b *bundle) keepPoint(t *testing.T, p job.Point) job.StoredPoint {
	t.Helper()
	m := moveOf(t, b.create(t, pending()), job.Deferred{})
	m.Point = &p
	check(t, b.Save(t.Context(), m))
	return b.point(t, p.Blob)
}

func (b *bundle) point(t *testing.T, blob string) job.StoredPoint {
	t.Helper()
	p, err := b.Point(t.Context(), service, blob)
	check(t, err)
	return p
}

func aPoint() job.Point {
	return job.Point{Service: service, Job: pending().ID, Blob: "a.apimbackup", StartedAt: begin, VerifiedAt: begin.Add(time.Hour)}
}

// A row that was written before there were holds says that there is none, and
// the next change of it says so in so many words.
func TestPointRowOfOld(t *testing.T) {
	b := setup(t, storage.Options{})
	p := aPoint()
	p.Held, p.HeldBy, p.Pinned, p.Removing, p.Remover, p.RemovingSince = "kept for the audit", "Ala", "a-restore", true, "id7", begin
	stored := b.keepPoint(t, p)
	key := "point|20260301T010000Z|" + p.Job
	row := b.row(service, key)
	old := map[string]any{"PartitionKey": service, "RowKey": key, "Schema": 1, "Job": row["Job"], "Blob": row["Blob"]}
	for _, name := range []string{"StartedAt", "VerifiedAt"} {
		old[name], old[name+"@odata.type"] = row[name], "Edm.DateTime"
	}
	text, err := json.Marshal(old)
	check(t, err)
	_, err = b.client.UpsertEntity(t.Context(), text, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace})
	check(t, err)
	got := b.point(t, p.Blob)
	if got.Held+got.HeldBy+got.Pinned != "" || got.Removing || !got.Live() {
		t.Errorf("point %+v, want one that nobody holds", got.Point)
	}
	for _, to := range []job.Point{stored.Point, got.Point} {
		read, err := b.StoredSummary(t.Context(), service)
		check(t, err)
		check(t, b.Transit(t.Context(), job.Transition{Read: read, Points: []job.PointMove{{From: b.point(t, p.Blob), To: to}}}))
	}
	now := b.row(service, key)
	if now["Held"] != "" || now["HeldBy"] != "" || now["Pinned"] != "" || now["Removing"] != false || now["Remover"] != "" {
		t.Errorf("row %v, want that a hold, a pin and a removal have ended", now)
	}
}

func TestPointLongWords(t *testing.T) {
	b := setup(t, storage.Options{})
	p := aPoint()
	p.Held, p.HeldBy = strings.Repeat("ż", 100_000), strings.Repeat("ż", 100_000)
	got := b.keepPoint(t, p)
	if len(got.Held) < 8000 || len(got.HeldBy) < 1000 || !strings.HasSuffix(got.Held, "ż…") || !strings.HasSuffix(got.HeldBy, "ż…") {
		t.Errorf("kept %d bytes of why, %d of by whom", len(got.Held), len(got.HeldBy))
	}
}

// A removal whose answer was lost has an unknown outcome; the next finds that
// there is nothing left. With retries that is the same call.
func TestRemovePointLostAnswer(t *testing.T) {
	b := setup(t, storage.Options{})
	p := b.keepPoint(t, aPoint())
	lose := func() { b.tap.Inject(wire.Fault{Kind: wire.ResetAfter, Times: 1}) }
	lose()
	unnamed(t, b.RemovePoint(t.Context(), p))
	if err := b.RemovePoint(t.Context(), p); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("error %v, want that it is gone", err)
	}

	b = setup(t, storage.Options{})
	p = b.keepPoint(t, aPoint())
	carrier := wire.Transport{Handler: b.tap.Wrap("table", b.server.Table())}
	s := tablestore.New(b.clientOf(t, b.server.ConnectionString(endpoint, endpoint), carrier, policy.RetryOptions{MaxRetries: 1, RetryDelay: time.Millisecond}))
	lose()
	if err := s.RemovePoint(t.Context(), p); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("error %v, want that it is gone", err)
	}
}

// A point that was not read is not asked for: Azure would remove it whatever
// it says.
func TestRemovePointUnread(t *testing.T) {
	b := setup(t, storage.Options{})
	p := b.keepPoint(t, aPoint())
	p.ETag = ""
	before := b.tap.Count(func(r wire.Request) bool { return r.Method == http.MethodDelete })
	err := b.RemovePoint(t.Context(), p)
	if !errors.Is(err, job.ErrConflict) || !strings.Contains(err.Error(), p.Blob) || !strings.Contains(err.Error(), service) {
		t.Errorf("error %v, want a conflict that names the blob and the service", err)
	}
	if got := b.tap.Count(func(r wire.Request) bool { return r.Method == http.MethodDelete }); got != before {
		t.Errorf("%d deletions, want none", got-before)
	}
	b.point(t, p.Blob)
}
