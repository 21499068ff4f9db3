package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/job"
)

// A job says what keeps its point now, whoever made it, and that it is gone.
func TestAJobSaysWhyItsPointIsKept(t *testing.T) {
	afterBackups(t, 5, func(w *world) {
		all := w.points()
		restore := job.NewRestore("apim-neu", "reqx", job.RestoreOrder{
			Source: "apim-weu", Request: "x", By: "bob", Why: "a drill", Point: job.Point{Service: "apim-weu", Blob: all[3]},
		}, job.Rules{Deadline: time.Hour}, time.Now())
		w.must(w.store().Create(t.Context(), restore, job.SummaryMove{}))
		w.marks(all[3], func(p *job.Point) { p.Pinned = restore.ID })
		w.did(exitDone, "hold", "apim-weu", all[4], "--reason", "audit 2026", "--by", "ann")
		kept := func(id string) jobKept {
			t.Helper()
			r := decoded[jobReport](w, exitDone, "job", id)
			if r.Kept == nil {
				t.Fatalf("job %s says nothing of its point", id)
			}
			return *r.Kept
		}
		for n, want := range map[int]jobKept{
			0: {true, []string{"one of the 2 newest good points (keepLast)", "the newest good point (minKeep)"}},
			1: {true, []string{"one of the 2 newest good points (keepLast)"}},
			3: {true, []string{"pinned by " + restore.ID}},
			4: {true, []string{"held: audit 2026"}},
		} {
			got := kept(strings.TrimSuffix(all[n], "-a1.apimbackup"))
			if got.Keep != want.Keep || !slices.Equal(got.Reasons, want.Reasons) {
				t.Errorf("point %d: %+v, want %+v", n, got, want)
			}
		}
		going := strings.TrimSuffix(all[2], "-a1.apimbackup")
		if got := kept(going); got.Keep || len(got.Reasons) == 0 {
			t.Errorf("a point that the retention lets go: %+v", got)
		}
		golden(t, "job_held", w.did(exitDone, "job", strings.TrimSuffix(all[4], "-a1.apimbackup")))
		golden(t, "job_pinned", w.did(exitDone, "job", restore.ID))
		w.did(exitDone, "prune", "apim-weu", "--yes")
		if got := kept(going); got.Keep || !slices.Equal(got.Reasons, []string{removedPoint}) {
			t.Errorf("a point that was removed: %+v", got)
		}
	})
}

// Who asked is what the message said, and is called that.
func TestWhoAsked(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	backup := job.NewBackup("apim-weu", now, now, job.Rules{}, now)
	asked := backup
	asked.ID, asked.Asked = "apim-weu-reqx-backup", job.Asked{Request: "x", By: "ann\n\x1b[31m", Why: "before\nthe release"}
	nobody := asked
	nobody.Asked = job.Asked{}
	restore := job.NewRestore("apim-neu", "reqx", job.RestoreOrder{Source: "apim-weu", Request: "x", By: "ann"}, job.Rules{}, now)
	for want, j := range map[string]job.Job{
		"the schedule, due 2026-03-01 12:00 UTC":                   backup,
		"ann [31m (as asserted), by request x: before the release": asked,
		"a request":                       nobody,
		"ann (as asserted), by request x": restore,
	} {
		if got := jobReportOf(j, now).asked(); got != want {
			t.Errorf("asked by %q, want %q", got, want)
		}
	}
}
