package notice

import (
	"fmt"

	"lifeboat/internal/job"
)

// A standby's partition has no health: here the service is the protected one.

func late(n job.Notice) Text {
	s, f := or(service(n), "(not named)"), n.Facts
	t := Text{
		Subject:  "backups are late",
		What:     sentences(newest(n), lastFailure(f)),
		Meaning:  fmt.Sprintf("That is longer than the plan allows. If %s were lost now, all changes since then would be lost with it.", s),
		Next:     fmt.Sprintf("\"lifeboat jobs %s\" shows what became of the last backups. Repair what it says, then: \"lifeboat backup %s\". If it shows no job since then, see whether the function app runs.", s, s),
		Severity: Warning,
	}
	if f.Point == "" {
		t.Meaning = fmt.Sprintf("There should be one by now. If %s were lost now, there would be nothing to restore.", s)
	}
	return t
}

func down(n job.Notice) Text {
	s, f := or(service(n), "(not named)"), n.Facts
	if f.Point == "" || lapsed(n) {
		return nothingLeft(n)
	}
	return Text{
		Subject:  "backups have stopped",
		What:     sentences(newest(n), lastFailure(f)),
		Meaning:  sentences(fmt.Sprintf("That is more than twice the plan's interval: backups of %s do not work. If it were lost now, all changes since then would be lost with it.", s), until(n, "That backup")),
		Next:     fmt.Sprintf("\"lifeboat jobs %s\" shows why the last ones failed. Repair that, then: \"lifeboat backup %s\". If it shows no job since then, see whether the function app runs.", s, s),
		Severity: Critical,
	}
}

func nothingLeft(n job.Notice) Text {
	s, f := or(service(n), "(not named)"), n.Facts
	what := fmt.Sprintf("%s has no backup that can be restored.", s)
	if lapsed(n) {
		what = fmt.Sprintf("Azure has not accepted the newest good backup of %s, %s, since %s: it is too old.", s, f.Point, clock(f.Until))
	}
	return Text{
		Subject:  "no backup can be restored",
		What:     sentences(what, lastFailure(f)),
		Meaning:  fmt.Sprintf("If %s were lost now, Lifeboat could bring nothing of it back.", s),
		Next:     fmt.Sprintf("Make a backup now: \"lifeboat backup %s\". If that fails, \"lifeboat jobs %s\" shows why.", s, s),
		Severity: Critical,
	}
}

func recovered(n job.Notice) Text {
	s := or(service(n), "(not named)")
	return Text{
		Subject:  "backups work again",
		What:     newest(n),
		Meaning:  sentences(fmt.Sprintf("%s is protected again.", s), until(n, "That backup")),
		Next:     fmt.Sprintf("Nothing to do. What can be restored: \"lifeboat points %s\"", s),
		Severity: Info,
	}
}

func pointLapsing(n job.Notice) Text {
	s, f := or(service(n), "(not named)"), n.Facts
	subject, accepted := "the last restorable backup is about to lapse", "not for much longer"
	switch {
	case lapsed(n):
		return nothingLeft(n)
	case !f.Until.IsZero():
		left := span(f.Until.Sub(n.At))
		subject, accepted = "the last restorable backup lapses in "+left, fmt.Sprintf("until %s, another %s", clock(f.Until), left)
	}
	return Text{
		Subject:  subject,
		What:     sentences(newest(n), "Azure accepts it "+accepted+", and there is no newer one.", lastFailure(f)),
		Meaning:  fmt.Sprintf("After that nothing of %s can be restored.", s),
		Next:     fmt.Sprintf("Make a new backup before then: \"lifeboat backup %s\". If that fails, \"lifeboat jobs %s\" shows why.", s, s),
		Severity: Critical,
	}
}

func pointWithdrawn(n job.Notice) Text {
	s, f := or(service(n), "(not named)"), n.Facts
	t := Text{
		Subject:  "a backup was deleted, not by Lifeboat",
		What:     fmt.Sprintf("Backup %s of %s can't be restored any more: %s", or(f.Point, "(not named)"), s, ended(or(f.Message, "its blob is gone"))),
		Meaning:  sentences(fmt.Sprintf("The newest backup that is left was started at %s.", ago(n, f.Since)), until(n, "It"), "Whoever deleted one may delete more."),
		Next:     fmt.Sprintf("Find out who or what deleted it: the storage account's logs, its lifecycle rules. See what is left: \"lifeboat points %s\". Make a new one: \"lifeboat backup %s\"", s, s),
		Severity: Warning,
	}
	if f.Since.IsZero() {
		t.Meaning, t.Severity = fmt.Sprintf("No other backup of %s is left: nothing of it could be restored now.", s), Critical
		t.Next = fmt.Sprintf("Make a new one at once: \"lifeboat backup %s\". Then find out who or what deleted it: the storage account's logs, its lifecycle rules.", s)
	}
	return t
}

func backupStarted(n job.Notice) Text {
	s := or(service(n), "(not named)")
	return Text{
		Subject:  "a backup has begun",
		What:     fmt.Sprintf("Job %s backs %s up.", or(n.Facts.Job, "(not named)"), s),
		Meaning:  "All is as it should be.",
		Next:     fmt.Sprintf("Nothing to do. To follow it: \"lifeboat jobs %s\"", s),
		Severity: Info,
	}
}

func backupSucceeded(n job.Notice) Text {
	s, f := or(service(n), "(not named)"), n.Facts
	return Text{
		Subject:  "a backup has succeeded",
		What:     listed(fmt.Sprintf("Job %s made a backup of %s%s.", or(f.Job, "(not named)"), s, after(f)), "Warnings", f.Warnings),
		Meaning:  "The backup is there and can be restored.",
		Next:     fmt.Sprintf("Nothing to do. What can be restored: \"lifeboat points %s\"", s),
		Severity: Info,
	}
}

func backupFailed(n job.Notice) Text {
	s, f := or(service(n), "(not named)"), n.Facts
	meaning := ""
	switch f.Code {
	case job.CodeDeadlineExceeded:
		meaning = fmt.Sprintf("Azure may still be at work on it; until that has ended, nothing else is begun on %s.", s)
	case job.CodeArtefactMissing, job.CodeArtefactUnfit:
		meaning = "Azure called it a success, but there is nothing that could be relied on."
	}
	return Text{
		Subject:  "a backup has failed" + coded(f),
		What:     listed(sentences(fmt.Sprintf("Job %s has given up%s.", or(f.Job, "(not named)"), after(f)), reason(f)), "Warnings", f.Warnings),
		Meaning:  sentences(meaning, "The backups before it are untouched, and the next one is made as planned."),
		Next:     fmt.Sprintf("\"lifeboat jobs %s\" shows what was tried. Once the reason is repaired, don't wait for the schedule: \"lifeboat backup %s\"", s, s),
		Severity: Warning,
	}
}

// newest says which good backup is the newest.
func newest(n job.Notice) string {
	s, f := or(service(n), "(not named)"), n.Facts
	switch {
	case f.Point != "" && !f.Since.IsZero():
		return fmt.Sprintf("The newest good backup of %s was started at %s.", s, ago(n, f.Since))
	case f.Point != "":
		return fmt.Sprintf("The newest good backup of %s is %s.", s, f.Point)
	case f.Since.IsZero():
		return fmt.Sprintf("%s has no good backup.", s)
	}
	return fmt.Sprintf("%s has no good backup. Lifeboat has protected it since %s.", s, ago(n, f.Since))
}

func lastFailure(f job.NoticeFacts) string {
	if f.Job == "" || f.Code == "" {
		return ""
	}
	return fmt.Sprintf("The last backup, job %s, ended with %s.", f.Job, f.Code)
}

func lapsed(n job.Notice) bool { return !n.Facts.Until.IsZero() && !n.At.Before(n.Facts.Until) }

func until(n job.Notice, what string) string {
	if n.Facts.Until.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s can be restored until %s.", what, clock(n.Facts.Until))
}

// after says how long a job took, its waiting included.
func after(f job.NoticeFacts) string {
	if f.Took <= 0 {
		return ""
	}
	return fmt.Sprintf(", %s after it was ordered", span(f.Took))
}

func coded(f job.NoticeFacts) string {
	if f.Code == "" {
		return ""
	}
	return " (" + fit(f.Code, 60, plainly) + ")"
}
