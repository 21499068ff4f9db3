package recovery_test

import (
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// The point that a restore waits to have approved stays, whatever nights pass
// meanwhile, and goes when the restore has ended without it.
func TestThePointThatIsAskedAboutStays(t *testing.T) {
	no := func(j job.Job) request.Approval {
		return request.Approval{ID: "no", Job: j.ID, By: "cleo", Reason: "no"}
	}
	for name, c := range map[string]struct {
		answer func(job.Job) request.Approval
		state  job.State
	}{
		"approved": {yes, job.Succeeded}, "rejected": {no, job.Canceled}, "not answered": {nil, job.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := nights(t, failoverPlan(t, "approve", ", approvalExpiry: 40h"), 2)
				w.Engine.Plan.Services[0].Retention = testPlan(t, keepOne).Services[0].Retention
				older := w.Store.Catalogue("apim-weu")[0].Blob
				there := func() bool {
					return w.Azure.Has(older) && slices.ContainsFunc(w.Store.Catalogue("apim-weu"), func(p job.Point) bool { return p.Blob == older })
				}
				ask(t, w, request.Request{ID: "r", Kind: request.Restore, Service: "apim-weu", Point: older, By: "ann"})
				w.Run(t.Context(), 24*time.Hour)
				ended(t, w, last(t, w), job.AwaitingApproval, "", 0)
				if !there() || len(w.Store.Catalogue("apim-weu")) != 2 {
					t.Errorf("after a night, point %s is there: %t, of %d", older, there(), len(w.Store.Catalogue("apim-weu")))
				}
				if c.answer != nil {
					if err := w.Engine.Approval(t.Context(), c.answer(last(t, w))); err != nil {
						t.Fatal(err)
					}
				}
				w.Run(t.Context(), 20*time.Hour)
				j := last(t, w)
				if j.State != c.state || (j.State == job.Succeeded) != (len(restores(w)) == 1) || j.Restore.Point.Blob != older {
					t.Errorf("job is %s (%s %s), of point %s, with %d restores", j.State, j.Message, j.Reason, j.Restore.Point.Blob, len(restores(w)))
				}
				w.Run(t.Context(), 24*time.Hour)
				if there() {
					t.Errorf("point %s, which nobody needs any more, is there", older)
				}
				checkCatalogue(t, w, 1)
			})
		})
	}
}

// The point that a person named stays while the restore waits for its target.
func TestThePointThatIsNamedStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := nights(t, failoverPlan(t, "auto", ""), 2)
		w.Engine.Plan.Services[0].Retention = testPlan(t, keepOne).Services[0].Retention
		older := w.Store.Catalogue("apim-weu")[0].Blob
		w.Azure.Lock("apim-neu", 4*time.Hour)
		ask(t, w, request.Request{ID: "r", Kind: request.Restore, Service: "apim-weu", Point: older, By: "ann"})
		w.Run(t.Context(), 3*time.Hour)
		ended(t, w, last(t, w), job.Pending, "", 0)
		if n := len(w.Store.Jobs("apim-weu")); n != 3 {
			t.Fatalf("%d backups, want the night's as well", n)
		}
		w.Run(t.Context(), 4*time.Hour)
		ended(t, w, last(t, w), job.Succeeded, "", 1)
		w.Run(t.Context(), 24*time.Hour)
		checkCatalogue(t, w, 1)
	})
}

// What is asked about is restored if the answer comes a minute before its time
// runs out, however old the point will be then.
func TestNobodyIsGivenMoreTimeThanThePointHas(t *testing.T) {
	for name, c := range map[string]struct {
		age, restorable, want time.Duration // of the point: when asked, at most, and at the end of the approval
		named                 bool
	}{
		"the plan's limit":           {30 * time.Hour, 30 * 24 * time.Hour, 48 * time.Hour, false},
		"the newest is young enough": {20 * time.Hour, 30 * 24 * time.Hour, 44 * time.Hour, false},
		"a person named it":          {30 * time.Hour, 30 * 24 * time.Hour, 54 * time.Hour, true},
		"Azure's limit":              {30 * time.Hour, 50 * time.Hour, 50 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := recoverytest.NewWorld(failoverPlan(t, "approve", ", approvalExpiry: 24h, maxPointAge: 48h"), slog.New(slog.DiscardHandler))
				w.Engine.Plan.Services[0].RestorableFor = c.restorable
				w.Run(t.Context(), 2*time.Hour)
				point := w.Store.Catalogue("apim-weu")[0]
				failing(w, time.Now(), time.Now().Add(1000*time.Hour))
				w.Run(t.Context(), time.Until(point.StartedAt.Add(c.age)))
				r := request.Request{ID: "r", Kind: request.Restore, Service: "apim-weu", By: "ann"}
				if c.named {
					r.Point = point.Blob
				}
				ask(t, w, r)
				w.Run(t.Context(), time.Minute)
				j := last(t, w)
				got := j.Restore.Approval.Expires.Sub(point.StartedAt)
				if j.State != job.AwaitingApproval || got.Round(time.Minute) != c.want {
					t.Fatalf("job is %s, and the approval expires %s after the point's start, want %s", j.State, got, c.want)
				}
				w.Run(t.Context(), time.Until(j.Restore.Approval.Expires)-time.Minute)
				w.Azure.Spoil = nil
				if err := w.Engine.Approval(t.Context(), yes(j)); err != nil {
					t.Fatal(err)
				}
				w.Run(t.Context(), 3*time.Hour)
				ended(t, w, last(t, w), job.Succeeded, "", 1)
			})
		})
	}
}
