package main

import (
	"context"
	"fmt"
	"time"
)

// storm is what a scenario sent of events, and what became of them.
type storm struct {
	sent, duplicates int
	expected         map[string]int       // ignored events by reason
	last             map[string]time.Time // of the events about a service
	waves            int
	busy             time.Duration // while events were taken
	repeats          int           // deliveries that were not taken at once
	echo             rate          // of the same deliveries
	changed          time.Time     // during a backup
	lost             string        // the blob that was deleted
}

// The shape of a storm: waves of deliveries of events, with a lull in between
// that is shorter than the quiet that a backup waits for.
const (
	perDelivery = 20
	perWave     = 5 // deliveries
	lull        = 700 * time.Millisecond
)

// stormOf are n events over the services, in the order of their sending. Of
// each 50, five mean nothing, and four are sent a second time.
func stormOf(n int, services []string) []gridEvent {
	var all []gridEvent
	for i := range n {
		id, service := fmt.Sprintf("event-%03d", i), services[i%len(services)]
		e := changeEvent(i, id, service)
		switch i % 50 {
		case 10:
			e = armEvent(id, service, "Action", "/namedValues/key", "Microsoft.ApiManagement/service/namedValues/listValue/action")
			e.reason = "Read"
		case 20:
			e = armEvent(id, service, "Action", "/subscriptions/fabrikam", "Microsoft.ApiManagement/service/subscriptions/listSecrets/action")
			e.reason = "Read"
		case 30:
			e = armEvent(id, service, "Action", "", "Microsoft.ApiManagement/service/backup/action")
			e.reason = "Backup"
		case 40:
			e = ownEvent(id, "apim-of-others", "APIUpdated", "/apis/orders")
			e.reason = "OutsidePlan"
		case 45:
			e = blobEvent(id, "BlobCreated", "apim-weu-backup.apimbackup")
			e.reason = "Blob"
		case 13, 26, 37, 48:
			e = all[i-9]
		}
		all = append(all, e)
	}
	return all
}

// changeEvent is the ith kind of change. The case of names is Azure's whim.
func changeEvent(i int, id, service string) gridEvent {
	switch i / 3 % 5 {
	case 0:
		return ownEvent(id, service, "APIUpdated", "/apis/orders;Rev=1")
	case 1:
		return armEvent(id, service, "Write", "/apis/orders/policies/policy", "Microsoft.ApiManagement/service/apis/policies/write")
	case 2:
		e := armEvent(id, service, "Write", "/namedValues/region", "MICROSOFT.APIMANAGEMENT/SERVICE/NAMEDVALUES/WRITE")
		e.data["resourceUri"] = "/SUBSCRIPTIONS" + resourceID(service, "/namedValues/region")[len("/subscriptions"):]
		return e
	case 3:
		return ownEvent(id, service, "ProductDeleted", "/products/trial")
	}
	return armEvent(id, service, "Delete", "/backends/legacy", "Microsoft.ApiManagement/service/backends/delete")
}

// blow sends a storm, wave by wave, each event dated when it is sent.
func (s *stage) blow(ctx context.Context, to *site, events []gridEvent) error {
	s.storm = storm{expected: map[string]int{}, last: map[string]time.Time{}, echo: s.storm.echo}
	seen := map[string]bool{}
	for len(events) > 0 {
		n := min(perDelivery*perWave, len(events))
		wave := events[:n]
		events = events[n:]
		for i := range wave {
			s.storm.note(&wave[i], seen)
		}
		bodies, err := waveOf(wave)
		if err != nil {
			return err
		}
		began := time.Now()
		repeats, err := deliverAll(ctx, to, eventsURL, bodies)
		if err != nil {
			return err
		}
		s.storm.busy += time.Since(began)
		s.storm.repeats += repeats
		s.storm.waves++
		if err := rest(ctx, lull); err != nil {
			return err
		}
	}
	return nil
}

// note dates an event and keeps what must become of it.
func (st *storm) note(e *gridEvent, seen map[string]bool) {
	e.at = time.Now()
	st.sent++
	if seen[e.id] {
		st.duplicates++
	}
	seen[e.id] = true
	if e.reason != "" {
		st.expected[e.reason]++
	} else {
		st.last[e.service] = e.at
	}
}

// waveOf are the deliveries of a wave, in one schema and the other by turns.
func waveOf(events []gridEvent) ([][]byte, error) {
	var bodies [][]byte
	for i := 0; i < len(events); i += perDelivery {
		schema := ownSchema
		if len(bodies)%2 == 1 {
			schema = cloudSchema
		}
		body, err := batch(schema, events[i:min(i+perDelivery, len(events))])
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

// rest waits. Its error is the context's.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
