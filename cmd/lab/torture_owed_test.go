package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/emulator/arm"
)

// at is some seconds into a torture.
func at(seconds int) time.Time {
	return time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

// mentions wants each of some pieces in what is said, and nothing else to be said.
func mentions(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("wrong = %q, want %q", got, want)
	}
	for i, piece := range want {
		if !strings.Contains(got[i], piece) {
			t.Errorf("wrong = %q, want %q", got, want)
		}
	}
}

// begun is a backup with its operation.
func begun(o *outcome, service string, created, started int) jobRow {
	j := jobRow{id: fmt.Sprintf("%s-%d-backup", service, created), service: service, kind: backupKind, state: "Succeeded", due: at(created), created: at(created), ended: at(started + 1)}
	o.jobs = append(o.jobs, j)
	o.operations = append(o.operations, arm.Operation{Kind: arm.Backup, Service: service, Blob: j.id + "-a1-123456" + backupSuffix, Started: at(started), Outcome: arm.Succeeded})
	return j
}

func TestWhatWasTakenIsOwed(t *testing.T) {
	standby := standbyOf(asked)
	fired := outage{service: alarms, id: "one", fired: at(10)}
	restore := jobRow{id: "r", service: standby, kind: restoreKind, order: order{Source: asked, Request: "please"}}
	expired := jobRow{id: "x", service: standby, kind: restoreKind, code: "ApprovalExpired", order: order{Point: orderPoint{"p"}, Approval: orderApproval{Expires: at(100)}}}
	answered := func(seconds int) sent {
		return sent{approvals: []approval{{job: "x", point: "p", target: standby, at: at(seconds)}}}
	}
	tests := []struct {
		name string
		o    outcome
		want []string
	}{
		{"a request has its job", outcome{sent: sent{restores: []string{"please"}}, jobs: []jobRow{restore}}, nil},
		{"a request has no job", outcome{sent: sent{restores: []string{"please"}}}, []string{"please was taken and has 0 jobs"}},
		{"a request has another's job", outcome{sent: sent{restores: []string{"again"}}, jobs: []jobRow{restore}}, []string{"again was taken and has 0 jobs"}},
		{"a request has two jobs", outcome{sent: sent{restores: []string{"please"}}, jobs: []jobRow{restore, restore}}, []string{"has 2 jobs"}},
		{"an alert has its restore", outcome{
			sent: sent{alerts: []outage{fired}}, alerts: []alertRow{{alarms, "inc", at(10)}}, incidents: []incidentRow{{id: "inc", restore: "r"}}, jobs: []jobRow{restore},
		}, nil},
		{"an alert is lost", outcome{sent: sent{alerts: []outage{fired}}, alerts: []alertRow{{alarms, "inc", at(9)}}}, []string{"no row"}},
		{"an alert opened nothing", outcome{sent: sent{alerts: []outage{fired}}, alerts: []alertRow{{alarms, "", at(10)}}, incidents: []incidentRow{{id: "inc"}}}, []string{"no incident"}},
		{"an incident has no restore", outcome{
			sent: sent{alerts: []outage{fired}}, alerts: []alertRow{{alarms, "inc", at(10)}}, incidents: []incidentRow{{id: "inc", restore: "r"}},
		}, []string{"no restore, although it is in incident inc"}},
		{"an approval in time", outcome{sent: answered(60), jobs: []jobRow{expired}}, []string{"x was approved 40s before"}},
		{"an approval at the last moment", outcome{sent: answered(90), jobs: []jobRow{expired}}, nil},
		{"an approval of what was asked before", outcome{sent: answered(30), jobs: []jobRow{expired}}, nil},
		{"a standby was taken back", outcome{
			sent: sent{failbacks: []failback{{standby, at(10)}}}, serving: map[string]serving{standby: {asked, at(5)}},
		}, []string{"still serves for " + asked}},
		{"a standby serves anew", outcome{
			sent: sent{failbacks: []failback{{standby, at(10)}}}, serving: map[string]serving{standby: {asked, at(15)}},
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { mentions(t, tt.o.owed(), tt.want...) })
	}
}

func TestBackupsAreOwedToChangesAndOccurrences(t *testing.T) {
	service := plain[0]
	change := sent{changes: []takenChange{{service, "c", at(100), at(101)}}}
	tests := []struct {
		name                   string
		sent                   sent
		createdAt, startedAt   int // of the service's one backup
		ofAnother, hadNoChance bool
		want                   []string
	}{
		{name: "a change made its backup", sent: change, createdAt: 100, startedAt: 105},
		{name: "a change joined a backup that waited", sent: change, createdAt: 90, startedAt: 105},
		{name: "a backup began before the change", sent: change, createdAt: 90, startedAt: 99, want: []string{"change c of"}},
		{name: "only a later backup holds the change", sent: change, createdAt: 102, startedAt: 105, want: []string{"change c of"}},
		{name: "the backup is another service's", sent: change, createdAt: 100, startedAt: 105, ofAnother: true, want: []string{"change c of"}},
		{name: "the backup waited behind another", sent: change, createdAt: 100, startedAt: 105, hadNoChance: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := outcome{sent: tt.sent}
			of := service
			if tt.ofAnother {
				of = plain[1]
			}
			begun(&o, of, tt.createdAt, tt.startedAt)
			if tt.hadNoChance {
				o.jobs[0].state, o.jobs[0].code, o.jobs[0].message = "Failed", "DeadlineExceeded", "another job operates on the service"
				o.operations = nil
				begun(&o, service, 80, 99)
				o.jobs[1].ended = at(101)
			}
			mentions(t, o.owed(), tt.want...)
		})
	}
	t.Run("occurrences", func(t *testing.T) {
		var o outcome
		for i, s := range append([]string{asked, alarms}, plain...) {
			switch i {
			case 0:
				begun(&o, s, 60, 61) // an earlier occurrence's
			case 1:
				begun(&o, s, 70, 76) // had been waiting
			case 2:
				begun(&o, s, 79, 80) // came later
			default:
				begun(&o, s, 76, 77)
			}
		}
		o.sent.rounds = []round{{at(76), at(77)}, {at(77), at(78)}}
		mentions(t, o.owed(), asked+" has no backup for its occurrence at 01:01:15", plain[0]+" has no backup")
	})
}

// A restore's request has no name of its own, so that its time must do.
func TestARestoreIsPostedOnce(t *testing.T) {
	to := standbyOf(asked)
	j := jobRow{id: "r", service: to, kind: restoreKind, created: at(0), ended: at(60)}
	later := jobRow{id: "later", service: to, kind: restoreKind, created: at(70), ended: at(90)}
	tests := []struct {
		name     string
		arrived  []int // seconds
		accepted []int
		failed   bool
		want     []string
	}{
		{"once", []int{10}, []int{10}, false, nil},
		{"again when the first was cut off", []int{10, 22}, []int{22}, false, nil},
		{"again at once", []int{10, 11}, []int{11}, false, []string{"came again after 1s"}},
		{"again after the first was accepted, and cut off", []int{10, 30}, []int{10}, false, []string{"came for the second time"}},
		{"again after the first failed", []int{10, 30}, []int{10}, true, nil},
		{"the same point by another job", []int{10, 75}, []int{10, 75}, false, nil},
		{"by nobody", []int{65}, nil, false, []string{"is of no restore that went on then"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, posts := outcome{jobs: []jobRow{j, later}}, map[string][]posted{}
			for _, s := range tt.arrived {
				posts[to+"/restore"] = append(posts[to+"/restore"], posted{"p", at(s)})
			}
			for _, s := range tt.accepted {
				op := arm.Operation{Kind: arm.Restore, Service: to, Blob: "p", Started: at(s), Outcome: arm.Succeeded}
				if tt.failed {
					op.Outcome = arm.Failed
				}
				o.operations = append(o.operations, op)
			}
			mentions(t, o.overwrittenOnce(posts), tt.want...)
		})
	}
}

func TestARestoreIsApprovedByWhatWasSent(t *testing.T) {
	to := standbyOf(asked)
	yes := approval{job: "r", point: "p", target: to, at: at(5)}
	o := outcome{
		jobs: []jobRow{{id: "r", service: to, kind: restoreKind, state: "Succeeded", created: at(0), ended: at(60), order: order{
			Source: asked, Point: orderPoint{"p"}, Approval: orderApproval{By: engineer},
		}}},
		operations: []arm.Operation{{Kind: arm.Restore, Service: to, Blob: "p", Started: at(10), Outcome: arm.Succeeded}},
	}
	o.sent.approvals = []approval{yes}
	mentions(t, o.restoredOnce())
	for _, change := range []func(*approval){
		func(a *approval) { a.job = "another" }, func(a *approval) { a.point = "another" }, func(a *approval) { a.target = "another" }, func(a *approval) { a.at = at(11) },
	} {
		other := yes
		change(&other)
		o.sent.approvals = []approval{other}
		mentions(t, o.restoredOnce(), "nobody approved")
	}
}
