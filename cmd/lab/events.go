package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"lifeboat/internal/emulator"
)

// gridEvent is an event of Azure's, before it has a schema.
type gridEvent struct {
	id, kind        string
	topic, subject  string
	at              time.Time
	data            map[string]any
	service, reason string // what the lab knows of it: whom it changes, or why it is ignored
}

// resourceID is the ARM id of a service of the lab, or of something in it.
func resourceID(service, below string) string {
	return "/subscriptions/" + emulator.SampleSubscription + "/resourceGroups/" + emulator.SampleGroup + "/providers/Microsoft.ApiManagement/service/" + service + below
}

// ownEvent is one of API Management's own.
func ownEvent(id, service, kind, below string) gridEvent {
	return gridEvent{
		id: id, kind: "Microsoft.ApiManagement." + kind, topic: resourceID(service, ""), subject: below,
		data: map[string]any{"resourceUri": resourceID(service, below)}, service: service,
	}
}

// armEvent is one of Azure Resource Manager's, about an operation that is done.
func armEvent(id, service, verb, below, operation string) gridEvent {
	resource := resourceID(service, below)
	return gridEvent{
		id: id, kind: "Microsoft.Resources.Resource" + verb + "Success", topic: "/subscriptions/" + emulator.SampleSubscription, subject: resource,
		data: map[string]any{
			"resourceProvider": "Microsoft.ApiManagement", "resourceUri": resource, "operationName": operation, "status": "Succeeded",
			"subscriptionId": emulator.SampleSubscription, "correlationId": id,
			"authorization": map[string]any{"scope": resource, "action": operation},
			"claims":        map[string]any{"name": "somebody", "ipaddr": "192.0.2.7"},
		},
		service: service,
	}
}

// blobEvent is one of storage's about a blob in the backup container.
func blobEvent(id, kind, blob string) gridEvent {
	return gridEvent{
		id: id, kind: "Microsoft.Storage." + kind,
		topic:   "/subscriptions/" + emulator.SampleSubscription + "/resourceGroups/" + emulator.SampleGroup + "/providers/Microsoft.Storage/storageAccounts/" + labAccount,
		subject: "/blobServices/default/containers/" + backupContainer + "/blobs/" + blob,
		data:    map[string]any{"api": "DeleteBlob", "blobType": "BlockBlob", "url": "https://" + labAccount + ".blob.core.windows.net/" + backupContainer + "/" + blob},
	}
}

// The schemas that Event Grid delivers in; one subscription has one.
const (
	ownSchema   = "Event Grid"
	cloudSchema = "CloudEvents"
)

// in is the event in a schema. Both spell names as Microsoft's samples do.
func (e gridEvent) in(schema string) map[string]any {
	at := azureTime(e.at)
	if schema == cloudSchema {
		return map[string]any{"id": e.id, "source": e.topic, "subject": e.subject, "type": e.kind, "time": at, "specversion": "1.0", "data": e.data}
	}
	return map[string]any{
		"id": e.id, "topic": e.topic, "subject": e.subject, "eventType": e.kind, "eventTime": at,
		"dataVersion": "1", "metadataVersion": "1", "data": e.data,
	}
}

// eventsURL is where Event Grid delivers to ConfigChange.
const eventsURL = "/runtime/webhooks/eventgrid?functionName=ConfigChange"

// again is when a delivery that was not taken is repeated, and deliveries how
// often at most. Event Grid itself waits ten seconds and goes on for a day.
const (
	again      = 200 * time.Millisecond
	deliveries = 50
)

// batch is the body of one delivery.
func batch(schema string, events []gridEvent) ([]byte, error) {
	var all []map[string]any
	for _, e := range events {
		all = append(all, e.in(schema))
	}
	return json.Marshal(all)
}

// deliver posts one delivery until it is taken, as Event Grid does. It returns
// how often it had to be repeated.
func deliver(ctx context.Context, to *site, path string, body []byte) (repeats int, err error) {
	for ; repeats < deliveries; repeats++ {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url+path, bytes.NewReader(body))
		if err != nil {
			return repeats, err
		}
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		r.Header.Set("aeg-event-type", "Notification")
		answer, err := to.client.Do(r)
		if err != nil {
			return repeats, fmt.Errorf("deliver events: %w", err)
		}
		if err := answer.Body.Close(); err != nil {
			return repeats, err
		}
		if answer.StatusCode/100 == 2 {
			return repeats, nil
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return repeats, ctx.Err()
		}
	}
	return repeats, fmt.Errorf("deliver events: not taken %d times", repeats)
}

// deliverAll posts deliveries at once.
func deliverAll(ctx context.Context, to *site, path string, bodies [][]byte) (repeats int, err error) {
	group, limited := errgroup.WithContext(ctx)
	each := make([]int, len(bodies))
	for i, body := range bodies {
		group.Go(func() (err error) {
			each[i], err = deliver(limited, to, path, body)
			return err
		})
	}
	err = group.Wait()
	for _, n := range each {
		repeats += n
	}
	return repeats, err
}
