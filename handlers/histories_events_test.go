package handlers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
)

// changed is a change that Event Grid has told of.
type changed struct {
	service string
	at      time.Time // of the change
	told    time.Time // when the first copy was taken
}

// historyChanges is when the histories' plan backs changes up.
const historyChanges = "{quiet: 10m, atMost: 30m, minInterval: 30m}"

// soon is how long after it was told of a change a backup has begun at the
// latest: after the wait for more, another's operation, and faults, among them
// waits of an hour that Azure asked for.
const soon = 6 * time.Hour

// change changes a service once or more, and lets Event Grid tell of it: at
// once, late, doubled, in the wrong order, or not to be understood.
func (h *history) change(id string) {
	service := []string{"apim-weu", "apim-sea"}[h.dice.IntN(2)]
	var events []map[string]any
	at := time.Now()
	for n := range 1 + h.dice.IntN(4) {
		at = time.Now().Add(-time.Duration(n) * time.Second)
		events = append(events, gridEvent(h.dice.IntN(3), fmt.Sprintf("change-%s-%d", id, n), service, at))
	}
	var delay time.Duration
	switch h.dice.IntN(10) {
	case 0:
		h.fates.count("event delayed by hours")
		delay = time.Duration(1+h.dice.IntN(4)) * time.Hour
	case 1, 2:
		h.fates.count("event delayed by minutes")
		delay = time.Duration(1+h.dice.IntN(50)) * time.Minute
	case 3:
		h.fates.count("event out of order")
		slices.Reverse(events)
	case 4:
		h.fates.count("event malformed")
		events = append(events, map[string]any{"id": id, "eventType": 7, "subject": nil})
	case 5:
		h.fates.count("event of Lifeboat's own")
		events = append(events, ownEvent("own-"+id, service, at))
	}
	copies := 1
	if h.dice.IntN(4) == 0 {
		h.fates.count("event doubled")
		copies++
	}
	for n := range copies {
		h.telling.Go(func() {
			time.Sleep(delay + time.Duration(n)*7*time.Minute)
			h.tell(changed{service: service, at: at}, events)
		})
	}
}

// changedDuring tells late of a change of a service during its last backup.
func (h *history) changedDuring(service string) {
	h.t.Helper()
	for _, p := range h.points(h.core.Store, service) {
		if p.StartedAt.After(h.during.StartedAt) {
			h.during = p
		}
	}
	at := h.during.StartedAt.Add(h.during.VerifiedAt.Sub(h.during.StartedAt) / 2)
	h.tell(changed{service: service, at: at}, []map[string]any{gridEvent(0, "during", service, at)})
}

// tell delivers until the events are taken, as Event Grid does.
func (h *history) tell(c changed, events []map[string]any) {
	body, err := json.Marshal(events)
	if err != nil {
		panic(err)
	}
	for n := range 20 {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/runtime/webhooks/eventgrid?functionName=ConfigChange", bytes.NewReader(body))
		r.Header.Set("aeg-event-type", "Notification")
		h.host.HTTP().ServeHTTP(w, r)
		if w.Code/100 == 2 {
			c.told = time.Now()
			h.mu.Lock()
			defer h.mu.Unlock()
			h.changes = append(h.changes, c)
			return
		}
		h.fates.count("event delivered again")
		time.Sleep([]time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute}[min(n, 4)])
	}
	h.t.Errorf("events of %s are never taken", c.service)
}

// gridEvent is a change in one of the forms in which Azure tells of it.
func gridEvent(form int, id, service string, at time.Time) map[string]any {
	resource, topic := samples+service+"/apis/echo", strings.TrimSuffix(samples, "/service/")
	switch when := at.UTC().Format(time.RFC3339Nano); form {
	case 0:
		return map[string]any{
			"id": id, "topic": samples + service, "subject": "/apis/echo", "eventType": "Microsoft.ApiManagement.APIUpdated", "eventTime": when,
			"dataVersion": "1", "metadataVersion": "1", "data": map[string]any{"resourceUri": resource},
		}
	case 1:
		return map[string]any{
			"id": id, "source": samples + service, "subject": "/apis/echo", "type": "Microsoft.ApiManagement.APIUpdated", "time": when,
			"specversion": "1.0", "data": map[string]any{"resourceUri": resource},
		}
	default:
		return map[string]any{
			"id": id, "source": topic, "subject": resource, "type": "Microsoft.Resources.ResourceWriteSuccess", "time": when, "specversion": "1.0",
			"data": map[string]any{
				"resourceProvider": "Microsoft.ApiManagement", "resourceUri": resource, "operationName": "Microsoft.ApiManagement/service/apis/write", "status": "Succeeded",
				"claims": map[string]any{"name": "somebody"},
			},
		}
	}
}

// ownEvent tells of a backup that was started, which is no change.
func ownEvent(id, service string, at time.Time) map[string]any {
	e := gridEvent(2, id, service, at)
	e["type"], e["subject"] = "Microsoft.Resources.ResourceActionSuccess", samples+service
	e["data"] = map[string]any{"resourceProvider": "Microsoft.ApiManagement", "resourceUri": samples + service, "operationName": "Microsoft.ApiManagement/service/backup/action", "status": "Succeeded"}
	return e
}

// backedUp wants a backup to have been begun soon after each change that
// Lifeboat was told of, or to have been refused.
func (h *history) backedUp() {
	h.t.Helper()
	h.telling.Wait()
	operations := h.azure.ARM.Operations()
	for _, c := range h.changes {
		if !slices.ContainsFunc(operations, func(o arm.Operation) bool {
			return o.Kind == arm.Backup && o.Service == c.service && !o.Started.Before(c.at) && o.Started.Before(c.told.Add(soon))
		}) && !h.refused(c) {
			h.t.Errorf("%s was changed at %v, and ARM began no backup until %s after it was told of, at %v", c.service, c.at, soon, c.told)
		}
	}
	for _, row := range h.azure.Storage.Entities(emulator.StateTable) {
		if waiting, _ := row["Waiting"].(string); waiting != "" {
			h.t.Errorf("%v still waits for %s", row["PartitionKey"], waiting)
		}
	}
}

// refused reports whether a backup of the service failed soon after a change.
func (h *history) refused(c changed) bool {
	return slices.ContainsFunc(h.azure.Storage.Entities(emulator.StateTable), func(row map[string]any) bool {
		ended, _ := row["EndedAt"].(time.Time)
		return row["PartitionKey"] == c.service && row["Kind"] == "Backup" && row["State"] == "Failed" && ended.After(c.at) && ended.Before(c.told.Add(soon))
	})
}
