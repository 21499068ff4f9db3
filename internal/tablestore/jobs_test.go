package tablestore_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

var jobsDay = time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)

// created inserts a backup of service that was made at hour; its key does not
// sort by that.
func (b *bundle) created(t *testing.T, service string, hour int) {
	t.Helper()
	at := jobsDay.Add(time.Duration(hour) * time.Hour)
	j := job.NewBackup(service, at, at, job.Rules{Deadline: time.Hour}, at)
	j.ID = fmt.Sprintf("%s-req%d-backup", service, 99-hour)
	check(t, b.Create(t.Context(), j, job.SummaryMove{}))
}

func (b *bundle) jobs(t *testing.T, service string) (ids []string, unreadable int) {
	t.Helper()
	for j, err := range b.Jobs(t.Context(), service) {
		switch {
		case errors.Is(err, job.ErrNewerSchema):
			unreadable++
		case err != nil:
			t.Fatal(err)
		default:
			ids = append(ids, j.ID)
		}
	}
	return ids, unreadable
}

func TestJobsComeNewestFirst(t *testing.T) {
	for name, opts := range map[string]storage.Options{"in one page": {}, "in small pages": {PageSize: 2, ScanLimit: 1}} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, opts)
			for _, hour := range []int{3, 1, 5, 2, 4} {
				b.created(t, "apim-weu", hour)
			}
			b.created(t, "apim-we", 9)
			b.created(t, "apim-weu2", 9)
			_, err := b.client.UpdateEntity(t.Context(), []byte(`{"PartitionKey":"apim-weu","RowKey":"job|apim-weu-req98-backup","Schema":9}`), nil)
			check(t, err)
			got, unreadable := b.jobs(t, "apim-weu")
			want := []string{"apim-weu-req94-backup", "apim-weu-req95-backup", "apim-weu-req96-backup", "apim-weu-req97-backup"}
			if diff := cmp.Diff(want, got); diff != "" || unreadable != 1 {
				t.Errorf("%d can't be read, jobs (-want +got):\n%s", unreadable, diff)
			}
			if got, _ := b.jobs(t, "it's none"); got != nil {
				t.Errorf("jobs of nobody: %v", got)
			}
		})
	}
}

// Half a list could take an old job for the newest.
func TestJobsAreAllOrNone(t *testing.T) {
	b := setup(t, storage.Options{PageSize: 2})
	for hour := range 4 {
		b.created(t, "apim-weu", hour)
	}
	b.tap.Inject(wire.Fault{Service: "table", Kind: wire.Instead, Skip: 1, Times: 1})
	errs := 0
	for j, err := range b.Jobs(t.Context(), "apim-weu") {
		if err == nil {
			t.Errorf("job %s beside an error", j.ID)
			continue
		}
		errs++
		unnamed(t, err, "list the jobs of service apim-weu")
	}
	if errs != 1 {
		t.Errorf("%d errors, want 1", errs)
	}
}
