package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// for30s is a context that Ctrl-C ends after half a minute.
func (w *world) for30s() (context.Context, context.CancelFunc) {
	ctx, interrupt := context.WithCancel(w.t.Context())
	time.AfterFunc(30*time.Second, interrupt)
	return ctx, interrupt
}

// A request to Azure without the key would fail behind all gates.
func TestDirectWithoutTheStorageKey(t *testing.T) {
	keyed := strings.Replace(worldPlan, "container: apim,", "container: apim, access: AccessKey, accessKeySetting: BACKUP_KEY,", 1)
	inWorld(t, keyed, true, func(w *world) {
		w.noBus()
		now := time.Now()
		left := job.NewRestore("apim-neu", "left", job.RestoreOrder{Source: "apim-weu", By: "bob"}, job.Rules{Deadline: time.Hour}, now)
		waits := job.NewRestore("apim-neu", "waits", job.RestoreOrder{Source: "apim-weu", By: "bob", Point: job.Point{Blob: "a"}, Approval: job.Approval{Expires: now.Add(time.Hour)}}, job.Rules{Deadline: time.Hour}, now)
		waits.State = job.AwaitingApproval
		for _, j := range []job.Job{left, waits} {
			w.must(w.store().Create(w.t.Context(), j, job.SummaryMove{}))
		}
		for _, args := range [][]string{
			{"backup", "apim-weu", "--direct"}, {"restore", "apim-weu", "--direct", "--yes"}, {"backup", "apim-weu", "--direct", "--rebuild", "--yes"},
			{"resume", left.ID}, {"approve", waits.ID, "--direct", "--yes", "--wait"},
		} {
			if a := w.did(exitUsage, args...); a.stdout != "" || !strings.Contains(a.stderr, "setting BACKUP_KEY") || !strings.Contains(a.stderr, "nothing was done") {
				t.Errorf("lifeboat %q:\n%s%s", args, a.stdout, a.stderr)
			}
		}
		w.env["BACKUP_KEY"] = "@Microsoft.KeyVault(VaultName=v;SecretName=BACKUP-KEY)"
		if a := w.did(exitUsage, "backup", "apim-weu", "--direct"); !strings.Contains(a.stderr, "is a Key Vault reference here, which only Azure resolves: set it in ") {
			t.Errorf("with a reference that was not resolved:\n%s", a.stderr)
		}
		for j, err := range w.store().Unfinished(w.t.Context()) {
			if w.must(err); j.Revision != 1 || j.ID != left.ID && j.ID != waits.ID {
				t.Errorf("job %s is %s, revision %d", j.ID, j.State, j.Revision)
			}
		}
		if _, _, err := w.azure.Storage.GetBlob("apim", "lifeboat.authority.json"); err == nil {
			t.Error("the container was claimed")
		}
		w.did(exitDone, "approve", waits.ID, "--direct", "--yes") // it moves nothing here
		w.env["BACKUP_KEY"] = "a key"
		ctx, interrupt := w.for30s()
		defer interrupt()
		w.does(ctx, "backup", "apim-weu", "--direct", "--id", "one")
		if _, err := w.store().Job(w.t.Context(), "apim-weu", recovery.RequestedBackup("apim-weu", "one")); err != nil {
			t.Errorf("with the key: %v", err)
		}
	})
}
