package gate

import (
	"slices"
	"strings"
)

func isStandby(q question) Verdict {
	if q.r.Target != "" && slices.Contains(q.p.Standbys, q.r.Target) {
		return pass("The plan names %s as a standby of %s.", name(q.r.Target), name(q.r.Source))
	}
	return refuse("The plan does not name %s as a standby of %s, so no restore may overwrite it. Choose one of: %s.", name(q.r.Target), name(q.r.Source), list(q.p.Standbys))
}

// notSource compares names and resource ids: two names in a plan could stand
// for one service. ARM's resource ids ignore case.
func notSource(q question) Verdict {
	from, to := strings.TrimSpace(q.r.Source), strings.TrimSpace(q.r.Target)
	fromID, toID := q.f.Source.ResourceID, q.f.Target.ResourceID
	switch {
	case from == "" || to == "" || fromID == "" || toID == "":
		return refuse("It is not known which services %s and %s are. Give both their resourceId in the plan.", name(from), name(to))
	case strings.EqualFold(from, to), strings.EqualFold(fromID, toID):
		return refuse("%s and %s are the same service, and a restore would overwrite it. Choose a standby.", name(from), name(to))
	}
	return pass("%s and %s are two services.", name(to), name(from))
}

func notServing(q question) Verdict {
	switch q.f.Target.Serving {
	case No:
		return pass("%s is not serving.", name(q.r.Target))
	case Yes:
		return refuse("%s has been serving since a failover, and nothing is restored onto a serving service. Acknowledge that failover, with failback, once it serves nobody; if it is meant to stay, take it out of the standbys in the plan.", name(q.r.Target))
	}
	return q.unknown("whether %s is serving", name(q.r.Target))
}

// targetReady knows ARM's provisioning states (api-version 2024-05-01); while
// one operation holds a service, ARM answers every other with 409.
func targetReady(q question) Verdict {
	t := q.f.Target
	switch {
	case t.Exists == No:
		return refuse("%s does not exist in Azure. Create it in the tier of the backup, or choose another standby.", name(q.r.Target))
	case t.Exists != Yes || t.ProvisioningState == "":
		return q.unknown("in which state %s is", name(q.r.Target))
	}
	switch t.ProvisioningState {
	case "Succeeded":
		return pass("%s is there, in state Succeeded.", name(q.r.Target))
	case "Updating", "Activating", "Created":
		return wait(q.now.Add(lookAgain), "%s is %s: another operation holds it, and Azure would refuse a restore. Lifeboat starts when it is done.", name(q.r.Target), t.ProvisioningState)
	}
	return refuse("%s is in state %s, in which it can't be restored. Repair it in Azure until it says Succeeded, or choose another standby.", name(q.r.Target), name(t.ProvisioningState))
}

func notLeased(q question) Verdict {
	t := q.f.Target
	switch {
	case t.Leased == No:
		return pass("No other job works on %s.", name(q.r.Target))
	case t.Leased != Yes:
		return q.unknown("whether another job works on %s", name(q.r.Target))
	case t.LeasedBy != "" && t.LeasedBy == q.r.Job:
		return pass("This job holds %s.", name(q.r.Target))
	}
	return wait(q.now.Add(lookAgain), "%s is held by job %s. Lifeboat starts when that has ended: see lifeboat job %[2]s.", name(q.r.Target), name(t.LeasedBy))
}

// classic are the tiers that have backup and restore. Consumption and the v2
// tiers have neither (api-management-features, 2025-11-11).
var classic = []string{"Developer", "Basic", "Standard", "Premium"}

func classicTier(q question) Verdict {
	tier := q.f.Target.Tier
	switch {
	case tier == "":
		return q.unknown("which tier %s has", name(q.r.Target))
	case slices.ContainsFunc(classic, same(tier)):
		return pass("%s has tier %s, which can be restored.", name(q.r.Target), name(tier))
	}
	return refuse("%s has tier %s, and Azure restores only %s. Choose a standby in the tier of the backup.", name(q.r.Target), name(tier), list(classic))
}

// sameTier compares the target with the backup, for that is what Azure does
// ("Cannot restore: current SKU is 'StandardV2', backup SKU is 'Standard'");
// the source may have another tier by now, and need not answer.
func sameTier(q question) Verdict {
	if v, ok := q.point(); !ok {
		return v
	}
	target, backup := q.f.Target.Tier, q.f.Point.Tier
	switch {
	case target == "":
		return q.unknown("whether %s has the backup's tier", name(q.r.Target))
	case backup != "" && same(backup)(target):
		return pass("The backup and %s both have tier %s.", name(q.r.Target), name(target))
	case backup != "":
		return refuse("The backup is of tier %s and %s has tier %s: Azure restores only onto the same tier. Choose another standby, or a backup of that tier (lifeboat points %s).", name(backup), name(q.r.Target), name(target), name(q.r.Source))
	}
	return refuse("Backup %s does not say its tier, so that it can't be compared with %s. Choose another: lifeboat points %s.", name(q.f.Point.Name), name(q.r.Target), name(q.r.Source))
}

func same(tier string) func(string) bool {
	return func(other string) bool { return strings.EqualFold(tier, other) }
}

// noIncident makes a warm refresh yield: a restore takes half an hour and
// more, in which a failover could not have the standby.
func noIncident(q question) Verdict {
	switch {
	case q.f.Incident.State == IncidentOpen:
		return refuse("An incident of %s is open, and the refresh of %s would stand in its way. The next backup refreshes it.", name(q.r.Source), name(q.r.Target))
	case q.f.Incident.State != IncidentNone && q.f.Incident.State != IncidentResolved:
		return q.unknown("whether an incident of %s is open", name(q.r.Source))
	case q.f.Target.Wanted == Yes:
		return refuse("An incident of %s may need %s, and a refresh would stand in its way. The next backup refreshes it.", name(q.f.Target.WantedBy), name(q.r.Target))
	case q.f.Target.Wanted != No:
		return q.unknown("whether an incident needs %s", name(q.r.Target))
	}
	return pass("No incident needs %s.", name(q.r.Target))
}
