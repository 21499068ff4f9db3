package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ignoredCounter counts change events that meant nothing.
const ignoredCounter = "events_ignored"

// reportStorm is what a storm of changes came to.
type reportStorm struct {
	Sent       int            `json:"sent"`
	Duplicates int            `json:"duplicates"`
	Taken      int            `json:"taken"`
	Ignored    map[string]int `json:"ignored"` // by reason, as the counters have it
	Repeats    int            `json:"repeatedDeliveries"`
	PerSecond  float64        `json:"eventsPerSecond"`
	Echo       float64        `json:"echoEventsPerSecond"` // of a bare net/http server
	Waits      []reportWait   `json:"waits"`
}

// reportWait is from the last event of the storm about a service to the start
// of its backup.
type reportWait struct {
	Service string  `json:"service"`
	Waited  float64 `json:"waitedMs"`
}

func stormReport(o outcome) *reportStorm {
	if o.storm.sent == 0 {
		return nil
	}
	r := &reportStorm{Sent: o.storm.sent, Duplicates: o.storm.duplicates, Ignored: map[string]int{}, Repeats: o.storm.repeats, Echo: o.storm.echo.perSecond()}
	for _, c := range o.counters {
		if c.name == ignoredCounter {
			r.Ignored[c.label] = c.value
		}
	}
	r.Taken = r.Sent - sum(o.counters, ignoredCounter)
	r.PerSecond = rate{o.storm.sent, o.storm.busy}.perSecond()
	for _, s := range o.services {
		if points := o.pointsOf(s); len(points) > 1 {
			r.Waits = append(r.Waits, reportWait{s, ms(points[1].started.Sub(o.storm.last[s]))})
		}
	}
	return r
}

func (r *reportStorm) write(text *strings.Builder) {
	fmt.Fprintf(text, "\nthe storm: %d events sent, %d of them a second time; %d were changes, %d ignored:", r.Sent, r.Duplicates, r.Taken, r.Sent-r.Taken)
	for _, reason := range slices.Sorted(maps.Keys(r.Ignored)) {
		fmt.Fprintf(text, " %s %d", reason, r.Ignored[reason])
	}
	text.WriteString("\n")
	if r.Repeats > 0 {
		fmt.Fprintf(text, "  deliveries that were not taken and came again, as Event Grid's do: %d\n", r.Repeats)
	}
	for _, w := range r.Waits {
		fmt.Fprintf(text, "  %s: backup begun %s after the last event\n", w.Service, span3(w.Waited))
	}
	fmt.Fprintf(text, "  ConfigChange takes %.0f events a second, with its reads and writes; a bare net/http echo of the same deliveries %.0f", r.PerSecond, r.Echo)
	if r.PerSecond > 0 {
		fmt.Fprintf(text, " (%.0f times as many)", r.Echo/r.PerSecond)
	}
	text.WriteString("\n")
}

// reportNotice is one notice, from its row to its receiver.
type reportNotice struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	About    string    `json:"about,omitempty"` // a service
	At       time.Time `json:"at"`
	State    string    `json:"state"`
	Attempts int       `json:"attempts"`
	Posts    int       `json:"posts"`   // that the receiver saw
	Arrived  bool      `json:"arrived"` // one of them was taken
}

func reportNotices(o outcome) []reportNotice {
	var all []reportNotice
	for _, n := range o.notices {
		if n.quiet() {
			continue
		}
		_, arrived := o.mail.taken[n.id]
		all = append(all, reportNotice{n.id, n.kind, n.about, n.at, n.state, n.attempts, o.mail.posts[n.id], arrived})
	}
	return all
}
