package recovery

import (
	"cmp"
	"slices"
	"strings"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// RequestedBackup is the id of the job that a request for a backup of service
// makes, by the request's id.
func RequestedBackup(service, id string) string {
	return service + "-" + cause(id) + "-backup"
}

// RequestedRestore is the id of the job that a request for a restore onto
// target makes, by the request's id.
func RequestedRestore(target, id string) string {
	return job.RestoreID(target, cause(id))
}

// Homes are the services and standbys of p in whose partition a job of that id
// may be, the likeliest first: another's name may begin with one's own.
func Homes(p *plan.Plan, id string) []string {
	var homes []string
	add := func(name string) {
		if strings.HasPrefix(id, name+"-") {
			homes = append(homes, name)
		}
	}
	for _, s := range p.Services {
		add(s.Name)
		for _, standby := range s.Standbys {
			add(standby.Name)
		}
	}
	slices.SortFunc(homes, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return slices.Compact(homes) // several services may share a standby
}
