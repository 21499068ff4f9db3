package gate

import (
	"fmt"
	"strings"
)

// approved asks for another person's word on exactly this restore, except in
// mode auto. When the time for it is over, nothing happens, and that is said.
func approved(q question) Verdict {
	a := q.f.Approval
	switch {
	case q.p.Mode == Auto:
		return pass("The plan asks for no approval (mode auto).")
	case a.Given == No && a.Job == q.r.Job:
		return refuse("%s rejected this restore. If it is needed all the same, ask for it again: lifeboat restore %s.", name(a.By), name(q.r.Source))
	case !a.Expires.IsZero() && !q.now.Before(a.Expires) && a.Given == Yes:
		return refuse("The approval by %s expired at %s, before the restore could start, so nothing is restored. Ask for it again: lifeboat restore %s.", name(a.By), clock(a.Expires), name(q.r.Source))
	case !a.Expires.IsZero() && !q.now.Before(a.Expires):
		return refuse("Nobody approved this restore by %s, so nothing is restored. Ask for it again: lifeboat restore %s.", clock(a.Expires), name(q.r.Source))
	}
	if why := unfit(q); why != "" {
		return Verdict{Outcome: NeedsApproval, Until: a.Expires, Sentence: why + " " + wayToApprove(q)}
	}
	return pass("%s approved this restore at %s.", name(a.By), clock(a.At))
}

// unfit says why what a person has said so far is no approval of this restore.
func unfit(q question) string {
	a := q.f.Approval
	switch {
	case a.Given != Yes:
		return "Nobody has approved this restore yet."
	case strings.TrimSpace(a.By) == "":
		return "The approval does not say who gave it."
	case !q.r.Automatic && strings.TrimSpace(q.r.Requester) == "":
		return "The request does not say who asked, so nobody can be known to be somebody else."
	case samePerson(a.By, q.r.Requester):
		return fmt.Sprintf("%s asked for this restore and can't approve it too.", name(a.By))
	case a.At.IsZero() || a.At.After(q.now.Add(skew)):
		return fmt.Sprintf("The approval by %s says nothing believable of when it was given.", name(a.By))
	case a.Expires.IsZero():
		return fmt.Sprintf("The approval by %s does not say when it expires.", name(a.By))
	case q.r.Job == "" || a.Job != q.r.Job || a.Point != q.f.Point.Name || a.Target != q.r.Target:
		return fmt.Sprintf("%s approved job %s with backup %s onto %s, and this is job %s with backup %s onto %s.",
			name(a.By), name(a.Job), name(a.Point), name(a.Target), name(q.r.Job), name(q.f.Point.Name), name(q.r.Target))
	}
	return ""
}

// samePerson compares names as people write them.
func samePerson(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

func wayToApprove(q question) string {
	who := "Somebody"
	if !q.r.Automatic && strings.TrimSpace(q.r.Requester) == "" {
		return "Send the request again with a name."
	}
	if !q.r.Automatic {
		who = "Somebody other than " + name(q.r.Requester)
	}
	how := fmt.Sprintf("%s approves it with lifeboat approve %s", who, name(q.r.Job))
	if until := q.f.Approval.Expires; !until.IsZero() {
		how += " by " + clock(until)
	}
	if q.p.Approvers != "" {
		how += fmt.Sprintf(" (%s)", name(q.p.Approvers))
	}
	return how + "."
}
