package recovery_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// slowSave lets something happen before a save.
type slowSave struct {
	recovery.Store
	before func(job.Move)
}

func (s slowSave) Save(ctx context.Context, m job.Move) error {
	s.before(m)
	return s.Store.Save(ctx, m)
}

// While an instance stands still before it saves a restore's intent, another
// restore of another point, with the same content, begins and ends on the same
// target. Evidence could not tell the two apart afterwards.
func TestARestoreThatAnotherOvertakesIsNotTakenForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(failoverPlan(t, "auto", ", maxPointAge: 100h"), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 50*time.Hour) // three points, of the same content
		points := w.Store.Catalogue("apim-weu")
		stalled := ""
		w.Engine.Store = slowSave{w.Store, func(m job.Move) {
			if _, ok := m.Event.(job.Start); !ok || m.To.Service != "apim-neu" || stalled != "" {
				return
			}
			stalled = m.To.ID
			acknowledge(t, w, request.None)
			ask(t, w, request.Request{ID: "second", Kind: request.Restore, Service: "apim-weu", By: "bob", Point: points[len(points)-1].Blob})
			others(t, w, stalled, 40*time.Minute)
		}}
		ask(t, w, request.Request{ID: "first", Kind: request.Restore, Service: "apim-weu", By: "ann", Point: points[0].Blob})
		w.Run(t.Context(), 3*time.Hour)
		var restored []string
		for _, o := range restores(w) {
			restored = append(restored, o.Blob)
		}
		if stalled == "" || len(restored) == 0 {
			t.Fatalf("nothing came of it: %q stood still, restored %v", stalled, restored)
		}
		for _, j := range w.Store.Jobs("apim-neu") {
			if j.State == job.Succeeded && !slices.Contains(restored, j.Restore.Point.Blob) {
				t.Errorf("job %s says that it restored %s, and Azure restored %v", j.ID, j.Restore.Point.Blob, restored)
			}
		}
		if holds := w.Store.SummaryOf("apim-neu").Holds; holds != "" && holds != restored[len(restored)-1] {
			t.Errorf("the standby is said to hold %s, and Azure restored %v", holds, restored)
		}
	})
}

// others lets all jobs but one go on for d.
func others(t *testing.T, w *recoverytest.World, but string, d time.Duration) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
		for _, m := range w.Queue.Take(time.Now()) {
			if p, err := recovery.DecodePrompt(m.Body); err == nil && p.Job != but {
				if err := w.Engine.Step(t.Context(), p); err != nil {
					t.Error(err)
				}
			}
		}
	}
}
