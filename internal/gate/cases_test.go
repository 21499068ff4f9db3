package gate

import "time"

// scene is one change to a world that passes, and what its gate says then.
type scene struct {
	name   string
	from   func() world
	change func(*world)
	want   Outcome
}

// warning is the outcome of a gate that passes with a warning.
const warning Outcome = "Passed, with a warning"

func none(*world) {}

// scenes are every verdict that a gate can give, by gate in their order.
var scenes = []struct {
	gate   Name
	scenes []scene
}{
	{Permitted, []scene{
		{"an alert in mode approve", alerted, none, Passed},
		{"a person asks", asked, none, Passed},
		{"an alert in mode off", alerted, func(w *world) { w.p.Mode = Off }, Refused},
		{"a person asks in mode off", asked, func(w *world) { w.p.Mode = Off }, Passed},
		{"a mode that nobody knows", asked, func(w *world) { w.p.Mode = "Auto" }, Refused},
		{"no mode", alerted, func(w *world) { w.p.Mode = "" }, Refused},
		{"nobody says who asks", asked, func(w *world) { w.r.Requester = " " }, Refused},
	}},
	{RuleInPlan, []scene{
		{"the rule is in the plan", alerted, none, Passed},
		{"a person asks", asked, none, Passed},
		{"the rule is not in the plan", alerted, func(w *world) { w.r.Rule = "cpu high" }, Refused},
		{"the rule differs in case", alerted, func(w *world) { w.r.Rule = "APIM-WEU down" }, Refused},
		{"no rule, and the plan has an empty one", alerted, func(w *world) { w.r.Rule, w.p.Rules = "", []string{""} }, Refused},
	}},
	{LongEnough, []scene{
		{"the condition has lasted", alerted, none, Passed},
		{"it has lasted to the second", alerted, func(w *world) { w.r.FiredAt = now.Add(-w.p.MinFor) }, Passed},
		{"it is a second short", alerted, func(w *world) { w.r.FiredAt = now.Add(time.Second - w.p.MinFor) }, Waits},
		{"the alert's clock is a little ahead", alerted, func(w *world) { w.r.FiredAt = now.Add(5 * time.Minute) }, Waits},
		{"the alert's clock is far ahead", alerted, func(w *world) { w.r.FiredAt = now.Add(11 * time.Minute) }, Refused},
		{"the alert has no time", alerted, func(w *world) { w.r.FiredAt = time.Time{} }, Refused},
		{"a person asks", asked, none, Passed},
	}},
	{GatewayDown, []scene{
		{"the gateway is not healthy", alerted, none, Passed},
		{"the gateway can't be reached", alerted, func(w *world) { w.f.Probe.Health = Unreachable }, Passed},
		{"the gateway is healthy and an alert asks", alerted, func(w *world) { w.f.Probe.Health = Healthy }, Refused},
		{"the gateway is healthy and a person asks", asked, func(w *world) { w.f.Probe.Health = Healthy }, warning},
		{"nobody asked the gateway", asked, func(w *world) { w.f.Probe = Probe{} }, Waits},
		{"the answer is just fresh enough", alerted, func(w *world) { w.f.Probe.At = now.Add(-ProbeFresh) }, Passed},
		{"the answer comes from a clock that is just not too far ahead", alerted, func(w *world) { w.f.Probe.At = now.Add(skew) }, Passed},
		{"the answer is old", alerted, func(w *world) { w.f.Probe.At = now.Add(-ProbeFresh - time.Second) }, Waits},
		{"the answer comes from tomorrow", alerted, func(w *world) { w.f.Probe.At = now.Add(24 * time.Hour) }, Waits},
		{"an answer that nobody knows", alerted, func(w *world) { w.f.Probe.Health = "Degraded" }, Waits},
	}},
	{NoMaintenance, []scene{
		{"no maintenance", alerted, none, Passed},
		{"the maintenance has ended", alerted, func(w *world) { w.f.Maintenance = Maintenance{Yes, now} }, Passed},
		{"maintenance until a time, and an alert asks", alerted, func(w *world) { w.f.Maintenance = Maintenance{Yes, now.Add(2 * time.Hour)} }, Waits},
		{"maintenance without an end, and an alert asks", alerted, func(w *world) { w.f.Maintenance = Maintenance{On: Yes} }, Waits},
		{"maintenance until a time, and a person asks", asked, func(w *world) { w.f.Maintenance = Maintenance{Yes, now.Add(2 * time.Hour)} }, warning},
		{"maintenance without an end, and a person asks", asked, func(w *world) { w.f.Maintenance = Maintenance{On: Yes} }, warning},
		{"not known", asked, func(w *world) { w.f.Maintenance = Maintenance{} }, Waits},
	}},
	{StillOpen, []scene{
		{"the incident is open", alerted, none, Passed},
		{"resolved meanwhile, and an alert asks", alerted, func(w *world) { w.f.Incident.State = IncidentResolved }, Refused},
		{"resolved meanwhile, and a person asks", asked, func(w *world) { w.f.Incident.State = IncidentResolved }, warning},
		{"no incident, and an alert asks", alerted, func(w *world) { w.f.Incident.State = IncidentNone }, Refused},
		{"no incident, and a person asks", asked, none, Passed},
		{"not known", asked, func(w *world) { w.f.Incident = Incident{} }, Waits},
	}},
	{FirstAttempt, []scene{
		{"no restore yet", alerted, none, Passed},
		{"this restore, judged again before it starts", alerted, func(w *world) { w.f.Incident.Attempt = w.r.Job }, Passed},
		{"the incident has had a restore", alerted, func(w *world) { w.f.Incident.Attempt = "apim-neu-inc1-restore" }, Refused},
		{"the incident has had a restore, and a person asks", asked, func(w *world) { w.f.Incident = Incident{IncidentOpen, "apim-neu-inc1-restore"} }, Refused},
		{"not known", alerted, func(w *world) { w.f.Incident.State = "" }, Waits},
	}},
	{SourceCooledDown, cooldown(func(w *world) *Failover { return &w.f.SourceFailover })},
	{TargetCooledDown, cooldown(func(w *world) *Failover { return &w.f.TargetFailover })},
	{IsStandby, []scene{
		{"the plan names the target", alerted, none, Passed},
		{"another of the plan's services", asked, func(w *world) { w.r.Target = "apim-eus" }, Refused},
		{"no standby in the plan", asked, func(w *world) { w.p.Standbys = nil }, Refused},
		{"no target, and the plan has an empty name", asked, func(w *world) { w.r.Target, w.p.Standbys = "", []string{""} }, Refused},
	}},
	{NotSource, []scene{
		{"two services", alerted, none, Passed},
		{"the same name", asked, func(w *world) { w.r.Target, w.p.Standbys = "APIM-weu", []string{"APIM-weu"} }, Refused},
		{"two names of one service", alerted, func(w *world) { w.f.Target.ResourceID = w.f.Source.ResourceID }, Refused},
		{"no source is named", alerted, func(w *world) { w.r.Source = " " }, Refused},
		{"no target is named", alerted, func(w *world) { w.r.Target = "" }, Refused},
		{"the source's id is not known", alerted, func(w *world) { w.f.Source.ResourceID = "" }, Refused},
		{"the target's id is not known", alerted, func(w *world) { w.f.Target.ResourceID = "" }, Refused},
	}},
	{NotServing, []scene{
		{"the target is idle", alerted, none, Passed},
		{"the target is serving", asked, func(w *world) { w.f.Target.Serving = Yes }, Refused},
		{"not known", asked, func(w *world) { w.f.Target.Serving = Unknown }, Waits},
	}},
	{TargetReady, []scene{
		{"the target is Succeeded", alerted, none, Passed},
		{"the target is Updating", alerted, func(w *world) { w.f.Target.ProvisioningState = "Updating" }, Waits},
		{"the target is Failed", alerted, func(w *world) { w.f.Target.ProvisioningState = "Failed" }, Refused},
		{"the target does not exist", alerted, func(w *world) { w.f.Target.Exists = No }, Refused},
		{"not known whether it exists", alerted, func(w *world) { w.f.Target.Exists = Unknown }, Waits},
		{"not known in which state", alerted, func(w *world) { w.f.Target.ProvisioningState = "" }, Waits},
	}},
	{NotLeased, []scene{
		{"nobody holds the target", alerted, none, Passed},
		{"this job holds it", alerted, func(w *world) { w.f.Target.Leased, w.f.Target.LeasedBy = Yes, w.r.Job }, Passed},
		{"another job holds it", alerted, func(w *world) { w.f.Target.Leased, w.f.Target.LeasedBy = Yes, "apim-neu-20260301T010000Z-backup" }, Waits},
		{"a lease without a job, judged for a request without one", alerted, func(w *world) { w.f.Target.Leased, w.r.Job = Yes, "" }, Waits},
		{"not known", alerted, func(w *world) { w.f.Target.Leased = Unknown }, Waits},
	}},
	{ClassicTier, []scene{
		{"a classic tier", alerted, none, Passed},
		{"a v2 tier", alerted, func(w *world) { w.f.Target.Tier, w.f.Point.Tier = "StandardV2", "StandardV2" }, Refused},
		{"the Consumption tier", alerted, func(w *world) { w.f.Target.Tier, w.f.Point.Tier = "Consumption", "Consumption" }, Refused},
		{"not known", alerted, func(w *world) { w.f.Target.Tier = "" }, Waits},
	}},
	{SameTier, []scene{
		{"the same tier", alerted, none, Passed},
		{"another tier", asked, func(w *world) { w.f.Target.Tier = "Standard" }, Refused},
		{"the target's tier is not known", alerted, func(w *world) { w.f.Target.Tier = "" }, Waits},
		{"the backup's tier is not recorded", asked, func(w *world) { w.f.Point.Tier = "" }, Refused},
		{"no backup", alerted, func(w *world) { w.f.Point = Point{Found: No} }, Refused},
		{"not known which backup", alerted, func(w *world) { w.f.Point = Point{} }, Waits},
	}},
	{PointFound, []scene{
		{"a backup", alerted, none, Passed},
		{"the backup that was named", asked, func(w *world) { w.r.Point = w.f.Point.Name }, Passed},
		{"none", alerted, func(w *world) { w.f.Point = Point{Found: No} }, Refused},
		{"its blob is not where the plan says", alerted, func(w *world) {
			w.f.Point = Point{Found: No, Missing: "apim-weu-1", Where: "container backups of stlifeboat"}
		}, Refused},
		{"the blob of a newer one is not where the plan says", alerted, func(w *world) { w.f.Point.Missing, w.f.Point.Where = "apim-weu-1", "container backups of stlifeboat" }, warning},
		{"not the one that was named", asked, func(w *world) { w.r.Point, w.f.Point = "apim-weu-1", Point{Found: No} }, Refused},
		{"another than was named", asked, func(w *world) { w.r.Point = "apim-weu-1" }, Refused},
		{"another service's backup", alerted, func(w *world) { w.f.Point.Service = "apim-eus" }, Refused},
		{"no name", alerted, func(w *world) { w.f.Point.Name = "" }, Refused},
		{"no start", alerted, func(w *world) { w.f.Point.Started = time.Time{} }, Refused},
		{"a start in the future", alerted, func(w *world) { w.f.Point.Started = now.Add(time.Hour) }, Refused},
		{"not known", alerted, func(w *world) { w.f.Point.Found = Unknown }, Waits},
	}},
	{PointRecent, []scene{
		{"recent", alerted, none, Passed},
		{"exactly as old as may be", alerted, func(w *world) { w.f.Point.Started = now.Add(-48 * time.Hour) }, Passed},
		{"too old, and an alert asks", alerted, func(w *world) { w.f.Point.Started = now.Add(-48*time.Hour - time.Minute) }, Refused},
		{"too old, and a person left the choice", asked, func(w *world) { w.f.Point.Started = now.Add(-6 * 24 * time.Hour) }, Refused},
		{"too old, and a person named it", asked, func(w *world) { w.f.Point.Started, w.r.Point = now.Add(-6*24*time.Hour), w.f.Point.Name }, warning},
		{"no limit", alerted, func(w *world) { w.p.MaxPointAge, w.f.Point.Started = 0, now.Add(-20*24*time.Hour) }, Passed},
		{"no start", alerted, func(w *world) { w.f.Point.Started = time.Time{} }, Refused},
		{"no backup", alerted, func(w *world) { w.f.Point = Point{Found: No} }, Refused},
	}},
	{PointUnexpired, []scene{
		{"accepted by Azure", alerted, none, Passed},
		{"expired this second", asked, func(w *world) { w.f.Point.RestorableUntil = now }, Refused},
		{"no limit recorded", alerted, func(w *world) { w.f.Point.RestorableUntil = time.Time{} }, Refused},
		{"no backup", alerted, func(w *world) { w.f.Point = Point{Found: No} }, Refused},
	}},
	{Approved, approvals},
}

// cooldown are the scenes of both gates of that kind.
func cooldown(of func(*world) *Failover) []scene {
	set := func(f Failover) func(*world) { return func(w *world) { *of(w) = f } }
	return []scene{
		{"no failover ever", alerted, set(Failover{Happened: No}), Passed},
		{"a failover long ago", alerted, none, Passed},
		{"a failover just so long ago", alerted, set(Failover{Happened: Yes, At: now.Add(-time.Hour)}), Passed},
		{"a failover half an hour ago", alerted, set(Failover{Happened: Yes, At: now.Add(-30 * time.Minute)}), Refused},
		{"a failover half an hour ago, and a person asks", asked, set(Failover{Happened: Yes, At: now.Add(-30 * time.Minute)}), Refused},
		{"an acknowledged failover", alerted, set(Failover{Happened: Yes, At: now.Add(-30 * time.Minute), Acknowledged: true}), Passed},
		{"a failover at an unknown time", alerted, set(Failover{Happened: Yes}), Refused},
		{"not known", alerted, set(Failover{}), Waits},
	}
}

var approvals = []scene{
	{"approved by another person", asked, none, Passed},
	{"an alert's restore, approved", alerted, none, Passed},
	{"mode auto", alerted, func(w *world) { w.p.Mode, w.f.Approval = Auto, Approval{} }, Passed},
	{"mode off", asked, func(w *world) { w.p.Mode = Off }, Passed},
	{"mode off without an approval", asked, func(w *world) { w.p.Mode, w.f.Approval = Off, Approval{} }, NeedsApproval},
	{"nobody was asked yet", alerted, func(w *world) { w.f.Approval = Approval{} }, NeedsApproval},
	{"nobody has answered yet", asked, func(w *world) { w.f.Approval = Approval{Expires: now.Add(15 * time.Minute)} }, NeedsApproval},
	{"nobody to ask in the plan", alerted, func(w *world) { w.p.Approvers, w.f.Approval = "", Approval{} }, NeedsApproval},
	{"nobody answered in time", alerted, func(w *world) { w.f.Approval = Approval{Expires: now} }, Refused},
	{"rejected", alerted, func(w *world) { w.f.Approval.Given = No }, Refused},
	{"another job was rejected", alerted, func(w *world) { w.f.Approval.Given, w.f.Approval.Job = No, "apim-neu-1" }, NeedsApproval},
	{"expired this second", alerted, func(w *world) { w.f.Approval.Expires = now }, Refused},
	{"no expiry", alerted, func(w *world) { w.f.Approval.Expires = time.Time{} }, NeedsApproval},
	{"by the requester, written otherwise", asked, func(w *world) { w.f.Approval.By = " Kim@Contoso.com\t" }, NeedsApproval},
	{"by nobody", alerted, func(w *world) { w.f.Approval.By = "\t" }, NeedsApproval},
	{"for nobody's request", asked, func(w *world) { w.r.Requester = "" }, NeedsApproval},
	{"at no time", alerted, func(w *world) { w.f.Approval.At = time.Time{} }, NeedsApproval},
	{"in the future", alerted, func(w *world) { w.f.Approval.At = now.Add(time.Hour) }, NeedsApproval},
	{"another job", alerted, func(w *world) { w.f.Approval.Job = "apim-neu-1" }, NeedsApproval},
	{"another backup", alerted, func(w *world) { w.f.Approval.Point = "apim-weu-1" }, NeedsApproval},
	{"another target", alerted, func(w *world) { w.f.Approval.Target = "apim-sea" }, NeedsApproval},
	{"no job on either side", alerted, func(w *world) { w.r.Job, w.f.Approval.Job = "", "" }, NeedsApproval},
}

// yields are the verdicts of the one gate that only a refresh has.
var yields = []scene{
	{"no incident", refreshed, none, Passed},
	{"a resolved incident", refreshed, func(w *world) { w.f.Incident.State = IncidentResolved }, Passed},
	{"an open incident", refreshed, func(w *world) { w.f.Incident.State = IncidentOpen }, Refused},
	{"not known whether one is open", refreshed, func(w *world) { w.f.Incident.State = "" }, Waits},
	{"another source's incident may need the standby", refreshed, func(w *world) { w.f.Target.Wanted, w.f.Target.WantedBy = Yes, "apim-eus" }, Refused},
	{"not known whether one needs the standby", refreshed, func(w *world) { w.f.Target.Wanted = Unknown }, Waits},
}
