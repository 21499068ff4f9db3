package preflight

import (
	"maps"
	"slices"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Serving tells of services that a failover made live, and whose mark the plan
// has lost: it keeps restores off them by their names alone, and ends by an
// acknowledgement of the service that they replace.
func Serving(p *plan.Plan, rows map[string]job.Summary) (all []Verdict) {
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		row := rows[name]
		if row.ServingFor == "" {
			continue
		}
		_, service := p.Service(name)
		switch of := p.Sources(name); {
		case !service && len(of) == 0:
			all = append(all, verdict(Warn, "serving", name, "put the name back, and end the failover: lifeboat ack "+row.ServingFor+"; if it left the plan for good, nothing",
				"it serves in place of %s since a failover, and the plan does not name it: if it has another name there now, nothing keeps a restore off it", row.ServingFor))
		case len(of) > 0 && !slices.Contains(of, row.ServingFor):
			all = append(all, verdict(Warn, "serving", name, "make it a standby of "+row.ServingFor+" again, and run lifeboat ack "+row.ServingFor+" --outcome failback",
				"it serves in place of %s since a failover, and is no standby of that in the plan: nobody can end the failover, and nothing is restored onto it", row.ServingFor))
		}
	}
	return all
}
