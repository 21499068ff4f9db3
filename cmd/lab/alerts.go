package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lifeboat/internal/emulator"
	esb "lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/request"
)

// outage is an alert as Azure Monitor sends it, in its common alert schema.
type outage struct {
	service string // that it is about
	id      string // of the alert: the same from Fired to Resolved
	fired   time.Time
	ended   time.Time // zero of one that fires
}

// The alert rules of a service.
func metricRule(service string) string { return service + " gateway down" }
func healthRule(service string) string { return service + " health" }

// metric is a metric alert.
func (a outage) metric() []byte {
	condition, resolved := "Fired", ""
	if !a.ended.IsZero() {
		condition, resolved = "Resolved", fmt.Sprintf(`"resolvedDateTime": %q, `, azureTime(a.ended))
	}
	return fmt.Appendf(nil, `{"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": {
  "alertId": "/subscriptions/%[1]s/providers/Microsoft.AlertsManagement/alerts/%[2]s", "alertRule": %[3]q, "severity": "Sev1",
  "signalType": "Metric", "monitorCondition": %[4]q, "monitoringService": "Platform", "alertTargetIDs": [%[5]q],
  "configurationItems": [%[6]q], "originAlertId": "%[1]s_%[2]s", "firedDateTime": %[7]q, %[8]s
  "description": "No successful request for 5 minutes", "essentialsVersion": "1.0", "alertContextVersion": "1.0"},
 "alertContext": {"properties": null, "conditionType": "SingleResourceMultipleMetricCriteria", "condition": {"windowSize": "PT5M", "allOf": [
  {"metricName": "Requests", "metricNamespace": "Microsoft.ApiManagement/service", "operator": "LessThan", "threshold": "1",
   "timeAggregation": "Total", "dimensions": [], "metricValue": 0.0}]}}, "customProperties": null}}`,
		emulator.SampleSubscription, a.id, metricRule(a.service), condition, a.resource(), a.service, azureTime(a.fired), resolved)
}

// health is an activity-log alert of Resource Health. It says Fired even when
// the service is available again: only its status tells.
func (a outage) health() []byte {
	status, before, happened := "Unavailable", "Available", a.fired
	if !a.ended.IsZero() {
		status, before, happened = "Available", "Unavailable", a.ended
	}
	return fmt.Appendf(nil, `{"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": {
  "alertId": "/subscriptions/%[1]s/providers/Microsoft.AlertsManagement/alerts/%[2]s", "alertRule": %[3]q, "severity": "Sev4",
  "signalType": "Activity Log", "monitorCondition": "Fired", "monitoringService": "Resource Health", "alertTargetIDs": [%[4]q],
  "configurationItems": [%[5]q], "originAlertId": "%[1]s_%[2]s", "firedDateTime": %[6]q,
  "description": "Resource Health", "essentialsVersion": "1.0", "alertContextVersion": "1.0"},
 "alertContext": {"channels": "Admin, Operation", "eventSource": "ResourceHealth", "eventTimestamp": %[6]q, "level": "Critical",
  "properties": {"title": "The Api Management service is %[7]s", "details": null, "currentHealthStatus": %[8]q,
   "previousHealthStatus": %[9]q, "type": "Downtime", "cause": "PlatformInitiated"}, "submissionTimestamp": %[6]q}}}`,
		emulator.SampleSubscription, a.id, healthRule(a.service), a.resource(), a.service, azureTime(happened), strings.ToLower(status), status, before)
}

func (a outage) resource() string {
	return strings.ToLower("/subscriptions/" + emulator.SampleSubscription + "/resourceGroups/" + emulator.SampleGroup + "/providers/Microsoft.ApiManagement/service/" + a.service)
}

func azureTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// put sends a message straight to a queue.
func (s *stage) put(queue string, body []byte, err error) error {
	if err == nil {
		err = s.azure.Broker.Send(queue, esb.Message{Body: body})
	}
	if err != nil {
		return fmt.Errorf("send to %s: %w", queue, err)
	}
	return nil
}

// functionKey is what callers of HTTP functions need. It is no secret: nothing
// outside this process reaches them.
const functionKey = "lifeboat-lab"

// hook posts to AlertHook through the Functions host, as an action group does,
// and returns the status.
func (s *stage) hook(ctx context.Context, key string, body []byte) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://function.invalid/api/alert", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("x-functions-key", key)
	answer, err := wire.Transport{Handler: s.host.HTTP()}.RoundTrip(r)
	if err != nil {
		return 0, fmt.Errorf("post to AlertHook: %w", err)
	}
	return answer.StatusCode, answer.Body.Close()
}

// senders is how many copies are under way to AlertHook at once.
const senders = 16

// flood sends a source's outage as Azure at its worst does: two alerts of two
// kinds, each again and again, half of the copies by the queue and half through
// AlertHook.
func (s *stage) flood(ctx context.Context, a outage, copies int) error {
	var group errgroup.Group
	group.SetLimit(senders)
	for i := range 2 * copies {
		body := a.metric()
		if i%2 == 1 {
			body = a.health()
		}
		if i/2%2 == 0 {
			if err := s.put(emulator.RequestQueue, body, nil); err != nil {
				return err
			}
			continue
		}
		group.Go(func() error {
			status, err := s.hook(ctx, functionKey, body)
			if err == nil && status != http.StatusAccepted {
				err = fmt.Errorf("AlertHook answered %d, want %d", status, http.StatusAccepted)
			}
			return err
		})
	}
	return group.Wait()
}

// ask sends a request of a person.
func (s *stage) ask(r request.Request) error {
	body, err := request.EncodeRequest(r)
	return s.put(emulator.RequestQueue, body, err)
}
