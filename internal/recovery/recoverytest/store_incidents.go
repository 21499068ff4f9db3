package recoverytest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"lifeboat/internal/job"
)

// StoredSummary implements recovery.Store.
func (s *Store) StoredSummary(_ context.Context, service string) (found job.StoredSummary, err error) {
	err = s.do("StoredSummary", func() error {
		found = job.StoredSummary{Summary: job.Summary{Service: service}}
		if p := s.partition(service); p.summary != nil {
			found = *p.summary
		}
		return nil
	})
	if err != nil {
		return job.StoredSummary{}, err
	}
	return found, nil
}

// Alert implements recovery.Store.
func (s *Store) Alert(_ context.Context, service, id string) (found job.StoredAlert, err error) {
	err = s.do("Alert", func() error {
		var ok bool
		if found, ok = s.partition(service).alerts[id]; !ok {
			return fmt.Errorf("alert %s: %w", id, job.ErrNotFound)
		}
		return nil
	})
	if err != nil {
		return job.StoredAlert{}, err
	}
	return found, nil
}

// Alerts implements recovery.Store.
func (s *Store) Alerts(_ context.Context, service, incident string) iter.Seq2[job.AlertRecord, error] {
	return listedIn(s, "Alerts", service, func(p *partition) (all []job.AlertRecord) {
		for _, id := range slices.Sorted(maps.Keys(p.alerts)) {
			if a := p.alerts[id]; a.Incident == incident {
				all = append(all, a.AlertRecord)
			}
		}
		return all
	})
}

// RecordAlert implements recovery.Store.
func (s *Store) RecordAlert(_ context.Context, a job.StoredAlert) error {
	return s.do("RecordAlert", func() error { return s.record(a) })
}

// record writes an alert unless it changed since it was read.
func (s *Store) record(a job.StoredAlert) error {
	p := s.partition(a.Service)
	if p.alerts[a.ID].ETag != a.ETag {
		return fmt.Errorf("alert %s: %w", a.ID, job.ErrConflict)
	}
	p.alerts[a.ID] = job.StoredAlert{AlertRecord: a.AlertRecord, ETag: s.tag()}
	return nil
}

// OpenIncident implements recovery.Store.
func (s *Store) OpenIncident(_ context.Context, read job.StoredSummary, i job.Incident, a job.StoredAlert) error {
	return s.do("OpenIncident", func() error {
		p := s.partition(i.Service)
		if p.summaryTag() != read.ETag {
			return fmt.Errorf("summary of %s: %w", i.Service, job.ErrConflict)
		}
		if _, ok := p.incidents[i.ID]; ok {
			return fmt.Errorf("incident %s is there: %w", i.ID, job.ErrConflict)
		}
		if err := s.record(a); err != nil {
			return err
		}
		s.note(i.Service, job.SummaryMove{Incident: &i.ID})
		p.incidents[i.ID] = job.StoredIncident{Incident: i, ETag: s.tag()}
		return nil
	})
}

// JoinIncident implements recovery.Store.
func (s *Store) JoinIncident(_ context.Context, i job.StoredIncident, a job.StoredAlert) error {
	return s.do("JoinIncident", func() error {
		if err := s.asRead(i); err != nil {
			return err
		}
		if err := s.record(a); err != nil {
			return err
		}
		i.ETag = s.tag()
		s.partition(i.Service).incidents[i.ID] = i
		return nil
	})
}

// asRead reports whether an incident is still as it was read.
func (s *Store) asRead(i job.StoredIncident) error {
	if now, ok := s.partition(i.Service).incidents[i.ID]; !ok || now.ETag != i.ETag {
		return fmt.Errorf("incident %s: %w", i.ID, job.ErrConflict)
	}
	return nil
}

// Incident implements recovery.Store.
func (s *Store) Incident(_ context.Context, service, id string) (found job.StoredIncident, err error) {
	err = s.do("Incident", func() error {
		var ok bool
		if found, ok = s.partition(service).incidents[id]; !ok {
			return fmt.Errorf("incident %s: %w", id, job.ErrNotFound)
		}
		return nil
	})
	if err != nil {
		return job.StoredIncident{}, err
	}
	return found, nil
}

// Incidents implements recovery.Store.
func (s *Store) Incidents(context.Context) iter.Seq2[job.StoredIncident, error] {
	return listed(s, "Incidents", func(p *partition) (open []job.StoredIncident) {
		for _, i := range p.incidents {
			if i.Open() {
				open = append(open, i)
			}
		}
		slices.SortFunc(open, func(a, b job.StoredIncident) int { return cmp.Compare(a.ID, b.ID) })
		return open
	})
}

// SaveIncident implements recovery.Store.
func (s *Store) SaveIncident(_ context.Context, from job.StoredIncident, i job.Incident) error {
	return s.do("SaveIncident", func() error {
		if err := s.asRead(from); err != nil {
			return err
		}
		s.partition(i.Service).incidents[i.ID] = job.StoredIncident{Incident: i, ETag: s.tag()}
		if from.Open() && !i.Open() {
			// One that was resolved before is not the summary's any more.
			none := ""
			s.note(i.Service, job.SummaryMove{Incident: &none})
		}
		return nil
	})
}
