package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

var now = time.Date(2026, 11, 21, 19, 12, 30, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// thePlan protects services; each has a warm standby called <name>-dr if named
// in standbys.
func thePlan(t testing.TB, services []string, standbys ...string) *plan.Plan {
	t.Helper()
	const id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-apim/providers/Microsoft.ApiManagement/service/"
	var text strings.Builder
	text.WriteString("version: 1\nenvironment: prod\ndefaults: {storageAccount: stbackups, container: apim, schedule: 0 0 1 * * *, jitter: 20m}\nservices:\n")
	for _, name := range services {
		fmt.Fprintf(&text, "  %s:\n    resourceId: %s%s\n", name, id, name)
		for _, s := range standbys {
			if s == name {
				fmt.Fprintf(&text, "    standbys:\n      %s-dr: {resourceId: %s%s-dr, mode: warm}\n", name, id, name)
			}
		}
	}
	p, err := plan.Parse("web.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// backedUp is a service whose newest point began age ago and took 41 minutes.
func backedUp(name string, age time.Duration) job.Summary {
	started := ago(age)
	return job.Summary{
		Service: name, ProtectedSince: ago(200 * day), PointBlob: name + ".apimbackup", PointStarted: started, PointVerified: started.Add(41 * time.Minute),
		PointSize: 7_400_000, LastJob: job.ID(name, job.Backup, started), LastState: job.Succeeded, LastEnded: started.Add(42 * time.Minute),
	}
}

// running is a backup in progress that was begun age ago.
func running(name string, age time.Duration) job.Job {
	j := job.NewBackup(name, ago(age), ago(age), job.Rules{Deadline: 8 * hour}, ago(age+time.Minute))
	j.State, j.NotBefore, j.Past = job.InProgress, now.Add(40*time.Second), job.Times{41 * time.Minute}
	j.Attempt = job.Attempt{Number: 1, Owner: "id-1", Blob: j.ID + "-a1-abc123.apimbackup", StartedAt: ago(age), ResumeToken: secret, Polls: 3, Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
	j.History = append(j.History, job.Step{State: job.Starting, At: ago(age), Attempt: 1}, job.Step{State: job.InProgress, At: ago(age - 3*time.Second), Attempt: 1})
	return j
}

// secret must never be seen.
const secret = "resume-token-that-is-a-secret"

// waiting is a restore of source that an alert asked for and that waits for a
// person.
func waiting(source, incident string) job.Job {
	point := job.Point{
		Service: source, Job: job.ID(source, job.Backup, ago(18*hour)), Attempt: 1, Blob: source + ".apimbackup", Size: 7_400_000,
		StartedAt: ago(18 * hour), VerifiedAt: ago(17 * hour), Before: counts(41), After: counts(42), Facts: job.Facts{Tier: "Premium", Units: 2, Location: "West Europe"},
		Settings: map[string]string{"sku.capacity": "2", "publicNetworkAccess": "Enabled"},
	}
	j := job.NewRestore(source+"-dr", "inc7f3a", job.RestoreOrder{
		Source: source, Incident: incident, Automatic: true, Rule: source + "-gateway-down", FiredAt: ago(22 * time.Minute), Point: point,
		Approval: job.Approval{Expires: now.Add(9 * time.Minute)},
		Gates: []job.Gate{
			{Name: "rule", Outcome: "Passed", Sentence: "the plan lets " + source + "-gateway-down ask for a failover"},
			{Name: "duration", Outcome: "Passed", Sentence: "fired for 22m, at least 5m are asked for; the gateway can't be reached"},
			{Name: "target", Outcome: "Waits", Sentence: source + "-dr is Updating: looked at again in a minute"},
			{Name: "approval", Outcome: "NeedsApproval", Sentence: `a person must approve: run "lifeboat approve" by 19:21 UTC`},
			{Name: "cooldown", Outcome: "Refused", Sentence: "the last failover began 20m ago: the cool-down of 1h is not over"},
		},
	}, job.Rules{Deadline: 8 * hour}, ago(15*time.Minute))
	j.State, j.NotBefore, j.Reason = job.AwaitingApproval, now.Add(9*time.Minute), "waits for an approval until 2026-11-21T19:21:30Z"
	j.History = append(j.History, job.Step{State: job.AwaitingApproval, At: ago(6 * time.Minute), Note: j.Reason})
	return j
}

func counts(apis int) job.Inventory {
	return job.Inventory{APIs: job.Tally{Count: apis, Hash: "a"}, NamedValues: job.Tally{Count: 12, Hash: "n"}}
}

// failed is a backup that ended in Azure's own words.
func failed(name string, age time.Duration) job.Job {
	j := running(name, age)
	j.State, j.EndedAt, j.Code = job.Failed, ago(age-20*time.Minute), "ActivationFailed"
	j.Message = "Failed to connect to the storage account stbackups: the firewall does not let the service in."
	j.Warnings = []string{"attempt 1 failed: ActivationFailed: " + j.Message, "the operation's handle was lost"}
	j.History = append(j.History, job.Step{State: job.Failed, At: j.EndedAt, Attempt: 1, Note: j.Code})
	return j
}

// busy is a fleet in which everything happens at once.
func busy(t testing.TB) Known {
	late, lost := backedUp("apim-neu", 30*hour), job.Summary{Service: "apim-old", ProtectedSince: ago(90 * day), LastJob: "apim-old-20261121T010000Z-backup", LastState: job.Failed, LastCode: "Conflict", LastEnded: ago(17 * hour)}
	late.Health, late.MaintenanceUntil = job.Late, now.Add(2*hour)
	weu := backedUp("apim-weu", 18*hour)
	weu.Incident, weu.FailedOver, weu.FailoverJob = "inc7f3a", ago(50*day), "apim-weu-dr-inc11-restore"
	sea := backedUp("apim-sea", 17*hour)
	return Known{
		Plan: thePlan(t, []string{"apim-weu", "apim-neu", "apim-sea", "apim-old", "apim-new"}, "apim-weu", "apim-neu", "apim-sea"), Now: now,
		Rows: fleet.Rows{
			Summaries: []job.Summary{
				weu, late, sea, lost,
				{Service: "apim-weu-dr", Readiness: job.Ready, ReadyAt: ago(3 * time.Minute), Holds: "apim-weu.apimbackup"},
				{Service: "apim-neu-dr", Readiness: job.NotReady, ReadyReason: "tier differs: the source is Premium, apim-neu-dr is Developer", ReadyAt: ago(4 * time.Minute)},
				{Service: "apim-sea-dr", Readiness: job.NotReady, ReadyReason: "it serves", ServingFor: "apim-sea", ServingSince: ago(5 * hour), ReadyAt: ago(4 * time.Minute), FailedOver: ago(6 * hour), FailoverJob: "apim-sea-dr-inc2-restore"},
			},
			Jobs: []job.Job{running("apim-neu", 12*time.Minute), waiting("apim-weu", "inc7f3a")},
			Notices: []job.StoredNotice{
				{Notice: job.Notice{ID: "a", Type: job.NoticeLate, About: "apim-neu", At: ago(4 * hour)}, Delivery: job.Delivery{State: job.Undelivered, Attempts: 9, LastError: "webhook ops: HTTP 503"}},
				{Notice: job.Notice{ID: "b", Type: job.NoticeAwaitingApproval, About: "apim-weu", At: ago(6 * time.Minute)}, Delivery: job.Delivery{State: job.DeliveryPending, Attempts: 1, NotBefore: now.Add(time.Minute), LastError: "webhook chat: the name can't be resolved"}},
			},
		},
		Incidents: []job.Incident{
			{ID: "inc7f3a", Service: "apim-weu", Rule: "apim-weu-gateway-down", OpenedAt: ago(20 * time.Minute), FiredAt: ago(22 * time.Minute), Restore: "apim-weu-dr-inc7f3a-restore", Target: "apim-weu-dr"},
			{ID: "inc8", Service: "apim-old", Rule: "apim-old-gateway-down", OpenedAt: ago(2 * time.Minute), FiredAt: ago(7 * time.Minute)},
		},
	}
}

// quiet is a fleet in which all is well.
func quiet(t testing.TB) Known {
	return Known{
		Plan: thePlan(t, []string{"apim-weu", "apim-neu"}), Now: now,
		Rows: fleet.Rows{Summaries: []job.Summary{backedUp("apim-weu", 18*hour), backedUp("apim-neu", 17*hour)}},
	}
}

// thirtyDays are the nights of a service: one failed and was made up for late,
// one point was withdrawn, and the standby was refreshed and once failed over.
func thirtyDays(service string) Past {
	var past Past
	for n := range 33 {
		started := ago(18*hour + time.Duration(n)*day)
		j := running(service, 18*hour+time.Duration(n)*day)
		if n == 4 {
			past.Jobs = append(past.Jobs, failed(service, 18*hour+time.Duration(n)*day))
			continue
		}
		j.State, j.EndedAt = job.Succeeded, started.Add(time.Duration(38+n%7)*time.Minute)
		past.Jobs = append(past.Jobs, j)
		p := job.Point{Service: service, Job: j.ID, Attempt: 1, Blob: j.Attempt.Blob, Size: 7_400_000 + int64(n)*1000, StartedAt: started, VerifiedAt: j.EndedAt, ConcurrentChanges: n == 2}
		if n == 9 {
			p.Withdrawn, p.WithdrawnWhy = ago(3*day), "its blob is gone, and Lifeboat did not delete it"
		}
		past.Points = append(past.Points, p)
		if n%2 == 0 {
			r := waiting(service, "")
			r.ID, r.State, r.CreatedAt, r.EndedAt = fmt.Sprintf("%s-dr-%02d-restore", service, n), job.Succeeded, j.EndedAt, j.EndedAt.Add(50*time.Minute)
			r.Restore.Warm = n != 12
			past.Jobs = append(past.Jobs, r)
		}
	}
	return past
}
