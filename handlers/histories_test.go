package handlers_test

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"lifeboat/handlers"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/functions"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
	"lifeboat/internal/webhook"
)

var (
	historyCount = flag.Int("histories", 20, "how many histories TestHistories tells")
	historySeed  = flag.Uint64("history", 0, "the one seed whose history TestHistories tells, with its log")
)

// Nothing that happens on the wire, as only the SDK clients see it, makes two
// operations of one intent, two at a time on one service, or a job that stays, or a service without a backup once the faults are over.
// A seed is what people, alerts and accidents do in a history, when, and the fault that
// the n-th request of a kind meets. Which request is the n-th is not: requests of
// one moment race, and the SDK draws its own pauses. So a failure mostly comes
// back, and may need a few runs. To see one:
//
//	go test -count 1 -v -run 'TestHistories$' ./handlers -history N
func TestHistories(t *testing.T) {
	var mu sync.Mutex
	faults, operations, told, changes, notices := map[string]int{}, 0, 0, 0, 0
	begun := time.Now()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // many small worlds, soon over
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 30))
	t.Run("all", func(t *testing.T) {
		for _, seed := range seeds() {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				defer func() {
					if t.Failed() {
						t.Logf("history %d failed; replay: %s", seed, replayOf(seed))
					}
				}()
				synctest.Test(t, func(t *testing.T) {
					h := tell(t, seed)
					mu.Lock()
					defer mu.Unlock()
					told++
					operations += len(h.azure.ARM.Operations())
					changes += len(h.changes)
					notices += len(h.receivers.taken)
					for kind, n := range h.fates.counts() {
						faults[kind] += n
					}
				})
			})
		}
	})
	sum := 0
	for _, kind := range slices.Sorted(maps.Keys(faults)) {
		t.Logf("%6d %s", faults[kind], kind)
		sum += faults[kind]
	}
	if len(seeds()) > 1 && (changes == 0 || notices == 0) {
		t.Errorf("%d changes and %d notices: not everything was tried", changes, notices)
	}
	if missing := unmet(faults); len(seeds()) >= enoughForKinds && len(missing) > 0 {
		t.Errorf("no fault of these kinds befell anybody: %q", missing)
	}
	t.Logf("%d histories, %.0f days of virtual time, %d operations, %d changes, %d notices, %d faults of %d kinds, in %s",
		told, float64(told)*(3*cycle+rest+late).Hours()/24, operations, changes, notices, sum, len(faults), time.Since(begun).Round(time.Millisecond))
}

// replayOf is the command that tells a history again.
func replayOf(seed uint64) string {
	return fmt.Sprintf("go test -count 1 -v -run 'TestHistories$' ./handlers -history %d", seed)
}

func seeds() (all []uint64) {
	if *historySeed > 0 {
		return []uint64{*historySeed}
	}
	n := *historyCount
	if testing.Short() {
		n = min(n, 4)
	}
	for i := range n {
		all = append(all, uint64(i+1))
	}
	return all
}

// history is one of them.
type history struct {
	*app
	fates     *fates
	dice      *rand.Rand // of what goes on: each night and each act has its own
	script    []string   // what has been done, and when, as far as the seed alone decides
	spy       *spy
	receivers *receivers
	core      *recovery.Engine
	mode      string // of the failovers
	cooldown  time.Duration

	telling      sync.WaitGroup // of what Event Grid delivers
	mu           sync.Mutex
	changes      []changed
	approvals    []request.Approval // that a person sent
	acknowledged []time.Time        // when a person sent the word
	overwrites   []overwrite
	during       job.Point // the one that a service was changed during
}

func tell(t *testing.T, seed uint64) *history {
	dice := rand.New(rand.NewPCG(seed, 1))
	h := &history{fates: newFates(seed, []float64{0.01, 0.04, 0.12}[dice.IntN(3)]), dice: dice}
	h.app = &app{t: t, azure: emulator.New(emulator.Options{Services: historyServices()}), settings: historySettings}
	h.spy, h.fates.broker = h.planted(), h.azure.Broker
	h.receivers = &receivers{fates: h.fates, spy: h.spy, taken: map[string]string{}}
	h.between = func(service string, next policy.Transporter) policy.Transporter {
		return learning{h.spy, h.fates.around(service, next)}
	}
	lines := io.Writer(h.spy)
	if *historySeed > 0 {
		lines = io.MultiWriter(h.spy, t.Output())
	}
	log := slog.New(functions.LogHandler(slog.NewTextHandler(lines, nil)))
	h.mode = []string{"auto", "approve"}[dice.IntN(2)]
	p := historyPlan(t, h.mode)
	engine := h.engine(p, log)
	source, _ := p.Service("apim-weu")
	h.core, h.cooldown, h.app.overwrote = engine, source.Failover.Cooldown, h.overwritten
	engine.Parallel = 1
	engine.Hooks = webhook.New(webhook.Options{Getenv: h.setting, Transport: h.receivers})
	h.worker = host.NewInProcess(handlers.New(engine, log, admitting(everybody)))
	h.serve(h.worker, nightly)
	defer h.stop()
	h.azure.Broker.SetHook(func(op servicebus.Op) servicebus.Verdict {
		h.spy.look("message", op.Queue, fmt.Sprint(op.Message.ID, string(op.Message.Body), op.Message.ApplicationProperties))
		return h.fates.bus(op)
	})
	for range 3 {
		h.night()
	}
	h.dawn()
	h.check()
	return h
}

// planted is a spy that knows the secrets of a history.
func (h *history) planted() *spy {
	s := newSpy()
	for name, value := range historySettings {
		s.hide("app setting "+name, spelled(value))
	}
	s.hide("a part of a secret", []string{planted})
	s.hide("the key of storage", spelled(between(h.azure.Storage.ConnectionString(inProcess, inProcess), "AccountKey=")))
	s.hide("the key of Service Bus", spelled(between(h.azure.Broker.ConnectionString("x"), "SharedAccessKey=")))
	return s
}

func historyServices() []arm.Service {
	all := emulator.SampleServices()
	sea := all[0]
	sea.Name, sea.Location = "apim-sea", "Southeast Asia"
	return append(all, sea)
}

func historyPlan(t *testing.T, mode string) *plan.Plan {
	t.Helper()
	p, err := plan.Parse("histories.yaml", []byte(`version: 1
webhooks: {ops: {urlSetting: OPS_URL, keySetting: OPS_KEY}}
defaults: {storageAccount: stbackups, container: apim, schedule: "0 0 1,9,17 * * *", jitter: 10m, changes: `+historyChanges+`, retention: {keepLast: 2, daily: 0, weekly: 0, keepWithin: 0s, minKeep: 1}}
services:
  apim-weu:
    resourceId: `+samples+`apim-weu
    standbys: {apim-neu: {resourceId: `+samples+`apim-neu}}
    failover: {mode: `+mode+`, rules: [apim-weu-down], minFor: 5m}
  apim-sea: {resourceId: `+samples+`apim-sea, heartbeatSetting: SEA_BEAT}
`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// nightly keeps the timers' own cadence for some time of each night, when things
// happen, and wakes them every four hours for the rest of the time.
func nightly(f *host.Function) {
	if f.Trigger == host.TimerTrigger {
		f.Schedule = host.Schedule{Schedule: nights{}}
	}
}

type nights struct{}

func (nights) Next(t time.Time) time.Time {
	midnight := t.Truncate(cycle)
	if next := t.Truncate(5 * time.Minute).Add(5 * time.Minute); next.After(midnight.Add(dusk)) && next.Before(midnight.Add(dusk+dark)) {
		return next
	}
	next := t.Truncate(4 * time.Hour).Add(4 * time.Hour)
	if first := midnight.Add(dusk + 5*time.Minute); t.Before(first) && first.Before(next) {
		return first
	}
	return next
}

// A night comes every eight hours: idle time costs as much as any other. Faults
// happen from dusk on, for as long as it is dark.
const (
	cycle = 8 * time.Hour
	dusk  = 50 * time.Minute
	dark  = 80 * time.Minute
	rest  = 13 * time.Hour // at the end, with two nights and all deadlines
	late  = 2 * time.Hour  // after that, for what is told last
)

// night is a cycle with some time in which anything may happen.
func (h *history) night() {
	begun := time.Now()
	h.dice = h.fates.draw("night")
	acts := 1 + h.dice.IntN(5)
	for range h.dice.IntN(3) {
		h.spoil([]string{"apim-weu", "apim-sea", "apim-neu"}[h.dice.IntN(3)])
	}
	time.Sleep(dusk)
	h.fates.on.Store(true)
	for n := range acts {
		h.dice = h.fates.draw("act") // what one act draws hangs on what it meets
		time.Sleep(time.Duration(1+h.dice.IntN(15)) * time.Minute)
		h.act(fmt.Sprintf("%d-%d", time.Now().Unix(), n))
	}
	time.Sleep(time.Until(begun.Add(dusk + dark)))
	h.fates.on.Store(false)
	h.look()
	time.Sleep(time.Until(begun.Add(cycle)))
}

// spoil lets the next operation of a service go wrong.
func (h *history) spoil(service string) {
	all := map[string]arm.Fault{
		"backup missing": {Blob: arm.BlobMissing}, "backup empty": {Blob: arm.BlobEmpty}, "backup cut short": {Blob: arm.BlobTruncated},
		"operation fails":   {Fail: &arm.Failure{Code: "InternalServerError", Message: "Try again later."}},
		"operation lost":    {Lost: true},
		"dates to wait":     {RetryAfterDate: true},
		"ends as Failed":    {FinalState: "Failed", FinalStateFor: 10 * time.Minute},
		"stays Updating":    {FinalState: "Updating", FinalStateFor: 30 * time.Minute},
		"takes three hours": {Duration: 3 * time.Hour},
	}
	names := slices.Sorted(maps.Keys(all))
	name := names[h.dice.IntN(len(names))]
	h.fates.count("arm " + name)
	h.wrote("%s: %s", service, name)
	h.azure.ARM.FailNext(service, all[name])
}

// act does one thing that people, alerts or accidents do.
func (h *history) act(id string) {
	what := h.dice.IntN(10)
	h.wrote("act %d of 10", what)
	switch what {
	case 0, 1:
		h.azure.ARM.SetGateway("apim-weu", arm.GatewayDown)
		h.alert(request.Fired)
	case 2:
		h.azure.ARM.SetGateway("apim-weu", arm.GatewayHealthy)
		h.alert(request.Resolved)
	case 3:
		h.tellQueue(emulator.RequestQueue, must(request.EncodeRequest(request.Request{ID: "r" + id, Kind: request.Restore, Service: "apim-weu", By: "ann", Reason: "drill"})))
	case 4:
		h.tellQueue(emulator.RequestQueue, must(request.EncodeRequest(request.Request{ID: "b" + id, Kind: request.Backup, Service: "apim-sea", By: "ann"})))
	case 5:
		if job, _, row := h.last("apim-neu"); row != nil {
			h.tellQueue(emulator.RequestQueue, must(request.EncodeRequest(request.Request{ID: "c" + id, Kind: request.Cancel, Job: job, By: "ann", Reason: "no"})))
		}
	case 6:
		h.fates.count("handler dies")
		h.worker.Restart()
	case 7:
		h.acknowledgeNow(id)
	case 8, 9:
		h.change(id)
	}
	if _, state, _ := h.last("apim-neu"); state == job.AwaitingApproval && h.dice.IntN(3) > 0 {
		h.approve()
	}
}

// wrote adds a line to the script.
func (h *history) wrote(format string, args ...any) {
	h.script = append(h.script, time.Now().UTC().Format(time.RFC3339)+" "+fmt.Sprintf(format, args...))
}

func must(body []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return body
}

// tellQueue sends past the faults, for nobody would send it again. By night
// the message may still come late, or a second time.
func (h *history) tellQueue(queue string, body []byte) {
	h.t.Helper()
	m := servicebus.Message{Body: body}
	if h.fates.on.Load() {
		switch h.dice.IntN(8) {
		case 0:
			h.fates.count("request delayed by minutes")
			m.ScheduledEnqueueTime = time.Now().Add(time.Duration(1+h.dice.IntN(90)) * time.Minute)
		case 1:
			h.fates.count("request doubled")
			h.put(queue, servicebus.Message{Body: body, ScheduledEnqueueTime: time.Now().Add(time.Duration(h.dice.IntN(30)) * time.Minute)})
		}
	}
	h.put(queue, m)
}

func (h *history) put(queue string, m servicebus.Message) {
	h.t.Helper()
	if err := h.azure.Broker.Send(queue, m); err != nil {
		h.t.Fatal(err)
	}
}

func (h *history) alert(c request.Condition) {
	a := request.Alert{ID: "aaaa", Rule: "apim-weu-down", Condition: c, FiredAt: time.Now(), MonitoringService: "Platform"}
	if c == request.Resolved {
		a.ResolvedAt = time.Now()
	}
	for range 1 + h.dice.IntN(3) {
		h.tellQueue(emulator.RequestQueue, must(request.EncodeAlert(a)))
	}
}

func (h *history) acknowledgeNow(id string) {
	h.mu.Lock()
	h.acknowledged = append(h.acknowledged, time.Now())
	h.mu.Unlock()
	h.tellQueue(emulator.RequestQueue, must(request.EncodeRequest(request.Request{
		ID: "k" + id, Kind: request.Acknowledge, Service: "apim-weu", By: "ann", Outcome: request.Failback, Reason: "done",
	})))
}

func (h *history) approve() {
	body := h.approvalOf("apim-neu", "bob", true)
	a, err := request.DecodeApproval(body)
	if err != nil {
		h.t.Fatal(err)
	}
	h.mu.Lock()
	h.approvals = append(h.approvals, a)
	h.mu.Unlock()
	h.tellQueue(emulator.ApprovalQueue, body)
}

// dawn lets everything come to rest and one night pass without a fault. Then it
// tells of a change that was made during the last backup: of what a catalogue
// learns later, pruning has left nothing else.
func (h *history) dawn() {
	h.azure.Broker.SetHook(nil)
	h.azure.ARM.SetGateway("apim-weu", arm.GatewayHealthy)
	h.acknowledgeNow("end")
	time.Sleep(rest)
	h.changedDuring("apim-sea")
	time.Sleep(late)
}

// look searches what is shown and stored for secrets.
func (h *history) look() {
	h.spy.pages(h.host.HTTP(), 6)
	h.spy.stored(h.azure)
}

func (h *history) check() {
	h.t.Helper()
	h.look()
	var spared []string
	if len(h.receivers.taken) == 0 { // some histories have none; a run of them has
		spared = append(spared, "notice")
	}
	h.spy.report(h.t, spared...)
	h.backedUp()
	h.receivers.check(h.t, h.azure)
	h.settled()
	for _, service := range []string{"apim-weu", "apim-sea"} {
		if id, state, row := h.last(service); state != job.Succeeded {
			h.t.Errorf("after a night without faults %s is %s: %v %v", id, state, row["Code"], row["Message"])
		}
		h.catalogue(service)
	}
	if host := h.fates.leaked.Load(); host != nil {
		h.t.Errorf("a request for ARM went to %s", *host)
	}
	h.rebuilt()
}

// catalogue checks that each point that can be restored is a whole backup
// beside its sidecar.
func (h *history) catalogue(service string) {
	h.t.Helper()
	sizes := map[string]int64{}
	for _, b := range h.azure.Storage.ListBlobs("apim", service+"-") {
		sizes[b.Name] = int64(b.Size)
	}
	points := h.rows(service, "point|")
	if len(points) == 0 {
		h.t.Errorf("%s has no point", service)
	}
	for _, p := range points {
		name := p["Blob"].(string)
		if strings.TrimSpace(name) == "" || sizes[name] < 1000 || sizes[name+".lifeboat.json"] == 0 {
			h.t.Errorf("point %s: backup of %d bytes, sidecar of %d", name, sizes[name], sizes[name+".lifeboat.json"])
		}
	}
}
