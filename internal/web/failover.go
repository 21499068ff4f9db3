package web

import (
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// lastRestore is the failover of p that began last, as far as rows tell: each
// names only the last one of or onto its own service. all is the whole plan,
// of which other services may have the same standbys, or p as theirs.
func lastRestore(all *plan.Plan, p plan.Service, rows map[string]job.Summary) *Ended {
	var last *Ended
	note := func(row job.Summary) {
		if row.FailoverJob != "" && (last == nil || row.FailedOver.After(last.At)) {
			last = &Ended{Job: row.FailoverJob, At: row.FailedOver}
		}
	}
	if own := rows[p.Name]; targetOf(all, own.FailoverJob) != p.Name {
		note(own)
	}
	for _, standby := range p.Standbys {
		row := rows[standby.Name]
		onto := targetOf(all, row.FailoverJob) == standby.Name
		if onto && (row.ServingFor == p.Name || row.ServingFor == "" && len(all.Sources(standby.Name)) < 2) {
			note(row)
		}
	}
	return last
}

// targetOf is the service or standby of all that the restore id overwrites,
// with whose name the id begins; "" if it has left the plan.
func targetOf(all *plan.Plan, id string) string {
	if homes := all.Homes(id); len(homes) > 0 {
		return homes[0]
	}
	return ""
}
