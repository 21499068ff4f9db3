package plan

import (
	"cmp"
	"slices"
	"strings"
)

// Homes are the services and standbys of p in whose partition a job of that id
// may be, each once and the likeliest first: another's name may begin with
// one's own. There are none if what the job was of has left the plan.
func (p *Plan) Homes(id string) []string {
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
