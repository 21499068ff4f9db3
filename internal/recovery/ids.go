package recovery

import (
	"cmp"
	"slices"
	"strings"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/request"
)

// RequestedBackup is the id of the job that a request for a backup of service
// makes, by the request's id.
func RequestedBackup(service, id string) string {
	return service + "-" + cause(request.Request{ID: id}) + "-backup"
}

// RequestedRestore is the id of the job that a request for a restore onto
// target makes, by the request's id.
func RequestedRestore(target, id string) string {
	return job.RestoreID(target, cause(request.Request{ID: id}))
}

// Homes are the services and standbys of p in whose partition a job of that id
// may be, the likeliest first: another's name may begin with one's own.
func Homes(p *plan.Plan, id string) []string {
	var homes []string
	for _, name := range (&Engine{Plan: p}).partitions() {
		if strings.HasPrefix(id, name+"-") {
			homes = append(homes, name)
		}
	}
	return longestFirst(homes)
}

// longestFirst leaves out what stands twice.
func longestFirst(names []string) []string {
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return slices.Compact(names)
}
