package simulation_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bug is a mistake that somebody could make.
type bug struct {
	name      string
	invariant string // that it breaks
	edits     []edit
}

// edit replaces text in a file below internal.
type edit struct{ file, old, new string }

// bugs has one for each invariant at least.
var bugs = []bug{
	{"a start takes no lease", "I1", []edit{{"job/lease.go", "!from.State.HoldsLease() && to.State.HoldsLease():\n\t\treturn TakeLease", "!from.State.HoldsLease() && to.State.HoldsLease():\n\t\treturn KeepLease"}}},
	{"an intent is believed at once not to have landed", "I1", []edit{{"job/event.go", "j.NotBefore = now.Add(rules.Settling)\n\t// Delays stay", "j.NotBefore = now\n\t// Delays stay"}}},
	{"no job ends by its deadline", "I2", []edit{{"job/event.go", "if stuck(j, next) &&", "if false && stuck(j, next) &&"}}},
	{"a job ends half an hour late", "I2", []edit{{"job/event.go", "!now.Before(limit) && !remark", "!now.Before(limit.Add(30*time.Minute)) && !remark"}}},
	{"an empty blob is a backup", "I3", []edit{{"recovery/look.go", "if a.Size == 0 {\n\t\treturn fmt.Sprintf(\"blob %s is empty\"", "if a.Size < 0 {\n\t\treturn fmt.Sprintf(\"blob %s is empty\""}}},
	{"a short blob is a backup", "I3", []edit{{"recovery/look.go", "if a.Size*100 < ", "if a.Size*0 < -"}}},
	{"a serving standby is overwritten", "I4", []edit{{"recovery/facts.go", `Serving: answer(onto.ServingFor != "")`, "Serving: answer(false)"}}},
	{"an intent rests on what the gates saw long ago", "I3", []edit{{"recovery/start.go", "move.Judged = judged", "_ = judged"}}},
	{"nobody needs to approve", "I4", []edit{{"recovery/facts.go", "Mode: gate.Mode(source.Failover.Mode)", "Mode: gate.Mode(plan.FailoverAuto)"}}},
	{"an alert is as old as one likes", "I4", []edit{{"recovery/incident.go", "Rule: incident.Rule, FiredAt: incident.FiredAt,", "Rule: incident.Rule, FiredAt: incident.FiredAt.Add(-time.Hour),"}}},
	{"a restore is in the name of nobody who asked", "I4", []edit{{"recovery/request.go", "Wanted: r.Point, By: r.By, Why", "Wanted: r.Point, By: \"lifeboat\", Why"}}},
	{"a standby that failed is ready", "I4", []edit{{"gate/target.go", `return refuse("%s is in state %s, in which`, `return pass("%s is in state %s, in which`}}},
	{"an alert is recorded over its end", "I4", []edit{{"recovery/recoverytest/store_incidents.go", "if p.alerts[a.ID].ETag != a.ETag {", "if false {"}}},
	{"an alert joins an incident that ends", "I9", []edit{{"recovery/recoverytest/store_incidents.go", "\t\ti.ETag = s.tag()\n", ""}}},
	{"an alert joins an incident that has ended", "I9", []edit{{"recovery/incident.go", "if !incident.Open() {\n\t\treturn fmt.Errorf(", "if false {\n\t\treturn fmt.Errorf("}}},
	{"a list that breaks off is all there is", "I9", []edit{{"recovery/incident.go", "for a, err := range e.Store.Alerts(ctx, service, id) {\n\t\tif err != nil {\n\t\t\treturn err", "for a, err := range e.Store.Alerts(ctx, service, id) {\n\t\tif err != nil {\n\t\t\tbreak"}}},
	{"an outage is taken for one that was acknowledged", "I9", []edit{{"recovery/occurrence.go", "return a.MonitoringService != request.ServiceHealth &&", "return false &&"}}},
	{"a late acknowledgement counts for the next failover", "I5", []edit{
		{"recovery/acknowledge.go", "if mine && since(summary.FailedOver, r) {", "if false {"},
		{"recovery/acknowledge.go", "case since(summary.FailedOver, r):", "case false:"},
	}},
	{"a late failback frees what serves since then", "I4", []edit{{"recovery/acknowledge.go", "if since(summary.ServingSince, r) {", "if false {"}}},
	{"the word about maintenance that comes last counts", "I4", []edit{{"recovery/request.go", "if r.EnqueuedAt.Before(summary.MaintenanceAsked) {", "if false {"}}},
	{"no failover cools down", "I5", []edit{{"recovery/facts.go", "if s.FailedOver.IsZero() || s.FailoverJob == j.ID {", "if true {"}}},
	{"what is held is pruned", "I6", []edit{{"recovery/removal.go", `marked = p.Held == "" &&`, "marked ="}, {"retention/retention.go", "if i.Held {", "if false {"}}},
	{"what somebody is asked to approve is pruned", "I6", []edit{{"recovery/restore.go", "case gate.NeedsApproval:\n\t\treturn true", "case gate.NeedsApproval:\n\t\treturn false"}}},
	{"the newest points are pruned", "I6", []edit{{"retention/retention.go", "b.StartedAt.Compare(a.StartedAt)", "a.StartedAt.Compare(b.StartedAt)"}}},
	{"a resume token is logged", "I7", []edit{{"recovery/step.go", `keyAttempt, to.Attempt.Number, "polls"`, `keyAttempt, to.Attempt.Number, "token", to.Attempt.ResumeToken, "polls"`}}},
	{"a sidecar does not tell of concurrent changes", "I8", []edit{{"recovery/concurrent.go", "return true, e.amend(ctx, s.Service, blob, changedMeanwhile)", "return true, nil"}}},
	{"what is made again has no settings", "I8", []edit{{"recovery/rebuild.go", "t := job.Transition{Read: summary, Added: []job.Point{p}}", "p.Settings = nil\n\t\tt := job.Transition{Read: summary, Added: []job.Point{p}}"}}},
	{"a request makes a job each time", "I9", []edit{{"recovery/request.go", "cause(r.ID), job", "cause(r.ID+e.NewID()), job"}}},
	{"the nights when clocks change have no backup", "I9", []edit{{"recovery/schedule.go", "if !ok || !due.After", "if !ok || due.Day() > 24 && (due.Month() == time.March || due.Month() == time.October) || !due.After"}}},
	{"a request is dropped while a backup waits", "I9", []edit{{"recovery/request.go", "\tnow := e.now()\n\tj := job.NewBackup(", "\tnow := e.now()\n\tif summary.Waiting != \"\" {\n\t\treturn nil\n\t}\n\tj := job.NewBackup("}}},
	{"a backup that goes on holds every change", "I9", []edit{{"recovery/change.go", "if !at.Before(summary.LastStarted.Add(-job.Skew)) {\n\t\treturn false, nil", "if false {\n\t\treturn false, nil"}}},
	{"a change is named by whoever takes it", "I9", []edit{{"recovery/change.go", "c.ID, c.At, start", "c.ID, now, start"}}},
	{"nobody is told that backups stopped", "I10", []edit{{"recovery/health.go", "health != known.Health {\n\t\tm.Health", "false {\n\t\tm.Health"}}},
	{"nobody notes since when a service is watched", "I10", []edit{{"recovery/health.go", "m.ProtectedSince, known.ProtectedSince = &since, since", "known.ProtectedSince = since"}}},
	{"somebody is told again and again", "I10", []edit{{"recovery/health.go", "m.Health = &health\n", "_ = health\n"}}},
}

var seeded = flag.String("seeded", "all", "which bugs TestSeededBugs runs: all, or one-each, the first of each invariant")

// The checks can fail: each of these bugs, in a build of its own, breaks the
// invariant that is there to catch it.
func TestSeededBugs(t *testing.T) {
	had := map[string]bool{} // invariants
	for _, b := range bugs {
		again := had[b.invariant]
		had[b.invariant] = true
		t.Run(b.invariant+" "+b.name, func(t *testing.T) {
			overlay := b.plant(t) // always: it shows that the edits still fit
			if testing.Short() || again && *seeded == "one-each" {
				t.Skip("not run with -short, nor after another of its invariant with -seeded one-each")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			run := exec.CommandContext(ctx, "go", "test", "-overlay", overlay, "-run", "^TestHistories$", ".", "-histories", "5000")
			out, err := run.CombinedOutput()
			if err == nil {
				t.Fatal("nothing noticed")
			}
			if !strings.Contains(string(out), " "+b.invariant+": ") {
				t.Errorf("want a violation of %s, got:\n%.2000s", b.invariant, out)
			}
		})
	}
}

// plant writes the overlay of a build with the bug, and returns its file.
func (b bug) plant(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	broken := map[string]string{} // files by what is in them then
	for _, e := range b.edits {
		file, err := filepath.Abs(filepath.Join("../..", e.file))
		if err != nil {
			t.Fatal(err)
		}
		if broken[file] == "" {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			broken[file] = string(source)
		}
		if n := strings.Count(broken[file], e.old); n != 1 {
			t.Fatalf("%s has %q %d times, want it once: seed the bug anew", e.file, e.old, n)
		}
		broken[file] = strings.Replace(broken[file], e.old, e.new, 1)
	}
	replace := map[string]string{}
	for file, source := range broken {
		replace[file] = filepath.Join(dir, fmt.Sprintf("broken%d.go", len(replace)))
		write(t, replace[file], []byte(source))
	}
	body, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	write(t, overlay, body)
	return overlay
}

func write(t *testing.T, file string, body []byte) {
	t.Helper()
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
}
