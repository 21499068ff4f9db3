package notice

import (
	"fmt"

	"lifeboat/internal/job"
)

// restore is what all texts about a restore name.
type restore struct {
	job, source, standby, point string
	facts                       job.NoticeFacts
}

func restoreOf(n job.Notice) restore {
	f := n.Facts
	return restore{
		job: or(f.Job, "(not named)"), source: or(service(n), "(not named)"), standby: or(f.Standby, "(not named)"), point: or(f.Point, "(not chosen)"), facts: f,
	}
}

// again is the command that asks for the same restore.
func (r restore) again() string {
	return fmt.Sprintf(`"lifeboat restore %s --to %s"`, r.source, r.standby)
}

// asked says who wanted it.
func (r restore) asked(n job.Notice) string {
	f := r.facts
	switch {
	case f.Incident != "" && !f.Since.IsZero():
		return fmt.Sprintf("An alert that fired at %s, asked for it (%s, incident %s).", ago(n, f.Since), or(f.By, "no rule named"), f.Incident)
	case f.Incident != "":
		return fmt.Sprintf("An alert asked for it (%s, incident %s).", or(f.By, "no rule named"), f.Incident)
	case f.By != "":
		return fmt.Sprintf("It was asked for in the name of %s.", f.By)
	}
	return ""
}

// gates are the sentences of those that said want, or anything if want is
// empty.
func (r restore) gates(want string) []string {
	var said []string
	for _, g := range r.facts.Gates {
		if want == "" || g.Outcome == want {
			said = append(said, or(g.Sentence, g.Name))
		}
	}
	return said
}

func awaitingApproval(n job.Notice) Text {
	r := restoreOf(n)
	t := Text{
		Subject:  fmt.Sprintf("restore onto %s needs approval", r.standby),
		What:     listed(sentences(fmt.Sprintf("Job %s is to restore backup %s of %s onto %s.", r.job, r.point, r.source, r.standby), r.asked(n)), "What the gates say", r.gates("")),
		Meaning:  fmt.Sprintf("A restore overwrites all that %s holds. Nothing is done without an approval.", r.standby),
		Next:     fmt.Sprintf("If %s is really down, somebody else than who asked runs: \"lifeboat approve %s\". If it is not, leave it: it expires by itself.", r.source, r.job),
		Severity: Critical,
	}
	if u := r.facts.Until; !u.IsZero() {
		t.Subject += " by " + clock(u)
		t.Meaning = fmt.Sprintf("A restore overwrites all that %s holds. If nobody approves it by %s (%s), nothing is done.", r.standby, clock(u), span(u.Sub(n.At)))
	}
	return t
}

func approvalExpired(n job.Notice) Text {
	r := restoreOf(n)
	return Text{
		Subject:  fmt.Sprintf("nobody approved the restore onto %s", r.standby),
		What:     sentences(fmt.Sprintf("Job %s was not approved in time, and nothing was restored.", r.job), r.asked(n)),
		Meaning:  r.untouched(),
		Next:     fmt.Sprintf("If %s is still down: %s, and have somebody else approve it. If it is well, there is nothing to do.", r.source, r.again()),
		Severity: Critical,
	}
}

// untouched is what it means that a restore was not begun.
func (r restore) untouched() string {
	s := fmt.Sprintf("%s holds what it held. If %s is down, it stays down until somebody acts", r.standby, r.source)
	if r.facts.Incident != "" {
		s += ": Lifeboat begins no other restore for this incident"
	}
	return s + "."
}

func restoreBlocked(n job.Notice) Text {
	r := restoreOf(n)
	what := sentences(fmt.Sprintf("Job %s was to restore %s onto %s, and was refused.", r.job, r.source, r.standby), r.asked(n))
	refusals := r.gates("Refused")
	if len(refusals) == 0 && r.facts.Message != "" {
		refusals = []string{r.facts.Message}
	}
	return Text{
		Subject:  fmt.Sprintf("restore onto %s was refused", r.standby),
		What:     listed(listed(what, "Why", refusals), "Know as well", r.gates("PassedWithWarning")),
		Meaning:  r.untouched(),
		Next:     fmt.Sprintf("If %s is down, do what the reasons say, then: %s. If it is well, there is nothing to do.", r.source, r.again()),
		Severity: Critical,
	}
}

func restoreStarted(n job.Notice) Text {
	r := restoreOf(n)
	return Text{
		Subject:  fmt.Sprintf("restore onto %s has begun", r.standby),
		What:     listed(sentences(fmt.Sprintf("Job %s restores backup %s of %s onto %s.", r.job, r.point, r.source, r.standby), r.asked(n)), "Know as well", r.gates("")),
		Meaning:  fmt.Sprintf("%s is being overwritten. That takes minutes to an hour and can't be stopped: Azure has no cancel.", r.standby),
		Next:     fmt.Sprintf("Change nothing on %s, and send it no traffic before the next notice. To follow it: \"lifeboat jobs %s\"", r.standby, r.standby),
		Severity: Warning,
	}
}

func restoreCompleted(n job.Notice) Text {
	r, f := restoreOf(n), n.Facts
	took := ""
	switch {
	case f.Took > 0 && !f.Since.IsZero():
		took = fmt.Sprintf(", %s after the alert", span(f.Took))
	case f.Took > 0:
		took = after(f)
	}
	var addresses []string
	if f.Gateway != "" {
		addresses = append(addresses, "gateway "+f.Gateway)
	}
	if f.Management != "" {
		addresses = append(addresses, "management "+f.Management)
	}
	what := listed(fmt.Sprintf("%s holds backup %s of %s%s.", r.standby, r.point, r.source, took), "Addresses", addresses)
	subject, first := "is restored and waits for traffic", "Try a call"
	if len(f.Warnings) > 0 {
		subject, first = "is restored, with warnings", "Look at the warnings, try a call"
	}
	return Text{
		Subject: r.standby + " " + subject,
		What:    listed(listed(what, "Warnings", f.Warnings), "Know as well", r.gates("")),
		Meaning: fmt.Sprintf("%s is marked as serving, and nothing is restored onto it while it is. Lifeboat does not touch DNS: callers still go to %s. What changed there after the backup was started is missing.", r.standby, r.source),
		Next: fmt.Sprintf("%s, then send the traffic to %s. When it is over: \"lifeboat acknowledge %s --outcome failback\" once traffic is back on %s, or with \"--outcome promote\" to stay.",
			first, r.standby, r.source, r.source),
		Severity: Critical,
	}
}

func restoreFailed(n job.Notice) Text {
	r, f := restoreOf(n), n.Facts
	if r.warm() {
		return refreshFailed(n)
	}
	result := "could not restore"
	if f.Code == job.CodeOutcomeUnknown {
		result = "may or may not have restored"
	}
	t := Text{
		Subject:  fmt.Sprintf("restore onto %s has failed%s", r.standby, coded(f)),
		What:     listed(sentences(fmt.Sprintf("Job %s %s backup %s of %s onto %s%s.", r.job, result, r.point, r.source, r.standby, after(since(f))), r.asked(n), reason(f)), "Warnings", f.Warnings),
		Meaning:  fmt.Sprintf("%s may be half restored: send it no traffic.", r.standby),
		Next:     fmt.Sprintf("Look at %s in the portal. Then \"lifeboat acknowledge %s --outcome failback\", and ask again: %s", r.standby, r.source, r.again()),
		Severity: Critical,
	}
	switch {
	case f.Untouched:
		t.Meaning = "No restore was begun: " + r.untouched()
		t.Next = fmt.Sprintf("If %s is still down: %s. If it is well, there is nothing to do.", r.source, r.again())
	case f.Code == job.CodeOutcomeUnknown:
		t.Subject = fmt.Sprintf("it is not known whether %s was restored", r.standby)
		t.Meaning = fmt.Sprintf("Whether %s was restored can't be told from here, so nothing is repeated.", r.standby)
	case f.Code == job.CodeNotLanded:
		t.Meaning = fmt.Sprintf("Azure never began: %s holds what it held.", r.standby)
	case f.Code == job.CodeDeadlineExceeded:
		t.Meaning = fmt.Sprintf("If it had been begun, Azure may still be at work on %s, and nothing else is begun there until that has ended. It may be half restored: send it no traffic.", r.standby)
	}
	return t
}

// since leaves out the time of a restore that an alert asked for, which is
// counted from the alert, not from the order.
func since(f job.NoticeFacts) job.NoticeFacts {
	if !f.Since.IsZero() {
		f.Took = 0
	}
	return f
}

// warm reports whether the restore is the refresh of a warm standby.
func (r restore) warm() bool { return r.facts.Warm }

func refreshFailed(n job.Notice) Text {
	r, f := restoreOf(n), n.Facts
	return Text{
		Subject:  fmt.Sprintf("refresh of standby %s has failed%s", r.standby, coded(f)),
		What:     listed(sentences(fmt.Sprintf("Job %s could not bring backup %s of %s onto warm standby %s.", r.job, r.point, r.source, r.standby), reason(f)), "Warnings", f.Warnings),
		Meaning:  fmt.Sprintf("%s may hold an older backup, or half of this one. A failover would restore it in full first, which takes longer.", r.standby),
		Next:     fmt.Sprintf("\"lifeboat jobs %s\" shows what was tried. The next good backup refreshes it again: \"lifeboat backup %s\"", r.standby, r.source),
		Severity: Warning,
	}
}

func restoreCanceled(n job.Notice) Text {
	r := restoreOf(n)
	return Text{
		Subject:  fmt.Sprintf("restore onto %s was called off", r.standby),
		What:     sentences(fmt.Sprintf("Job %s was called off before anything was requested from Azure.", r.job), reason(r.facts)),
		Meaning:  fmt.Sprintf("%s holds what it held.", r.standby),
		Next:     fmt.Sprintf("Nothing to do. If the restore is needed all the same: %s", r.again()),
		Severity: Info,
	}
}
