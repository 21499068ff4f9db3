package request

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
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

const commonSchema = "azureMonitorCommonAlertSchema"

// Bounds of what is kept of an alert.
const (
	maxRule        = 260 // Azure's own
	maxTargets     = 16
	maxTarget      = 512
	maxWord        = 64
	maxDescription = 1000
)

// text takes any JSON and keeps what is text: Azure writes null, numbers and
// text into the same fields.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = text(s)
	}
	return nil
}

// essentials are the fields of the common alert schema that Lifeboat reads
// (alerts-common-schema, essentialsVersion 1.0).
type essentials struct {
	AlertID           text   `json:"alertId"`
	AlertRule         text   `json:"alertRule"`
	Severity          text   `json:"severity"`
	MonitorCondition  text   `json:"monitorCondition"`
	MonitoringService text   `json:"monitoringService"`
	AlertTargetIDs    []text `json:"alertTargetIDs"`
	OriginAlertID     text   `json:"originAlertId"`
	FiredDateTime     text   `json:"firedDateTime"`
	ResolvedDateTime  text   `json:"resolvedDateTime"`
	Description       text   `json:"description"`
}

// alertContext is what an activity-log alert says of its event.
type alertContext struct {
	EventTimestamp text `json:"eventTimestamp"`
	Properties     struct {
		CurrentHealthStatus text `json:"currentHealthStatus"`
		Stage               text `json:"stage"`
		TrackingID          text `json:"trackingId"`
	} `json:"properties"`
}

// decodeAlert reads an alert as Azure sends it. Fields that it does not know
// are let in: Azure adds some.
func decodeAlert(body []byte, all map[string]json.RawMessage) (Message, error) {
	var id string
	if json.Unmarshal(all["schemaId"], &id) != nil || !strings.EqualFold(id, commonSchema) {
		return nil, malformed(body, "want schemaId "+commonSchema+": enable the common alert schema in the action group")
	}
	var data struct {
		Essentials essentials      `json:"essentials"`
		Context    json.RawMessage `json:"alertContext"`
	}
	if json.Unmarshal(all["data"], &data) != nil {
		return nil, malformed(body, "want data.essentials as the common alert schema has it")
	}
	var context alertContext
	// A context of another form is another kind of alert's, not a mistake.
	_ = json.Unmarshal(data.Context, &context)
	a, problem := data.Essentials.alert(context)
	if problem == "" {
		problem = a.problem()
	}
	if problem != "" {
		return nil, malformed(body, problem)
	}
	return a, nil
}

// alert is what e and its context say, or what is wrong with them.
func (e essentials) alert(c alertContext) (Alert, string) {
	a := Alert{
		Rule:              string(e.AlertRule),
		Severity:          clip(line(string(e.Severity)), maxWord),
		MonitoringService: serviceName(string(e.MonitoringService)),
		Targets:           targets(e.AlertTargetIDs),
		Description:       clip(line(string(e.Description)), maxDescription),
	}
	switch {
	case strings.EqualFold(string(e.MonitorCondition), string(Fired)):
		a.Condition = Fired
	case strings.EqualFold(string(e.MonitorCondition), string(Resolved)):
		a.Condition = Resolved
	default:
		return a, "want monitorCondition Fired or Resolved"
	}
	a.FiredAt, a.ResolvedAt = moment(e.FiredDateTime), moment(e.ResolvedDateTime)
	if problem := a.read(c); problem != "" {
		return a, problem
	}
	a.ID = e.identity(a, string(c.Properties.TrackingID))
	return a, ""
}

// read completes a with what an activity-log event says of itself.
func (a *Alert) read(c alertContext) string {
	event := moment(c.EventTimestamp)
	over := false
	switch a.MonitoringService {
	case ResourceHealth:
		a.Health = clip(line(string(c.Properties.CurrentHealthStatus)), maxWord)
		if a.Health == "" {
			// Without it, a recovery could not be told from an outage.
			return "want alertContext.properties.currentHealthStatus in a Resource Health alert"
		}
		over = strings.EqualFold(a.Health, "Available")
	case ServiceHealth:
		over = slices.ContainsFunc(ended, func(s string) bool { return strings.EqualFold(s, string(c.Properties.Stage)) })
	}
	switch {
	case over:
		if event.IsZero() {
			event = a.FiredAt
		}
		a.Condition, a.FiredAt, a.ResolvedAt = Resolved, time.Time{}, event
	case !event.IsZero():
		a.FiredAt = event
	}
	return ""
}

// ended are the stages in which a Service Health event is over; a report of
// its root cause (RCA) comes days later.
var ended = []string{"Resolved", "Complete", "Canceled", "RCA"}

// problem says what makes an alert useless, if anything.
func (a Alert) problem() string {
	switch {
	case a.Rule == "" || len(a.Rule) > maxRule || strings.ContainsFunc(a.Rule, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "want alertRule, the name of the alert rule"
	case a.ID == "":
		return "want alertId or originAlertId"
	case a.Condition == Fired && a.FiredAt.IsZero():
		return "want firedDateTime in an alert that fired"
	}
	return ""
}

// serviceName writes "Resource Health" and "ResourceHealth" alike.
func serviceName(s string) string {
	s = clip(strings.ReplaceAll(line(s), " ", ""), maxWord)
	for _, known := range []string{ResourceHealth, ServiceHealth} {
		if strings.EqualFold(s, known) {
			return known
		}
	}
	return s
}

func targets(ids []text) []string {
	var all []string
	for _, id := range ids {
		s := strings.ToLower(line(string(id)))
		if s == "" || len(s) > maxTarget || slices.Contains(all, s) || len(all) == maxTargets {
			continue
		}
		all = append(all, s)
	}
	return all
}

// moment reads a time of Azure's; some come without a zone and are UTC.
func moment(s text) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, string(s)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// identityForm is what can stand in a row's key as it is.
var identityForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)

// identity is the same in all that Azure sends about one alert. Metric and log
// alerts keep their alertId from Fired to Resolved. An activity-log alert is
// a new one for each event, so that Resource Health is known by the rule and
// the resource, and Service Health by the rule and Azure's tracking id.
func (e essentials) identity(a Alert, tracking string) string {
	switch {
	case a.MonitoringService == ResourceHealth:
		return "health-" + hash(append([]string{a.Rule}, slices.Sorted(slices.Values(a.Targets))...)...)
	case a.MonitoringService == ServiceHealth && tracking != "":
		return "tracking-" + hash(a.Rule, strings.ToLower(tracking))
	case e.AlertID != "":
		id := strings.ToLower(string(e.AlertID))
		if last := id[strings.LastIndex(id, "/")+1:]; identityForm.MatchString(last) {
			return last
		}
		return "alert-" + hash(id)
	case e.OriginAlertID != "":
		return "origin-" + hash(strings.ToLower(string(e.OriginAlertID)))
	}
	return ""
}

func hash(parts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return hex.EncodeToString(sum[:12])
}
