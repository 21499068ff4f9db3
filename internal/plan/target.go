package plan

import "lifeboat/internal/job"

// Place is where a job's operation happens and by which rules.
type Place struct {
	job.Service
	Rules job.Rules
}

// Named returns the service that the plan calls name, or else the standby, as
// the first of its sources has it.
func (p *Plan) Named(name string) (job.Service, bool) {
	if s, ok := p.Service(name); ok {
		return s.Service, true
	}
	for _, s := range p.Services {
		if standby, ok := s.Standby(name); ok {
			return standby.Service, true
		}
	}
	return job.Service{}, false
}

// Place finds the service that j changes: the plan's own for a backup, the
// source's standby for a restore. It returns false if the plan has no such
// service (any more).
func (p *Plan) Place(j job.Job) (Place, bool) {
	if j.Restore == nil {
		s, ok := p.Service(j.Service)
		return Place{s.Service, s.Rules}, ok
	}
	source, ok := p.Service(j.Restore.Source)
	if !ok {
		return Place{}, false
	}
	standby, ok := source.Standby(j.Service)
	return Place{standby.Service, source.Rules}, ok
}
