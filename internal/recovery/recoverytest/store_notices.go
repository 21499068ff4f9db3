package recoverytest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"lifeboat/internal/job"
)

// free reports that none of notices is there; they are told apart by their
// ids.
func (p *partition) free(notices []job.Notice) error {
	seen := map[string]bool{}
	for _, n := range notices {
		if _, ok := p.notices[n.ID]; ok {
			return fmt.Errorf("notice %s is there: %w", n.ID, job.ErrConflict)
		}
		if seen[n.ID] {
			return fmt.Errorf("two notices are called %s", n.ID)
		}
		seen[n.ID] = true
	}
	return nil
}

// announce puts notices that nobody has yet into p.
func (s *Store) announce(p *partition, notices []job.Notice) {
	for _, n := range notices {
		n.Facts = copyFacts(n.Facts)
		p.notices[n.ID] = job.StoredNotice{Notice: n, Delivery: job.NewDelivery(n), ETag: s.tag()}
	}
}

// AddNotice implements recovery.Store.
func (s *Store) AddNotice(_ context.Context, n job.Notice) error {
	return s.do("AddNotice", func() error {
		p := s.partition(n.Service)
		if _, ok := p.notices[n.ID]; ok {
			return fmt.Errorf("notice %s: %w", n.ID, job.ErrExists)
		}
		s.announce(p, []job.Notice{n})
		return nil
	})
}

// Notice implements recovery.Store.
func (s *Store) Notice(_ context.Context, service, id string) (found job.StoredNotice, err error) {
	err = s.do("Notice", func() error {
		var ok bool
		if found, ok = s.partition(service).notices[id]; !ok {
			return fmt.Errorf("notice %s: %w", id, job.ErrNotFound)
		}
		return nil
	})
	if err != nil {
		return job.StoredNotice{}, err
	}
	return copyNotice(found), nil
}

// SaveNotice implements recovery.Store.
func (s *Store) SaveNotice(_ context.Context, n job.StoredNotice, d job.Delivery) error {
	return s.do("SaveNotice", func() error {
		p := s.partition(n.Service)
		now, ok := p.notices[n.ID]
		if !ok || now.ETag != n.ETag {
			return fmt.Errorf("notice %s: %w", n.ID, job.ErrConflict)
		}
		now.Delivery, now.ETag = copyDelivery(d), s.tag()
		p.notices[n.ID] = now
		return nil
	})
}

// Notices implements recovery.Store.
func (s *Store) Notices(context.Context) iter.Seq2[job.StoredNotice, error] {
	return listed(s, "Notices", func(p *partition) (all []job.StoredNotice) {
		for _, n := range p.notices {
			if n.State != job.Delivered {
				all = append(all, copyNotice(n))
			}
		}
		slices.SortFunc(all, func(a, b job.StoredNotice) int { return cmp.Compare(a.ID, b.ID) })
		return all
	})
}
