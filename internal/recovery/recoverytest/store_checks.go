package recoverytest

import (
	"cmp"
	"maps"
	"slices"

	"lifeboat/internal/job"
)

// Jobs are all jobs of a service by id, for checks.
func (s *Store) Jobs(service string) []job.Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []job.Job
	jobs := s.partition(service).jobs
	for _, id := range slices.Sorted(maps.Keys(jobs)) {
		all = append(all, copyJob(jobs[id].Job))
	}
	return all
}

// Leased is a service's lease, for checks.
func (s *Store) Leased(service string) (job.Lease, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.partition(service).lease; l != nil {
		return l.Lease, true
	}
	return job.Lease{}, false
}

// Catalogue are all points of a service, oldest first, for checks.
func (s *Store) Catalogue(service string) []job.Point {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []job.Point
	for _, p := range s.partition(service).points {
		all = append(all, copyPoint(p.Point))
	}
	return all
}

// SummaryOf is a service's summary, empty if it has none, for checks.
func (s *Store) SummaryOf(service string) job.Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.partition(service); p.summary != nil {
		return p.summary.Summary
	}
	return job.Summary{Service: service}
}

// AllIncidents are all incidents of a service by id, for checks.
func (s *Store) AllIncidents(service string) []job.Incident {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []job.Incident
	incidents := s.partition(service).incidents
	for _, id := range slices.Sorted(maps.Keys(incidents)) {
		all = append(all, incidents[id].Incident)
	}
	return all
}

// AllAlerts are all alerts of a service by id, for checks.
func (s *Store) AllAlerts(service string) []job.AlertRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []job.AlertRecord
	alerts := s.partition(service).alerts
	for _, id := range slices.Sorted(maps.Keys(alerts)) {
		all = append(all, alerts[id].AlertRecord)
	}
	return all
}

// AllNotices are all notices of all services, delivered or not, in the order
// in which they came about, for checks.
func (s *Store) AllNotices() []job.StoredNotice {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []job.StoredNotice
	for _, p := range s.partitions {
		for _, n := range p.notices {
			all = append(all, copyNotice(n))
		}
	}
	slices.SortFunc(all, func(a, b job.StoredNotice) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
	return all
}
