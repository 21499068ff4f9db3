package bench

import (
	"math"
	"testing"
	"time"
)

// backup is what one backup was, by which the models reckon. All of them look
// at the operation as often.
type backup struct {
	polls int
	took  time.Duration // from the start to the success
}

// Prices are left out: they differ by region and agreement. So is what no
// published page puts in numbers: the storage transactions of Durable Functions
// and of the Functions host, and what any of these costs while nothing happens.

// executions are the function executions of an orchestrator that starts the
// operation, looks at it until it has ended, and checks the blob: an activity
// each, and a durable timer before each look. The orchestrator is replayed
// after each of them, and "each replay is viewed as a distinct function
// invocation" (https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-billing).
func (b backup) executions() int {
	activities, timers := 1+b.polls+1, b.polls
	replays := 1 + activities + timers // the first is the start
	return activities + replays
}

// actions are the action executions of a Consumption logic app: a recurrence
// trigger, the POST, an Until loop with a delay and a GET in each of its
// cycles, and a look at the blob. "For actions that run inside loops, Azure
// Logic Apps counts each action for each cycle", and the action that starts the
// loop (https://learn.microsoft.com/azure/logic-apps/logic-apps-pricing).
func (b backup) actions() int { return 1 + 1 + 1 + 2*b.polls + 1 }

// minutes are the job minutes of an Automation runbook, which runs for as long
// as it waits (https://github.com/Azure/azure-powershell/issues/24998).
func (b backup) minutes() int { return int(math.Ceil(b.took.Minutes())) }

// operations are Service Bus's for each message: it is sent, read under a lock,
// and completed; each is one ("Reading the 8KB message with a lock and then
// completing it will be billed as two operations",
// https://azure.microsoft.com/pricing/details/service-bus/, quoted in
// https://newbedev.com/azure-service-bus-what-is-a-request-and-a-message).
func operations(messages int) int { return 3 * messages }

// BenchmarkBackup is what one backup of ten minutes makes billable: of
// Lifeboat, counted with the deployed adapters, and of what people would use
// instead, reckoned by models. The timers' runs, a share of which is each
// service's, are left out on all sides.
func BenchmarkBackup(b *testing.B) {
	var w *night
	for b.Loop() {
		w = newNight(b, 1, everyNight+", jitter: 0s", true)
		w.run(b)
		w.azure.Close()
	}
	it := backup{polls: w.arm.polls, took: w.last.Sub(w.arm.started)}
	for _, c := range []struct {
		name    string
		metrics map[string]int
	}{
		{"lifeboat", map[string]int{
			"executions": w.messages, "servicebus-operations": operations(w.messages),
			"table-transactions": w.ofJobs().Table, "blob-operations": w.ofJobs().Blob, "polls": it.polls,
		}},
		{"lifeboat-one-poll", map[string]int{
			"executions": 1, "servicebus-operations": operations(w.poll.ServiceBusSend), "table-transactions": w.poll.Table,
			"blob-operations": w.poll.Blob, "polls": w.poll.ARMGet,
		}},
		{"durable-functions", map[string]int{"executions": it.executions(), "polls": it.polls}},
		{"logic-apps", map[string]int{"actions": it.actions(), "polls": it.polls}},
		{"automation", map[string]int{"job-minutes": it.minutes(), "polls": it.polls}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() { // counted above
			}
			for unit, value := range c.metrics {
				b.ReportMetric(float64(value), unit)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// A backup of ten polls, by hand.
func TestModels(t *testing.T) {
	b := backup{polls: 10, took: 10*time.Minute + time.Second}
	if got := b.executions(); got != 12+23 {
		t.Errorf("%d executions, want 12 activities and 23 runs of the orchestrator", got)
	}
	if got := b.actions(); got != 24 {
		t.Errorf("%d actions, want 24", got)
	}
	if got := b.minutes(); got != 11 {
		t.Errorf("%d minutes, want 11", got)
	}
}

// What a job asks of Azure does not grow with the number of services, and
// neither does what the timers ask for between jobs.
func TestRequestsPerJobAreFlat(t *testing.T) {
	perJob := func(n int) map[string]float64 {
		w := newNight(t, n, everyNight, false)
		defer w.azure.Close()
		w.run(t)
		if w.succeeded != n {
			t.Errorf("%d of %d succeeded", w.succeeded, n)
		}
		jobs, own := float64(n), w.ofJobs()
		return map[string]float64{
			"ARM writes": float64(own.ARMPost) / jobs, "ARM reads": float64(own.ARMGet) / jobs,
			"table calls": float64(own.Table) / jobs, "blob calls": float64(own.Blob) / jobs, "messages": float64(w.messages) / jobs,
			"table calls that make it": float64(w.created) / jobs, "table calls of a run of the timers": float64(w.timers) / float64(w.ticks),
		}
	}
	few, many := perJob(10), perJob(300)
	for kind, want := range few {
		if got := many[kind]; want == 0 || math.Abs(got-want) > 0.05*want {
			t.Errorf("%s: %.3f for each of 300 jobs, %.3f for each of 10", kind, got, want)
		}
	}
}
