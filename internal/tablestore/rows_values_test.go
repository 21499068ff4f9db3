package tablestore

import (
	"time"

	"lifeboat/internal/job"
)

// keptKinds are all kinds of rows. What stands here is what the kept files
// say: see keptRows.
func keptKinds() map[string]keptKind {
	return map[string]keptKind{
		"Job": keptKindOf(map[string]job.Job{
			"job-backup": keptBackup(), "job-restore": keptRestore(),
		}, readJob, jobRow),
		"Lease": keptKindOf(map[string]job.Lease{
			"lease": {Service: "apim-weu", Job: keptBackup().ID, Orphaned: true, ResumeToken: `{"type":"kept","token":"opaque"}`},
		}, func(data []byte) (job.Lease, error) { l, err := readLease(data); return l.Lease, err }, leaseRow),
		"Point": keptKindOf(map[string]job.Point{
			"point": keptPoint(),
		}, func(data []byte) (job.Point, error) { p, err := readPoint(data); return p.Point, err }, pointRow),
		"Summary": keptKindOf(map[string]job.Summary{
			"summary": keptSummary(), "summary-bereft": {Service: "apim-sea", Bereft: true},
		}, readSummary, wholeSummaryRow),
		"Alert": keptKindOf(map[string]job.AlertRecord{
			"alert": {ID: "/subscriptions/1/providers/Microsoft.AlertsManagement/alerts/7f3a", Service: "apim-weu", Incident: "inc-7f3a", Rule: "gateway-down", FiredAt: keptAt(480), ResolvedAt: keptAt(600)},
		}, readAlert, alertRow),
		"Incident": keptKindOf(map[string]job.Incident{
			"incident": {
				ID: "inc-7f3a", Service: "apim-weu", Rule: "gateway-down", OpenedAt: keptAt(481), FiredAt: keptAt(480),
				Restore: keptRestore().ID, Target: "apim-neu", ResolvedAt: keptAt(600), ResolvedBy: "the alert's end",
			},
		}, func(data []byte) (job.Incident, error) { i, err := readIncident(data); return i.Incident, err }, incidentRow),
		"Notice": keptKindOf(map[string]keptNotice{
			"notice": {Notice: aKeptNotice(), Delivery: job.Delivery{State: job.Undelivered, Attempts: 7, NotBefore: keptAt(615), Done: []string{"ops"}, LastError: "500 Internal Server Error"}},
		}, readKeptNotice, func(n keptNotice) row { r := noticeRow(n.Notice); r.addDelivery(n.Delivery); return r }),
		"Counter": keptKindOf(map[string]job.Counter{
			"counter": {Name: "dead_letters", Label: "recovery-requests", Value: 9007199254740993},
		}, readCounter, counterRow),
	}
}

// keptAt is some minutes after the night's backup was due, to 100 ns, as fine
// as a table's clock goes.
func keptAt(minutes int) time.Time {
	return time.Date(2026, 3, 1, 1, minutes, 12, 345678900, time.UTC)
}

// keptBackup is in flight.
func keptBackup() job.Job {
	return job.Job{
		ID: "apim-weu-20260301T010000Z-backup", Kind: job.Backup, Service: "apim-weu", Due: keptAt(0), OnChange: true,
		Asked: job.Asked{Request: "req-1", By: "Ala", Why: "before the release"},
		State: job.InProgress, Revision: 9, NotBefore: keptAt(14), Deadline: keptAt(360), CreatedAt: keptAt(1), UpdatedAt: keptAt(13),
		Attempt: job.Attempt{
			Number: 2, Owner: "invocation-2", Blob: "apim-weu-20260301T010000Z-backup-a2-3f2a91.apimbackup", StartedAt: keptAt(12),
			ResumeToken: `{"type":"kept","token":"opaque"}`, Polls: 3, RunningAt: keptAt(13), Before: keptInventory(),
			Changed: true, Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		},
		Failures: 1, Misses: 2, Delays: 3, Reason: "the backup goes on", Warnings: []string{"the service was changed meanwhile"},
		History: []job.Step{{State: job.Pending, At: keptAt(1)}, {State: job.InProgress, At: keptAt(12), Attempt: 2, Note: "after InternalServerError"}},
		Past:    keptTimes(),
	}
}

// keptRestore has everything set that a restore may have at one time or other.
func keptRestore() job.Job {
	p := keptPoint()
	return job.Job{
		ID: "apim-neu-inc7f3a-restore", Kind: job.Restore, Service: "apim-neu", Due: keptAt(481),
		State: job.Failed, Revision: 14, NotBefore: keptAt(540), Deadline: keptAt(720), CreatedAt: keptAt(481), UpdatedAt: keptAt(539), EndedAt: keptAt(539),
		Attempt: job.Attempt{
			Phase: job.Overwrite, Number: 2, Owner: "invocation-5", Blob: p.Blob, StartedAt: keptAt(500), Polls: 21, RunningAt: keptAt(538),
			Took: 38*time.Minute + 500*time.Millisecond, Before: keptInventory(),
			Facts: job.Facts{Tier: "Developer", Units: 1, Location: "North Europe"}, Settings: map[string]string{"virtualNetworkType": "None"},
		},
		Code: "OperationFailed", Message: "Something went wrong.", Stranded: true,
		History: []job.Step{{State: job.Failed, At: keptAt(539), Attempt: 2, Note: "OperationFailed"}},
		Restore: &job.RestoreOrder{
			Source: "apim-weu", Incident: "inc-7f3a", Request: "req-2", Wanted: p.Blob, By: "on-call", Why: "West Europe is down",
			Automatic: true, Rule: "gateway-down", FiredAt: keptAt(480), Warm: true, Point: p,
			Gates:    []job.Gate{{Name: "cool-down", Outcome: "Passed", Sentence: "No failover in the last hour."}},
			Approval: job.Approval{By: "duty manager", Why: "agreed", At: keptAt(490), Expires: keptAt(541)},
			Safety:   job.Artefact{Name: "apim-neu-inc7f3a-restore-a1-9d01c2.apimbackup", Size: 7000000}, Attempted: keptAt(500),
			GatewayURL: "https://apim-neu.azure-api.net", ManagementURL: "https://apim-neu.management.azure-api.net",
		},
	}
}

func keptPoint() job.Point {
	return job.Point{
		Service: "apim-weu", Job: "apim-weu-20260228T010000Z-backup", Attempt: 1, Blob: "apim-weu-20260228T010000Z-backup-a1-77aa01.apimbackup",
		Size: 9007199254740993, StartedAt: keptAt(-1440), VerifiedAt: keptAt(-1420), Before: keptInventory(), After: keptInventory(),
		Facts: job.Facts{Tier: "Developer", Units: 1, Location: "West Europe"}, Settings: map[string]string{"hostnames": "gateway api.contoso.example"},
		ConcurrentChanges: true, Held: "kept for the audit", HeldBy: "Ala", Pinned: "apim-neu-inc7f3a-restore",
		Removing: true, Remover: "invocation-8", RemovingSince: keptAt(700), Withdrawn: keptAt(710), WithdrawnWhy: "its blob was deleted",
	}
}

func keptInventory() job.Inventory {
	return job.Inventory{
		APIs: job.Tally{Count: 2, Hash: "8d8b5d2a9b9f1e03"}, Products: job.Tally{Count: 1, Hash: "0a1b2c3d4e5f6071"}, NamedValues: job.Tally{Count: 3, Hash: "91b2f0a7c4d5e6f8"},
	}
}

func keptTimes() job.Times {
	return job.Times{7*time.Minute + 6*time.Second, 613500 * time.Millisecond}
}

func keptSummary() job.Summary {
	p := keptPoint()
	return job.Summary{
		Service: "apim-weu", ScheduledThrough: keptAt(0), Waiting: "apim-weu-20260302T010000Z-backup",
		LastJob: keptBackup().ID, LastState: job.Failed, LastCode: "InternalServerError", LastEnded: keptAt(30),
		PointBlob: p.Blob, PointStarted: p.StartedAt, PointVerified: p.VerifiedAt, PointSize: p.Size,
		LastStarted: keptAt(12), ProtectedSince: keptAt(-100000), Health: job.Late, Lapsing: p.Blob,
		Readiness: job.NotReady, ReadyReason: "its tier is another", ReadyAt: keptAt(15),
		Incident: "inc-7f3a", MaintenanceUntil: keptAt(900), MaintenanceAsked: keptAt(60), FailedOver: keptAt(500), FailoverJob: keptRestore().ID, Acknowledged: true,
		ServingFor: "apim-sea", ServingSince: keptAt(-5000), Holds: p.Blob, BackupTimes: keptTimes(), RestoreTimes: keptTimes().With(38 * time.Minute), CleanedAt: keptAt(120),
	}
}

// wholeSummaryRow is the row of all that s says.
func wholeSummaryRow(s job.Summary) row {
	return summaryRow(s.Service, job.SummaryMove{
		ScheduledThrough: &s.ScheduledThrough, Waiting: &s.Waiting,
		Ended:       &job.Job{ID: s.LastJob, State: s.LastState, Code: s.LastCode, EndedAt: s.LastEnded},
		Point:       &job.Point{Blob: s.PointBlob, StartedAt: s.PointStarted, VerifiedAt: s.PointVerified, Size: s.PointSize},
		LastStarted: &s.LastStarted, ProtectedSince: &s.ProtectedSince, Health: &s.Health, Lapsing: &s.Lapsing,
		Readiness: &s.Readiness, ReadyReason: &s.ReadyReason, ReadyAt: &s.ReadyAt,
		Incident: &s.Incident, MaintenanceUntil: &s.MaintenanceUntil, MaintenanceAsked: &s.MaintenanceAsked,
		FailedOver: &s.FailedOver, FailoverJob: &s.FailoverJob, Acknowledged: &s.Acknowledged,
		ServingFor: &s.ServingFor, ServingSince: &s.ServingSince, Holds: &s.Holds,
		BackupTimes: &s.BackupTimes, RestoreTimes: &s.RestoreTimes, CleanedAt: &s.CleanedAt,
	})
}

// keptNotice is a notice without the tag that a row has not when it is written.
type keptNotice struct {
	Notice   job.Notice
	Delivery job.Delivery
}

func readKeptNotice(data []byte) (keptNotice, error) {
	n, err := readNotice(data)
	return keptNotice{n.Notice, n.Delivery}, err
}

func aKeptNotice() job.Notice {
	return job.Notice{
		ID: "apim-neu-inc7f3a-restore:14:RestoreFailed", Type: job.NoticeRestoreFailed, Service: "apim-neu", About: "apim-weu", At: keptAt(539),
		Facts: job.NoticeFacts{
			Job: keptRestore().ID, Standby: "apim-neu", Point: keptPoint().Blob, Warm: true, Code: "OperationFailed", Message: "Something went wrong.",
			Warnings: []string{"the service was changed meanwhile"}, Gates: []job.Gate{{Name: "cool-down", Outcome: "Warned", Sentence: "The last failover was an hour ago."}},
			By: "on-call", Incident: "inc-7f3a", Since: keptAt(480), Until: keptAt(541),
			Gateway: "https://apim-neu.azure-api.net", Management: "https://apim-neu.management.azure-api.net",
			Took: 38 * time.Minute, Queue: "recovery-requests", Excerpt: "{not JSON", Untouched: true,
		},
	}
}
