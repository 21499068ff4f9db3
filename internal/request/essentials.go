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
		Severity:          short(string(e.Severity), maxWord),
		MonitoringService: serviceName(string(e.MonitoringService)),
		Targets:           targets(e.AlertTargetIDs),
		Description:       short(string(e.Description), maxDescription),
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
		a.Health = short(string(c.Properties.CurrentHealthStatus), maxWord)
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
	case a.Condition == Fired && !event.IsZero():
		a.FiredAt = event
	case a.Condition == Resolved && a.ResolvedAt.IsZero():
		a.ResolvedAt = event
	}
	return ""
}

// ended are the stages in which a Service Health event is over; a report of
// its root cause (RCA) comes days later.
var ended = []string{"Resolved", "Complete", "Canceled", "RCA"}

// serviceName writes "Resource Health" and "ResourceHealth" alike.
func serviceName(s string) string {
	s = short(strings.ReplaceAll(line(s), " ", ""), maxWord)
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
		if t, err := time.Parse(layout, string(s)); err == nil && believable(t) {
			return t.UTC()
		}
	}
	return time.Time{}
}

// believable keeps out what senders write for no time at all, and what could
// not be written again.
func believable(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 2000 && year < 9999
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
