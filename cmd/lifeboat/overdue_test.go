package main

import (
	"strings"
	"testing"
	"time"

	"lifeboat/internal/job"
)

func TestDue(t *testing.T) {
	now := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		in   time.Duration
		want string
	}{
		{time.Minute, "in 60 s"}, {time.Second, "in 1 s"}, {900 * time.Millisecond, "now"}, {0, "now"},
		{-30 * time.Second, "now"}, {-31 * time.Second, "overdue 31 s"}, {-6 * time.Minute, "overdue 6 min"}, {-14 * time.Hour, "overdue 14 h"},
	} {
		if got := due(now.Add(tt.in), now); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.in, got, tt.want)
		}
	}
}

// A job that nobody moves does not look like one that is moved.
func TestAStalledJobIsSeen(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		now := time.Now()
		j := job.NewBackup("apim-weu", now, now, job.Rules{Deadline: 4 * time.Hour}, now)
		w.must(w.store().Create(w.t.Context(), j, job.SummaryMove{Waiting: &j.ID}))
		time.Sleep(10 * time.Second)
		for _, args := range [][]string{{"jobs"}, {"job", j.ID}} {
			if a := w.did(exitDone, args...); strings.Contains(a.stdout, "overdue") || strings.Contains(a.stdout, "resume") {
				t.Errorf("%q of a job on time:\n%s", args, a.stdout)
			}
		}
		time.Sleep(6 * time.Minute)
		for want, args := range map[string][]string{
			"overdue 6 min":           {"jobs"},
			"overdue 6 min, deadline": {"job", j.ID},
			"the watchdog prompts it; if it does not: lifeboat resume " + j.ID: {"job", j.ID},
		} {
			if a := w.did(exitDone, args...); !strings.Contains(a.stdout, want) {
				t.Errorf("%q does not say %q:\n%s", args, want, a.stdout)
			}
		}
		if a := w.did(exitError, "status"); !strings.Contains(a.stdout, "overdue 6 min") {
			t.Errorf("status:\n%s", a.stdout)
		}
		if got := (&watch{desk: &desk{}, job: j}).line(time.Now()); !strings.Contains(got, "next look overdue 6 min") {
			t.Errorf("progress: %q", got)
		}
	})
}

// Each word that comes too early is told what can be done instead.
func TestAWordBeforeTheGates(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		j := job.NewRestore("apim-neu", "reqx", job.RestoreOrder{Source: "apim-weu", By: "bob"}, job.Rules{}, time.Now())
		j.Reason = "apim-neu is Updating."
		w.must(w.store().Create(w.t.Context(), j, job.SummaryMove{}))
		waits := "job " + j.ID + " waits for something else yet: apim-neu is Updating; "
		for want, args := range map[string][]string{
			waits + "it needs no approval yet; to end it now: lifeboat cancel " + j.ID + "\n":          {"reject", j.ID},
			waits + "it needs no approval yet; to end it now: lifeboat cancel " + j.ID + " --direct\n": {"reject", j.ID, "--direct"},
			waits + "it asks for an approval when that is over, if it needs one\n":                     {"approve", j.ID, "--yes"},
		} {
			if a := w.did(exitUnknown, args...); !strings.Contains(a.stderr, want) {
				t.Errorf("%q, want %q:\n%s", args, want, a.stderr)
			}
		}
	})
}
