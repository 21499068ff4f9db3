package bench

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"lifeboat/internal/blobstore"
	"lifeboat/internal/emulator"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/tablestore"
)

// nightBegin is when all services of a night are due.
var nightBegin = time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)

// night is one night of a fleet in virtual time, one call after another. The
// adapter for ARM is the deployed one, over the development Azure, whose ARM
// throttles one principal in one subscription as Azure says that it does: reads
// 250 + 25/s, writes 200 + 10/s
// (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
// The queue is a stand-in, because Service Bus's client waits by the real clock.
type night struct {
	now       time.Time
	azure     *emulator.Azure
	engine    *recovery.Engine
	queue     *queue
	arm       *rates
	messages  int               // delivered
	poll      emulator.Requests // of one look at an operation that goes on
	ended     int
	succeeded int
	last      time.Time // success
	counts
}

// newNight is a night of n services under the plan's defaults. Tables and blobs
// are either the deployed adapters over the development Azure, or stand-ins in
// memory, each of whose calls counts as a request.
func newNight(t testing.TB, n int, defaults string, adapters bool) *night {
	t.Helper()
	w := &night{now: nightBegin.Add(-tick)}
	clock := func() time.Time { return w.now }
	w.azure = emulator.New(emulator.Options{Now: clock})
	for i := range n {
		s := emulator.SampleServices()[0]
		s.Name, s.BackupDuration, s.RetryAfter = serviceName(i), 10*time.Minute, time.Minute
		w.azure.ARM.AddService(s)
	}
	w.queue = &queue{now: clock}
	w.arm = &rates{now: clock, next: w.azure.ARMTransport(), begin: nightBegin}
	ids := 0
	w.engine = &recovery.Engine{
		Plan: sampleFleet(t, n, defaults), Table: "bench", Queue: w.queue, Log: quiet, Now: clock, Parallel: 1,
		ARM:   armClient(t, lasting{w.azure.Credential()}, w.arm),
		NewID: func() string { ids++; return fmt.Sprint("id", ids) },
	}
	if adapters {
		w.adapt(t)
	} else {
		w.standIn()
	}
	w.engine.Store = endings{w.engine.Store, w}
	return w
}

func (w *night) adapt(t testing.TB) {
	t.Helper()
	table, err := w.azure.TableClient(&aztables.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := w.azure.BlobClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.engine.Store = tablestore.New(table)
	w.engine.Blobs = blobstore.New(func(string) (*service.Client, error) { return blobs.ServiceClient(), nil })
}

func (w *night) standIn() {
	effects := &recoverytest.Effects{Judge: func(e recoverytest.Effect) recoverytest.Fault {
		switch {
		case strings.HasPrefix(e.Call, "store."):
			w.calls.Table++
		case strings.HasPrefix(e.Call, "blobs."):
			w.calls.Blob++
		}
		return recoverytest.NoFault
	}}
	container := recoverytest.NewAzure(effects, func() time.Time { return w.now })
	w.engine.Store, w.engine.Blobs = recoverytest.NewStore(effects), container
	w.engine.ARM = filling{w.engine.ARM, container}
}

// filling is an ARM whose backups are in container as soon as they begin.
type filling struct {
	recovery.ARM
	container *recoverytest.Azure
}

func (f filling) StartBackup(ctx context.Context, s job.Service, blob string) (job.Started, error) {
	started, err := f.ARM.StartBackup(ctx, s, blob)
	if err == nil {
		f.container.Put(s.Name, blob)
	}
	return started, err
}

const tick = 5 * time.Minute // of the timers, as in the function folders

// run lets the night pass until every job has ended.
func (w *night) run(t testing.TB) {
	t.Helper()
	w.begin(t)
	jobs := len(w.engine.Plan.Services)
	for timer := w.now; w.ended < jobs; {
		at, any := w.queue.next()
		if !any || !at.Before(timer) {
			w.now = later(w.now, timer)
			timer = timer.Add(tick)
			w.tick(t)
			if w.now.Sub(nightBegin) > 24*time.Hour {
				t.Fatalf("%d of %d jobs ended in a day", w.ended, jobs)
			}
			continue
		}
		w.now = later(w.now, at)
		w.deliver(t, w.queue.take())
	}
}

func (w *night) deliver(t testing.TB, m job.Message) {
	t.Helper()
	w.messages++
	if m.Queue != recovery.StepQueue {
		t.Fatalf("a message on %s: %s", m.Queue, m.Body)
	}
	before, polls, sent := w.all(), w.arm.polls, w.queue.sent
	p, err := recovery.DecodePrompt(m.Body)
	if err == nil {
		p.EnqueuedAt, p.Deliveries = w.now, 1
		err = w.engine.Step(t.Context(), p)
	}
	if err != nil {
		t.Fatal(err)
	}
	if polls == 0 && w.arm.polls == 1 {
		w.poll = minus(w.all(), before)
		w.poll.ServiceBusSend = w.queue.sent - sent
	}
}

// endings is a store that tells the night of every job that ends, and which
// requests are not the timers' own.
type endings struct {
	recovery.Store
	night *night
}

func (e endings) Save(ctx context.Context, m job.Move) error {
	err := e.Store.Save(ctx, m)
	if err == nil && m.To.State.Terminal() {
		e.night.ended++
		if m.To.State == job.Succeeded {
			e.night.last = e.night.now
			e.night.succeeded++
		}
	}
	return err
}

// rates counts ARM's requests by the second.
type rates struct {
	now     func() time.Time
	next    policy.Transporter
	begin   time.Time
	reads   perSecond
	writes  perSecond
	refused int // answered 429
	polls   int
	started time.Time // the last POST
}

type perSecond struct {
	all     int
	seconds map[int]int
}

func (p *perSecond) add(second int) {
	if p.seconds == nil {
		p.seconds = map[int]int{}
	}
	p.all++
	p.seconds[second]++
}

func (p *perSecond) peak() (most int) {
	for _, n := range p.seconds {
		most = max(most, n)
	}
	return most
}

func (r *rates) Do(req *http.Request) (*http.Response, error) {
	second := int(r.now().Sub(r.begin).Seconds())
	if req.Method == http.MethodGet {
		r.reads.add(second)
	} else {
		r.writes.add(second)
		r.started = r.now()
	}
	if strings.Contains(strings.ToLower(req.URL.Path), "/operationresults/") {
		r.polls++
	}
	answer, err := r.next.Do(req)
	if err == nil && answer.StatusCode == http.StatusTooManyRequests {
		r.refused++
	}
	return answer, err
}

// everyNight is the plan's defaults, with all services due at nightBegin.
const everyNight = "schedule: 0 0 1 * * *"

// BenchmarkNight backs up fleets whose services are all due at once, in one
// subscription: with the deployed adapters, and, for more services than those
// get through in a minute, with tables and blobs in memory.
func BenchmarkNight(b *testing.B) {
	for _, c := range []struct {
		name, defaults string
		adapters       bool
		sizes          []int
	}{
		{"adapters", everyNight, true, []int{10, 1000}},
		{"memory", everyNight, false, []int{10, 1000, 3000, 10_000}},
		{"memory-jitter=3h", everyNight + ", jitter: 3h", false, []int{10_000}},
	} {
		for _, n := range c.sizes {
			b.Run(fmt.Sprintf("%s/n=%d", c.name, n), func(b *testing.B) {
				for b.Loop() {
					w := newNight(b, n, c.defaults, c.adapters)
					w.run(b)
					w.report(b)
					w.azure.Close()
				}
			})
		}
	}
}

func (w *night) report(b *testing.B) {
	jobs := float64(len(w.engine.Plan.Services))
	span := w.last.Sub(nightBegin)
	own, ticks := w.ofJobs(), float64(w.ticks)
	for unit, value := range map[string]float64{
		"succeeded": float64(w.succeeded), "last-success-min": span.Minutes(),
		"writes/s-peak": float64(w.arm.writes.peak()), "writes/s-mean": float64(w.arm.writes.all) / span.Seconds(),
		"reads/s-peak": float64(w.arm.reads.peak()), "reads/s-mean": float64(w.arm.reads.all) / span.Seconds(),
		"429s": float64(w.arm.refused), "arm/job": float64(w.arm.reads.all+w.arm.writes.all) / jobs,
		"429s/job":  float64(w.arm.refused) / jobs,
		"table/job": float64(own.Table) / jobs, "blob/job": float64(own.Blob) / jobs, "messages/job": float64(w.messages) / jobs,
		"timers-table/run": float64(w.timers) / ticks, "cleanup-table/run": float64(w.cleanup) / ticks,
	} {
		b.ReportMetric(value, unit)
	}
}
