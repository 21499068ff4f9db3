package web

import (
	"strings"

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
		if onto && (row.ServingFor == p.Name || row.ServingFor == "" && !shared(all, standby.Name)) {
			note(row)
		}
	}
	return last
}

// targetOf is the service or standby of all that the restore id overwrites,
// with whose name the id begins; "" if it has left the plan. One name may begin
// with another: the longest is meant.
func targetOf(all *plan.Plan, id string) (target string) {
	try := func(name string) {
		if len(name) > len(target) && strings.HasPrefix(id, name+"-") {
			target = name
		}
	}
	for _, p := range all.Services {
		try(p.Name)
		for _, standby := range p.Standbys {
			try(standby.Name)
		}
	}
	return target
}

// shared reports whether more than one service of all has that standby.
func shared(all *plan.Plan, standby string) bool {
	sources := 0
	for _, p := range all.Services {
		if _, ok := p.Standby(standby); ok {
			sources++
		}
	}
	return sources > 1
}
