package recovery_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lifeboat/internal/event"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

const (
	shortest = 35 * 24 * time.Hour
	day      = 24 * time.Hour
)

// past is what was said to the engine long ago, and may be said again.
type past struct {
	*recoverytest.World
	backup, restore request.Request
	alert           request.Alert
	change          event.Change
	gone            event.BlobDeleted
	prompts         []recovery.Prompt
	held            string
}

// longAgo is a world in which everything happened once, then only nights, and
// then nothing for forty days, as the app was off.
func longAgo(t *testing.T, incidentOpen bool) *past {
	t.Helper()
	p := failoverPlan(t, "approve", "")
	p.History = shortest
	w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
	w.Run(t.Context(), 2*time.Hour)
	told := &past{
		World:   w,
		backup:  request.Request{ID: "b", Kind: request.Backup, Service: "apim-weu", By: "ann", EnqueuedAt: time.Now()},
		restore: request.Request{ID: "r", Kind: request.Restore, Service: "apim-weu", By: "ann", EnqueuedAt: time.Now()},
		alert:   fired(time.Now()),
	}
	ask(t, w, told.backup)
	ask(t, w, told.restore)
	send(t, w, told.alert)
	w.Run(t.Context(), 3*time.Hour) // nobody approves, and apim-weu answers
	if !incidentOpen {
		told.alert.ResolvedAt = time.Now()
		end := told.alert
		end.Condition = request.Resolved
		send(t, w, end)
	}
	told.change = edit(w, "new")
	tell(t, w, told.change)
	w.Run(t.Context(), 3*time.Hour)
	points := w.Store.Catalogue("apim-weu")
	w.Azure.Delete(points[0].Blob)
	told.gone = event.BlobDeleted{ID: "gone", At: time.Now(), Account: "stbackups", Container: "apim", Blob: points[0].Blob}
	if err := w.Engine.BlobDeleted(t.Context(), told.gone); err != nil {
		t.Fatal(err)
	}
	told.held = points[1].Job
	if _, err := w.Engine.Hold(t.Context(), "apim-weu", points[1].Blob, "audit", "ann"); err != nil {
		t.Fatal(err)
	}
	for _, home := range []string{"apim-weu", "apim-neu"} {
		for _, j := range w.Store.Jobs(home) {
			told.prompts = append(told.prompts, recovery.Prompt{Service: home, Job: j.ID, Revision: j.Revision, EnqueuedAt: time.Now()})
		}
	}
	w.Run(t.Context(), 4*day)
	time.Sleep(40 * day)
	return told
}

func ids(jobs []job.Job) (all []string) {
	for _, j := range jobs {
		all = append(all, j.ID)
	}
	return all
}

// rowsOf is all that the table has of the two services, by name.
func rowsOf(w *recoverytest.World) (names []string) {
	for _, home := range []string{"apim-weu", "apim-neu"} {
		names = append(names, ids(w.Store.Jobs(home))...)
		for _, i := range w.Store.AllIncidents(home) {
			names = append(names, "incident "+i.ID)
		}
		for _, p := range w.Store.Catalogue(home) {
			names = append(names, "point of "+p.Job)
		}
	}
	for _, n := range w.Store.AllNotices() {
		names = append(names, "notice "+n.ID)
	}
	slices.Sort(names)
	return names
}

func TestWhatWasOverLongAgoIsCleanedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := longAgo(t, false)
		var blobs []string
		for _, p := range w.Store.Catalogue("apim-weu") {
			blobs = append(blobs, p.Blob)
		}
		w.Run(t.Context(), 12*time.Hour)
		jobs := w.Store.Jobs("apim-weu")
		good, named := 0, false
		for _, j := range jobs {
			named = named || j.ID == w.held
			if j.EndedAt.After(time.Now().Add(-day)) {
				continue // of tonight
			}
			good++
			if j.State != job.Succeeded {
				t.Errorf("job %s, which is %s, is still there", j.ID, j.State)
			}
		}
		if want := job.KeptJobs + 1; good != want || !named {
			t.Errorf("%d old jobs, want the last %d good ones and that of the held point (there: %t): %q", good, job.KeptJobs, named, ids(jobs))
		}
		if left := ids(w.Store.Jobs("apim-neu")); len(left) != 0 {
			t.Errorf("restores that were never made are still there: %q", left)
		}
		if left := w.Store.AllIncidents("apim-weu"); len(left) != 0 {
			t.Errorf("incidents %+v", left)
		}
		for _, n := range w.Store.AllNotices() {
			if n.At.Before(time.Now().Add(-shortest)) {
				t.Errorf("notice %s is still there", n.ID)
			}
		}
		for _, p := range w.Store.Catalogue("apim-weu") {
			if !p.Live() {
				t.Errorf("withdrawn point %s is still there", p.Blob)
			}
		}
		for _, blob := range blobs {
			if _, ok := w.Azure.Sidecar(blob); !ok {
				t.Errorf("the sidecar of %s is gone", blob)
			}
		}
		if len(w.Dead) > 0 {
			t.Errorf("%d dead letters", len(w.Dead))
		}
		// I8: what was forgotten is not brought back.
		other := lost(t, w.World)
		if _, err := other.Engine.Rebuild(t.Context(), "apim-weu", "ann"); err != nil {
			t.Fatal(err)
		}
		byJob := cmpopts.SortSlices(func(a, b job.Point) bool { return a.Job < b.Job })
		if diff := cmp.Diff(w.Store.Catalogue("apim-weu"), other.Store.Catalogue("apim-weu"), byJob); diff != "" {
			t.Errorf("rebuilt (-was +is):\n%s", diff)
		}
	})
}

// Copies of old messages and late timers make nothing again.
func TestWhatWasCleanedUpIsNotMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := longAgo(t, false)
		w.Run(t.Context(), 12*time.Hour)
		want, operations := rowsOf(w.World), len(w.Azure.Operations())
		refuse := func(err error) error {
			if !errors.Is(err, recovery.ErrRefused) {
				return fmt.Errorf("not refused: %w", err)
			}
			return nil
		}
		end := w.alert
		end.Condition = request.Resolved
		yesterday := w.Engine.Now
		says := map[string]func() error{
			"backup":  func() error { return refuse(w.Engine.Request(t.Context(), w.backup)) },
			"restore": func() error { return refuse(w.Engine.Request(t.Context(), w.restore)) },
			"fired":   func() error { return w.Engine.Alert(t.Context(), w.alert) },
			"end":     func() error { return w.Engine.Alert(t.Context(), end) },
			"change":  func() error { return w.Engine.Change(t.Context(), w.change) },
			"gone":    func() error { return w.Engine.BlobDeleted(t.Context(), w.gone) },
			"timer": func() error {
				long := time.Now().Add(-45 * day)
				w.Engine.Now = func() time.Time { return long }
				defer func() { w.Engine.Now = yesterday }()
				return w.Engine.Schedule(t.Context())
			},
		}
		for _, p := range w.prompts {
			says["prompt of "+p.Job] = func() error { return w.Engine.Step(t.Context(), p) }
			says["dead prompt of "+p.Job] = func() error {
				return w.Engine.DeadStep(t.Context(), recovery.DeadLetter{Queue: recovery.StepQueue, Body: recovery.EncodePrompt(p), EnqueuedAt: p.EnqueuedAt})
			}
		}
		for name, say := range says {
			for range 2 {
				if err := say(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			w.Run(t.Context(), time.Minute)
			if diff := cmp.Diff(want, rowsOf(w.World)); diff != "" {
				t.Errorf("after %s (-was +is):\n%s", name, diff)
			}
		}
		if got := len(w.Azure.Operations()); got != operations {
			t.Errorf("%d operations more", got-operations)
		}
		// An id is free again once nobody knows it; what is sent anew is done.
		w.backup.EnqueuedAt = time.Now()
		if err := w.Engine.Request(t.Context(), w.backup); err != nil {
			t.Error(err)
		}
	})
}

// A restore that an open incident has had stays as long as the incident: it is
// the one attempt.
func TestAnOpenIncidentKeepsItsRestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := longAgo(t, true)
		w.Run(t.Context(), 3*day)
		incidents := w.Store.AllIncidents("apim-weu")
		if len(incidents) != 1 || !incidents[0].Open() {
			t.Fatalf("incidents %+v", incidents)
		}
		jobs := w.Store.Jobs("apim-neu")
		if len(jobs) != 1 || jobs[0].ID != incidents[0].Restore || jobs[0].CreatedAt.After(time.Now().Add(-shortest)) {
			t.Errorf("restores %+v", jobs)
		}
		send(t, w.World, w.alert) // a copy finds its incident
		end := w.alert
		end.Condition, end.ResolvedAt = request.Resolved, time.Now()
		send(t, w.World, end)
		w.Run(t.Context(), shortest+2*day)
		if left, jobs := w.Store.AllIncidents("apim-weu"), w.Store.Jobs("apim-neu"); len(left) != 0 || len(jobs) != 0 {
			t.Errorf("%d incidents, restores %q", len(left), ids(jobs))
		}
	})
}

// Whatever befalls any one effect of the clean-up, the same rows are left.
func TestCrashWhileCleaningUp(t *testing.T) {
	run := func(t *testing.T, number int, fault recoverytest.Fault) (rows []string, calls int) {
		w := longAgo(t, false)
		first, struck := len(w.Effects.Seen()), number == 0
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if e.Number-first != number {
				return recoverytest.NoFault
			}
			struck = true
			return fault
		}
		w.Survive(func() error { return w.Engine.Watch(t.Context()) })
		calls = len(w.Effects.Seen()) - first
		w.Effects.Judge = nil
		if !struck {
			t.Error("the effect did not happen")
		}
		w.Run(t.Context(), 25*time.Hour)
		if len(w.Dead) > 0 {
			t.Errorf("%d dead letters", len(w.Dead))
		}
		for _, name := range rowsOf(w.World) {
			if !strings.HasPrefix(name, "notice ") || !strings.Contains(name, string(job.NoticeDown)) && !strings.Contains(name, string(job.NoticeLate)) {
				rows = append(rows, name)
			}
		}
		return rows, calls
	}
	var want []string
	calls := 0
	synctest.Test(t, func(t *testing.T) { want, calls = run(t, 0, recoverytest.NoFault) })
	t.Logf("%d effects, %d rows left", calls, len(want))
	for _, fault := range recoverytest.Faults() {
		for _, number := range sampled(slices.Collect(numbers(calls))) {
			t.Run(fmt.Sprintf("%s %d", fault, number), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					rows, _ := run(t, number, fault)
					if diff := cmp.Diff(want, rows); diff != "" {
						t.Errorf("rows (-without a fault +with one):\n%s", diff)
					}
				})
			})
		}
	}
}

// However much is over, a run does a bounded part of it and later runs the
// rest; a day goes by until a partition is looked at again.
func TestCleaningUpIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := plan.Parse("p", []byte("version: 1\ndefaults: {storageAccount: stbackups, container: apim}\nservices: {apim-weu: {resourceId: "+id+"apim-weu}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
		note := func(n int) {
			old := job.ServiceNotice("apim-weu", "apim-weu", job.NoticeLate, time.Now().Add(time.Duration(n)*time.Second), job.NoticeFacts{})
			if err := w.Store.AddNotice(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			stored, err := w.Store.Notice(t.Context(), old.Service, old.ID)
			if err == nil {
				err = w.Store.SaveNotice(t.Context(), stored, job.Delivery{State: job.Delivered, NotBefore: old.At})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for n := range 5000 {
			note(n)
		}
		old := func() (n int) {
			for _, one := range w.Store.AllNotices() {
				if one.At.Before(time.Now().Add(-p.History)) {
					n++
				}
			}
			return n
		}
		if err := w.Engine.Watch(t.Context()); err != nil { // the service is seen
			t.Fatal(err)
		}
		time.Sleep(p.History + day)
		for runs, left := 0, old(); left > 0; runs++ {
			if err := w.Engine.Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
			now := old()
			if gone := left - now; gone > 200 || gone == 0 && now > 0 {
				t.Fatalf("run %d removed %d rows of %d", runs, gone, left)
			}
			left = now
			time.Sleep(5 * time.Minute)
		}
		cleanings := func() (n int) {
			for _, e := range w.Effects.Seen() {
				if e.Call == "store.Finished" {
					n++
				}
			}
			return n
		}
		for range 2 {
			if err := w.Engine.Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		before := cleanings()
		for range 12 * 23 {
			if err := w.Engine.Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Minute)
		}
		if got := cleanings() - before; got != 0 {
			t.Errorf("looked %d times within a day", got)
		}
	})
}

// Rows of which something could not be read may be needed by it.
func TestNothingIsCleanedUpBlindly(t *testing.T) {
	for _, unread := range []string{"store.Summaries", "store.Unfinished", "store.Points", "store.Lease"} {
		synctest.Test(t, func(t *testing.T) {
			w := longAgo(t, false)
			before := ids(w.Store.Jobs("apim-weu"))
			w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
				if e.Call == unread {
					return recoverytest.FailInstead
				}
				return recoverytest.NoFault
			}
			if err := w.Engine.Watch(t.Context()); err == nil {
				t.Errorf("without %s there is no error", unread)
			}
			if diff := cmp.Diff(before, ids(w.Store.Jobs("apim-weu"))); diff != "" {
				t.Errorf("without %s jobs were removed (-was +is):\n%s", unread, diff)
			}
		})
	}
}

// An alert's end may be told long after a person has closed its incident, and
// again when that is forgotten.
func TestAnEndAfterItsIncidentIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := longAgo(t, true)
		acknowledge(t, w.World, request.None)
		time.Sleep(30 * day)
		end := w.alert
		end.Condition, end.ResolvedAt = request.Resolved, time.Now()
		send(t, w.World, end)
		time.Sleep(6 * day)
		w.Run(t.Context(), day)
		if left := w.Store.AllIncidents("apim-weu"); len(left) != 0 {
			t.Fatalf("incidents %+v", left)
		}
		send(t, w.World, end)
		send(t, w.World, w.alert)
		if left := w.Store.AllIncidents("apim-weu"); len(left) != 0 {
			t.Errorf("incidents %+v", left)
		}
	})
}

// Two watchdogs at once are one: what the other has removed is no error.
func TestTwoCleanUpsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := longAgo(t, false)
		met := false
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if e.Call == "store.Remove" && !met {
				met = true
				if err := w.Engine.Watch(t.Context()); err != nil {
					t.Errorf("the other: %v", err)
				}
			}
			return recoverytest.NoFault
		}
		if err := w.Engine.Watch(t.Context()); err != nil || !met {
			t.Errorf("met %t, %v", met, err)
		}
	})
}
