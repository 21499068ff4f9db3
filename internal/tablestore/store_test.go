package tablestore_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

var (
	begin = time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	rules = job.Rules{Deadline: 6 * time.Hour, OperationDeadline: 4 * time.Hour, PollMin: time.Minute, PollMax: 5 * time.Minute, Settling: 5 * time.Minute, Attempts: 3}
)

const service = "apim-weu"

func pending() job.Job { return job.NewBackup(service, begin, begin, rules, begin) }

// create makes j and reads it.
func (b *bundle) create(t *testing.T, j job.Job) job.Stored {
	t.Helper()
	check(t, b.Create(t.Context(), j, job.SummaryMove{Waiting: &j.ID}))
	return b.read(t, j)
}

func (b *bundle) read(t *testing.T, j job.Job) job.Stored {
	t.Helper()
	stored, err := b.Job(t.Context(), j.Service, j.ID)
	check(t, err)
	return stored
}

func moveOf(t *testing.T, from job.Stored, e job.Event) job.Move {
	t.Helper()
	to, err := job.Apply(from.Job, e, rules, from.UpdatedAt.Add(time.Minute))
	check(t, err)
	return job.Move{From: from, To: to}
}

// move saves from's moves by events and reads what came of them.
func (b *bundle) move(t *testing.T, from job.Stored, events ...job.Event) job.Stored {
	t.Helper()
	for _, e := range events {
		check(t, b.Save(t.Context(), moveOf(t, from, e)))
		from = b.read(t, from.Job)
	}
	return from
}

// strand ends a job by its deadline while its operation goes on.
func strand(t *testing.T, from job.Stored) job.Move {
	t.Helper()
	to, err := job.Apply(from.Job, job.Deferred{}, rules, from.Deadline)
	check(t, err)
	return job.Move{From: from, To: to}
}

// edit changes properties of a row behind the store's back.
func (b *bundle) edit(t *testing.T, key string, properties map[string]any) {
	t.Helper()
	entity := map[string]any{"PartitionKey": service, "RowKey": key}
	for name, value := range properties {
		entity[name] = value
	}
	text, err := json.Marshal(entity)
	check(t, err)
	_, err = b.client.UpsertEntity(t.Context(), text, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeMerge})
	check(t, err)
}

func TestUnknownPropertiesSurvive(t *testing.T) {
	b := setup(t, storage.Options{})
	started := b.move(t, b.create(t, pending()), job.Start{Owner: "o"})
	keys := []string{"job|" + started.ID, "lease", "service"}
	for _, key := range keys {
		// ChangedAt is of the past: nobody reads it any more.
		b.edit(t, key, map[string]any{"FromTheFuture": "kept", "ChangedAt": "kept"})
	}
	started = b.read(t, started.Job)
	deferred := b.move(t, started, job.Deferred{})
	check(t, b.Save(t.Context(), strand(t, deferred)))
	check(t, b.Follow(t.Context(), service, started.ID, "token"))
	for _, key := range keys {
		if got := b.row(service, key); got["FromTheFuture"] != "kept" || got["ChangedAt"] != "kept" {
			t.Errorf("%s: unknown properties are %v", key, got)
		}
	}
}

func TestNewerSchema(t *testing.T) {
	b := setup(t, storage.Options{})
	started := b.move(t, b.create(t, pending()), job.Start{Owner: "o"})
	check(t, b.Save(t.Context(), strand(t, started)))
	other := pending()
	other.ID += "-2"
	b.create(t, other)
	third := pending()
	third.ID += "-3"
	b.create(t, third)

	b.edit(t, "job|"+other.ID, map[string]any{"Schema": 2, "Revision": "of another type"})
	b.edit(t, "lease", map[string]any{"Schema": 2})
	b.edit(t, "service", map[string]any{"Schema": 2})

	_, err := b.Job(t.Context(), service, other.ID)
	wantNewer(t, err)
	_, err = b.Summary(t.Context(), service)
	wantNewer(t, err)
	wantNewer(t, b.Follow(t.Context(), service, started.ID, "token"))
	for _, err := range b.Summaries(t.Context()) {
		wantNewer(t, err)
	}
	for _, err := range b.Orphans(t.Context()) {
		wantNewer(t, err)
	}
	// The job that this version can't read does not hide the one after it.
	var seen []string
	for j, err := range b.Unfinished(t.Context()) {
		if err != nil {
			wantNewer(t, err)
		}
		seen = append(seen, j.ID)
	}
	if want := []string{third.ID, ""}; !cmp.Equal(seen, want) {
		t.Errorf("unfinished %q, want %q", seen, want)
	}
	// A note leaves the mark of the newer version alone.
	check(t, b.Note(t.Context(), service, job.SummaryMove{Waiting: &third.ID}))
	if got := b.row(service, "service")["Schema"]; got != int32(2) {
		t.Errorf("schema of the summary is %v after a note, want 2", got)
	}
}

func wantNewer(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, job.ErrNewerSchema) || !strings.Contains(err.Error(), service) {
		t.Errorf("error %v, want one for the newer schema that names the service", err)
	}
}

func TestSpoiltRow(t *testing.T) {
	b := setup(t, storage.Options{})
	j := b.create(t, pending())
	for name, value := range map[string]any{"Revision": "two", "NotBefore": "soon", "Warnings": "{", "Stranded": 1, "Reason": true, "Restore": "[", "AttemptSettings": `{"a":1}`} {
		old := b.row(service, "job|"+j.ID)
		b.edit(t, "job|"+j.ID, map[string]any{name: value})
		_, err := b.Job(t.Context(), service, j.ID)
		unnamed(t, err, name, j.ID, service)
		b.edit(t, "job|"+j.ID, map[string]any{name: old[name], name + "@odata.type": edmType(old[name])})
	}
	b.read(t, j.Job)
}

func edmType(v any) string {
	switch v.(type) {
	case time.Time:
		return "Edm.DateTime"
	case int32:
		return "Edm.Int32"
	case bool:
		return "Edm.Boolean"
	}
	return "Edm.String"
}

func TestManyRows(t *testing.T) {
	b := setup(t, storage.Options{})
	const jobs = 1100 // Azure's pages have 1,000
	for i := range jobs {
		j := pending()
		j.ID = fmt.Sprintf("%s-%04d", j.ID, i)
		check(t, b.Create(t.Context(), j, job.SummaryMove{}))
	}
	before := b.tap.Totals()["table"]
	seen := 0
	for _, err := range b.Unfinished(t.Context()) {
		check(t, err)
		seen++
	}
	if pages := b.tap.Totals()["table"] - before; seen != jobs || pages != 2 {
		t.Errorf("saw %d jobs in %d requests, want %d in 2", seen, pages, jobs)
	}
	for _, err := range b.Unfinished(t.Context()) {
		check(t, err)
		break
	}
	if more := b.tap.Totals()["table"] - before - 2; more != 1 {
		t.Errorf("a listing that was left at its first row took %d requests, want 1", more)
	}
}

// A step happens every minute or so for every service: it must stay cheap.
func TestRequests(t *testing.T) {
	b := setup(t, storage.Options{})
	from := b.create(t, pending())
	for _, e := range []job.Event{
		job.Start{Owner: "o"}, job.Accepted{ResumeToken: "token"}, job.Running{ResumeToken: "next"},
		job.Deferred{}, job.OperationSucceeded{}, job.Verified{}, job.Pruned{},
	} {
		before := b.tap.Totals()["table"]
		from = b.read(t, from.Job)
		check(t, b.Save(t.Context(), moveOf(t, from, e)))
		if got := b.tap.Totals()["table"] - before; got != 2 {
			t.Errorf("a step with %T took %d requests, want 2", e, got)
		}
		from = b.read(t, from.Job)
	}
	if got := b.tap.Count(func(r wire.Request) bool { return r.Method == http.MethodPatch }); got != 5 {
		t.Errorf("%d moves were saved without a transaction, want 5", got)
	}
}

func TestPointRow(t *testing.T) {
	b := setup(t, storage.Options{})
	verifying := b.move(t, b.create(t, pending()), job.Start{Owner: "o"}, job.Accepted{ResumeToken: "token"}, job.OperationSucceeded{Facts: job.Facts{Tier: "Developer", Units: 1, Location: "West Europe"}})
	m := moveOf(t, verifying, job.Verified{})
	point := verifying.Point(job.Artefact{Name: "blob", Size: 1 << 40}, job.Inventory{APIs: job.NewTally([]string{"echo"})}, begin.Add(time.Hour))
	point.Settings = map[string]string{"hostnames": "a <b>"}
	point.Held, point.HeldBy, point.Pinned, point.Removing, point.Remover, point.RemovingSince = "kept for the audit", "Ala", "a-restore", true, "id7", begin.Add(2*time.Hour)
	point.ConcurrentChanges, point.Withdrawn, point.WithdrawnWhy = true, begin.Add(48*time.Hour), "its blob is gone"
	m.Point = &point
	check(t, b.Save(t.Context(), m))
	got := b.row(service, "point|20260301T010100Z|"+verifying.ID)
	delete(got, "Timestamp")
	want := map[string]any{
		"PartitionKey": service, "RowKey": "point|20260301T010100Z|" + verifying.ID, "Schema": int32(1),
		"Job": verifying.ID, "Attempt": int32(1), "Blob": "blob", "Size": int64(1 << 40),
		"StartedAt": begin.Add(time.Minute), "VerifiedAt": begin.Add(time.Hour),
		"BeforeAPIs": int32(0), "BeforeAPIsHash": "", "BeforeProducts": int32(0), "BeforeProductsHash": "", "BeforeNamedValues": int32(0), "BeforeNamedValuesHash": "",
		"AfterAPIs": int32(1), "AfterAPIsHash": point.After.APIs.Hash, "AfterProducts": int32(0), "AfterProductsHash": "", "AfterNamedValues": int32(0), "AfterNamedValuesHash": "",
		"Tier": "Developer", "Units": int32(1), "Location": "West Europe", "Settings": `{"hostnames":"a <b>"}`,
		"Held": "kept for the audit", "HeldBy": "Ala", "Pinned": "a-restore", "Removing": true, "Remover": "id7", "RemovingSince": begin.Add(2 * time.Hour),
		"ConcurrentChanges": true, "Withdrawn": begin.Add(48 * time.Hour), "WithdrawnWhy": "its blob is gone",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("point row (-want +got):\n%s", diff)
	}

	again := moveOf(t, b.read(t, verifying.Job), job.Pruned{})
	again.Point = &point
	if err := b.Save(t.Context(), again); !errors.Is(err, job.ErrConflict) {
		t.Errorf("second save of a point: %v, want a conflict", err)
	}
}

func TestLeaseRemovedByHand(t *testing.T) {
	remove := func(t *testing.T, b *bundle) {
		t.Helper()
		_, err := b.client.DeleteEntity(t.Context(), service, "lease", nil)
		check(t, err)
	}
	t.Run("a job ends without it", func(t *testing.T) {
		b := setup(t, storage.Options{})
		started := b.move(t, b.create(t, pending()), job.Start{Owner: "o"})
		remove(t, b)
		failed := b.move(t, started, job.Refused{Code: "No"})
		if failed.State != job.Failed {
			t.Errorf("state %s, want Failed", failed.State)
		}
		if s, err := b.Summary(t.Context(), service); err != nil || s.LastCode != "No" {
			t.Errorf("summary %+v, %v, want the job's end in it", s, err)
		}
	})
	t.Run("an old move stays a conflict", func(t *testing.T) {
		b := setup(t, storage.Options{})
		started := b.move(t, b.create(t, pending()), job.Start{Owner: "o"})
		remove(t, b)
		b.move(t, started, job.Unanswered{})
		if err := b.Save(t.Context(), moveOf(t, started, job.Refused{})); !errors.Is(err, job.ErrConflict) {
			t.Errorf("error %v, want a conflict", err)
		}
	})
	t.Run("a stranded job puts it back", func(t *testing.T) {
		b := setup(t, storage.Options{})
		started := b.move(t, b.create(t, pending()), job.Start{Owner: "o"})
		remove(t, b)
		check(t, b.Save(t.Context(), strand(t, started)))
		if got := b.row(service, "lease")["Orphaned"]; got != true {
			t.Errorf("orphaned is %v, want true", got)
		}
	})
}

func TestLongWords(t *testing.T) {
	b := setup(t, storage.Options{})
	j := pending()
	j.Reason = strings.Repeat("ż", 100_000)
	j.Message = strings.Repeat("\x01", 100_000)
	for i := range 100 {
		j.Warnings = append(j.Warnings, fmt.Sprint(i, strings.Repeat("\"", 10_000)))
	}
	got := b.create(t, j)
	if len(got.Reason) < 8000 || !strings.HasSuffix(got.Reason, "ż…") {
		t.Errorf("reason has %d bytes and ends in %q", len(got.Reason), got.Reason[len(got.Reason)-5:])
	}
	if n := len(got.Warnings); n < 3 || !strings.HasPrefix(got.Warnings[n-1], "99") {
		t.Errorf("%d warnings were kept, want some, and the newest", n)
	}
	// What is kept is kept as it is by the saves that follow.
	again := b.move(t, got, job.Deferred{})
	if !cmp.Equal(again.Warnings, got.Warnings) {
		t.Errorf("warnings changed by a save")
	}
}
