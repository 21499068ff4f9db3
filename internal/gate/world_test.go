package gate

import "time"

var now = time.Date(2026, 3, 1, 2, 30, 0, 0, time.UTC)

// world is all that a decision is made from.
type world struct {
	r Request
	f Facts
	p Policy
}

func (w world) evaluate() Decision { return Evaluate(w.r, w.f, w.p, now) }
func (w world) warm() Decision     { return Warm(w.r, w.f, w.p, now) }

// alerted is an alert's request that passes every gate: approved by a person,
// and with a past to every fact that has one.
func alerted() world {
	const id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/"
	return world{
		r: Request{
			Job: "apim-neu-inc7f3a-restore", Automatic: true, Rule: "apim-weu down", FiredAt: now.Add(-20 * time.Minute),
			Source: "apim-weu", Target: "apim-neu",
		},
		p: Policy{
			Mode: Approve, Rules: []string{"apim-weu health", "apim-weu down"}, Standbys: []string{"apim-neu", "apim-sea"},
			MinFor: 10 * time.Minute, Cooldown: time.Hour, MaxPointAge: 48 * time.Hour, Approvers: "call the platform team",
		},
		f: Facts{
			Probe:          Probe{Unhealthy, now.Add(-20 * time.Second)},
			Maintenance:    Maintenance{On: No},
			Incident:       Incident{State: IncidentOpen},
			SourceFailover: Failover{Happened: Yes, At: now.Add(-90 * 24 * time.Hour)},
			TargetFailover: Failover{Happened: Yes, At: now.Add(-90 * 24 * time.Hour)},
			Source:         Source{ResourceID: id + "weu"},
			Target: Target{
				ResourceID: id + "neu", Exists: Yes, ProvisioningState: "Succeeded", Tier: "Premium",
				Serving: No, Leased: No, Wanted: No, Holds: No,
			},
			Point: Point{
				Found: Yes, Name: "apim-weu-20260301T010000Z-backup", Service: "apim-weu",
				Started: now.Add(-90 * time.Minute), Tier: "Premium", RestorableUntil: now.Add(30*24*time.Hour - 90*time.Minute),
			},
			Approval: Approval{
				Given: Yes, By: "robin@contoso.com", At: now.Add(-time.Minute), Expires: now.Add(14 * time.Minute),
				Job: "apim-neu-inc7f3a-restore", Point: "apim-weu-20260301T010000Z-backup", Target: "apim-neu",
			},
		},
	}
}

// asked is a person's request that passes every gate.
func asked() world {
	w := alerted()
	w.r.Automatic, w.r.Rule, w.r.FiredAt = false, "", time.Time{}
	w.r.Requester = "kim@contoso.com"
	w.f.Incident = Incident{State: IncidentNone}
	return w
}

// refreshed is a warm standby's refresh that passes every gate.
func refreshed() world {
	w := alerted()
	w.r = Request{Job: "apim-neu-20260301T010000Z-warm", Source: "apim-weu", Target: "apim-neu"}
	w.f.Incident = Incident{State: IncidentNone}
	return w
}
