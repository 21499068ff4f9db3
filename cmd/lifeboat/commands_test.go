package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/azureerror"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// What can't be is said before anything is sent.
func TestCommandsRefuseWhatCantBe(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		now := time.Now()
		done := job.NewBackup("apim-weu", now, now, job.Rules{}, now)
		done.State = job.Succeeded
		running := job.NewRestore("apim-neu", "running", job.RestoreOrder{Source: "apim-weu", By: "bob"}, job.Rules{}, now)
		running.State = job.InProgress
		expired := job.NewRestore("apim-neu", "expired", job.RestoreOrder{Source: "apim-weu", By: "bob", Approval: job.Approval{Expires: now.Add(-time.Hour)}}, job.Rules{}, now)
		expired.State = job.AwaitingApproval
		for _, j := range []job.Job{done, running, expired} {
			w.must(w.store().Create(w.t.Context(), j, job.SummaryMove{}))
		}
		for _, tt := range []struct {
			args []string
			code int
			want string
		}{
			{[]string{"status", "apim-xyz"}, exitUnknown, "apim-xyz is not a service in the plan: want apim-weu"},
			{[]string{"status", "a\x1b[31mb"}, exitUnknown, "a [31mb is not a service"},
			{[]string{"backup", "apim-neu"}, exitUnknown, "not a service in the plan"},
			{[]string{"restore", "apim-weu", "--to", "apim-weu", "--yes"}, exitUnknown, "not a standby of apim-weu in the plan: want apim-neu"},
			{[]string{"restore", "apim-weu", "--yes"}, exitError, "run lifeboat backup apim-weu"},
			{[]string{"restore", "apim-weu", "--point", "none", "--yes"}, exitUnknown, "lifeboat points apim-weu lists them"},
			{[]string{"job", "apim-weu-reqaa-backup"}, exitUnknown, "lifeboat jobs SERVICE lists them"},
			{[]string{"cancel", done.ID}, exitError, "has ended already: Succeeded"},
			{[]string{"cancel", running.ID}, exitError, "which can't cancel it"},
			{[]string{"approve", done.ID, "--yes"}, exitError, "is a backup"},
			{[]string{"approve", running.ID, "--yes"}, exitError, "waits for no approval: it is InProgress"},
			{[]string{"approve", expired.ID, "--yes"}, exitError, "ask for the restore again: lifeboat restore apim-weu"},
			{[]string{"reject", running.ID}, exitError, "waits for no approval"},
			{[]string{"ack", "apim-weu", "--outcome", "maybe"}, exitUsage, "want failback or promote"},
			{[]string{"maintenance", "apim-weu", "soon"}, exitUsage, "want on or off"},
			{[]string{"maintenance", "apim-weu", "on", "--for", "1s"}, exitUsage, "want from 1m to 720h"},
			{[]string{"backup", "apim-weu", "--id", "no spaces"}, exitUsage, "want an id"},
			{[]string{"jobs", "apim-weu", "--limit", "-1"}, exitUsage, "want 0 or more"},
			{[]string{"backup"}, exitUsage, "backup: want SERVICE, got none: lifeboat backup SERVICE"},
			{[]string{"serve", "--lab"}, exitUsage, "for operators"},
			{[]string{"status", "--lab"}, exitUsage, "make run"},
			{[]string{"status", "--plan", "/nowhere.yaml"}, exitUsage, "name it by --plan"},
			{[]string{"plan", "lifeboat.yaml"}, exitUsage, "lifeboat.yaml"},
			{[]string{"plan", "valdate"}, exitUsage, "valdate"},
			{[]string{"completion", "bsh"}, exitUsage, "bsh"},
			{[]string{"plan", "validate", "/nowhere.yaml"}, exitUsage, "name a file"},
		} {
			a := w.does(w.t.Context(), tt.args...)
			if a.code != tt.code || !strings.Contains(a.stderr, tt.want) || a.stdout != "" {
				t.Errorf("lifeboat %q: exit code %d, want %d and %q\n%s%s", tt.args, a.code, tt.code, tt.want, a.stdout, a.stderr)
			}
		}
		for _, queue := range []string{emulator.RequestQueue, emulator.ApprovalQueue} {
			if active, scheduled, dead := w.azure.Broker.Counts(queue); active+scheduled+dead != 0 {
				t.Errorf("queue %s has messages", queue)
			}
		}
	})
}

// Nobody's word is taken for granted.
func TestConfirmation(t *testing.T) {
	inWorld(t, worldPlan, false, func(w *world) {
		w.did(exitDone, "backup", "apim-weu", "--wait")
		for name, tt := range map[string]struct {
			typed string
			yes   bool
			code  int
			sent  int
		}{
			"nobody is there":   {"", false, exitUsage, 0},
			"another word":      {"yes\n", false, exitUsage, 0},
			"nothing":           {"\n", false, exitUsage, 0},
			"the target's name": {"apim-neu\n", false, exitDone, 1},
			"--yes":             {"", true, exitDone, 1},
		} {
			if w.stdin = nil; tt.typed != "" {
				w.stdin = person{strings.NewReader(tt.typed)}
			}
			before := len(decoded[jobsReport](w, exitDone, "jobs", "apim-weu").Jobs)
			args := []string{"restore", "apim-weu"}
			if tt.yes {
				args = append(args, "--yes")
			}
			w.did(tt.code, args...)
			time.Sleep(time.Minute)
			if made := len(decoded[jobsReport](w, exitDone, "jobs", "apim-weu").Jobs) - before; made != tt.sent {
				t.Errorf("%s: %d jobs were made, want %d", name, made, tt.sent)
			}
		}
	})
}

// The same id is the same request.
func TestTheSameIDIsTheSameJob(t *testing.T) {
	inWorld(t, worldPlan, false, func(w *world) {
		for range 3 {
			w.did(exitDone, "backup", "apim-weu", "--id", "once")
		}
		time.Sleep(time.Hour)
		made := 0
		for _, j := range decoded[jobsReport](w, exitDone, "jobs", "apim-weu", "--limit", "0").Jobs {
			if j.Job == recovery.RequestedBackup("apim-weu", "once") {
				made++
			}
		}
		if made != 1 {
			t.Errorf("%d jobs of one id", made)
		}
		if r := decoded[jobsReport](w, exitDone, "jobs", "apim-weu", "--limit", "1"); len(r.Jobs) != 1 || !r.More {
			t.Errorf("limited to one: %+v", r)
		}
	})
}

// status says 1 for what is not well, and 3 for what it can't see.
func TestStatusIsAnExitCode(t *testing.T) {
	inWorld(t, worldPlan, false, func(w *world) {
		w.did(exitDone, "backup", "apim-weu", "--wait")
		time.Sleep(time.Hour)
		w.did(exitDone, "status")
		remove := w.azure.Tap.Inject(wire.Fault{Service: emulator.ServiceTable, Kind: wire.Instead, Status: 403})
		if a := w.did(exitUnknown, "status"); !strings.Contains(a.stderr, "Storage Table Data Reader") || a.stdout != "" {
			t.Errorf("without a role:\n%s%s", a.stdout, a.stderr)
		}
		remove()
		w.azure.ARM.Mutate("apim-neu", func(s *arm.Service) { s.SKU = "Premium" })
		time.Sleep(time.Hour)
		golden(w.t, "status_not_ready", w.did(exitError, "status"))
		w.ahead = 5 * 24 * time.Hour // in which nothing happened
		golden(w.t, "status_down", w.did(exitError, "status"))
		w.ahead = 45 * 24 * time.Hour
		if r := decoded[statusReport](w, exitError, "status"); r.Services[0].Restorable || r.Services[0].RPO != nil || !strings.HasPrefix(r.Sentence, "NOTHING is restorable") {
			t.Errorf("after the last point lapsed: %+v", r)
		}
	})
}

func TestPlanValidateSaysEveryMistake(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wrong.yaml")
	if err := os.WriteFile(file, []byte("version: 1\nservices: {a: {jitter: soon, color: red}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"plan", "validate", file}, {"plan", "validate", "--plan", file}, {"--json", "plan", "validate", file}} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), args, func(string) string { return "" }, &stdout, &stderr)
		if code != exitError || stderr.Len() > 0 {
			t.Errorf("%q: exit code %d, stderr %s", args, code, &stderr)
		}
		for _, want := range []string{"services.a.jitter", "services.a.color", "services.a.resourceId"} {
			if !strings.Contains(stdout.String(), want) {
				t.Errorf("%q does not say %s:\n%s", args, want, &stdout)
			}
		}
	}
}

func TestHelpOfExitCodes(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"help", "exit-codes"}, os.Getenv, &stdout, &stderr); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	for _, code := range []string{"  0 ", "  1 ", "  2 ", "  3 ", "  4 ", "  130 "} {
		if !strings.Contains(stdout.String(), "\n"+code) {
			t.Errorf("exit code %q is not documented", code)
		}
	}
}

// Who may look is told what else a command needs.
func TestRemedyOfARole(t *testing.T) {
	if got := remedy(azureerror.New("save job a", "HTTP 403", azureerror.Answer{Status: 403}, nil)); !strings.Contains(got, "rebuild, resume and whatever has --direct: Contributor") {
		t.Errorf("remedy = %q", got)
	}
}

func TestCodeOf(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, exitDone}, {errors.New("away"), exitUnknown}, {bad("late"), exitError}, {wrongUsage("no"), exitUsage},
		{errors.Join(&exit{code: exitPerson}, nil), exitPerson},
	} {
		if got := codeOf(tt.err); got != tt.want {
			t.Errorf("codeOf(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
}
