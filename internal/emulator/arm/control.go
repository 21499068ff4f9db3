package arm

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// AddService adds a service, or replaces one of the same name.
func (s *Simulator) AddService(v Service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.CreatedAt.IsZero() {
		v.CreatedAt = s.options.Now()
	}
	v.BackupDuration = cmp.Or(v.BackupDuration, 7*time.Minute+6*time.Second)
	v.RestoreDuration = cmp.Or(v.RestoreDuration, 11*time.Minute+13*time.Second)
	v.RetryAfter = cmp.Or(v.RetryAfter, time.Minute)
	v.Units = cmp.Or(v.Units, 1)
	v.Content, v.Settings = v.Content.clone(), v.Settings.clone()
	s.services[strings.ToLower(v.Name)] = &instance{Service: v, Version: 1}
}

// Service returns a copy of a service as it is now.
func (s *Simulator) Service(name string) (Service, bool) {
	var found Service
	ok := s.look(name, func(v *instance, _ time.Time) { found = v.copy() })
	return found, ok
}

// Services returns every service's name in order.
func (s *Simulator) Services() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, v := range s.services {
		names = append(names, v.Name)
	}
	slices.Sort(names)
	return names
}

func (v *instance) copy() Service {
	c := v.Service
	c.Content, c.Settings = v.Content.clone(), v.Settings.clone()
	c.Tags = maps.Clone(v.Tags)
	c.Hostnames = slices.Clone(v.Hostnames)
	c.Identity.UserAssigned = slices.Clone(v.Identity.UserAssigned)
	return c
}

// Content returns what a service holds now; none if there is no such service.
func (s *Simulator) Content(name string) Content {
	v, _ := s.Service(name)
	return v.Content
}

// State returns a service's provisioning state; "" if there is no such service.
func (s *Simulator) State(name string) string {
	var state string
	s.look(name, func(v *instance, now time.Time) { state = v.provisioning(now) })
	return state
}

// SetContent replaces what a service holds. Like any edit of APIs and
// policies it needs no lock, and it is lost if a restore ends later.
func (s *Simulator) SetContent(name string, c Content) {
	s.Mutate(name, func(v *Service) { v.Content = c.clone() })
}

// Mutate changes a service in place. It panics if there is no such service.
func (s *Simulator) Mutate(name string, change func(*Service)) {
	s.must(name, func(v *instance, _ time.Time) { change(&v.Service) })
}

// SetState forces a service's provisioning state; "" lets it go again.
func (s *Simulator) SetState(name, provisioning string) {
	s.must(name, func(v *instance, _ time.Time) { v.Forced = provisioning })
}

// Lock keeps a service Updating for d, as an operation that somebody else has
// started would: a POST gets 409 ServiceLocked.
func (s *Simulator) Lock(name string, d time.Duration) {
	s.must(name, func(v *instance, now time.Time) { v.LockedUntil = now.Add(d) })
}

// FailNext queues faults for the next operations of a service, one each.
func (s *Simulator) FailNext(name string, faults ...Fault) {
	s.must(name, func(v *instance, _ time.Time) { v.Faults = append(v.Faults, faults...) })
}

// LoseOperations makes polls of a service's operations so far answer 404. The
// operations themselves go on.
func (s *Simulator) LoseOperations(name string) {
	s.must(name, func(v *instance, _ time.Time) {
		for _, op := range s.operations {
			op.Lost = op.Lost || op.Service == v.Name
		}
	})
}

// SetActions replaces the granted role actions.
func (s *Simulator) SetActions(actions []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.Actions = slices.Clone(actions)
}

// Operations returns every accepted operation in the order of their start.
func (s *Simulator) Operations() []Operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.options.Now())
	var all []Operation
	for _, op := range s.operations {
		all = append(all, op.Operation)
	}
	return all
}

// Overlap returns an error that names two operations of one service that ran
// at the same time.
func Overlap(operations []Operation) error {
	for i, a := range operations {
		for _, b := range operations[:i] {
			if a.Service == b.Service && before(a.Started, b.Ended) && before(b.Started, a.Ended) {
				return fmt.Errorf("%s: %s since %v overlaps %s since %v", a.Service, a.Kind, a.Started, b.Kind, b.Started)
			}
		}
	}
	return nil
}

func before(start, end time.Time) bool { return end.IsZero() || start.Before(end) }

func (s *Simulator) look(name string, f func(*instance, time.Time)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	s.settle(now)
	v, ok := s.services[strings.ToLower(name)]
	if ok {
		f(v, now)
	}
	return ok
}

func (s *Simulator) must(name string, f func(*instance, time.Time)) {
	ok := s.look(name, func(v *instance, now time.Time) {
		f(v, now)
		v.Version++
	})
	if !ok {
		panic(fmt.Sprintf("arm: no service %q", name))
	}
}

// snapshot is the file of Snapshot and Restore.
type snapshot struct {
	Services        []*instance
	Operations      []*operation
	RoleAssignments []RoleAssignment // nil in a file that knows nothing of them
}

// Snapshot writes everything that a new Simulator needs to go on.
func (s *Simulator) Snapshot(w io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.options.Now())
	var all snapshot
	for _, name := range slices.Sorted(maps.Keys(s.services)) {
		all.Services = append(all.Services, s.services[name])
	}
	all.Operations = s.operations
	all.RoleAssignments = append([]RoleAssignment{}, s.roles...)
	if err := json.NewEncoder(w).Encode(all); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

// Restore replaces everything by what Snapshot wrote. Operations that ran then
// go on, and end when they are due.
func (s *Simulator) Restore(r io.Reader) error {
	var all snapshot
	if err := json.NewDecoder(r).Decode(&all); err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services, s.operations, s.earliest = map[string]*instance{}, all.Operations, time.Time{}
	if all.RoleAssignments != nil {
		s.roles = all.RoleAssignments
	}
	for _, v := range all.Services {
		s.services[strings.ToLower(v.Name)] = v
	}
	for _, op := range s.operations {
		v := s.services[strings.ToLower(op.Service)]
		if op.Outcome == Running && v != nil {
			s.run(v, op)
			time.AfterFunc(op.Due.Sub(s.options.Now()), s.Settle)
		}
	}
	return nil
}
