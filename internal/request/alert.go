package request

import (
	"strings"
	"time"
	"unicode"
)

// Condition is whether what an alert watches for is the case.
type Condition string

// The conditions, as Azure writes them.
const (
	Fired    Condition = "Fired"
	Resolved Condition = "Resolved"
)

// Names of monitoring services that get a treatment of their own, without the
// spaces that Azure writes in some places and not in others.
const (
	ResourceHealth = "ResourceHealth"
	ServiceHealth  = "ServiceHealth"
)

// Alert is the essence of one of Azure Monitor's alerts.
type Alert struct {
	// ID is the alert's identity: what fired and what resolves it have the
	// same, and so have a thousand copies. It is fit for a row's key.
	ID   string
	Rule string // the alert rule's name, exactly
	// Condition is Resolved also for an activity-log alert that says so in
	// its own way only, for Azure writes Fired into each of them.
	Condition Condition
	// FiredAt is since when the condition holds: the event's own time, where
	// there is an event. Zero in an alert that resolves and does not say.
	FiredAt time.Time
	// ResolvedAt is when it ended; zero if the alert does not say.
	ResolvedAt time.Time
	Severity   string // Sev0 to Sev4; says nothing in activity-log alerts
	// MonitoringService is Azure's name of what raised the alert, without
	// spaces: Platform, LogAlertsV2, ActivityLog-Administrative,
	// ResourceHealth, ServiceHealth and others.
	MonitoringService string
	Targets           []string // resource ids in lower case; may be a workspace or a subscription
	Health            string   // Resource Health's currentHealthStatus
	Description       string   // the rule's
}

// Late reports whether a comes too late: the alert of that identity had been
// resolved at resolvedAt. One that fired after that is a new occurrence, for
// Resource Health gives no identity to an occurrence.
func (a Alert) Late(resolvedAt time.Time) bool {
	return a.Condition == Fired && !resolvedAt.IsZero() && !a.FiredAt.After(resolvedAt)
}

// Resolves reports whether a ends an occurrence of its alert that fired at
// firedAt. One that was resolved before that ended an earlier occurrence.
func (a Alert) Resolves(firedAt time.Time) bool {
	return a.Condition == Resolved && (a.ResolvedAt.IsZero() || !a.ResolvedAt.Before(firedAt))
}

const commonSchema = "azureMonitorCommonAlertSchema"

// Bounds of what is kept of an alert.
const (
	maxRule        = 260 // Azure's own
	maxTargets     = 16
	maxTarget      = 512
	maxWord        = 64
	maxDescription = 1000
)

// problem says what makes an alert useless, if anything.
func (a Alert) problem() string {
	switch {
	case strings.TrimSpace(a.Rule) == "" || len(a.Rule) > maxRule || strings.ContainsFunc(a.Rule, func(r rune) bool { return !unicode.IsGraphic(r) }):
		return "want alertRule, the name of the alert rule"
	case a.ID == "":
		return "want alertId or originAlertId"
	case a.Condition == Fired && a.FiredAt.IsZero():
		return "want firedDateTime in an alert that fired"
	}
	return ""
}
