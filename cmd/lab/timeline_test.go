package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/host"
	"lifeboat/internal/terminal"
)

// told feeds the handler's lines to a timeline and returns what it shows,
// without the times at the beginning.
func told(t *testing.T, feed func(*timeline)) string {
	t.Helper()
	var out, log strings.Builder
	tl := newTimeline(&out, &log, terminal.Palette{}, []string{"apim-weu", "a"})
	tl.sizes = func(string) int { return 50_000 }
	feed(tl)
	var text strings.Builder
	for line := range strings.Lines(out.String()) {
		if _, err := time.Parse(time.TimeOnly, line[:8]); err != nil {
			t.Errorf("line without a time: %q", line)
		}
		text.WriteString(line[8:])
	}
	return text.String()
}

// moved is a line of a job's move at second s of a minute.
func moved(second, from, to, more string) string {
	return `{"time":"2026-03-01T01:00:` + second + `.5Z","level":"INFO","msg":"job moved","job":"j","service":"apim-weu","from":"` + from + `","to":"` + to + `"` + more + `}`
}

func TestTimelineTellsAJobsStory(t *testing.T) {
	due := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC).Local().Format("15:04")
	lines := []string{
		`{"time":"2026-03-01T01:00:00Z","level":"INFO","msg":"ready"}`,
		`{"time":"2026-03-01T01:00:00.5Z","level":"INFO","msg":"job created","job":"j","service":"apim-weu","due":"2026-03-01T01:00:00Z","next":"2026-03-01T01:00:00.5Z"}`,
		moved("02", "Pending", "Starting", `,"attempt":1,"next":"2026-03-01T01:00:32Z"`),
		moved("02", "Starting", "Pending", `,"attempt":1,"next":"2026-03-01T01:00:04Z","reason":"back up apim-weu: ServiceLocked: wait"`),
		moved("04", "Pending", "Starting", `,"attempt":2,"next":"2026-03-01T01:00:34Z"`),
		moved("04", "Starting", "InProgress", `,"attempt":2,"next":"2026-03-01T01:00:06Z"`),
		moved("06", "InProgress", "InProgress", `,"attempt":2,"polls":1,"next":"2026-03-01T01:00:08Z"`),
		moved("08", "InProgress", "InProgress", `,"attempt":2,"polls":1,"next":"2026-03-01T01:00:23Z","reason":"HTTP 503"`),
		moved("23", "InProgress", "Verifying", `,"attempt":2,"polls":2,"next":"2026-03-01T01:00:23Z"`),
		moved("25", "Verifying", "Pruning", `,"attempt":2,"polls":2,"next":"2026-03-01T01:00:25Z"`),
		moved("27", "Pruning", "Succeeded", `,"attempt":2,"polls":2`),
		moved("27", "InProgress", "Failed", `,"code":"RestoreFailed","message":"backup expired"`),
	}
	got := told(t, func(tl *timeline) {
		for _, l := range lines {
			tl.handlerLine("stdout", l)
		}
	})
	want := `
  apim-weu  created                   backup due ` + due + `, starts now
  apim-weu  Pending    -> Starting    attempt 1, asks ARM for a backup
  apim-weu  Starting   -> Pending     looks again in 2s: back up apim-weu: ServiceLocked: wait
  apim-weu  Pending    -> Starting    attempt 2, asks ARM for a backup
  apim-weu  Starting   -> InProgress  accepted by ARM, first look in 2s
  apim-weu  InProgress                poll 1, still running, next look in 2s
  apim-weu  InProgress                looks again in 15s: HTTP 503
  apim-weu  InProgress -> Verifying   poll 2, done, looks for the backup
  apim-weu  Verifying  -> Pruning     backup is there, 48.8 KiB, recorded
  apim-weu  Pruning    -> Succeeded   after 27s
  apim-weu  InProgress -> Failed      RestoreFailed: backup expired
`
	if diff := cmp.Diff(want[1:], got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTimelineSwallowsNothing(t *testing.T) {
	got := told(t, func(tl *timeline) {
		tl.handlerLine("stderr", "lifeboat: StateStorage: missing")
		tl.handlerLine("stdout", `{"time":"2026-03-01T01:00:00Z","level":"WARN","msg":"prompt repeated","job":"j","reason":"no table","invocation":"x"}`)
		tl.handlerLine("stdout", `{"time":"2026-03-01T01:00:00Z","level":"ERROR","msg":"invocation panicked","panic":"oops","service":"apim-weu"}`)
		tl.handlerLine("stdout", `{"time":"2026-03-01T01:00:00Z","level":"INFO","msg":"orphaned lease freed","service":"a"}`)
		tl.hostLog().With("a", 1).Error("handler exited", "code", 3, "error", nil)
		tl.invoked(host.Invocation{Function: "JobStep", Outcome: host.Failed, Reason: "500", MessageID: "m", Settlement: host.Abandoned})
		tl.invoked(host.Invocation{Function: "JobStep", Outcome: host.Succeeded})
		tl.mute()
		tl.handlerLine("stderr", "the noise of stopping")
	})
	want := `
  handler   stderr                    lifeboat: StateStorage: missing
  handler   warning                   prompt repeated; job: j; reason: no table
  apim-weu  error                     invocation panicked; panic: oops
  a         note                      orphaned lease freed
  host      error                     handler exited; a: 1; code: 3
  host      warning                   JobStep did not succeed: 500; message m is delivered again
`
	if diff := cmp.Diff(want[1:], got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTimelineTellsChangesAndNotices(t *testing.T) {
	line := func(level, message, more string) string {
		return `{"time":"2026-03-01T01:00:00Z","level":"` + level + `","msg":"` + message + `","job":"j","service":"apim-weu"` + more + `}`
	}
	malformed := `{"time":"2026-03-01T01:00:00Z","level":"WARN","msg":"invocation failed","error":"message m can't be understood","invocation":"`
	lines := []string{
		line("INFO", jobCreated, `,"change":"a policy","next":"2026-03-01T01:00:02Z"`),
		moved("01", "Pending", "Pending", `,"next":"2026-03-01T01:00:03Z"`),
		moved("02", "InProgress", "InProgress", `,"polls":1,"next":"2026-03-01T01:00:04Z"`),
		moved("03", "InProgress", "InProgress", `,"polls":1,"next":"2026-03-01T01:00:04Z"`),
		line("INFO", jobCreated, `,"next":"2026-03-01T01:00:00Z"`),
		line("WARN", overdue, `,"since":"2026-03-01T00:50:00Z"`),
		line("WARN", overdue, `,"since":"2026-03-01T00:50:00Z"`),
		line("WARN", overdue, `,"since":"2026-03-01T00:59:00Z"`),
		line("INFO", "service watched", `,"health":"late"`),
		line("WARN", healthChanged, ``), line("WARN", noticeRefused, ``), line("INFO", noticeAnswered, ``),
		line("ERROR", "notice given up", `,"error":"503"`),
		malformed + `1"}`, malformed + `2"}`,
	}
	got := told(t, func(tl *timeline) {
		for _, l := range lines {
			tl.handlerLine("stdout", l)
		}
		for range 2 {
			tl.invoked(host.Invocation{Function: "RecoveryRequest", Outcome: host.Failed, Reason: "500", MessageID: "m", Settlement: host.Abandoned})
		}
		var e cloudEvent
		e.Data.Type, e.Data.Service, e.Data.Subject = "Late", "apim-weu", "[lab] apim-weu: backups are late"
		tl.noticed(e)
		e.Data.Type, e.Data.Service, e.Data.Subject = "DeadMessage", "", "[lab] a message was given up"
		tl.noticed(e)
	})
	want := `
  apim-weu  created                   backup after changes, starts in 2s unless there are more; the first: a policy
  apim-weu  InProgress                poll 1, still running, next look in 2s
  apim-weu  InProgress                the service was changed meanwhile: another backup follows
  apim-weu  created                   backup that was asked for, starts now
  apim-weu  overdue                   its message is lost or late: prompted again
  apim-weu  overdue                   its message is lost or late: prompted again
  apim-weu  error                     notice given up; error: 503; job: j
  handler   warning                   invocation failed; error: message m can't be understood
  host      warning                   RecoveryRequest did not succeed: 500; message m is delivered again
  apim-weu  notice Late               [lab] apim-weu: backups are late
  lab       notice DeadMessage        [lab] a message was given up
`
	if diff := cmp.Diff(want[1:], got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// failedOver is a line about a restore at second s of a minute.
func failedOver(second, level, message, more string) string {
	return `{"time":"2026-03-01T01:00:` + second + `.5Z","level":"` + level + `","msg":"` + message + `","job":"a-inc1-restore"` + more + `}`
}

func TestTimelineTellsAFailover(t *testing.T) {
	move := func(second, from, to, more string) string {
		return failedOver(second, "INFO", jobMoved, `,"service":"a","from":"`+from+`","to":"`+to+`"`+more)
	}
	lines := []string{
		`{"time":"2026-03-01T01:00:00Z","level":"INFO","msg":"alert passed on","rule":"r"}`,
		`{"time":"2026-03-01T01:00:00Z","level":"WARN","msg":"incident opened","service":"apim-weu","incident":"inc1","rule":"weu is down"}`,
		failedOver("00", "WARN", restoreOrdered, `,"service":"a","source":"apim-weu","by":"alert rule weu is down"`),
		failedOver("02", "INFO", gateJudged, `,"gate":"longEnough","outcome":"Waits","sentence":"Not yet."`),
		failedOver("02", "INFO", gateJudged, `,"gate":"approved","outcome":"NeedsApproval","sentence":"Nobody has."`),
		move("02", "Pending", "Pending", `,"next":"2026-03-01T01:00:05Z","reason":"Not yet."`),
		move("05", "Pending", "AwaitingApproval", `,"next":"2026-03-01T01:15:05Z","reason":"waits for an approval until 01:15"`),
		move("10", "AwaitingApproval", "Pending", `,"next":"2026-03-01T01:00:10Z"`),
		failedOver("12", "INFO", gateJudged, `,"gate":"gatewayDown","outcome":"Passed","sentence":"It is healthy."`),
		move("12", "Pending", "Starting", `,"attempt":1,"polls":0,"next":"2026-03-01T01:00:32Z"`),
		move("24", "InProgress", "Verifying", `,"attempt":1,"polls":6,"next":"2026-03-01T01:00:24Z"`),
		failedOver("26", "WARN", lookAt, `,"reason":"other certificates"`),
		failedOver("26", "INFO", restoreCompleted, `,"source":"apim-weu","target":"a","took":"26.5123s","point":"p","warm":false`),
		move("26", "Verifying", "Succeeded", ``),
		failedOver("27", "INFO", restoreCompleted, `,"source":"apim-weu","target":"a","took":"1s","point":"q","warm":true`),
		failedOver("28", "INFO", gateJudged, `,"gate":"notServing","outcome":"Refused","sentence":"It serves."`),
		failedOver("28", "ERROR", jobMoved, `,"service":"a","from":"Pending","to":"Failed","code":"GateRefused","message":"It serves."`),
		move("29", "AwaitingApproval", "Canceled", ``),
		`{"time":"2026-03-01T01:00:30Z","level":"INFO","msg":"incident resolved","service":"apim-weu","incident":"inc1","reason":"its alerts have resolved"}`,
	}
	got := told(t, func(tl *timeline) {
		tl.ends = func(string) (string, string) { return "Resolved", "it is over" }
		for _, l := range lines {
			tl.handlerLine("stdout", l)
		}
	})
	want := `
  apim-weu  incident opened           inc1, alert rule "weu is down"
  a         ordered                   restore of apim-weu, by alert rule weu is down
  a         gate waits                longEnough: Not yet.
  a         Pending                   looks again in 3s
  a         Pending    -> Awaiting    waits for an approval until 01:15
  a         Awaiting   -> Pending     approved, judges its gates again
  a         gate warns                gatewayDown: It is healthy.
  a         Pending    -> Starting    attempt 1, every gate has passed, asks ARM for the restore
  a         InProgress -> Verifying   poll 6, done, looks at what the standby holds
  a         warning                   other certificates
  a         restored                  serves for apim-weu, recovered in 27s, holds p
  a         Verifying  -> Succeeded   after 26s
  a         restored                  kept warm for apim-weu, holds q
  a         gate refuses              notServing: It serves.
  a         Pending    -> Failed      GateRefused, by the gates above
  a         Awaiting   -> Canceled    Resolved: it is over
  apim-weu  incident resolved         inc1: its alerts have resolved
`
	if diff := cmp.Diff(want[1:], got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
