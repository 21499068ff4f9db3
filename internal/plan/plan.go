// Package plan reads lifeboat.yaml: what is protected, where its backups go
// and by which rules. Parse reports every mistake at once, each with its line,
// its column and what was expected; a Plan that it returns can be used as it
// is.
package plan

import (
	"fmt"
	"slices"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/retention"
)

// Plan is what a plan file says. Services are in the order of the file.
type Plan struct {
	// Environment is what notices name beside the service, such as prod; may
	// be empty.
	Environment string
	// Webhooks are told of notices.
	Webhooks []Webhook
	// Delivery says how they are tried to be told.
	Delivery job.DeliveryRules
	// History is how long it is kept in the table what was over: ended jobs,
	// delivered notices, resolved incidents. 0: for good.
	History time.Duration
	// AllowLinkLocal: webhooks and heartbeats may lie at link-local addresses
	// and at those of a cloud's own metadata services.
	AllowLinkLocal bool
	Services       []Service
}

// Service is one protected API Management service.
type Service struct {
	job.Service
	// Schedule says when backups are due.
	Schedule Schedule
	// Interval is the longest time that should lie between the starts of two
	// good backups, and Grace how much later one may be before it is late.
	Interval, Grace time.Duration
	// Jitter spreads the services that are due at the same time: a backup
	// starts within Jitter of its occurrence.
	Jitter time.Duration
	// RestorableFor is how long Azure accepts a backup for a restore, counted
	// from its start.
	RestorableFor time.Duration
	// Rules bound the life of this service's jobs.
	Rules job.Rules
	// Standbys are the services that a restore of this one may overwrite, in
	// the order of preference.
	Standbys []Standby
	// Failover says when one of them is overwritten.
	Failover Failover
	// OverdueAfter is how late a move of a job may be before the watchdog
	// prompts it.
	OverdueAfter time.Duration
	// Changes says when a change of the service asks for a backup.
	Changes Changes
	// LapseWarning is how long before the last restorable point lapses that
	// is announced.
	LapseWarning time.Duration
	// Retention says which points are kept; nil: none is ever deleted.
	Retention *retention.Policy
	// Webhooks names those that are told of this service; nil is all.
	Webhooks []string
	// Heartbeat names the app setting that holds the URL to ping at the
	// start, success and failure of this service's backups; may be empty.
	Heartbeat string

	resourceID string
	schedule   string
	timeZone   string
}

// ResourceID is the service's ARM resource id as the plan writes it.
func (s Service) ResourceID() string { return s.resourceID }

// Service returns the service that the plan calls name.
func (p *Plan) Service(name string) (Service, bool) {
	for i := range p.Services { // a copy of each would cost more than the search
		if p.Services[i].Name == name {
			return p.Services[i], true
		}
	}
	return Service{}, false
}

// Settings returns the names of the app settings that the plan refers to, each
// once and sorted: of access keys, webhooks' URLs and keys, and heartbeats.
func (p *Plan) Settings() []string {
	var names []string
	for _, w := range p.Webhooks {
		names = append(names, w.URLSetting, w.KeySetting)
	}
	for _, s := range p.Services {
		names = append(names, s.Access.KeySetting, s.Heartbeat)
		for _, standby := range s.Standbys {
			names = append(names, standby.Access.KeySetting)
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

// Mistake is one thing that is wrong in a plan file.
type Mistake struct {
	File         string
	Line, Column int    // from 1; 0 where the file has no such place
	Path         string // such as services.apim-weu.jitter; may be empty
	Problem      string // what is wrong and what was expected
}

// Error gives the mistake on one line, in the form that editors can follow.
func (m *Mistake) Error() string {
	where := m.File
	if m.Line > 0 {
		where = fmt.Sprintf("%s:%d:%d", m.File, m.Line, m.Column)
	}
	if m.Path == "" {
		return where + ": " + m.Problem
	}
	return fmt.Sprintf("%s: %s: %s", where, m.Path, m.Problem)
}

// Default is a service as it is where neither the plan nor its defaults say
// otherwise.
func Default() Service {
	return Service{
		Service:       job.Service{Access: job.Access{Mode: job.AccessSystemIdentity}},
		Interval:      24 * time.Hour,
		Grace:         2 * time.Hour,
		Jitter:        20 * time.Minute,
		RestorableFor: 30 * 24 * time.Hour,
		Changes:       Changes{Quiet: 10 * time.Minute, AtMost: time.Hour, MinInterval: time.Hour},
		LapseWarning:  3 * 24 * time.Hour,
		OverdueAfter:  2 * time.Minute,
		schedule:      "0 0 1 * * *",
		timeZone:      "UTC",
		Failover: Failover{
			Mode: FailoverApprove, MinFor: 5 * time.Minute, Cooldown: time.Hour, MaxPointAge: 48 * time.Hour, ApprovalExpiry: 15 * time.Minute,
		},
		Rules: job.Rules{
			Deadline:          8 * time.Hour,
			OperationDeadline: 3 * time.Hour,
			PollMin:           15 * time.Second,
			PollMax:           5 * time.Minute,
			Settling:          5 * time.Minute,
			BusyWait:          2 * time.Minute,
			Attempts:          3,
			RetryWait:         15 * time.Minute,
			MinSizePercent:    10,
		},
	}
}
