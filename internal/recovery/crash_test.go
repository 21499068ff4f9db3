package recovery_test

import (
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
)

const id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/"

// testPlan protects one service, once a night at midnight, when bubbles begin.
// extra are more lines for the service.
func testPlan(t testing.TB, extra string) *plan.Plan {
	t.Helper()
	p, err := plan.Parse("test.yaml", []byte(`version: 1
defaults: {storageAccount: stbackups, container: apim, schedule: 0 0 0 * * *, jitter: 10m}
services:
  apim-weu:
    resourceId: `+id+`apim-weu
`+extra))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// story is a job's life with what happens to it from outside.
type story struct {
	name  string
	plan  string // lines for the service
	setup func(*recoverytest.World)
	want  job.State
	// posts is how many requests Azure may accept for a job. A crash costs none
	// more: what may have landed is looked for before another is sent.
	posts int
}

func stories() []story {
	return []story{
		{name: "an ordinary night", want: job.Succeeded, posts: 1},
		{name: "a busy service", want: job.Succeeded, posts: 1, setup: func(w *recoverytest.World) {
			w.Azure.Lock("apim-weu", 12*time.Minute)
		}},
		{name: "an operation that fails once", want: job.Succeeded, posts: 2, setup: func(w *recoverytest.World) {
			failed := false
			w.Azure.Spoil = func(o *recoverytest.Operation) {
				if !failed {
					failed, o.Code, o.Message = true, "InternalServerError", "Something went wrong."
				}
			}
		}},
		{name: "a handle that Azure never gave", want: job.Succeeded, posts: 1, setup: func(w *recoverytest.World) {
			w.Azure.Spoil = func(o *recoverytest.Operation) { o.WithoutHandle = true }
		}},
		{name: "a handle that Azure forgot", want: job.Succeeded, posts: 1, setup: func(w *recoverytest.World) {
			w.Azure.Spoil = func(o *recoverytest.Operation) { o.Forgotten = true }
		}},
		{name: "an operation that takes as long as ever", want: job.Succeeded, posts: 1, setup: func(w *recoverytest.World) {
			w.Azure.Duration = 31 * time.Minute
			w.Store.Remember("apim-weu", job.Times{30 * time.Minute, 31 * time.Minute, 30 * time.Minute, 32 * time.Minute, 31 * time.Minute})
		}},
		{name: "an operation that never ends", want: job.Failed, posts: 1, plan: "    operationDeadline: 12m\n", setup: func(w *recoverytest.World) {
			w.Azure.Spoil = func(o *recoverytest.Operation) { o.Ends = o.Started.Add(time.Hour) }
		}},
	}
}

// live runs one night of s and the morning after, with judge deciding what
// befalls each effect and each message delivered twice.
func live(t *testing.T, s story, judge func(recoverytest.Effect) recoverytest.Fault) *recoverytest.World {
	w := recoverytest.NewWorld(testPlan(t, s.plan), slog.New(slog.DiscardHandler))
	w.Copies = 2
	w.Effects.Judge = judge
	if s.setup != nil {
		s.setup(w)
	}
	w.Run(t.Context(), 12*time.Hour)
	return w
}

// check holds w against the invariants.
func check(t *testing.T, s story, w *recoverytest.World) {
	t.Helper()
	if len(w.Dead) > 0 {
		t.Errorf("%d dead letters, first %s", len(w.Dead), w.Dead[0].Body)
	}
	if waiting := w.Queue.Waiting(); len(waiting) > 0 {
		t.Errorf("%d messages still wait, first %s at %s", len(waiting), waiting[0].Body, waiting[0].NotBefore)
	}
	jobs := w.Store.Jobs("apim-weu")
	if len(jobs) == 0 {
		t.Fatal("no job")
	}
	points := map[string]bool{}
	for _, p := range w.Store.Catalogue("apim-weu") {
		if points[p.Job] {
			t.Errorf("two points of job %s", p.Job)
		}
		points[p.Job] = true
		if !w.Azure.Has(p.Blob) {
			t.Errorf("point without blob %s", p.Blob)
		}
	}
	for _, j := range jobs {
		if j.State != s.want {
			t.Errorf("job %s is %s (%s: %s; %s), want %s", j.ID, j.State, j.Code, j.Message, j.Reason, s.want)
		}
		if j.State.Terminal() && j.EndedAt.After(j.Deadline.Add(2*time.Minute+5*time.Minute)) {
			t.Errorf("job %s ended at %s, deadline %s", j.ID, j.EndedAt, j.Deadline)
		}
		if (j.State == job.Succeeded) != points[j.ID] {
			t.Errorf("job %s is %s, has a point: %t", j.ID, j.State, points[j.ID])
		}
	}
	if lease, ok := w.Store.Leased("apim-weu"); ok {
		t.Errorf("lease left behind: %+v", lease)
	}
	operations := w.Azure.Operations()
	oneAtATime(t, operations)
	if got, most := len(operations), len(jobs)*s.posts; got > most {
		t.Errorf("%d operations for %d jobs, want at most %d", got, len(jobs), most)
	}
}

// oneAtATime checks I1 and that no attempt was sent twice.
func oneAtATime(t *testing.T, operations []recoverytest.Operation) {
	t.Helper()
	blobs := map[string]bool{}
	for i, o := range operations {
		if blobs[o.Blob] {
			t.Errorf("attempt %s was accepted twice", o.Blob)
		}
		blobs[o.Blob] = true
		if i > 0 && o.Started.Before(operations[i-1].Ends) {
			t.Errorf("operation at %s began before the one at %s had ended", o.Started, operations[i-1].Started)
		}
	}
}

func TestStoriesWithoutFaults(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				check(t, s, live(t, s, nil))
			})
		})
	}
}

// The handler dies before or after each effect, or the effect fails or only
// seems to. Every run must come to the same end.
func TestCrashAnywhere(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			var effects []recoverytest.Effect
			synctest.Test(t, func(t *testing.T) { effects = firstNight(live(t, s, nil).Effects.Seen()) })
			t.Logf("%d effects, %d runs", len(effects), len(effects)*len(recoverytest.Faults()))
			for _, fault := range recoverytest.Faults() {
				for _, e := range sampled(effects) {
					crash(t, s, e.Number, fault)
				}
			}
		})
	}
}

// sampled is every one of all, or every fifth with -short: the race detector,
// which makes these tests slow, sees the same code in each.
func sampled[T any](all []T) []T {
	if !testing.Short() {
		return all
	}
	var some []T
	for i := 0; i < len(all); i += 5 {
		some = append(some, all[i])
	}
	return some
}

// firstNight leaves out what the Schedule and Watch timers repeat all day.
func firstNight(effects []recoverytest.Effect) []recoverytest.Effect {
	idle := 0
	for i, e := range effects {
		switch e.Call {
		case "store.Summaries", "store.Unfinished", "store.Notices", "store.Counters", "store.Orphans", "store.Incidents":
		default:
			idle = 0
			continue
		}
		if idle++; idle > 4*6 { // a standby is looked at every fifth run
			return effects[:i]
		}
	}
	return effects
}

func crash(t *testing.T, s story, number int, fault recoverytest.Fault) {
	t.Run(fmt.Sprintf("%s %d", fault, number), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			struck := false
			w := live(t, s, func(e recoverytest.Effect) recoverytest.Fault {
				if e.Number != number {
					return recoverytest.NoFault
				}
				struck = true
				return fault
			})
			if !struck {
				t.Fatal("the effect did not happen")
			}
			check(t, s, w)
		})
	})
}

// Faults come in pairs: what repairs the first may meet a second.
func TestCrashTwice(t *testing.T) {
	s := stories()[0]
	var effects []recoverytest.Effect
	synctest.Test(t, func(t *testing.T) { effects = firstNight(live(t, s, nil).Effects.Seen()) })
	for first := 1; first <= len(effects); first += 3 {
		for distance := 1; distance <= 12; distance += 2 {
			fault := recoverytest.Faults()[(first+distance)%4]
			t.Run(fmt.Sprintf("%s %d and %d", fault, first, first+distance), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					check(t, s, live(t, s, func(e recoverytest.Effect) recoverytest.Fault {
						if e.Number == first || e.Number == first+distance {
							return fault
						}
						return recoverytest.NoFault
					}))
				})
			})
		}
	}
}
