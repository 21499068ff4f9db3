package gate

import (
	"slices"
	"strings"
	"time"
)

// ProbeFresh is how long the gateway's answer counts.
const ProbeFresh = 2 * time.Minute

func permitted(q question) Verdict {
	switch {
	case q.p.Mode != Off && q.p.Mode != Approve && q.p.Mode != Auto:
		return refuse("The plan's failover mode for %s is %s, which is none of off, approve, auto. Correct the plan.", name(q.r.Source), quote(string(q.p.Mode)))
	case q.r.Automatic && q.p.Mode == Off:
		return refuse("Failover of %s is off in the plan, so an alert restores nothing. Ask for it yourself (lifeboat restore %[1]s) and have somebody else approve it.", name(q.r.Source))
	case q.r.Automatic:
		return pass("The plan lets an alert ask for a failover of %s (mode %s).", name(q.r.Source), q.p.Mode)
	case strings.TrimSpace(q.r.Requester) == "":
		return refuse("The request does not say who asks. Send it again with a name.")
	}
	return pass("%s asked for this restore.", name(q.r.Requester))
}

func ruleInPlan(q question) Verdict {
	switch {
	case !q.r.Automatic:
		return pass("A person asked, so no alert rule is needed.")
	case q.r.Rule != "" && slices.Contains(q.p.Rules, q.r.Rule):
		return pass("Alert rule %s may start a failover of %s.", quote(q.r.Rule), name(q.r.Source))
	}
	return refuse("Alert rule %s may not start a failover of %s. If it should, add exactly this name to failover.rules in the plan.", quote(q.r.Rule), name(q.r.Source))
}

func longEnough(q question) Verdict {
	if !q.r.Automatic {
		return pass("A person asked, so the alert's age does not matter.")
	}
	since, over := q.r.FiredAt, q.r.FiredAt.Add(q.p.MinFor)
	switch {
	case since.IsZero():
		return refuse("The alert does not say since when its condition holds. If %s is down, ask for the restore yourself: lifeboat restore %[1]s.", name(q.r.Source))
	case since.After(q.now.Add(skew)):
		return refuse("The alert says that it fired at %s, which has not come yet. Check the sender's clock, or ask for the restore yourself: lifeboat restore %s.", clock(since), name(q.r.Source))
	case q.now.Before(over):
		return wait(over, "The alert's condition must hold for %s, until %s. If it resolves before, nothing happens.", span(q.p.MinFor), clock(over))
	}
	return pass("The alert's condition has held since %s, longer than the plan's %s.", clock(since), span(q.p.MinFor))
}

// gatewayDown lets an unreachable gateway through: one in a network that
// Lifeboat is not in tells nothing, and then the alert decides alone. A person
// may know what no probe sees, so that a healthy answer only warns them.
func gatewayDown(q question) Verdict {
	probe := q.f.Probe
	age := q.now.Sub(probe.At)
	if probe.At.IsZero() || age > ProbeFresh || age < -skew {
		return wait(q.now, "The gateway of %s has not been asked in the last %s. Lifeboat asks it before anything starts.", name(q.r.Source), span(ProbeFresh))
	}
	switch {
	case probe.Health == Healthy && q.r.Automatic:
		return refuse("The gateway of %s answered healthy at %s, so no alert restores anything. If it is down for your callers all the same, ask for the restore yourself: lifeboat restore %[1]s.", name(q.r.Source), clock(probe.At))
	case probe.Health == Healthy:
		return warned("The gateway of %s answered healthy at %s. You asked, so this does not stop the restore: cancel it if that surprises you.", name(q.r.Source), clock(probe.At))
	case probe.Health == Unhealthy:
		return pass("The gateway of %s did not answer healthy at %s.", name(q.r.Source), clock(probe.At))
	case probe.Health == Unreachable:
		return pass("The gateway of %s could not be reached from Lifeboat at %s, which does not speak against a restore.", name(q.r.Source), clock(probe.At))
	}
	return q.unknown("what the gateway of %s answered at %s", name(q.r.Source), clock(probe.At))
}

// noMaintenance holds an alert until the maintenance ends rather than refusing
// it: an outage that outlasts the window is an outage, and all other gates,
// the gateway's answer among them, are judged again then. A person who asks in
// the middle of a maintenance knows of it, or is told here.
func noMaintenance(q question) Verdict {
	m := q.f.Maintenance
	ended := !m.Until.IsZero() && !q.now.Before(m.Until)
	switch {
	case m.On == No, m.On == Yes && ended:
		return pass("%s is not in maintenance.", name(q.r.Source))
	case m.On != Yes:
		return q.unknown("whether %s is in maintenance", name(q.r.Source))
	case !q.r.Automatic:
		return warned("%s is in maintenance until %s. You asked, so this does not stop the restore: make sure that whoever works on it knows.", name(q.r.Source), end(m.Until))
	case m.Until.IsZero():
		return wait(q.now.Add(lookAgain), "%s is in maintenance until a person ends it, so no alert restores anything. End the maintenance, or ask for the restore yourself: lifeboat restore %[1]s.", name(q.r.Source))
	}
	return wait(m.Until, "%s is in maintenance until %s, so no alert restores anything before. End the maintenance, or ask for the restore yourself: lifeboat restore %[1]s.", name(q.r.Source), clock(m.Until))
}

func stillOpen(q question) Verdict {
	switch q.f.Incident.State {
	case IncidentOpen:
		return pass("The incident of %s is open.", name(q.r.Source))
	case IncidentResolved:
		if q.r.Automatic {
			return refuse("The alerts about %s have resolved, so nothing is restored. If it is down all the same, ask for the restore yourself: lifeboat restore %[1]s.", name(q.r.Source))
		}
		return warned("The alerts about %s have resolved. You asked, so this does not stop the restore: cancel it if that surprises you.", name(q.r.Source))
	case IncidentNone:
		if q.r.Automatic {
			return refuse("No incident of %s is open, so there is nothing to answer. If it is down, ask for the restore yourself: lifeboat restore %[1]s.", name(q.r.Source))
		}
		return pass("No incident of %s is open; a person's request needs none.", name(q.r.Source))
	}
	return q.unknown("whether an incident of %s is open", name(q.r.Source))
}

// firstAttempt holds people back too: a restore that failed may have left its
// target half restored, and somebody has to look before the next. To
// acknowledge the attempt is that look, and ends the incident; an alert never
// gets a second one.
func firstAttempt(q question) Verdict {
	i := q.f.Incident
	switch {
	case i.State != IncidentNone && i.State != IncidentOpen && i.State != IncidentResolved:
		return q.unknown("whether the incident of %s has had a restore", name(q.r.Source))
	case i.Attempt == "":
		return pass("The incident of %s has had no restore.", name(q.r.Source))
	case i.Attempt == q.r.Job:
		return pass("This is the one restore of the incident of %s.", name(q.r.Source))
	}
	return refuse("The incident of %s has had its one restore, %s. Look at how that ended (lifeboat job %[2]s), acknowledge it, and ask for the next one yourself.", name(q.r.Source), name(i.Attempt))
}

func sourceCooledDown(q question) Verdict { return cooledDown(q, q.r.Source, q.f.SourceFailover) }
func targetCooledDown(q question) Verdict { return cooledDown(q, q.r.Target, q.f.TargetFailover) }

// cooledDown refuses rather than waits: an alert that comes again right after
// a failover is more often the failover's echo than a second outage.
func cooledDown(q question, service string, last Failover) Verdict {
	over := last.At.Add(q.p.Cooldown)
	switch {
	case last.Happened == No:
		return pass("%s has taken part in no failover.", name(service))
	case last.Happened != Yes:
		return q.unknown("when %s last took part in a failover", name(service))
	case last.Acknowledged:
		return pass("The last failover of %s has been acknowledged.", name(service))
	case last.At.IsZero():
		return refuse("%s took part in a failover, and its time is not known. Acknowledge that failover.", name(service))
	case q.now.Before(over):
		v := refuse("%s took part in a failover at %s, and the cool-down of %s lasts until %s. Acknowledge that failover to end it sooner, then ask again.", name(service), clock(last.At), span(q.p.Cooldown), clock(over))
		v.Until = over
		return v
	}
	return pass("The last failover of %s, at %s, is longer ago than the cool-down of %s.", name(service), clock(last.At), span(q.p.Cooldown))
}
