package recovery_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/event"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
)

// hooksPlan protects apim-weu with a webhook, a heartbeat and short waits.
func hooksPlan(t testing.TB, extra string) *plan.Plan {
	t.Helper()
	p, err := plan.Parse("hooks.yaml", []byte(`version: 1
environment: test
webhooks: {ops: {urlSetting: OPS_URL}}
defaults: {storageAccount: stbackups, container: apim, schedule: 0 0 0 * * *, jitter: 10m}
services:
  apim-weu:
    resourceId: `+id+`apim-weu
    heartbeatSetting: BEAT_URL
`+extra))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// retried delivers what Event Grid does until it is taken: with pauses.
func retried(t *testing.T, w *recoverytest.World, take func() error) {
	t.Helper()
	for range 40 { // longer than the settling time
		if w.Survive(take) {
			return
		}
		w.Run(t.Context(), 10*time.Second)
	}
	t.Error("an event was never taken")
}

func changed(at time.Time, id string) event.Change {
	return event.Change{ID: id, At: at, Service: id0("apim-weu"), Resource: id0("apim-weu") + "/apis/" + id, What: "test"}
}

func id0(service string) string { return id + service }

// eventful is a day with all that hooks bring: three changes at three, a
// fourth while their backup goes on, a deleted blob at eight, and a handler
// that is away for the two days after it.
func eventful(t *testing.T, judge func(recoverytest.Effect) recoverytest.Fault) *recoverytest.World {
	t.Helper()
	w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
	w.Copies = 2
	w.Effects.Judge = judge
	w.Run(t.Context(), 3*time.Hour)
	for i := range 3 {
		c := changed(time.Now(), fmt.Sprintf("c%d", i))
		retried(t, w, func() error { return w.Engine.Change(t.Context(), c) })
		retried(t, w, func() error { return w.Engine.Change(t.Context(), c) })
	}
	w.Run(t.Context(), 16*time.Minute) // its backup takes ten from the tenth on
	during := changed(time.Now(), "during")
	retried(t, w, func() error { return w.Engine.Change(t.Context(), during) })
	w.Run(t.Context(), 5*time.Hour)
	points := w.Store.Catalogue("apim-weu")
	if len(points) == 0 {
		t.Fatal("no point")
	}
	deleted := points[len(points)-1].Blob
	w.Azure.Delete(deleted)
	gone := event.BlobDeleted{ID: "gone", At: time.Now(), Account: "stbackups", Container: "apim", Blob: deleted}
	retried(t, w, func() error { return w.Engine.BlobDeleted(t.Context(), gone) })
	retried(t, w, func() error { return w.Engine.BlobDeleted(t.Context(), gone) })
	w.Run(t.Context(), time.Hour)
	time.Sleep(60 * time.Hour)
	w.Run(t.Context(), 20*time.Hour)
	return w
}

// checkEventful holds an eventful day against what must come of it.
func checkEventful(t *testing.T, w *recoverytest.World) {
	t.Helper()
	if len(w.Buried) > 0 || len(w.Dead) > 0 {
		t.Errorf("dead letters: %v, %v", w.Dead, w.Buried)
	}
	points := w.Store.Catalogue("apim-weu")
	marked := 0
	for _, p := range points {
		if p.ConcurrentChanges {
			marked++
		}
		if p.Live() != w.Azure.Has(p.Blob) {
			t.Errorf("point %s is live: %t, its blob is there: %t", p.Blob, p.Live(), w.Azure.Has(p.Blob))
		}
	}
	// The night's, the changes', the one for the change in it, and those of
	// the days after.
	if marked != 1 || len(points) < 5 || len(points) > 6 {
		t.Errorf("%d points, %d with concurrent changes", len(points), marked)
	}
	if last := points[1]; !last.ConcurrentChanges {
		t.Errorf("the changes' backup is not marked: %+v", points)
	}
	oneAtATime(t, w.Azure.Operations())
	checkNotices(t, w, map[job.NoticeType]int{
		job.NoticePointWithdrawn: 1, job.NoticeLate: 1, job.NoticeDown: 1, job.NoticeRecovered: 1,
	})
}

// checkNotices expects exactly so many notices of each loud type, each
// delivered, and posted with one id only.
func checkNotices(t *testing.T, w *recoverytest.World, want map[job.NoticeType]int) {
	t.Helper()
	got := map[job.NoticeType]int{}
	ids := map[string]bool{}
	for _, n := range w.Store.AllNotices() {
		if n.State != job.Delivered {
			t.Errorf("notice %s is %s: %s", n.ID, n.State, n.LastError)
		}
		ids[n.ID] = true
		if !n.Type.Quiet() {
			got[n.Type]++
		}
	}
	for _, typ := range job.NoticeTypes() {
		if got[typ] != want[typ] {
			t.Errorf("%d notices %s, want %d", got[typ], typ, want[typ])
		}
	}
	posted := map[string]bool{}
	for _, p := range w.Hooks.Taken() {
		if !ids[p.ID] {
			t.Errorf("posted %s, which is in no row", p.ID)
		}
		posted[p.ID] = true
	}
	for _, n := range w.Store.AllNotices() {
		if !n.Type.Quiet() && !posted[n.ID] {
			t.Errorf("notice %s was not posted", n.ID)
		}
	}
}

func TestAnEventfulDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { checkEventful(t, eventful(t, nil)) })
}

// idle are the effects that timers repeat all day.
var idle = []string{"store.Summaries", "store.Unfinished", "store.Notices", "store.Counters", "store.Orphans", "store.Incidents"}

// Whatever befalls any one effect of the day, nothing is lost and nothing is
// said twice.
func TestCrashInAnEventfulDay(t *testing.T) {
	var effects []recoverytest.Effect
	synctest.Test(t, func(t *testing.T) { effects = eventful(t, nil).Effects.Seen() })
	effects = slices.DeleteFunc(effects, func(e recoverytest.Effect) bool { return slices.Contains(idle, e.Call) })
	faults := recoverytest.Faults()
	t.Logf("%d effects, %d runs", len(effects), len(effects)*len(faults))
	for _, fault := range faults {
		for _, e := range sampled(effects) {
			t.Run(fmt.Sprintf("%s %d %s", fault, e.Number, e.Call), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					checkEventful(t, eventful(t, func(now recoverytest.Effect) recoverytest.Fault {
						if now.Number == e.Number {
							return fault
						}
						return recoverytest.NoFault
					}))
				})
			})
		}
	}
}
