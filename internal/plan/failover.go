package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"lifeboat/internal/job"
)

// StandbyMode says when a standby is restored.
type StandbyMode string

// The modes of a standby.
const (
	// StandbyCold is restored by a failover only.
	StandbyCold StandbyMode = "cold"
	// StandbyWarm is also restored after every verified backup.
	StandbyWarm StandbyMode = "warm"
)

// Standby is a service that a restore may overwrite. Its Account and
// Container are the source's, because that is where the backups are; its
// Access is how its own identity reads them.
type Standby struct {
	job.Service
	Mode StandbyMode

	resourceID string
}

// FailoverMode says who decides that a standby is overwritten.
type FailoverMode string

// The modes of failover.
const (
	FailoverOff     FailoverMode = "off"     // alerts are not answered
	FailoverApprove FailoverMode = "approve" // a person approves what an alert asks for
	FailoverAuto    FailoverMode = "auto"    // an alert that passes the gates is enough
)

// Failover says when a standby is overwritten.
type Failover struct {
	Mode FailoverMode
	// Rules are the names of the alert rules that ask for a failover.
	Rules []string
	// MinFor is how long an alert must have been fired.
	MinFor time.Duration
	// Cooldown is how long after a failover no alert starts another.
	Cooldown time.Duration
	// MaxPointAge is how old a restore point may be.
	MaxPointAge time.Duration
	// SafetyBackup: the standby is backed up before it is overwritten.
	SafetyBackup bool
	// ApprovalExpiry is how long an approval is waited for, job.MostHeld at most.
	ApprovalExpiry time.Duration
	// Approvers tells whoever is asked for approval whom to ask.
	Approvers string
}

// Standby returns the standby of s that the plan calls name.
func (s Service) Standby(name string) (Standby, bool) {
	for _, standby := range s.Standbys {
		if standby.Name == name {
			return standby, true
		}
	}
	return Standby{}, false
}

// Sources are the names of the services of p that have that standby, in the
// order of the plan.
func (p *Plan) Sources(standby string) []string {
	var names []string
	for i := range p.Services {
		if _, ok := p.Services[i].Standby(standby); ok {
			names = append(names, p.Services[i].Name)
		}
	}
	return names
}

var standbySettings = []setting[Standby]{
	{key: "resourceId", want: wantResourceID, set: func(s *Standby, v string) error { return setResourceID(&s.Service, &s.resourceID, v) }},
	{key: "mode", want: "cold or warm", set: func(s *Standby, v string) error { return oneOf(&s.Mode, v, StandbyCold, StandbyWarm) }},
	{key: "access", want: wantAccess, set: func(s *Standby, v string) error { return setAccess(&s.Access, v) }},
	{key: "clientId", want: wantClientID, set: matching(guid, func(s *Standby) *string { return &s.Access.ClientID })},
	{key: "accessKeySetting", want: wantKeySetting, set: named(wantKeySetting, func(s *Standby) *string { return &s.Access.KeySetting })},
}

var failoverSettings = []setting[Failover]{
	{key: "mode", want: "off, approve or auto", set: func(f *Failover, v string) error {
		return oneOf(&f.Mode, v, FailoverOff, FailoverApprove, FailoverAuto)
	}},
	{key: "rules", want: "a list of alert rules' names", nested: (*reader).rules},
	{key: "minFor", want: "a duration such as 5m", set: span(0, func(f *Failover) *time.Duration { return &f.MinFor })},
	{key: "cooldown", want: "a duration such as 1h", set: span(0, func(f *Failover) *time.Duration { return &f.Cooldown })},
	{key: "maxPointAge", want: "a duration such as 48h", set: span(time.Minute, func(f *Failover) *time.Duration { return &f.MaxPointAge })},
	{key: "safetyBackup", want: "true or false", set: func(f *Failover, v string) error { return truth(&f.SafetyBackup, v) }},
	{key: "approvalExpiry", want: "a duration such as 15m", set: span(time.Minute, func(f *Failover) *time.Duration { return &f.ApprovalExpiry })},
	{key: "approvers", want: "a note such as call the platform team on +31 20 555 0100", set: func(f *Failover, v string) error { f.Approvers = v; return nil }},
}

func oneOf[T ~string](field *T, value string, all ...T) error {
	for _, one := range all {
		if value == string(one) {
			*field = one
			return nil
		}
	}
	return errWant
}

func truth(field *bool, value string) error {
	switch value {
	case "true", "false":
		*field = value == "true"
		return nil
	}
	return errWant
}

func (r *reader) standbys(e entry, path string, s *Service) {
	m, ok := r.mapping(e.value, path)
	if !ok {
		return
	}
	for _, e := range r.entries(m, path) {
		where := join(path, e.key)
		if !isName(e.key) {
			r.report(e.at, where, "want %s", wantName)
		}
		body, ok := r.mapping(e.value, where)
		if !ok {
			continue
		}
		standby := Standby{Service: job.Service{Name: e.key}, Mode: StandbyCold}
		readSettings(r, body, where, standbySettings, &standby, false)
		if standby.resourceID == "" && !has(e.value, "resourceId") {
			r.report(e.at, join(where, "resourceId"), "missing: want %s", wantResourceID)
		}
		s.Standbys = append(s.Standbys, standby)
	}
}

func (r *reader) failover(e entry, path string, s *Service) {
	if m, ok := r.mapping(e.value, path); ok {
		readSettings(r, m, path, failoverSettings, &s.Failover, false)
	}
}

func (r *reader) rules(e entry, path string, f *Failover) {
	list, ok := e.value.(*ast.SequenceNode)
	if !ok {
		r.report(e.at, path, "want a list of alert rules' names, got %s", describe(e.value))
		return
	}
	f.Rules = nil
	for i, item := range list.Values {
		where := fmt.Sprintf("%s[%d]", path, i)
		if name, ok := r.scalar(entry{at: item.GetToken(), value: item}, where); ok {
			f.Rules = append(f.Rules, name)
		}
	}
}

// completeStandbys gives each standby what it has in common with its source,
// and checks what only both together can tell.
func (r *reader) completeStandbys(e entry, path string, s *Service) {
	for i := range s.Standbys {
		standby := &s.Standbys[i]
		where := join(path, "standbys."+standby.Name)
		standby.APIVersion, standby.Account, standby.Container = s.APIVersion, s.Account, s.Container
		if standby.Access.Mode == "" {
			standby.Access.Mode = s.Access.Mode
		}
		if standby.Access.KeySetting == "" {
			standby.Access.KeySetting = s.Access.KeySetting
		}
		if standby.Access.Mode == job.AccessUserIdentity && standby.Access.ClientID == "" {
			standby.Access.ClientID = s.Access.ClientID
			if standby.Access.ClientID == "" {
				r.report(e.at, join(where, "clientId"), "missing with access UserAssignedManagedIdentity: want %s", wantClientID)
			}
		}
		if strings.EqualFold(standby.resourceID, s.resourceID) && s.resourceID != "" {
			r.report(e.at, where, "is the service itself: a standby must be another one")
		}
	}
	if s.Failover.Mode == FailoverAuto && len(s.Standbys) == 0 {
		r.report(e.at, join(path, "standbys"), "missing with failover mode auto: want at least one standby")
	}
	if s.Failover.ApprovalExpiry > job.MostHeld {
		r.report(e.at, path, "failover.approvalExpiry (%s) is longer than a restore may wait: want at most %dd", s.Failover.ApprovalExpiry, int(job.MostHeld.Hours()/24))
	}
	if s.Failover.MaxPointAge > 0 && s.Failover.ApprovalExpiry > s.Failover.MaxPointAge {
		r.report(e.at, path, "failover.approvalExpiry (%s) is longer than maxPointAge (%s): what is approved at its end would be too old", s.Failover.ApprovalExpiry, s.Failover.MaxPointAge)
	}
	if s.Failover.MaxPointAge > s.RestorableFor {
		r.report(e.at, path, "failover.maxPointAge (%s) is longer than restorableFor (%s)", s.Failover.MaxPointAge, s.RestorableFor)
	}
}

// consistentStandbys checks that one name means one resource in the whole
// plan: names are partitions, and a lease holds for one resource.
func (r *reader) consistentStandbys(p *Plan) {
	names, resources := map[string]string{}, map[string]string{}
	check := func(at *token.Token, path, name, id string) {
		id = strings.ToLower(id)
		if id == "" {
			return
		}
		if other, ok := names[name]; ok && other != id {
			r.report(at, path, "the name %s stands for two different resources", name)
		}
		if other, ok := resources[id]; ok && other != name {
			r.report(at, path, "the same resource is called %s elsewhere: one resource has one name", other)
		}
		names[name], resources[id] = id, name
	}
	for _, s := range p.Services {
		// Two services with one resource have been reported already.
		if id := strings.ToLower(s.resourceID); id != "" {
			names[s.Name], resources[id] = id, s.Name
		}
	}
	for _, s := range p.Services {
		for _, standby := range s.Standbys {
			check(r.at[s.Name], join("services", s.Name+".standbys."+standby.Name), standby.Name, standby.resourceID)
		}
	}
}

// consistentRules checks that an alert rule asks for one service only: what it
// asks for would be ambiguous otherwise.
func (r *reader) consistentRules(p *Plan) {
	asks := map[string]string{}
	for _, s := range p.Services {
		for _, rule := range s.Failover.Rules {
			switch other, ok := asks[rule]; {
			case ok && other == s.Name:
				r.report(r.at[s.Name], join("services", s.Name+".failover.rules"), "alert rule %q stands here twice", rule)
			case ok:
				r.report(r.at[s.Name], join("services", s.Name+".failover.rules"), "alert rule %q belongs to %s already", rule, other)
			}
			asks[rule] = s.Name
		}
	}
}
