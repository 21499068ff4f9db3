package notice_test

import (
	"cmp"
	"time"

	"lifeboat/internal/job"
)

var at = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)

const (
	backupJob  = "apim-weu-20260302T010000Z-backup"
	restoreJob = "apim-neu-inc5f1c09aa31-restore"
	personJob  = "apim-neu-req77c0de41aa90b2f1-restore"
	warmJob    = "apim-neu-warm-apim-weu-20260302T010000Z-backup-restore"
	blob       = "apim-weu-20260301T010000Z-backup-a1-9c3f0e.apimbackup"
)

// scene is a notice as its cause makes it.
type scene struct {
	name  string
	t     job.NoticeType
	facts job.NoticeFacts
}

func (s scene) notice() job.Notice {
	n := job.Notice{ID: cmp.Or(s.facts.Job, backupJob) + ":7:" + string(s.t), Type: s.t, Service: "apim-weu", About: "apim-weu", At: at, Facts: s.facts}
	if s.facts.Standby != "" {
		n.Service = s.facts.Standby
	}
	if s.t == job.NoticeDeadMessage || s.t == job.NoticeOutdated {
		n.Service, n.About = job.NoService, ""
	}
	return n
}

func before(d time.Duration) time.Time { return at.Add(-d) }

// healthy are the facts of a service's health with a point of age, after a
// last backup that ended with code.
func healthy(age time.Duration, code string) job.NoticeFacts {
	return job.NoticeFacts{Job: backupJob, Code: code, Point: blob, Since: before(age), Until: before(age).Add(30 * 24 * time.Hour)}
}

func ordered(jobID string, change func(*job.NoticeFacts)) job.NoticeFacts {
	f := job.NoticeFacts{Job: jobID, Standby: "apim-neu", Point: blob}
	switch jobID {
	case restoreJob:
		f.By, f.Incident, f.Since = "alert rule apim-weu-gateway-down", "inc5f1c09aa31", before(12*time.Minute)
	case personJob:
		f.By = "ann@contoso.example"
	case warmJob:
		f.By, f.Warm = "lifeboat", true
	}
	if change != nil {
		change(&f)
	}
	return f
}

var scenes = []scene{
	{"the last backup failed", job.NoticeLate, healthy(27*time.Hour, "ServiceUnavailable")},
	{"no backup was begun", job.NoticeLate, healthy(27*time.Hour+10*time.Minute, "")},
	{"there never was one", job.NoticeLate, job.NoticeFacts{Since: before(27 * time.Hour)}},
	{"two nights without", job.NoticeDown, healthy(51*time.Hour, "ArtefactUnfit")},
	{"too old to restore", job.NoticeDown, healthy(31*24*time.Hour, "ServiceUnavailable")},
	{"the last one was deleted", job.NoticeDown, job.NoticeFacts{Job: backupJob, Since: before(200 * 24 * time.Hour)}},
	{"a good backup", job.NoticeRecovered, healthy(24*time.Minute, "")},
	{"three days left", job.NoticePointLapsing, healthy(27*24*time.Hour, "ServiceUnavailable")},
	{"others are left", job.NoticePointWithdrawn, job.NoticeFacts{Point: blob, Message: "its blob was deleted at 2026-03-02T03:58:12Z, not by Lifeboat", Since: before(51 * time.Hour), Until: before(51 * time.Hour).Add(30 * 24 * time.Hour)}},
	{"none is left", job.NoticePointWithdrawn, job.NoticeFacts{Point: blob, Message: "its blob was deleted at 2026-03-02T03:58:12Z, not by Lifeboat"}},
	{"a night", job.NoticeBackupStarted, job.NoticeFacts{Job: backupJob}},
	{"with a warning", job.NoticeBackupSucceeded, job.NoticeFacts{Job: backupJob, Took: 42 * time.Minute, Warnings: []string{"the service was changed while it was backed up: another backup follows"}}},
	{"Azure names the failure", job.NoticeBackupFailed, job.NoticeFacts{
		Job: backupJob, Code: "StorageAccountAccessDenied", Took: 65 * time.Minute,
		Message:  "API Management service could not access container 'apim-backups' of storage account stcontosobackups.\r\nGrant Storage Blob Data Contributor.",
		Warnings: []string{"attempt 1 failed: InternalServerError: Try again later.", "attempt 2 failed: StorageAccountAccessDenied: see above"},
	}},
	{"Azure gives no code", job.NoticeBackupFailed, job.NoticeFacts{Job: backupJob, Code: job.CodeOperationFailed, Took: 3*time.Hour + 5*time.Minute, Message: "Something went wrong."}},
	{"not in time", job.NoticeBackupFailed, job.NoticeFacts{Job: backupJob, Code: job.CodeDeadlineExceeded, Took: 8 * time.Hour, Message: "not done by its deadline, while InProgress"}},
	{"nothing to rely on", job.NoticeBackupFailed, job.NoticeFacts{Job: backupJob, Code: job.CodeArtefactUnfit, Took: 40 * time.Minute, Message: "blob " + blob + " is empty"}},
	{"after an alert", job.NoticeAwaitingApproval, ordered(restoreJob, func(f *job.NoticeFacts) {
		f.Until = at.Add(15 * time.Minute)
		f.Gates = []job.Gate{{Name: "approved", Outcome: "NeedsApproval", Sentence: "Nobody has approved this restore yet. Somebody approves it with lifeboat approve " + restoreJob + " (call the platform team)."}}
	})},
	{"a person asks", job.NoticeAwaitingApproval, ordered(personJob, func(f *job.NoticeFacts) {
		f.Until = at.Add(15 * time.Minute)
		f.Gates = []job.Gate{
			{Name: "pointRecent", Outcome: "PassedWithWarning", Sentence: "Backup " + blob + " is 6d old, older than the plan's 2d. You named it, so this does not stop the restore."},
			{Name: "approved", Outcome: "NeedsApproval", Sentence: "Nobody has approved this restore yet. Somebody other than ann@contoso.example approves it with lifeboat approve " + personJob + " (call the platform team)."},
		}
	})},
	{"after an alert", job.NoticeApprovalExpired, ordered(restoreJob, func(f *job.NoticeFacts) {
		f.Code, f.Message, f.Took = job.CodeApprovalExpired, "nobody approved in time: nothing was done", 27*time.Minute
	})},
	{"after an alert", job.NoticeRestoreBlocked, ordered(restoreJob, func(f *job.NoticeFacts) {
		f.Code, f.Took = job.CodeGateRefused, 12*time.Minute
		f.Message = "apim-neu does not exist in Azure. Create it in the tier of the backup, or choose another standby."
		f.Gates = []job.Gate{
			{Name: "targetReady", Outcome: "Refused", Sentence: "apim-neu does not exist in Azure. Create it in the tier of the backup, or choose another standby."},
			{Name: "approved", Outcome: "NeedsApproval", Sentence: "Nobody has approved this restore yet."},
		}
	})},
	{"a person asks", job.NoticeRestoreBlocked, ordered(personJob, func(f *job.NoticeFacts) {
		f.Code, f.Message, f.Point = job.CodeGateRefused, "There is no verified backup of apim-weu that fits apim-neu. If apim-weu still answers, run lifeboat backup apim-weu; otherwise see lifeboat points apim-weu.", ""
	})},
	{"after an alert", job.NoticeRestoreStarted, ordered(restoreJob, nil)},
	{"all is well", job.NoticeRestoreCompleted, ordered(restoreJob, func(f *job.NoticeFacts) {
		f.Gateway, f.Management, f.Took = "https://apim-contoso-neu.azure-api.net", "https://apim-contoso-neu.management.azure-api.net", 47*time.Minute
	})},
	{"with warnings", job.NoticeRestoreCompleted, ordered(personJob, func(f *job.NoticeFacts) {
		f.Gateway, f.Took = "https://apim-contoso-neu.azure-api.net", 35*time.Minute
		f.Warnings = []string{
			"the gateway of apim-neu is unhealthy: try a call before you send it traffic",
			`not in a backup, and different here: hostname apim_weu is "a*b*c", the source had "api.contoso.example"`,
		}
	})},
	{"Azure names the failure", job.NoticeRestoreFailed, ordered(restoreJob, func(f *job.NoticeFacts) {
		f.Code, f.Message, f.Took = "RestoreFailed", "The backup's SKU does not match.", 33*time.Minute
	})},
	{"nobody knows", job.NoticeRestoreFailed, ordered(personJob, func(f *job.NoticeFacts) {
		f.Code, f.Took = job.CodeOutcomeUnknown, 3*time.Hour
		f.Message = "the answer to the restore was lost, and apim-neu held the same resources before: look at it, and restore again if it needs that"
	})},
	{"not in time", job.NoticeRestoreFailed, ordered(restoreJob, func(f *job.NoticeFacts) {
		f.Code, f.Message, f.Took = job.CodeDeadlineExceeded, "not done by its deadline, while InProgress", 8*time.Hour
	})},
	{"not in time, and never begun", job.NoticeRestoreFailed, ordered(restoreJob, func(f *job.NoticeFacts) {
		f.Code, f.Message, f.Took = job.CodeDeadlineExceeded, "not done by its deadline, while Pending: apim-neu is held by job x.", 8*time.Hour
		f.Untouched = true
	})},
	{"the safety backup failed", job.NoticeRestoreFailed, ordered(personJob, func(f *job.NoticeFacts) {
		f.Code, f.Message, f.Took = "StorageAccountAccessDenied", "Grant it.", 20*time.Minute
		f.Untouched = true
	})},
	{"of a warm standby", job.NoticeRestoreFailed, ordered(warmJob, func(f *job.NoticeFacts) {
		f.Code, f.Message, f.Took = "InternalServerError", "Try again later.", 33*time.Minute
	})},
	{"the alert has resolved", job.NoticeRestoreCanceled, ordered(restoreJob, func(f *job.NoticeFacts) {
		f.Code, f.Message = job.CodeResolved, "incident inc5f1c09aa31 is resolved: all its alerts have"
	})},
	{"somebody said no", job.NoticeRestoreCanceled, ordered(personJob, func(f *job.NoticeFacts) {
		f.Code, f.Message = job.CodeRejected, "rejected by bob@contoso.example: it is a network problem"
	})},
	{"wrong tier", job.NoticeStandbyNotReady, job.NoticeFacts{Standby: "apim-neu", Message: "The backup is of tier Premium and apim-neu has tier Standard: Azure restores only onto the same tier."}},
	{"repaired", job.NoticeStandbyReady, job.NoticeFacts{Standby: "apim-neu"}},
	{"a request", job.NoticeDeadMessage, job.NoticeFacts{Queue: "recovery-requests", Code: "MaxDeliveryCountExceeded", Message: "kind: want Restore, Backup, Cancel, Acknowledge or Maintenance", Excerpt: `{"schema":1,"id":"2026-11-22-1","kind":"Restor"`}},
	{"an approval", job.NoticeDeadMessage, job.NoticeFacts{Queue: "approvals", Message: "job: missing", Excerpt: `{"schema":1,"id":"a1"}`}},
	{"a prompt", job.NoticeDeadMessage, job.NoticeFacts{Queue: "job-steps", Code: "MaxDeliveryCountExceeded"}},
	{"an upgrade was taken back", job.NoticeOutdated, job.NoticeFacts{Warnings: []string{"row service of service apim-weu has schema 2, this version knows 1"}}},
}
