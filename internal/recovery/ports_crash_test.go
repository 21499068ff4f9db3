package recovery_test

import (
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// drama is a story that is broken at every effect, and must come to the same
// end. What people and Azure do in it is told again until it is taken.
type drama struct {
	name string
	plan func(testing.TB) *plan.Plan
	// before happens without faults.
	before func(*testing.T, *recoverytest.World)
	play   func(*testing.T, *recoverytest.World)
}

// end is how a drama may rightly end otherwise by a fault: what its digest has
// in place of each of these lines, or "" for nothing.
type end map[string]string

// ends are the other ends that dramas may have.
var ends = map[string][]end{
	"a failover that a person approves": {startedTwice, {
		// The request of the safety backup is lost, and by the time that this
		// is known the approval has expired: nothing is done, and that is said.
		"job apim-neu-inceb34741ab7-restore Succeeded ": "job apim-neu-inceb34741ab7-restore Failed GateRefused",
		"1 times RestoreStarted":                        "",
		"1 times RestoreCompleted":                      "1 times RestoreBlocked",
		"1 times StandbyNotReady":                       "",
		"1 times StandbyReady":                          "",
	}},
	"a gate that refuses": {{
		// A gateway that can't be asked counts as down.
		"job apim-neu-inceb34741ab7-restore Failed GateRefused": "job apim-neu-inceb34741ab7-restore Succeeded ",
		"1 times RestoreBlocked":                                "1 times RestoreCompleted|1 times RestoreStarted|1 times StandbyNotReady",
	}},
	"a restore whose handle is lost": {startedTwice},
}

// startedTwice: the first request was lost, and each that is about to overwrite
// a service is announced.
var startedTwice = end{"1 times RestoreStarted": "2 times RestoreStarted"}

// instead is digest with that end.
func (e end) instead(digest []string) (all []string) {
	for _, line := range digest {
		other, ok := e[line]
		switch {
		case !ok:
			all = append(all, line)
		case other != "":
			all = append(all, strings.Split(other, "|")...)
		}
	}
	return all
}

// permitted are the other ends of a drama that came to want.
func permitted(name string, want []string) (all []string) {
	for _, e := range ends[name] {
		all = append(all, strings.Join(e.instead(want), "\n"))
	}
	return all
}

const standbyOf = "    standbys: {apim-neu: {resourceId: " + id + "apim-neu"

func dramas() []drama {
	night := func(t *testing.T, w *recoverytest.World) { w.Run(t.Context(), 2*time.Hour) }
	down := func(t *testing.T, w *recoverytest.World) {
		night(t, w)
		silence(w, "apim-weu")
	}
	with := func(extra string) func(testing.TB) *plan.Plan {
		return func(t testing.TB) *plan.Plan { return hooksPlan(t, extra) }
	}
	failover := func(mode, extra string) func(testing.TB) *plan.Plan {
		return with(standbyOf + "}}\n    failover: {mode: " + mode + ", rules: [down], minFor: 5m" + extra + "}\n")
	}
	alert := func(t *testing.T, w *recoverytest.World, a request.Alert) {
		retried(t, w, func() error { return w.Engine.Alert(t.Context(), a) })
	}
	demand := func(t *testing.T, w *recoverytest.World, r request.Request) {
		retried(t, w, func() error { return w.Engine.Request(t.Context(), r) })
	}
	return []drama{
		{"a backup with webhooks", with(""), nil, night},
		{"a failover that a person approves", failover("approve", ", safetyBackup: true"), down, func(t *testing.T, w *recoverytest.World) {
			a := fired(time.Now())
			alert(t, w, a)
			w.Run(t.Context(), 16*time.Minute)
			j := last(t, w)
			approval := request.Approval{ID: "yes", Approved: true, Job: j.ID, Point: j.Restore.Point.Blob, Target: j.Service, By: "bob"}
			retried(t, w, func() error {
				if err := w.Engine.Approval(t.Context(), approval); err != nil && w.Store.Jobs("apim-neu")[0].State == job.AwaitingApproval {
					return err
				}
				return nil
			})
			w.Run(t.Context(), 2*time.Hour)
			alert(t, w, resolved(a))
			demand(t, w, request.Request{ID: "ack", Kind: request.Acknowledge, Service: "apim-weu", By: "ann", Outcome: request.Failback})
			w.Run(t.Context(), time.Hour)
		}},
		{"an approval that nobody gives", failover("approve", ""), down, func(t *testing.T, w *recoverytest.World) {
			demand(t, w, request.Request{ID: "r", Kind: request.Restore, Service: "apim-weu", By: "ann"})
			w.Run(t.Context(), 3*time.Hour)
		}},
		{"two alerts that end before anything is done", failover("auto", ""), down, func(t *testing.T, w *recoverytest.World) {
			a := fired(time.Now())
			b := a
			b.ID = "/alerts/2"
			alert(t, w, a)
			alert(t, w, b)
			w.Run(t.Context(), 10*time.Second)
			alert(t, w, resolved(a))
			alert(t, w, resolved(b))
			w.Run(t.Context(), 2*time.Hour)
		}},
		{"a gate that refuses", failover("auto", ""), night, func(t *testing.T, w *recoverytest.World) {
			alert(t, w, fired(time.Now())) // its gateway is healthy
			w.Run(t.Context(), 2*time.Hour)
		}},
		{"a restore whose handle is lost", failover("auto", ""), func(t *testing.T, w *recoverytest.World) {
			down(t, w)
			spoilRestores(w, func(o *recoverytest.Operation) { o.Forgotten = true })
		}, func(t *testing.T, w *recoverytest.World) {
			alert(t, w, fired(time.Now()))
			w.Run(t.Context(), 3*time.Hour)
		}},
		{"a warm standby", with(standbyOf + ", mode: warm}}\n"), nil, func(t *testing.T, w *recoverytest.World) { w.Run(t.Context(), 4*time.Hour) }},
		{"a backup that is ordered, and one that is called off", with(""), night, func(t *testing.T, w *recoverytest.World) {
			demand(t, w, request.Request{ID: "m", Kind: request.Maintenance, Service: "apim-weu", On: true, Until: time.Now().Add(time.Hour), By: "ann"})
			demand(t, w, request.Request{ID: "b", Kind: request.Backup, Service: "apim-weu", By: "ann"})
			w.Run(t.Context(), time.Hour)
			// It is called off before its first prompt comes.
			off := request.Request{ID: "off", Kind: request.Cancel, Job: recovery.RequestedBackup("apim-weu", "c"), By: "ann"}
			order := request.Request{ID: "c", Kind: request.Backup, Service: "apim-weu", By: "ann"}
			for !w.Survive(func() error { return w.Engine.Request(t.Context(), order) }) {
			}
			for state(w, off.Job) != job.Canceled {
				w.Survive(func() error { return w.Engine.Request(t.Context(), off) })
			}
			w.Run(t.Context(), time.Hour)
		}},
		{"retention", with(keepTwo), func(t *testing.T, w *recoverytest.World) { w.Run(t.Context(), 71*time.Hour) }, func(t *testing.T, w *recoverytest.World) {
			oldest := w.Store.Catalogue("apim-weu")[0].Blob
			retried(t, w, func() error { _, err := w.Engine.Hold(t.Context(), "apim-weu", oldest, "audit", "ann"); return err })
			w.Run(t.Context(), 3*time.Hour)
			retried(t, w, func() error { _, err := w.Engine.Hold(t.Context(), "apim-weu", oldest, "", "ann"); return err })
			retried(t, w, func() error { _, err := w.Engine.Prune(t.Context(), "apim-weu"); return err })
			w.Run(t.Context(), time.Hour)
		}},
		{"a catalogue made again by another table", with(""), func(t *testing.T, w *recoverytest.World) {
			night(t, w)
			for _, p := range w.Store.Catalogue("apim-weu") {
				if p, err := w.Store.Point(t.Context(), "apim-weu", p.Blob); err != nil || w.Store.RemovePoint(t.Context(), p) != nil {
					t.Fatal("a point's row could not be removed")
				}
			}
		}, func(t *testing.T, w *recoverytest.World) {
			other := *w.Engine
			other.Table = "elsewhere"
			retried(t, w, func() error { _, err := other.Rebuild(t.Context(), "apim-weu", "ann"); return err })
			w.Run(t.Context(), time.Hour)
		}},
		{"an operation that outlives its job", with("    operationDeadline: 12m\n"), func(t *testing.T, w *recoverytest.World) {
			w.Azure.Spoil = func(o *recoverytest.Operation) { o.Ends = o.Started.Add(time.Hour) }
		}, func(t *testing.T, w *recoverytest.World) { w.Run(t.Context(), 3*time.Hour) }},
		{"an answer that comes after its job's end", with("    operationDeadline: 12m\n"), lateAnswer, func(t *testing.T, w *recoverytest.World) {
			w.Run(t.Context(), 3*time.Hour)
		}},
		{"rows that were over long ago", with(""), func(t *testing.T, w *recoverytest.World) {
			w.Run(t.Context(), 30*time.Hour)
			time.Sleep(100 * 24 * time.Hour)
		}, func(t *testing.T, w *recoverytest.World) { w.Run(t.Context(), 26*time.Hour) }}, // what failed is cleaned up a day later
		{"dead letters", with(""), night, func(t *testing.T, w *recoverytest.World) {
			for n, queue := range []string{recovery.StepQueue, recovery.RequestQueue, recovery.ApprovalQueue, recovery.NoticeQueue} {
				d := recovery.DeadLetter{Queue: queue, ID: fmt.Sprint("dead", n), Body: []byte("{"), Reason: "MaxDeliveryCountExceeded", EnqueuedAt: time.Now()}
				retried(t, w, func() error {
					return map[string]func() error{
						recovery.StepQueue:     func() error { return w.Engine.DeadStep(t.Context(), d) },
						recovery.RequestQueue:  func() error { return w.Engine.DeadRequest(t.Context(), d) },
						recovery.ApprovalQueue: func() error { return w.Engine.DeadApproval(t.Context(), d) },
						recovery.NoticeQueue:   func() error { return w.Engine.DeadNotice(t.Context(), d) },
					}[queue]()
				})
			}
			w.Run(t.Context(), time.Hour)
		}},
		{"a change, and another in the middle of its backup", with(""), night, func(t *testing.T, w *recoverytest.World) {
			// Its time makes a change's id, however late it is told.
			c, during := changed(time.Now(), "c"), changed(time.Now().Add(16*time.Minute), "during")
			retried(t, w, func() error { return w.Engine.Change(t.Context(), c) })
			w.Run(t.Context(), time.Until(during.At))
			retried(t, w, func() error { return w.Engine.Change(t.Context(), during) })
			w.Run(t.Context(), 3*time.Hour)
		}},
	}
}

func state(w *recoverytest.World, id string) job.State {
	for _, j := range w.Store.Jobs("apim-weu") {
		if j.ID == id {
			return j.State
		}
	}
	return ""
}

// lateAnswer lets another instance end the first job by its deadline while the
// first waits for Azure's answer to its request.
func lateAnswer(t *testing.T, w *recoverytest.World) {
	ended := false
	w.Azure.Spoil = func(o *recoverytest.Operation) {
		o.Ends = o.Started.Add(time.Hour)
		ended = true
	}
	other := *w.Engine
	other.Now = func() time.Time { return time.Now().Add(20 * time.Minute) }
	w.Engine.Log = slog.New(slog.DiscardHandler)
	w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
		if jobs := w.Store.Jobs("apim-weu"); ended && len(jobs) == 1 && jobs[0].State == job.Starting {
			ended = false
			w.Survive(func() error {
				return other.Step(t.Context(), recovery.Prompt{Service: jobs[0].Service, Job: jobs[0].ID, Revision: jobs[0].Revision})
			})
		}
		return recoverytest.NoFault
	}
}

// digest is what a drama came to.
func digest(w *recoverytest.World) []string {
	var all []string
	for _, service := range []string{"apim-weu", "apim-neu"} {
		for _, j := range w.Store.Jobs(service) {
			all = append(all, fmt.Sprintf("job %s %s %s", j.ID, j.State, j.Code))
		}
		live := 0
		for _, p := range w.Store.Catalogue(service) {
			if p.Live() {
				live++
			}
			if p.Live() != w.Azure.Has(p.Blob) {
				all = append(all, fmt.Sprintf("point %s is live: %t", p.Blob, p.Live()))
			}
		}
		all = append(all, fmt.Sprintf("%d points of %s", live, service))
		if lease, ok := w.Store.Leased(service); ok {
			all = append(all, fmt.Sprintf("lease of %s: %s", service, lease.Job))
		}
		for _, i := range w.Store.AllIncidents(service) {
			all = append(all, fmt.Sprintf("incident %s open: %t", i.ID, i.Open()))
		}
	}
	told := map[job.NoticeType]int{}
	for _, n := range w.Store.AllNotices() {
		told[n.Type]++
		if n.State != job.Delivered {
			all = append(all, "notice "+n.ID+" is "+string(n.State))
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(told)) {
		all = append(all, fmt.Sprintf("%d times %s", told[typ], typ))
	}
	for range w.Dead {
		all = append(all, "a dead letter")
	}
	return all
}

// atRest checks what any end of any drama must be like.
func atRest(t *testing.T, w *recoverytest.World) {
	t.Helper()
	for _, service := range []string{"apim-weu", "apim-neu"} {
		for _, j := range w.Store.Jobs(service) {
			if !j.State.Terminal() {
				t.Errorf("job %s is %s: %s", j.ID, j.State, j.Reason)
			}
		}
		if lease, ok := w.Store.Leased(service); ok {
			t.Errorf("lease left behind: %+v", lease)
		}
	}
	for _, n := range w.Store.AllNotices() {
		if n.State != job.Delivered {
			t.Errorf("notice %s is %s: %s", n.ID, n.State, n.LastError)
		}
	}
	if len(w.Dead) > 0 {
		t.Errorf("dead letter %s", w.Dead[0].Body)
	}
}

// perform plays d; at effect number of the play fault befalls it.
// It returns the effects of the play, without what timers repeat after it.
func (d drama) perform(t *testing.T, number int, fault recoverytest.Fault, note func(*recoverytest.World, recoverytest.Effect)) (*recoverytest.World, []recoverytest.Effect) {
	w := recoverytest.NewWorld(d.plan(t), slog.New(slog.DiscardHandler))
	if d.before != nil {
		d.before(t, w)
	}
	staged, first, inside := w.Effects.Judge, len(w.Effects.Seen()), false
	w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
		if staged != nil && !inside {
			inside = true
			staged(e)
			inside = false
		}
		if note != nil {
			note(w, e)
		}
		if e.Number == number {
			return fault
		}
		return recoverytest.NoFault
	}
	d.play(t, w)
	played := lively(w.Effects.Seen()[first:])
	w.Effects.Judge = nil
	// What is repaired takes time: nights that are the same in every run.
	w.Run(t.Context(), 6*time.Hour)
	return w, played
}

// lively leaves out most of what timers repeat while nothing goes on.
func lively(effects []recoverytest.Effect) (all []recoverytest.Effect) {
	quiet := 0
	for _, e := range effects {
		if slices.Contains(idle, e.Call) {
			quiet++
		} else {
			quiet = 0
		}
		if quiet <= 12 { // two rounds of the timers
			all = append(all, e)
		}
	}
	return all
}

func TestCrashInDramas(t *testing.T) {
	runs := 0
	for _, d := range dramas() {
		t.Run(d.name, func(t *testing.T) {
			var want []string
			var effects []recoverytest.Effect
			synctest.Test(t, func(t *testing.T) {
				w, played := d.perform(t, 0, recoverytest.NoFault, nil)
				want, effects = digest(w), played
			})
			t.Logf("%d effects, %d runs, which come to:\n%s", len(effects), len(effects)*len(recoverytest.Faults()), strings.Join(want, "\n"))
			runs += len(effects) * len(recoverytest.Faults())
			others := permitted(d.name, want)
			met := make([]int, len(others))
			for _, fault := range recoverytest.Faults() {
				for _, e := range sampled(effects) {
					t.Run(fmt.Sprintf("%s %d %s", fault, e.Number, e.Call), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							w, _ := d.perform(t, e.Number, fault, nil)
							atRest(t, w)
							got := digest(w)
							if other := slices.Index(others, strings.Join(got, "\n")); other >= 0 {
								met[other]++
							} else if diff := cmp.Diff(want, got); diff != "" {
								t.Errorf("it came to (-want +got):\n%s", diff)
							}
							alone(w.Azure.Operations(), t.Errorf)
						})
					})
				}
			}
			t.Logf("other ends that are permitted were met %v times", met)
			if slices.Contains(met, 0) && !testing.Short() {
				t.Errorf("a permitted end was never met: %v", met)
			}
		})
	}
	t.Logf("%d runs", runs)
}

// unmet are the calls that no drama breaks, and why.
var unmet = map[string]string{
	"store.Counters": "read for pages and metrics only: nothing is decided by it, and nothing written",
}

// noPorts are the engine's interfaces that no drama breaks, and why.
var noPorts = map[string]string{
	"Trace": "it only tells of what is done, and can't fail",
}

// unlived are the states that a job of a kind is never in, and why.
var unlived = map[string]string{
	"Backup AwaitingApproval": "nobody approves a backup",
	"Restore Pruning":         "only a new point lets others go",
}

// ports are the calls of every port of the engine, such as store.Save.
func ports() (calls []string) {
	engine := reflect.TypeFor[recovery.Engine]()
	for i := range engine.NumField() {
		port := engine.Field(i)
		if _, none := noPorts[port.Name]; none || port.Type.Kind() != reflect.Interface {
			continue
		}
		for m := range port.Type.NumMethod() {
			calls = append(calls, strings.ToLower(port.Name)+"."+port.Type.Method(m).Name)
		}
	}
	return calls
}

// Every method of every port, as the engine's fields declare them, is broken in
// some drama, and a step of every kind of job in every state that it can be in.
func TestEveryPortIsCrashed(t *testing.T) {
	met, at := map[string]int{}, map[string]int{}
	for _, d := range dramas() {
		synctest.Test(t, func(t *testing.T) {
			states := map[int]string{} // of the job that a step is about, at each effect
			_, played := d.perform(t, 0, recoverytest.NoFault, func(w *recoverytest.World, e recoverytest.Effect) {
				if j, ok := stepped(w); ok {
					states[e.Number] = fmt.Sprintf("%s %s", j.Kind, j.State)
				}
			})
			for _, e := range played {
				met[e.Call]++
				at[states[e.Number]]++
			}
		})
	}
	delete(at, "") // no step
	all := ports()
	broken := accounted(t, "call", all, met, unmet)
	var lives []string
	for _, kind := range job.Kinds() {
		for _, s := range job.States() {
			lives = append(lives, fmt.Sprintf("%s %s", kind, s))
		}
	}
	accounted(t, "step of a job that is", lives, at, unlived)
	t.Logf("%d of %d methods of the ports are broken, %d excused; steps are broken at %v", broken, len(all), len(unmet), at)
}

// stepped is the job that w's step is about, if it makes one.
func stepped(w *recoverytest.World) (job.Job, bool) {
	for _, j := range w.Store.Jobs(w.Stepping.Service) {
		if j.ID == w.Stepping.Job {
			return j, true
		}
	}
	return job.Job{}, false
}

// accounted counts which of all were met; the others must be excused, and none
// of them, nor anything that does not exist.
func accounted(t *testing.T, what string, all []string, met map[string]int, excuses map[string]string) (broken int) {
	t.Helper()
	for _, name := range slices.Sorted(slices.Values(all)) {
		_, excused := excuses[name]
		switch {
		case met[name] > 0 && excused:
			t.Errorf("%s %s is broken in a drama: take it out of the exceptions", what, name)
		case met[name] == 0 && !excused:
			t.Errorf("%s %s is broken in no drama", what, name)
		case met[name] > 0:
			broken++
		}
	}
	for _, names := range []iter.Seq[string]{maps.Keys(met), maps.Keys(excuses)} {
		for name := range names {
			if !slices.Contains(all, name) {
				t.Errorf("%s %s is none that there is", what, name)
			}
		}
	}
	return broken
}
