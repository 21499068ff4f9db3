package recovery_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// Nothing that can happen, in whatever order, makes Azure accept a restore
// whose gates have not passed. The oracle knows only what was sent and what
// Azure is; it does not ask package gate.
//
// The seed is fixed, so that a change is judged by itself and not by luck;
// more histories, from another seed:
//
//	go test ./internal/recovery -run TestNoRestoreWithoutPassedGates -rapid.checks=10000 -rapid.seed=N
func TestNoRestoreWithoutPassedGates(t *testing.T) {
	accepted := map[string]int{}
	for name, value := range map[string]string{"rapid.checks": "400", "rapid.seed": "1"} {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue {
			if err := f.Value.Set(value); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Value.Set(f.DefValue) }()
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		var failure any
		synctest.Test(t, func(t *testing.T) {
			defer func() { failure = recover() }()
			h := newHistory(rt)
			h.setUp()
			for range rapid.IntRange(5, 40).Draw(rt, "actions") {
				h.act()
			}
			h.settle()
			for _, entry := range h.failovers {
				accepted[entry.how]++
			}
		})
		if v, ok := failure.(violation); ok {
			rt.Fatal(string(v))
		}
		if failure != nil {
			panic(failure)
		}
	})
	t.Logf("restores accepted: %v", accepted)
	for _, how := range []string{"auto", "approved", "warm"} {
		if accepted[how] == 0 {
			t.Errorf("no history had a restore that was %s: the test tests nothing", how)
		}
	}
}

// history is one random world and the oracle that watches it.
type history struct {
	*rapid.T
	w    *recoverytest.World
	plan *plan.Plan

	fired         map[string]map[string]time.Time // by source and alert
	ended         map[string]time.Time            // of alerts
	sent          []request.Alert
	asked         []request.Request
	approvals     []heard
	maintenance   map[string]time.Time
	tiers         map[string]string
	healthy       map[string]bool
	failovers     []entry
	safetyBackups []entry
	cleared       map[string]bool // failover jobs after which a failback was said
	noticed       map[string]bool // failover jobs that were acknowledged
	faults        map[int]recoverytest.Fault
	ids           int
}

// violation is what the oracle panics with inside the bubble.
type violation string

// Fatalf ends the history: it failed.
func (h *history) Fatalf(format string, args ...any) { panic(violation(fmt.Sprintf(format, args...))) }

// heard is an approval with the time at which it was said.
type heard struct {
	request.Approval
	at time.Time
}

// entry is a restore that Azure has accepted.
type entry struct {
	at                                 time.Time
	job, source, target, incident, how string
}

var historyBase *plan.Plan

func newHistory(t *rapid.T) *history {
	h := &history{
		T: t, fired: map[string]map[string]time.Time{"apim-weu": {}, "apim-sea": {}}, ended: map[string]time.Time{},
		maintenance: map[string]time.Time{}, tiers: map[string]string{}, healthy: map[string]bool{"apim-weu": true, "apim-sea": true},
		cleared: map[string]bool{}, noticed: map[string]bool{}, faults: map[int]recoverytest.Fault{},
	}
	whole := *historyBase
	whole.Services = slices.Clone(whole.Services)
	for i := range whole.Services {
		s := &whole.Services[i]
		s.Standbys = slices.Clone(s.Standbys)
		f := &s.Failover
		f.Mode = rapid.SampledFrom([]plan.FailoverMode{plan.FailoverAuto, plan.FailoverApprove, plan.FailoverOff}).Draw(t, "mode")
		f.MinFor = rapid.SampledFrom([]time.Duration{0, 5 * time.Minute, 20 * time.Minute}).Draw(t, "minFor")
		f.Cooldown = rapid.SampledFrom([]time.Duration{time.Hour, 5 * time.Hour}).Draw(t, "cooldown")
		f.MaxPointAge = rapid.SampledFrom([]time.Duration{4 * time.Hour, 48 * time.Hour}).Draw(t, "maxPointAge")
		f.SafetyBackup = rapid.Bool().Draw(t, "safetyBackup")
		f.ApprovalExpiry = rapid.SampledFrom([]time.Duration{5 * time.Minute, 30 * time.Minute}).Draw(t, "expiry")
		for n := range s.Standbys {
			s.Standbys[n].Mode = rapid.SampledFrom([]plan.StandbyMode{plan.StandbyCold, plan.StandbyCold, plan.StandbyWarm}).Draw(t, "standby")
		}
	}
	h.plan = &whole
	h.w = recoverytest.NewWorld(h.plan, slog.New(slog.DiscardHandler))
	h.w.Copies = rapid.IntRange(1, 2).Draw(t, "copies")
	h.w.Azure.Spoil = h.accept
	return h
}

func (h *history) setUp() {
	h.w.Run(context.Background(), 2*time.Hour)
	h.w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
		if f, ok := h.faults[e.Number]; ok {
			return f
		}
		return recoverytest.NoFault
	}
}

// settle lets every job end.
func (h *history) settle() {
	h.w.Effects.Judge = nil
	for name := range h.tiers {
		h.change(name, func(i *recoverytest.Instance) { i.Silent, i.State = false, "" })
	}
	h.w.Run(context.Background(), 12*time.Hour)
	for _, service := range []string{"apim-neu", "apim-nor"} {
		for _, j := range h.w.Store.Jobs(service) {
			if !j.State.Terminal() && time.Since(j.Deadline) > 10*time.Minute {
				h.Fatalf("job %s is %s after its deadline: %s", j.ID, j.State, j.Reason)
			}
		}
	}
	alone(h.w.Azure.Operations(), h.Fatalf)
	if len(h.w.Dead) > 0 {
		h.Fatalf("dead letter %s", h.w.Dead[0].Body)
	}
}

func (h *history) change(service string, f func(*recoverytest.Instance)) {
	h.w.Azure.Change(service, f)
}

func (h *history) id(prefix string) string { h.ids++; return fmt.Sprintf("%s%d", prefix, h.ids) }

func (h *history) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(h.T, label)
}

func (h *history) act() {
	switch h.pick("action", "alert", "alert", "alert", "copy", "restore", "restore", "approve", "approve", "approve", "approve", "cancel", "acknowledge",
		"maintenance", "backup", "change", "change", "down", "down", "fault", "spoil", "time", "time", "time", "outage", "outage", "people", "people") {
	case "outage":
		h.outage()
	case "people":
		h.people()
	case "alert":
		h.alert()
	case "copy":
		if len(h.sent) > 0 {
			h.send(rapid.SampledFrom(h.sent).Draw(h.T, "copy"))
		}
	case "restore":
		h.ask(h.restoreRequest())
	case "approve":
		h.approve()
	case "cancel":
		if j, ok := h.someJob(); ok {
			h.ask(request.Request{ID: h.id("c"), Kind: request.Cancel, Job: j.ID, By: "ann"})
		}
	case "acknowledge":
		h.acknowledge()
	case "maintenance":
		r := request.Request{ID: h.id("m"), Kind: request.Maintenance, Service: h.source(), By: "ann", On: rapid.Bool().Draw(h.T, "on")}
		if r.On {
			r.Until = time.Now().Add(time.Duration(rapid.IntRange(10, 200).Draw(h.T, "minutes")) * time.Minute)
		}
		if h.ask(r) || r.Until.Before(h.maintenance[r.Service]) { // not taken, it may still have been saved
			h.maintenance[r.Service] = r.Until
		}
	case "backup":
		h.ask(request.Request{ID: h.id("b"), Kind: request.Backup, Service: h.source()})
	case "change":
		h.upset()
	case "down":
		h.goDown(h.source())
	case "fault":
		h.faults[len(h.w.Effects.Seen())+rapid.IntRange(1, 60).Draw(h.T, "effect")] = rapid.SampledFrom(recoverytest.Faults()).Draw(h.T, "fault")
	case "spoil":
		h.spoil()
	case "time":
		minutes := rapid.SampledFrom([]int{0, 1, 6, 6, 15, 40, 180}).Draw(h.T, "minutes")
		h.w.Run(context.Background(), time.Duration(minutes)*time.Minute+time.Second)
	}
}

func (h *history) source() string { return h.pick("source", "apim-weu", "apim-sea") }

func init() {
	ids := "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/"
	p, err := plan.Parse("histories.yaml", []byte(`version: 1
defaults: {storageAccount: stbackups, container: apim, schedule: 0 0 0 * * *, jitter: 10m}
services:
  apim-weu:
    resourceId: `+ids+`apim-weu
    standbys: {apim-neu: {resourceId: `+ids+`apim-neu}, apim-nor: {resourceId: `+ids+`apim-nor}}
    failover: {rules: [down, very down]}
  apim-sea:
    resourceId: `+ids+`apim-sea
    standbys: {apim-neu: {resourceId: `+ids+`apim-neu}}
    failover: {rules: [sea down]}
`))
	if err != nil {
		panic(err)
	}
	historyBase = p
}
