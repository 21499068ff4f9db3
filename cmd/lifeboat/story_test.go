package main

import (
	"strings"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// A backup, a restore, its approval and all that can be seen of them, by
// commands only, over the real SDK clients.
func TestStoryByCommands(t *testing.T) {
	inWorld(t, worldPlan, false, func(w *world) {
		time.Sleep(20 * time.Minute)
		golden(w.t, "status_new", w.did(exitError, "status"))
		golden(w.t, "jobs_none", w.did(exitDone, "jobs", "apim-weu"))
		golden(w.t, "points_none", w.did(exitDone, "points", "apim-weu"))

		golden(w.t, "backup_wait", w.did(exitDone, "backup", "apim-weu", "--id", "before-release", "--reason", "before the release", "--wait"))
		time.Sleep(2 * time.Hour)
		golden(w.t, "status", w.did(exitDone, "status"))
		golden(w.t, "points", w.did(exitDone, "points", "apim-weu"))
		golden(w.t, "points_all", w.did(exitDone, "points"))

		golden(w.t, "restore", w.did(exitDone, "restore", "apim-weu", "--id", "down", "--yes", "--reason", "region is down", "--by", "bob@contoso.example"))
		id := recovery.RequestedRestore("apim-neu", "down")
		golden(w.t, "wait_person", w.did(exitPerson, "job", id, "--wait", "--timeout", "1m"))
		golden(w.t, "status_approval", w.did(exitDone, "status"))
		golden(w.t, "approve_self", w.did(exitError, "approve", id, "--yes", "--by", "Bob@contoso.example"))
		w.stdin = person{strings.NewReader("apim-neu\n")}
		golden(w.t, "approve_wait", w.did(exitDone, "approve", id, "--id", "yes-1", "--reason", "agreed", "--wait"))
		golden(w.t, "status_serving", w.did(exitDone, "status"))
		golden(w.t, "jobs", w.did(exitDone, "jobs", "apim-weu"))
		golden(w.t, "jobs_all", w.did(exitDone, "jobs"))
		golden(w.t, "jobs_standby", w.did(exitDone, "jobs", "apim-neu"))
		golden(w.t, "ack", w.did(exitDone, "ack", "apim-weu", "--id", "ack-1", "--outcome", "failback"))
		golden(w.t, "maintenance", w.did(exitDone, "maintenance", "apim-weu", "on", "--id", "m-1", "--for", "90m"))
		time.Sleep(time.Minute)
		golden(w.t, "status_maintenance", w.did(exitDone, "status", "apim-weu"))
	})
}

// Every command says in JSON what it says otherwise, and nothing beside it.
func TestEveryCommandSpeaksJSON(t *testing.T) {
	inWorld(t, worldPlan, false, func(w *world) {
		b := decoded[sentReport](w, exitDone, "backup", "apim-weu", "--id", "one", "--wait")
		if b.Result == nil || b.Result.State != job.Succeeded || b.Result.Job != b.Sent.Job || len(b.Result.NotInBackup) == 0 || b.Result.Point == nil {
			t.Errorf("backup = %+v", b)
		}
		s := decoded[statusReport](w, exitDone, "status")
		if !s.Good || len(s.Services) != 1 || s.Services[0].Health != "ok" || s.Services[0].RPO == nil || s.Services[0].Next == nil {
			t.Errorf("status = %+v", s)
		}
		if j := decoded[jobsReport](w, exitDone, "jobs", "apim-weu"); len(j.Jobs) != 2 && len(j.Jobs) != 1 {
			t.Errorf("jobs = %+v", j)
		}
		decoded[jobsReport](w, exitDone, "jobs")
		p := decoded[pointsReport](w, exitDone, "points", "apim-weu")
		if len(p.Points) == 0 || !p.Points[0].Restorable {
			t.Fatalf("points = %+v", p)
		}
		decoded[pointsReport](w, exitDone, "points")
		first := decoded[sentReport](w, exitDone, "restore", "apim-weu", "--yes", "--by", "bob", "--point", p.Points[0].Point)
		second := decoded[sentReport](w, exitDone, "restore", "apim-weu", "--yes", "--by", "bob")
		time.Sleep(time.Minute)
		decoded[sentReport](w, exitDone, "cancel", first.Sent.Job, "--reason", "by mistake")
		decoded[sentReport](w, exitDone, "reject", second.Sent.Job, "--reason", "not now")
		time.Sleep(time.Minute)
		for _, id := range []string{first.Sent.Job, second.Sent.Job} {
			if j := decoded[jobReport](w, exitError, "job", id); j.State != job.Canceled || len(j.Timeline) < 2 || len(j.Gates) == 0 {
				t.Errorf("job = %+v", j)
			}
		}
		third := decoded[sentReport](w, exitDone, "restore", "apim-weu", "--yes", "--by", "bob")
		time.Sleep(time.Minute)
		done := decoded[sentReport](w, exitDone, "approve", third.Sent.Job, "--yes", "--wait")
		if done.Result == nil || done.Result.State != job.Succeeded || done.Result.Gateway == "" || done.Result.Approval.By != "ann@contoso.example" {
			t.Errorf("approve = %+v", done.Result)
		}
		decoded[sentReport](w, exitDone, "ack", "apim-weu", "--outcome", "promote")
		decoded[sentReport](w, exitDone, "maintenance", "apim-weu", "off")
		decoded[validation](w, exitDone, "plan", "validate")
		decoded[map[string]any](w, exitDone, "plan", "schema")
		decoded[build](w, exitDone, "version")
	})
}
