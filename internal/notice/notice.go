// Package notice says what a job.Notice means to the person who reads it at
// night, and writes it in the forms that webhooks want. It sends nothing.
//
// Words that come from elsewhere, above all Azure's, are quoted as they are,
// but on one line, without control and formatting characters, and cut where
// they are endless.
package notice

import (
	"fmt"
	"time"

	"lifeboat/internal/job"
)

// Severity says how soon somebody must act.
type Severity string

// The severities.
const (
	Info     Severity = "info"     // nothing to do
	Warning  Severity = "warning"  // look at it today
	Critical Severity = "critical" // act now, at night too
)

// Text is what a notice says. Lines are separated by "\n"; those that begin
// with "- " are a list.
type Text struct {
	Subject  string // one line, begins with environment and service
	What     string // what changed, and its facts
	Meaning  string // what that means for the service
	Next     string // what to run or to look at
	Severity Severity
}

// Write says what n means in environment, which may be empty. Of the facts
// that n's type may have, none needs to be there, but those of a service's
// health are taken at their word: no Point is no point that can be restored.
func Write(n job.Notice, environment string) Text {
	return write(tidy(n), clean(environment, maxName))
}

func write(n job.Notice, environment string) Text {
	say, ok := texts[n.Type]
	if !ok {
		say = unknown
	}
	t := say(n)
	about := service(n)
	if about == "" {
		about = "Lifeboat"
	}
	t.Subject = about + ": " + t.Subject
	if environment != "" {
		t.Subject = "[" + environment + "] " + t.Subject
	}
	t.Subject = fit(t.Subject, maxSubject, plainly)
	return t
}

var texts = map[job.NoticeType]func(job.Notice) Text{
	job.NoticeLate:             late,
	job.NoticeDown:             down,
	job.NoticeRecovered:        recovered,
	job.NoticePointLapsing:     pointLapsing,
	job.NoticePointWithdrawn:   pointWithdrawn,
	job.NoticeBackupStarted:    backupStarted,
	job.NoticeBackupSucceeded:  backupSucceeded,
	job.NoticeBackupFailed:     backupFailed,
	job.NoticeAwaitingApproval: awaitingApproval,
	job.NoticeApprovalExpired:  approvalExpired,
	job.NoticeRestoreBlocked:   restoreBlocked,
	job.NoticeRestoreStarted:   restoreStarted,
	job.NoticeRestoreCompleted: restoreCompleted,
	job.NoticeRestoreFailed:    restoreFailed,
	job.NoticeRestoreCanceled:  restoreCanceled,
	job.NoticeStandbyNotReady:  standbyNotReady,
	job.NoticeStandbyReady:     standbyReady,
	job.NoticeDeadMessage:      deadMessage,
	job.NoticeOutdated:         outdated,
}

// unknown is for a notice that a newer version wrote.
func unknown(n job.Notice) Text {
	return Text{
		Subject:  "something changed: " + or(string(n.Type), "(not named)"),
		What:     sentences("A version of Lifeboat that is newer than this one noticed something.", reason(n.Facts)),
		Meaning:  "This version has no words for it.",
		Next:     "See how things are: \"lifeboat status\"",
		Severity: Warning,
	}
}

// service is the protected service that n is about; "" if it is about none.
func service(n job.Notice) string {
	switch {
	case n.About != "" && n.About != job.NoService:
		return n.About
	case n.Service != job.NoService:
		return n.Service
	}
	return ""
}

// ago is a time and how long before the notice it was.
func ago(n job.Notice, t time.Time) string {
	return fmt.Sprintf("%s, %s ago", clock(t), span(n.At.Sub(t)))
}
