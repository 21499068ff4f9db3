package plan

import "strings"

// ByResource returns the service that the ARM resource id names, or below
// which it lies: a policy belongs to its service. Case does not matter.
func (p *Plan) ByResource(id string) (Service, bool) {
	for i := range p.Services {
		if p.Services[i].covers(id) {
			return p.Services[i], true
		}
	}
	return Service{}, false
}

func (s *Service) covers(id string) bool {
	end := len(s.resourceID)
	if end == 0 || len(id) < end || len(id) > end && id[end] != '/' {
		return false
	}
	// Services of one plan differ in their last segment, mostly.
	last := strings.LastIndexByte(s.resourceID, '/')
	return strings.EqualFold(id[last:end], s.resourceID[last:]) && strings.EqualFold(id[:last], s.resourceID[:last])
}

// Holding returns the service whose backups go to the container and whose name
// begins the blob's. Of several, such as apim and apim-weu, it is the one with
// the longest name.
func (p *Plan) Holding(account, container, blob string) (Service, bool) {
	found := -1
	for i := range p.Services {
		s := &p.Services[i]
		rest, ok := strings.CutPrefix(blob, s.Name)
		if !ok || !strings.HasPrefix(rest, "-") || !strings.EqualFold(account, s.Account) || !strings.EqualFold(container, s.Container) {
			continue
		}
		if found < 0 || len(s.Name) > len(p.Services[found].Name) {
			found = i
		}
	}
	if found < 0 {
		return Service{}, false
	}
	return p.Services[found], true
}
