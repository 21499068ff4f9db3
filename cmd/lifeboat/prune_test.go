package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/config"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// keepTwo is worldPlan with a retention.
const keepTwo = worldPlan + "    retention: {keepLast: 2, daily: 0, weekly: 0, keepWithin: 0s, minKeep: 1}\n"

// afterBackups runs f as an operator whose plan has a retention, the morning
// after so many nights, each of which left a point.
func afterBackups(t *testing.T, nights int, f func(w *world)) {
	t.Helper()
	inWorld(t, keepTwo, true, func(w *world) {
		w.must(w.azure.Storage.CreateContainer("apim"))
		p, err := plan.Parse("world.yaml", []byte(keepTwo))
		w.must(err)
		r, err := w.reach(config.Config{})
		w.must(err)
		defer r.close(t.Context())
		for range nights {
			j := job.NewBackup("apim-weu", time.Now(), time.Now(), job.Rules{}, time.Now())
			point := job.Point{
				Service: "apim-weu", Job: j.ID, Attempt: 1, Blob: j.ID + "-a1.apimbackup", Size: 50_000, StartedAt: time.Now(), VerifiedAt: time.Now().Add(10 * time.Minute),
				Facts: job.Facts{Tier: "Developer", Units: 1, Location: "West Europe"},
			}
			w.must(w.azure.Storage.PutBlob("apim", point.Blob, []byte("a backup"), nil))
			_, err := r.blobs.Record(t.Context(), p.Services[0].Service, point)
			w.must(err)
			w.must(w.store().Create(t.Context(), j, job.SummaryMove{}))
			from, err := w.store().Job(t.Context(), "apim-weu", j.ID)
			w.must(err)
			j.State, j.Revision, j.EndedAt = job.Succeeded, from.Revision+1, time.Now()
			j.Attempt = job.Attempt{Number: 1, Blob: point.Blob, StartedAt: point.StartedAt}
			w.must(w.store().Save(t.Context(), job.Move{From: from, To: j, Point: &point}))
			time.Sleep(24 * time.Hour)
		}
		f(w)
	})
}

// points are the blobs of apim-weu's points, newest first.
func (w *world) points() (blobs []string) {
	for p, err := range w.store().Points(w.t.Context(), "apim-weu") {
		w.must(err)
		blobs = append(blobs, p.Blob)
	}
	return blobs
}

// marks writes what change makes of a point.
func (w *world) marks(blob string, change func(*job.Point)) {
	from, err := w.store().Point(w.t.Context(), "apim-weu", blob)
	w.must(err)
	to := from.Point
	change(&to)
	read, err := w.store().StoredSummary(w.t.Context(), "apim-weu")
	w.must(err)
	w.must(w.store().Transit(w.t.Context(), job.Transition{Read: read, Points: []job.PointMove{{From: from, To: to}}}))
}

// checkContainer expects the blob and the sidecar of each of blobs, and no
// other.
func (w *world) checkContainer(blobs []string) {
	w.t.Helper()
	var want, got []string
	for _, b := range blobs {
		want = append(want, b, b+".lifeboat.json")
	}
	for _, b := range w.azure.Storage.ListBlobs("apim", "") {
		got = append(got, b.Name)
	}
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		w.t.Errorf("the container has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A hold outlives the retention, and its end does not.
func TestHoldPruneRelease(t *testing.T) {
	afterBackups(t, 5, func(w *world) {
		all := w.points()
		golden(w.t, "hold", w.did(exitDone, "hold", "apim-weu", all[4], "--reason", "audit 2026"))
		golden(w.t, "hold_again", w.did(exitDone, "hold", "apim-weu", all[4], "--reason", "audit 2027", "--by", "bob@contoso.example"))
		golden(w.t, "points_held", w.did(exitDone, "points", "apim-weu"))
		sidecar, _, err := w.azure.Storage.GetBlob("apim", all[4]+".lifeboat.json")
		if err != nil || !strings.Contains(string(sidecar), "audit 2027") {
			t.Errorf("the sidecar says, %v:\n%s", err, sidecar)
		}
		golden(w.t, "prune_dry", w.did(exitDone, "prune", "apim-weu", "--dry-run"))
		w.checkContainer(all)

		w.stdin = person{strings.NewReader("apim-weu\n")}
		golden(w.t, "prune", w.did(exitDone, "prune", "apim-weu"))
		rest := []string{all[0], all[1], all[4]}
		w.checkContainer(rest)
		if got := w.points(); !slices.Equal(got, rest) {
			t.Errorf("points %q, want %q", got, rest)
		}
		golden(w.t, "prune_nothing", w.did(exitDone, "prune", "apim-weu"))

		golden(w.t, "release", w.did(exitDone, "release", "apim-weu", all[4]))
		golden(w.t, "release_again", w.did(exitDone, "release", "apim-weu", all[4]))
		w.did(exitDone, "prune", "apim-weu", "--yes")
		w.checkContainer(all[:2])
	})
}

// A hold that was cut short stands in the sidecar alone, and a catalogue that
// was rebuilt from there would have it again.
func TestReleaseOfHalfAHold(t *testing.T) {
	afterBackups(t, 1, func(w *world) {
		point := w.points()[0]
		w.did(exitDone, "hold", "apim-weu", point, "--reason", "audit 2026")
		w.marks(point, func(p *job.Point) { p.Held, p.HeldBy = "", "" })
		w.did(exitDone, "release", "apim-weu", point)
		if sidecar, _, err := w.azure.Storage.GetBlob("apim", point+".lifeboat.json"); err != nil || strings.Contains(string(sidecar), "audit") {
			t.Errorf("the sidecar says, %v:\n%s", err, sidecar)
		}
	})
}

// Nothing goes without a word, and nothing by a wrong one.
func TestPruneAsksFirst(t *testing.T) {
	afterBackups(t, 3, func(w *world) {
		for name, stdin := range map[string]person{"nobody is there": {}, "yes": {strings.NewReader("yes\n")}, "nothing": {strings.NewReader("\n")}} {
			if w.stdin = nil; stdin.Reader != nil {
				w.stdin = stdin
			}
			if a := w.did(exitUsage, "prune", "apim-weu"); a.stdout != "" {
				t.Errorf("%s: stdout %s", name, a.stdout)
			}
			w.checkContainer(w.points())
			if n := len(w.points()); n != 3 {
				t.Errorf("%s: %d points are left", name, n)
			}
		}
	})
}

// While an incident is open nothing goes, and what a restore needs never.
func TestPruneDuringAnIncident(t *testing.T) {
	afterBackups(t, 4, func(w *world) {
		all, incident, over := w.points(), "inc1", ""
		w.must(w.store().Note(w.t.Context(), "apim-weu", job.SummaryMove{Incident: &incident}))
		golden(w.t, "prune_frozen", w.did(exitError, "prune", "apim-weu", "--yes"))
		golden(w.t, "prune_frozen_dry", w.did(exitDone, "prune", "apim-weu", "--dry-run"))
		w.checkContainer(all)
		w.must(w.store().Note(w.t.Context(), "apim-weu", job.SummaryMove{Incident: &over}))

		j := job.NewRestore("apim-neu", "inc1", job.RestoreOrder{Source: "apim-weu", By: "bob"}, job.Rules{}, time.Now())
		ended := job.NewRestore("apim-neu", "inc0", job.RestoreOrder{Source: "apim-weu", By: "bob"}, job.Rules{}, time.Now())
		ended.State = job.Failed
		for _, j := range []job.Job{j, ended} {
			w.must(w.store().Create(w.t.Context(), j, job.SummaryMove{}))
		}
		w.marks(all[2], func(p *job.Point) { p.Pinned = ended.ID })
		w.marks(all[3], func(p *job.Point) { p.Pinned = ended.ID + " " + j.ID })
		golden(w.t, "points_pinned", w.did(exitDone, "points", "apim-weu"))
		r := decoded[pruneReport](w, exitDone, "prune", "apim-weu", "--yes")
		if !slices.Equal(r.Removed, all[2:3]) || len(r.Left) != 0 || !slices.Equal(r.Points[3].PinnedBy, []string{j.ID}) {
			t.Errorf("prune = %+v", r)
		}
		w.checkContainer([]string{all[0], all[1], all[3]})
	})
}

// An incident that opens while a person thinks.
func TestAnIncidentStopsAPruningThatWasAgreedTo(t *testing.T) {
	afterBackups(t, 3, func(w *world) {
		w.stdin = person{readerFunc(func(p []byte) (int, error) {
			incident := "inc1"
			w.must(w.store().Note(w.t.Context(), "apim-weu", job.SummaryMove{Incident: &incident}))
			return copy(p, "apim-weu\n"), nil
		})}
		if a := w.did(exitError, "prune", "apim-weu"); !strings.Contains(a.stderr, "is frozen while incident inc1 is open") {
			t.Errorf("stderr:\n%s", a.stderr)
		}
		w.checkContainer(w.points())
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// The region that came back deletes nothing of the one that took over.
func TestPruneOfAContainerThatBelongsToAnotherTable(t *testing.T) {
	afterBackups(t, 4, func(w *world) {
		all := w.points()
		w.did(exitDone, "hold", "apim-weu", all[3], "--reason", "audit 2026")
		w.table = "there/lifeboat"
		w.did(exitDone, "prune", "apim-weu", "--yes")
		w.did(exitDone, "release", "apim-weu", all[3])
		w.table = "here/lifeboat"
		a := w.did(exitError, "prune", "apim-weu", "--yes")
		if !strings.Contains(a.stderr, "there/lifeboat") || !strings.Contains(a.stdout, "Removed 0 points") {
			t.Errorf("prune:\n%s%s", a.stdout, a.stderr)
		}
		if got, want := w.points(), []string{all[0], all[1], all[3]}; !slices.Equal(got, want) {
			t.Errorf("points %q, want %q", got, want)
		}
	})
}

// What storage does not let go stays a point, with a warning.
func TestPruneOfAnImmutableContainer(t *testing.T) {
	afterBackups(t, 4, func(w *world) {
		all := w.points()
		w.must(w.azure.Storage.SetImmutable("apim", true))
		golden(w.t, "prune_immutable", w.did(exitDone, "prune", "apim-weu", "--yes"))
		w.checkContainer(all)
		r := decoded[pruneReport](w, exitDone, "prune", "apim-weu", "--yes")
		if len(r.Removed) != 0 || !slices.Equal(r.Left, all[2:]) || len(r.Warnings) != 2 {
			t.Errorf("prune = %+v", r)
		}
		for _, p := range decoded[pointsReport](w, exitDone, "points", "apim-weu").Points {
			if p.Removing || !p.Restorable {
				t.Errorf("%s is not what it was: %+v", p.Point, p)
			}
		}
	})
}

// A removal that was cut short is seen, stands in the way of a hold, and ends
// with the next pruning, once nobody can be at it any more.
func TestAPointThatIsBeingRemoved(t *testing.T) {
	afterBackups(t, 3, func(w *world) {
		all := w.points()
		allowed := w.azure.Tap.Inject(wire.Fault{
			Service: emulator.ServiceBlob, Match: func(r *http.Request) bool { return r.Method == http.MethodDelete }, Kind: wire.Instead, Status: http.StatusForbidden,
		})
		if a := w.did(exitUnknown, "prune", "apim-weu", "--yes"); !strings.Contains(a.stderr, "Storage Blob Data Contributor") || !strings.Contains(a.stdout, "Removed 0 points") {
			t.Errorf("without a role:\n%s%s", a.stdout, a.stderr)
		}
		allowed()
		golden(w.t, "points_removing", w.did(exitDone, "points", "apim-weu"))
		golden(w.t, "prune_removing", w.did(exitDone, "prune", "apim-weu", "--dry-run"))
		for _, args := range [][]string{
			{"hold", "apim-weu", all[2], "--reason", "audit"}, {"release", "apim-weu", all[2]}, {"restore", "apim-weu", "--point", all[2], "--yes"},
		} {
			if a := w.did(exitError, args...); !strings.Contains(a.stderr, "its backup may be gone already") || a.stdout != "" {
				t.Errorf("%q:\n%s%s", args, a.stdout, a.stderr)
			}
		}
		if a := w.did(exitUnknown, "prune", "apim-weu", "--yes"); !strings.Contains(a.stderr, "may still go on: try again after") {
			t.Errorf("at once:\n%s%s", a.stdout, a.stderr)
		}
		time.Sleep(5 * time.Minute) // until its mark is nobody's
		w.did(exitDone, "prune", "apim-weu", "--yes")
		w.checkContainer(all[:2])
	})
}

// The engine removes some at a time, and the command all.
func TestPruneRemovesMoreThanOnceAround(t *testing.T) {
	afterBackups(t, 60, func(w *world) {
		all := w.points()
		r := decoded[pruneReport](w, exitDone, "prune", "apim-weu", "--yes")
		if len(r.Removed) != 58 || len(r.Left) != 0 {
			t.Errorf("%d removed, %q left", len(r.Removed), r.Left)
		}
		w.checkContainer(all[:2])
	})
}

func TestHoldAndPruneRefuseWhatCantBe(t *testing.T) {
	afterBackups(t, 1, func(w *world) {
		point := w.points()[0]
		without := filepath.Join(w.t.TempDir(), "without.yaml")
		w.must(os.WriteFile(without, []byte(worldPlan), 0o600))
		gone := func(p *job.Point) { p.Withdrawn, p.WithdrawnWhy = time.Now(), "its blob was deleted" }
		for _, tt := range []struct {
			args []string
			code int
			want string
		}{
			{[]string{"hold", "apim-xyz", point, "--reason", "x"}, exitUnknown, "not a service in the plan"},
			{[]string{"hold", "apim-weu", "none", "--reason", "x"}, exitUnknown, "lifeboat points apim-weu lists them"},
			{[]string{"hold", "apim-weu", point}, exitUsage, "say --reason"},
			{[]string{"hold", "apim-weu", point, "--reason", " \n"}, exitUsage, "say --reason"},
			{[]string{"hold", "apim-weu", point, "--reason", strings.Repeat("x", 1001)}, exitUsage, "at most 1000 bytes"},
			{[]string{"hold", "apim-weu"}, exitUsage, "hold: want SERVICE POINT, got 1 argument"},
			{[]string{"release", "apim-weu", "none"}, exitUnknown, "lifeboat points apim-weu lists them"},
			{[]string{"prune", "apim-neu", "--dry-run"}, exitUnknown, "not a service in the plan"},
			{[]string{"prune", "apim-weu", "--dry-run", "--plan", without}, exitUnknown, "under services.apim-weu.retention"},
			{[]string{"hold", "apim-weu", point, "--reason", "x"}, exitError, "was withdrawn: its blob was deleted"},
		} {
			if tt.code == exitError {
				w.marks(point, gone)
			}
			a := w.does(w.t.Context(), tt.args...)
			if a.code != tt.code || !strings.Contains(a.stderr, tt.want) || a.stdout != "" {
				t.Errorf("lifeboat %q: exit code %d, want %d and %q\n%s%s", tt.args, a.code, tt.code, tt.want, a.stdout, a.stderr)
			}
		}
	})
}

func TestHoldAndPruneSpeakJSON(t *testing.T) {
	afterBackups(t, 3, func(w *world) {
		all := w.points()
		h := decoded[holdReport](w, exitDone, "hold", "apim-weu", all[2], "--reason", "audit\x1b[31m")
		if h.Point.Held != "audit [31m" || h.Point.HeldBy != "ann@contoso.example" || h.Before != "" {
			t.Errorf("hold = %+v", h)
		}
		if p := decoded[pointsReport](w, exitDone, "points", "apim-weu").Points[2]; p.Held != h.Point.Held || p.HeldBy != h.Point.HeldBy {
			t.Errorf("points = %+v", p)
		}
		r := decoded[pruneReport](w, exitDone, "prune", "apim-weu", "--dry-run")
		if !r.DryRun || r.Keep != 3 || r.Prune != 0 || !r.Points[2].Keep || r.Points[2].Reasons[0] != "held: audit [31m" {
			t.Errorf("prune --dry-run = %+v", r)
		}
		if h = decoded[holdReport](w, exitDone, "release", "apim-weu", all[2]); h.Point.Held != "" || h.Before != "audit [31m" || h.BeforeBy != "ann@contoso.example" {
			t.Errorf("release = %+v", h)
		}
		if r = decoded[pruneReport](w, exitDone, "prune", "apim-weu", "--yes"); r.DryRun || !slices.Equal(r.Removed, all[2:]) || len(r.Left)+len(r.Warnings) != 0 {
			t.Errorf("prune = %+v", r)
		}
	})
}
