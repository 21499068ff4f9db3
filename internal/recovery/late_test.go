package recovery_test

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// What is not carried out any more comes well before rows are removed, clocks
// that differ and messages that were sent again included.
func TestTooOldIsYoungerThanAnyHistory(t *testing.T) {
	const resent, clocks = 25 * time.Hour, 24 * time.Hour
	if recovery.TooOld+resent+clocks > plan.LeastHistory {
		t.Errorf("a message of %s is carried out, rows may be gone after %s", recovery.TooOld+resent, plan.LeastHistory)
	}
}

// late is a world in which a message may have waited for long.
func late(t *testing.T, f func(w *recoverytest.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(failoverPlan(t, "approve", ""), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 2*time.Hour)
		time.Sleep(recovery.TooOld)
		f(w)
	})
}

func TestRequestsThatComeTooLate(t *testing.T) {
	for _, kind := range []request.Kind{request.Backup, request.Restore, request.Acknowledge, request.Maintenance} {
		for _, c := range []struct {
			name    string
			sent    time.Duration // ago
			refused bool
		}{{"in time", recovery.TooOld, false}, {"too late", recovery.TooOld + time.Second, true}} {
			t.Run(string(kind)+" "+c.name, func(t *testing.T) {
				late(t, func(w *recoverytest.World) {
					r := request.Request{ID: "r", Kind: kind, Service: "apim-weu", By: "ann", EnqueuedAt: time.Now().Add(-c.sent)}
					if err := w.Engine.Request(t.Context(), r); errors.Is(err, recovery.ErrRefused) != c.refused {
						t.Errorf("%s of %s ago: %v", kind, c.sent, err)
					}
				})
			})
		}
	}
}

// A dead letter that was sent again is as old as it was at first.
func TestDeadRequestsThatComeTooLate(t *testing.T) {
	late(t, func(w *recoverytest.World) {
		body, err := request.EncodeRequest(request.Request{ID: "r", Kind: request.Backup, Service: "apim-weu", By: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		jobs := len(w.Store.Jobs("apim-weu"))
		long := time.Now().Add(-recovery.TooOld - time.Minute)
		for i, d := range []recovery.DeadLetter{
			{Queue: recovery.RequestQueue, ID: "a", Body: body, EnqueuedAt: long},
			{Queue: recovery.RequestQueue, ID: "b", Body: body, EnqueuedAt: time.Now(), Properties: map[string]string{"lifeboat-first-seen": long.Format(time.RFC3339)}},
		} {
			if err := w.Engine.DeadRequest(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			dead := 0
			for _, n := range w.Store.AllNotices() {
				if n.Type == job.NoticeDeadMessage {
					dead++
				}
			}
			if dead != i+1 || len(w.Store.Jobs("apim-weu")) != jobs {
				t.Errorf("after %s: %d notices, %d jobs more", d.ID, dead, len(w.Store.Jobs("apim-weu"))-jobs)
			}
		}
	})
}

func TestAlertsThatComeTooLate(t *testing.T) {
	late(t, func(w *recoverytest.World) {
		send(t, w, fired(time.Now().Add(-recovery.TooOld-time.Second)))
		if got := w.Store.AllIncidents("apim-weu"); len(got) != 0 {
			t.Errorf("incidents %+v", got)
		}
		send(t, w, fired(time.Now().Add(-recovery.TooOld)))
		if got := w.Store.AllIncidents("apim-weu"); len(got) != 1 {
			t.Errorf("%d incidents of an alert that comes in time", len(got))
		}
	})
}

func TestChangesThatComeTooLate(t *testing.T) {
	late(t, func(w *recoverytest.World) {
		before := len(w.Store.Jobs("apim-weu"))
		tell(t, w, changed(time.Now().Add(-recovery.TooOld-time.Second), "late"))
		if got := len(w.Store.Jobs("apim-weu")); got != before {
			t.Errorf("%d jobs more", got-before)
		}
		tell(t, w, changed(time.Now().Add(-recovery.TooOld), "in time"))
		if got := len(w.Store.Jobs("apim-weu")); got != before+1 {
			t.Errorf("%d jobs more for a change that comes in time", got-before)
		}
	})
}
