package recovery_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// A backup that has been kept waiting for hours ends soon: the night has one of
// its own.
func TestAnOccurrenceDoesNotJoinABackupThatRunsOutOfTime(t *testing.T) {
	for name, ask := range map[string]func(*testing.T, *recoverytest.World){
		"of a person": func(t *testing.T, w *recoverytest.World) {
			r := request.Request{ID: "r1", Kind: request.Backup, Service: "apim-weu", By: "ann", EnqueuedAt: time.Now()}
			if err := w.Engine.Request(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		},
		"of a change": func(t *testing.T, w *recoverytest.World) { tell(t, w, edit(w, "new")) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := changing(t, hooksPlan(t, ""))
				s, _ := w.Engine.Plan.Service("apim-weu")
				midnight := time.Now().Truncate(24 * time.Hour).Add(24 * time.Hour)
				w.Run(t.Context(), time.Until(midnight.Add(20*time.Minute-s.Rules.Deadline)))
				w.Azure.Lock("apim-weu", s.Rules.Deadline+20*time.Minute)
				ask(t, w)
				w.Run(t.Context(), time.Until(midnight.Add(4*time.Hour)))
				points := w.Store.Catalogue("apim-weu")
				newest := points[len(points)-1]
				if j, err := w.Store.Job(t.Context(), "apim-weu", newest.Job); err != nil || !newest.StartedAt.After(midnight) || j.State != job.Succeeded {
					t.Errorf("the newest backup is of %s, by job %s (%s), %v", newest.StartedAt, j.ID, j.State, err)
				}
			})
		})
	}
}

// A backup that ends when an occurrence is about to join it leaves the night to
// one of its own.
func TestAnOccurrenceDoesNotJoinABackupThatEndsThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
		midnight := time.Now().Truncate(24 * time.Hour)
		s, _ := w.Engine.Plan.Service("apim-weu")
		old := job.NewChangeBackup("apim-weu", "event", midnight.Add(-s.Rules.Deadline), midnight.Add(-time.Hour), s.Rules, midnight.Add(-s.Rules.Deadline))
		old.Deadline = midnight.Add(-time.Minute)
		if err := w.Store.Create(t.Context(), old, job.SummaryMove{Waiting: &old.ID}); err != nil {
			t.Fatal(err)
		}
		if err := w.Engine.Schedule(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, j := range w.Store.Jobs("apim-weu") {
			if !j.State.Terminal() && !j.Deadline.Before(midnight.Add(s.Rules.Deadline)) {
				return
			}
		}
		t.Errorf("no job has the time that a night's has: %+v", w.Store.Jobs("apim-weu"))
	})
}
