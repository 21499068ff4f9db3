package recoverytest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"

	"lifeboat/internal/job"
)

// Store keeps everything in memory. The zero value is not usable: see
// NewStore.
type Store struct {
	effects *Effects

	mu         sync.Mutex
	writes     int
	partitions map[string]*partition
	names      []string // of partitions, sorted
}

type partition struct {
	jobs      map[string]*job.Stored
	lease     *job.StoredLease
	points    []job.StoredPoint
	summary   *job.StoredSummary
	incidents map[string]job.StoredIncident
	alerts    map[string]job.StoredAlert
	notices   map[string]job.StoredNotice
	counters  map[counterName]int64
}

// summaryTag is empty if there is no summary.
func (p *partition) summaryTag() string {
	if p.summary == nil {
		return ""
	}
	return p.summary.ETag
}

// NewStore is an empty store whose calls are effects of e.
func NewStore(e *Effects) *Store {
	return &Store{effects: e, partitions: map[string]*partition{}}
}

func (s *Store) partition(service string) *partition {
	p, ok := s.partitions[service]
	if !ok {
		p = &partition{
			jobs: map[string]*job.Stored{}, incidents: map[string]job.StoredIncident{}, alerts: map[string]job.StoredAlert{},
			notices: map[string]job.StoredNotice{}, counters: map[counterName]int64{},
		}
		s.partitions[service] = p
		at, _ := slices.BinarySearch(s.names, service)
		s.names = slices.Insert(s.names, at, service)
	}
	return p
}

func (s *Store) tag() string {
	s.writes++
	return strconv.Itoa(s.writes)
}

func (s *Store) do(call string, effect func() error) error {
	return s.effects.do("store", call, unchanged, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		return effect()
	})
}

// Job implements recovery.Store.
func (s *Store) Job(_ context.Context, service, id string) (found job.Stored, err error) {
	err = s.do("Job", func() error {
		stored, ok := s.partition(service).jobs[id]
		if !ok {
			return fmt.Errorf("job %s: %w", id, job.ErrNotFound)
		}
		found = copyStored(*stored)
		return nil
	})
	if err != nil {
		return job.Stored{}, err
	}
	return found, nil
}

// Create implements recovery.Store.
func (s *Store) Create(_ context.Context, j job.Job, m job.SummaryMove) error {
	return s.do("Create", func() error {
		p := s.partition(j.Service)
		if _, ok := p.jobs[j.ID]; ok {
			return fmt.Errorf("job %s: %w", j.ID, job.ErrExists)
		}
		p.jobs[j.ID] = &job.Stored{Job: copyJob(j), ETag: s.tag()}
		s.note(j.Service, m)
		return nil
	})
}

// Save implements recovery.Store.
func (s *Store) Save(_ context.Context, m job.Move) error {
	return s.do("Save", func() error {
		p := s.partition(m.To.Service)
		if now, ok := p.jobs[m.To.ID]; !ok || now.ETag != m.From.ETag {
			return fmt.Errorf("job %s: %w", m.To.ID, job.ErrConflict)
		}
		if m.Judged != nil && *m.Judged != p.summaryTag() && !m.Summary().Empty() {
			return fmt.Errorf("summary of service %s: %w", m.To.Service, job.ErrConflict)
		}
		if m.Lease() == job.TakeLease && p.lease != nil {
			return fmt.Errorf("service %s: %w", m.To.Service, job.ErrLeased)
		}
		if m.Point != nil && p.point(*m.Point) >= 0 {
			return fmt.Errorf("point of job %s is there: %w", m.Point.Job, job.ErrConflict)
		}
		notices := m.Notices()
		if err := p.free(notices); err != nil {
			return err
		}
		switch m.Lease() {
		case job.TakeLease, job.OrphanLease:
			p.lease = &job.StoredLease{Lease: m.HeldLease(), ETag: s.tag()}
		case job.ReleaseLease:
			p.lease = nil
		}
		if m.Point != nil {
			p.points = append(p.points, job.StoredPoint{Point: copyPoint(*m.Point), ETag: s.tag()})
		}
		s.announce(p, notices)
		s.note(m.To.Service, m.Summary())
		p.jobs[m.To.ID] = &job.Stored{Job: copyJob(m.To), ETag: s.tag()}
		return nil
	})
}

func (s *Store) note(service string, m job.SummaryMove) {
	if m.Empty() {
		return
	}
	summary := job.Summary{Service: service}
	p := s.partition(service)
	if p.summary != nil {
		summary = p.summary.Summary
	}
	p.summary = &job.StoredSummary{Summary: m.Apply(summary), ETag: s.tag()}
}

// Summary implements recovery.Store.
func (s *Store) Summary(_ context.Context, service string) (found job.Summary, err error) {
	err = s.do("Summary", func() error {
		p := s.partition(service)
		if p.summary == nil {
			return fmt.Errorf("summary of %s: %w", service, job.ErrNotFound)
		}
		found = p.summary.Summary
		return nil
	})
	return found, err
}

// Note implements recovery.Store.
func (s *Store) Note(_ context.Context, service string, m job.SummaryMove) error {
	return s.do("Note", func() error {
		s.note(service, m)
		return nil
	})
}

// Summaries implements recovery.Store.
func (s *Store) Summaries(context.Context) iter.Seq2[job.Summary, error] {
	return yielded(s, "Summaries", func() []job.Summary {
		all := make([]job.Summary, 0, len(s.names))
		for _, name := range s.names {
			if p := s.partitions[name]; p.summary != nil {
				all = append(all, p.summary.Summary)
			}
		}
		return all
	})
}

// Unfinished implements recovery.Store.
func (s *Store) Unfinished(context.Context) iter.Seq2[job.Job, error] {
	return listed(s, "Unfinished", (*partition).unfinished)
}

// unfinished are the jobs that have not ended.
func (p *partition) unfinished() (all []job.Job) {
	for _, stored := range p.jobs {
		if !stored.State.Terminal() {
			all = append(all, copyJob(stored.Job))
		}
	}
	slices.SortFunc(all, func(a, b job.Job) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Orphans implements recovery.Store.
func (s *Store) Orphans(context.Context) iter.Seq2[job.StoredLease, error] {
	return listed(s, "Orphans", func(p *partition) []job.StoredLease {
		if p.lease == nil || !p.lease.Orphaned {
			return nil
		}
		return []job.StoredLease{*p.lease}
	})
}

// Lease implements recovery.Store.
func (s *Store) Lease(_ context.Context, service string) (found job.StoredLease, err error) {
	err = s.do("Lease", func() error {
		p := s.partition(service)
		if p.lease == nil {
			return fmt.Errorf("lease of %s: %w", service, job.ErrNotFound)
		}
		found = *p.lease
		return nil
	})
	if err != nil {
		return job.StoredLease{}, err
	}
	return found, nil
}

// Remember makes it known how long backups of a service took. It is no effect.
func (s *Store) Remember(service string, backups job.Times) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(service, job.SummaryMove{BackupTimes: &backups})
}

// Release implements recovery.Store.
func (s *Store) Release(_ context.Context, l job.StoredLease) error {
	return s.do("Release", func() error {
		p := s.partition(l.Service)
		switch {
		case p.lease == nil:
			return fmt.Errorf("lease of %s: %w", l.Service, job.ErrNotFound)
		case p.lease.ETag != l.ETag:
			return fmt.Errorf("lease of %s: %w", l.Service, job.ErrConflict)
		}
		p.lease = nil
		return nil
	})
}

// Follow implements recovery.Store.
func (s *Store) Follow(_ context.Context, service, id, resumeToken string) error {
	return s.do("Follow", func() error {
		p := s.partition(service)
		if p.lease == nil || p.lease.Job != id || !p.lease.Orphaned {
			return fmt.Errorf("orphaned lease of job %s: %w", id, job.ErrNotFound)
		}
		p.lease.ResumeToken, p.lease.ETag = resumeToken, s.tag()
		return nil
	})
}
