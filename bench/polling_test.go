package bench

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// shape is how long the operations of one service take, night after night.
type shape struct {
	name string
	draw func(r *rand.Rand, night int) time.Duration
	// hard: the goal of 40 % fewer polls is missed; it is not meant for so short ones.
	hard bool
}

// shapes go from 7 to 45 minutes, around what is known of real operations: a
// backup of 7 min 6 s and a restore of about 11 min (recorded session in
// azure-sdk-for-net, an empty Developer instance), "mostly around 10 minutes"
// (yourazurecoach.com), "30 minutes or more" (azure-powershell issue 24998).
// How much one service's durations vary is in no source: the spreads are
// assumed, and the last shape shows where less is gained.
func shapes() []shape {
	about := func(r *rand.Rand, mean, deviation time.Duration) time.Duration {
		d := mean + time.Duration(r.NormFloat64()*float64(deviation))
		return min(max(d, time.Minute), 90*time.Minute)
	}
	steady := func(mean, deviation time.Duration) func(*rand.Rand, int) time.Duration {
		return func(r *rand.Rand, _ int) time.Duration { return about(r, mean, deviation) }
	}
	return []shape{
		{name: "steady-7m", draw: steady(7*time.Minute+6*time.Second, 20*time.Second)},
		{name: "steady-10m", draw: steady(10*time.Minute, time.Minute)},
		{name: "steady-30m", draw: steady(30*time.Minute, 2*time.Minute)},
		{name: "wide-30m", draw: steady(30*time.Minute, 6*time.Minute)},
		// From 7 to 45 minutes and back within two years.
		{name: "drift", draw: func(r *rand.Rand, night int) time.Duration {
			return about(r, 26*time.Minute-time.Duration(19*math.Cos(float64(night)*math.Pi/365)*float64(time.Minute)), time.Minute)
		}},
		// Seven nights of ten it is quick.
		{name: "bimodal", draw: func(r *rand.Rand, _ int) time.Duration {
			if r.IntN(10) < 7 {
				return about(r, 8*time.Minute, 30*time.Second)
			}
			return about(r, 30*time.Minute, 90*time.Second)
		}},
		// Ten minutes for a month, then 40 for a month.
		{name: "steps", draw: func(r *rand.Rand, night int) time.Duration {
			return about(r, time.Duration(10+night/30%2*30)*time.Minute, 45*time.Second)
		}},
		// Any night anything: there is nothing to learn.
		{name: "uniform-7-45m", draw: func(r *rand.Rand, _ int) time.Duration {
			return 7*time.Minute + time.Duration(r.Int64N(int64(38*time.Minute)))
		}},
		{name: "wide-10m", draw: steady(10*time.Minute, 2*time.Minute)},
		{name: "quick-4m", draw: steady(4*time.Minute, 20*time.Second), hard: true},
	}
}

// poller is one way to choose the looks.
type poller struct {
	name   string
	fixed  time.Duration // 0: Azure's Retry-After within the plan's bounds
	learns bool
}

func fixed(every time.Duration) poller {
	return poller{name: "fixed-" + every.String(), fixed: every}
}

// retryAfter is what every answer says in the recorded session.
const retryAfter = time.Minute

// BenchmarkPolling compares ways to poll in simulated time, through the jobs'
// own transitions: polls per operation, and how long after an operation's end
// that is noticed; of learned polling also what it saves and adds against fixed
// 60 s. All meet the same 10,000 operations of a shape, and up to 2 s between a
// look's due time and the look.
func BenchmarkPolling(b *testing.B) {
	for _, s := range shapes() {
		for _, p := range []poller{fixed(30 * time.Second), fixed(time.Minute), {name: "retry-after"}, {name: "learned", learns: true}} {
			b.Run(s.name+"/"+p.name, func(b *testing.B) {
				for b.Loop() {
					is := simulate(b, s, p, 10_000)
					b.ReportMetric(is.polls, "polls/op")
					b.ReportMetric(is.late(0.5), "late-p50-s")
					b.ReportMetric(is.late(0.95), "late-p95-s")
					b.ReportMetric(is.late(1), "late-max-s")
					if p.learns {
						was := simulate(b, s, fixed(time.Minute), 10_000)
						b.ReportMetric(100*(1-is.polls/was.polls), "saved-%")
						b.ReportMetric(is.mean()-was.mean(), "added-mean-s")
					}
				}
				b.ReportMetric(0, "ns/op") // a simulation's own time says nothing
			})
		}
	}
}

// The goal: at least 40 % fewer polls than fixed 60 s, and half of the ends
// noticed within a minute. None is noticed later than the plan's pollMax.
func TestLearnedPolling(t *testing.T) {
	latest := (plan.Default().Rules.PollMax + 2*time.Second).Seconds()
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			was, is := simulate(t, s, fixed(time.Minute), 1000), simulate(t, s, poller{learns: true}, 1000)
			if saved := 1 - is.polls/was.polls; saved < 0 || saved < 0.4 && !s.hard {
				t.Errorf("%.2f polls instead of %.2f: %.0f %% saved", is.polls, was.polls, 100*saved)
			}
			if is.late(0.5) >= 60 || is.late(1) > latest {
				t.Errorf("noticed after %.0f s, %.0f s at the latest", is.late(0.5), is.late(1))
			}
		})
	}
}

// polled is what came of one way to poll.
type polled struct {
	polls float64   // per operation
	lates []float64 // seconds, ascending
}

// late is a quantile of the time from an end to its notice, in seconds.
func (p polled) late(q float64) float64 { return p.lates[int(q*float64(len(p.lates)-1))] }

func (p polled) mean() (mean float64) {
	for _, l := range p.lates {
		mean += l / float64(len(p.lates))
	}
	return mean
}

// simulate runs a shape's operations, night after night, under one way to poll.
func simulate(t testing.TB, s shape, p poller, operations int) polled {
	t.Helper()
	rules := plan.Default().Rules
	if p.fixed > 0 {
		rules.PollMin, rules.PollMax = p.fixed, p.fixed
	}
	durations, latencies := rand.New(rand.NewPCG(1, 1)), rand.New(rand.NewPCG(2, 2))
	night := time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC)
	var known job.Summary
	var all polled
	for n := range operations {
		j := job.NewBackup("apim-weu", night, night, rules, night)
		if p.learns {
			j.Past = known.BackupTimes
		}
		j, late := operate(t, j, rules, s.draw(durations, n), latencies)
		all.polls += float64(j.Attempt.Polls) / float64(operations)
		all.lates = append(all.lates, late.Seconds())
		for _, e := range []job.Event{job.Verified{}, job.Pruned{}} {
			next := apply(t, j, e, rules, j.NotBefore)
			known, j = job.SummaryBetween(j, next).Apply(known), next
		}
		night = night.Add(24 * time.Hour)
	}
	slices.Sort(all.lates)
	return all
}

// operate follows one operation that takes d until it is found done, and says
// how long after its end that was.
func operate(t testing.TB, j job.Job, rules job.Rules, d time.Duration, latencies *rand.Rand) (job.Job, time.Duration) {
	j = apply(t, j, job.Start{Owner: "bench"}, rules, j.NotBefore)
	end := j.Attempt.StartedAt.Add(d)
	j = apply(t, j, job.Accepted{ResumeToken: "token", RetryAfter: retryAfter}, rules, j.Attempt.StartedAt)
	for {
		now := j.NotBefore.Add(time.Duration(latencies.Int64N(int64(2 * time.Second))))
		if !now.Before(end) {
			return apply(t, j, job.OperationSucceeded{}, rules, now), now.Sub(end)
		}
		j = apply(t, j, job.Running{ResumeToken: "token", RetryAfter: retryAfter}, rules, now)
	}
}

func apply(t testing.TB, j job.Job, e job.Event, rules job.Rules, now time.Time) job.Job {
	next, err := job.Apply(j, e, rules, now)
	if err != nil {
		t.Fatal(err)
	}
	return next
}
