package main

import (
	"math"
	"slices"
	"sync"
	"time"

	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/host"
)

// invocations are those that have ended.
type invocations struct {
	mu  sync.Mutex
	all []host.Invocation
}

func (v *invocations) add(in host.Invocation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all = append(v.all, in)
}

func (v *invocations) list() []host.Invocation {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.all)
}

// notes say from when on each failover could have gone ahead, by its standby:
// since its approval, or since its alert had been fired for long enough.
type notes map[string]time.Time

// figures are what a failover costs beside Azure's own operation, in
// milliseconds.
type figures struct {
	Failovers []addedFigure `json:"failovers"`
	// Requests are the invocations that took a request or an alert, Decisions
	// those in which a restore's gates were judged, with all their reads and,
	// where they passed, with the POST.
	Requests  latencies `json:"requests"`
	Decisions latencies `json:"decisions"`
}

// addedFigure is one restore: from where it could have gone ahead until the
// standby served.
type addedFigure struct {
	Target    string  `json:"target"`
	Total     float64 `json:"totalMs"`
	Operation float64 `json:"operationMs"`
	Added     float64 `json:"addedMs"`
}

type latencies struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50Ms"`
	P99   float64 `json:"p99Ms"`
	Max   float64 `json:"maxMs"`
}

// figuresOf measures a story with restores; nil for one without.
func figuresOf(o outcome) *figures {
	if len(o.decisions) == 0 {
		return nil
	}
	f := &figures{}
	for _, s := range o.services {
		ready, ok := o.asked[s]
		op, restored := o.lastRestore(s)
		if !ok || !restored || o.serving[s].since.IsZero() {
			continue
		}
		total, operation := o.serving[s].since.Sub(ready), op.Ended.Sub(op.Started)
		f.Failovers = append(f.Failovers, addedFigure{s, ms(total), ms(operation), ms(total - operation)})
	}
	var requests, decisions []time.Duration
	for _, in := range o.invocations {
		switch {
		case in.Function == "RecoveryRequest":
			requests = append(requests, in.Duration)
		case o.decisions[in.ID]:
			decisions = append(decisions, in.Duration)
		}
	}
	f.Requests, f.Decisions = latenciesOf(requests), latenciesOf(decisions)
	return f
}

// lastRestore is the newest restore onto a service.
func (o outcome) lastRestore(service string) (last arm.Operation, ok bool) {
	for _, op := range o.operations {
		if op.Service == service && op.Kind == arm.Restore {
			last, ok = op, true
		}
	}
	return last, ok
}

func latenciesOf(all []time.Duration) latencies {
	if len(all) == 0 {
		return latencies{}
	}
	slices.Sort(all)
	at := func(part float64) float64 { return ms(all[int(math.Ceil(part*float64(len(all))))-1]) }
	return latencies{len(all), at(0.5), at(0.99), at(1)}
}

// ms is d in milliseconds, with two decimals at most.
func ms(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}
