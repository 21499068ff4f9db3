package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// Whatever ends a command after something was done, what is known is told.
func TestJSONAfterSomethingWasDone(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		w.noBus()
		id := recovery.RequestedBackup("apim-weu", "one")
		said := func(a outcome, code int) (r sentReport) {
			t.Helper()
			if err := json.Unmarshal([]byte(a.stdout), &r); err != nil || a.code != code || r.Sent.Job != id {
				t.Errorf("exit code %d, want %d: %v\n%s%s", a.code, code, err, a.stdout, a.stderr)
			}
			return r
		}
		ctx, interrupt := w.for30s()
		defer interrupt()
		said(w.does(ctx, "backup", "apim-weu", "--direct", "--id", "one", "--json"), exitInterrupted)
		said(w.does(w.t.Context(), "backup", "apim-weu", "--direct", "--timeout", "1m", "--json"), exitUnknown)
		ctx, interrupt = w.for30s()
		defer interrupt()
		said(w.does(ctx, "resume", id, "--json"), exitInterrupted)

		// The point, which is read once the job has ended, can't be.
		w.azure.Tap.Inject(wire.Fault{
			Service: emulator.ServiceTable, Kind: wire.Instead, Status: http.StatusForbidden,
			Match: func(r *http.Request) bool {
				return r.Method == http.MethodGet && strings.Contains(r.URL.RawQuery, "Blob")
			},
		})
		a := w.does(w.t.Context(), "resume", id, "--json")
		if r := said(a, exitUnknown); r.Result == nil || r.Result.State != job.Succeeded || !strings.Contains(a.stderr, "the job's point") {
			t.Errorf("at its end: %+v\n%s", r.Result, a.stderr)
		}
	})
}

// Nobody is told that nothing was done after a container was taken over.
func TestAWrongWordAfterARebuild(t *testing.T) {
	afterBackups(t, 1, func(w *world) {
		w.table = "elsewhere/lifeboat"
		w.stdin = person{strings.NewReader("rebuild\nno\n")}
		a := w.did(exitUsage, "restore", "apim-weu", "--direct", "--rebuild", "--by", "bob")
		if want := "nothing else was done, but table elsewhere/lifeboat has taken over the backups of apim-weu"; !strings.Contains(a.stderr, want) {
			t.Errorf("stderr:\n%s", a.stderr)
		}
		w.stdin = person{strings.NewReader("no\n")}
		if a = w.did(exitUsage, "restore", "apim-weu", "--direct", "--rebuild", "--by", "bob"); !strings.Contains(a.stderr, "rebuild: nothing was done") {
			t.Errorf("stderr:\n%s", a.stderr)
		}
	})
}

// What can't be seen is not said to be there.
func TestAPruningThatCantBeSeen(t *testing.T) {
	afterBackups(t, 3, func(w *world) {
		gone := false
		w.azure.Tap.Inject(wire.Fault{
			Service: emulator.ServiceTable, Kind: wire.Instead, Status: http.StatusForbidden, Match: func(*http.Request) bool { return gone },
		})
		w.azure.Tap.Inject(wire.Fault{
			Service: emulator.ServiceBlob, Kind: wire.Slow, Do: func() { gone = true },
			Match: func(r *http.Request) bool { return r.Method == http.MethodDelete },
		})
		a := w.did(exitUnknown, "prune", "apim-weu", "--yes")
		if !strings.Contains(a.stdout, "could not be seen") || strings.Contains(a.stdout, "Removed 0") {
			t.Errorf("stdout:\n%s", a.stdout)
		}
		w.azure.Tap.Heal()
		time.Sleep(5 * time.Minute) // until the mark of the one that was cut short is nobody's
		if r := decoded[pruneReport](w, exitDone, "prune", "apim-weu", "--yes"); r.Unseen {
			t.Errorf("prune = %+v", r)
		}
	})
}

// A summary does not say whether a point's service changed meanwhile, and so
// nothing does that is made of it.
func TestNewestPointsDontSayWhatIsNotKnown(t *testing.T) {
	afterBackups(t, 1, func(w *world) {
		w.marks(w.points()[0], func(p *job.Point) { p.ConcurrentChanges = true })
		if p := decoded[pointsReport](w, exitDone, "points").Points; len(p) != 1 || p[0].Changed != nil {
			t.Errorf("of all: %+v", p)
		}
		if p := decoded[pointsReport](w, exitDone, "points", "apim-weu").Points; len(p) != 1 || p[0].Changed == nil || !*p[0].Changed {
			t.Errorf("of one: %+v", p)
		}
	})
}

// A backup that waits on purpose, for changes to end or for its minute of the
// night, is not waited for.
func TestDirectDoesNotWaitForAQuietHour(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		w.noBus()
		now := time.Now()
		later := job.NewBackup("apim-weu", now, now.Add(3*time.Hour), job.Rules{Deadline: 6 * time.Hour}, now)
		w.must(w.store().Create(w.t.Context(), later, job.SummaryMove{Waiting: &later.ID}))
		w.did(exitDone, "backup", "apim-weu", "--direct", "--id", "own", "--timeout", "1h")
		time.Sleep(time.Minute)
		w.did(exitDone, "backup", "apim-weu", "--direct", "--timeout", "1h")
		if j, err := w.store().Job(w.t.Context(), "apim-weu", later.ID); err != nil || j.State != job.Pending {
			t.Errorf("the one that waits is %s, %v", j.State, err)
		}
		time.Sleep(3 * time.Hour)
		a := w.did(exitDone, "backup", "apim-weu", "--direct")
		if j, err := w.store().Job(w.t.Context(), "apim-weu", later.ID); err != nil || j.State != job.Succeeded || w.posts("apim-weu") != 3 {
			t.Errorf("the one that waited is %s, %v; %d POSTs\n%s", j.State, err, w.posts("apim-weu"), a.stderr)
		}
	})
}
