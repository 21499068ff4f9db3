package main

import (
	"strings"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// The same id again promises nothing that can't come of its job.
func TestTheSameIDOfARestore(t *testing.T) {
	inWorld(t, worldPlan, false, func(w *world) {
		w.did(exitDone, "backup", "apim-weu", "--wait")
		again := []string{"restore", "apim-weu", "--yes", "--by", "ann", "--id", "t1"}
		id := recovery.RequestedRestore("apim-neu", "t1")
		w.did(exitDone, again...)
		time.Sleep(time.Minute)
		if a := w.did(exitDone, again...); !strings.Contains(a.stdout, "job "+id+" of this id is open already (AwaitingApproval): it is joined") || !strings.Contains(a.stdout, "lifeboat approve "+id) {
			t.Errorf("while it is open:\n%s", a.stdout)
		}
		if r := decoded[sentReport](w, exitDone, again...); r.Sent.Job != id || r.Sent.ID != "t1" || r.Sent.By != "ann" || r.Sent.Queue != "" {
			t.Errorf("in JSON: %+v", r.Sent)
		}
		w.did(exitPerson, append(again, "--wait", "--timeout", "1m")...)
		w.did(exitError, append(again, "--point", "other")...)

		w.did(exitDone, "cancel", id)
		time.Sleep(time.Minute)
		a := w.did(exitError, again...)
		if want := "job " + id + " of this id has ended already: Canceled; for a new one leave --id out, or give another"; !strings.Contains(a.stderr, want) || a.stdout != "" {
			t.Errorf("after it was canceled:\n%s%s", a.stdout, a.stderr)
		}
		if r := decoded[sentReport](w, exitError, append(again, "--wait")...); r.Result == nil || r.Result.State != job.Canceled {
			t.Errorf("after it was canceled, with --wait: %+v", r)
		}
		w.did(exitError, append(again, "--direct")...)
		if n := w.posts("apim-neu"); n != 0 {
			t.Errorf("%d POSTs", n)
		}
	})
}

// A script that is started again while its job runs, or after, ends as the job
// does.
func TestARetriedScriptEndsWell(t *testing.T) {
	inWorld(t, worldPlan, false, func(w *world) {
		args := []string{"backup", "apim-weu", "--id", "nightly", "--wait"}
		first := w.goes(w.t.Context(), args...)
		for _, pause := range []time.Duration{time.Millisecond, time.Second, 3 * time.Second, time.Hour} {
			time.Sleep(pause)
			if a := w.did(exitDone, args...); !strings.Contains(a.stdout, "Succeeded") {
				t.Errorf("%s later:\n%s", pause, a.stdout)
			}
		}
		if a := first(); a.code != exitDone {
			t.Errorf("the first: exit code %d\n%s", a.code, a.stderr)
		}
		if a := w.did(exitDone, "backup", "apim-weu", "--id", "nightly"); !strings.Contains(a.stdout, "has ended already: Succeeded") {
			t.Errorf("stdout:\n%s", a.stdout)
		}
		made := 0
		for _, j := range decoded[jobsReport](w, exitDone, "jobs", "apim-weu", "--limit", "0").Jobs {
			if j.Job == recovery.RequestedBackup("apim-weu", "nightly") {
				made++
			}
		}
		if made != 1 {
			t.Errorf("%d jobs of one id", made)
		}
	})
}
