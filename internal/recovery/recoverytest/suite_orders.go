package recoverytest

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var orderCases = []StoreCase{
	{"an order comes back with each field alone", eachOrderField},
	{"an order with nothing in it is not the same as none", bareOrder},
	{"a job's order is not shared with its callers", orderApart},
	{"a long order keeps its names and some of each text", longOrder},
	{"a restore's life writes its target's summary", restoreLife},
}

// restoration is a new restore of apim-weu onto target.
func restoration(target string, order job.RestoreOrder) job.Job {
	order.Source = "apim-weu"
	return job.NewRestore(target, "incident", order, rules, begin)
}

func filledOrder(seed int) job.RestoreOrder {
	var o job.RestoreOrder
	fill(reflect.ValueOf(&o).Elem(), "Order", &seed)
	return o
}

func eachOrderField(t *testing.T, s recovery.Store) {
	stored := create(t, s, restoration("apim-neu", job.RestoreOrder{}))
	filled := reflect.ValueOf(filledOrder(1))
	for i := range filled.NumField() {
		var o job.RestoreOrder
		reflect.ValueOf(&o).Elem().Field(i).Set(filled.Field(i))
		to := stored.Job
		to.Restore = &o
		check(t, s.Save(t.Context(), job.Move{From: stored, To: to}))
		stored = read(t, s, to)
		want(t, "job with "+filled.Type().Field(i).Name, stored.Job, to)
	}
}

func bareOrder(t *testing.T, s recovery.Store) {
	j := pending("apim-neu")
	for _, order := range []*job.RestoreOrder{{}, nil} {
		j.ID += "-1"
		j.Restore = order
		want(t, "job", create(t, s, j).Job, j)
	}
}

func orderApart(t *testing.T, s recovery.Store) {
	spoil := func(j job.Job) {
		j.Restore.Why = "spoilt"
		j.Restore.Gates[0].Sentence = "spoilt"
		j.Restore.Point.Settings["spoilt"] = "spoilt"
		j.Attempt.Settings["spoilt"] = "spoilt"
		j.Warnings[0] = "spoilt"
	}
	made := func() job.Job {
		j := restoration("apim-neu", filledOrder(1))
		j.Warnings = []string{"one"}
		j.Attempt.Settings = map[string]string{"name": "value"}
		return j
	}
	given := made()
	stored := create(t, s, given)
	spoil(given)
	want(t, "job after its maker changed his", read(t, s, stored.Job).Job, made())
	spoil(stored.Job)
	want(t, "job after a reader changed his", read(t, s, stored.Job).Job, made())
	for j, err := range s.Unfinished(t.Context()) {
		check(t, err)
		spoil(j)
	}
	want(t, "job after a lister changed his", read(t, s, stored.Job).Job, made())
	next := made()
	check(t, s.Save(t.Context(), job.Move{From: read(t, s, next), To: next}))
	spoil(next)
	want(t, "job after its saver changed his", read(t, s, next).Job, made())
}

// A store may shorten what is for people, but the order must stay readable
// and what names something must stay as it is.
func longOrder(t *testing.T, s recovery.Store) {
	long := strings.Repeat("\"<ż>\x01", 20_000)
	o := filledOrder(1)
	o.Source = "apim-weu"
	o.Why, o.Approval.Why = long, long
	o.Gates = nil
	for i := range 40 {
		o.Gates = append(o.Gates, job.Gate{Name: fmt.Sprint("gate ", i), Outcome: "passed", Sentence: fmt.Sprint(i, long)})
		o.Point.Settings[fmt.Sprint("setting ", i)] = fmt.Sprint(i, long)
	}
	j := restoration("apim-neu", o)
	j.Attempt.Settings = maps.Clone(o.Point.Settings)
	got := create(t, s, j)
	again := move(t, s, got, job.Deferred{})
	want(t, "order after another save", again.Restore, got.Restore)
	want(t, "settings after another save", again.Attempt.Settings, got.Attempt.Settings)

	kept := *got.Restore
	if !strings.HasPrefix(kept.Why, "\"<ż>") || len(kept.Gates) != 40 || len(kept.Point.Settings) != len(o.Point.Settings) || len(got.Attempt.Settings) != len(o.Point.Settings) {
		t.Errorf("kept %q, %d gates, %d and %d settings", kept.Why, len(kept.Gates), len(kept.Point.Settings), len(got.Attempt.Settings))
	}
	for i, g := range kept.Gates {
		if g.Name != o.Gates[i].Name || !strings.HasPrefix(g.Sentence, fmt.Sprint(i, "\"")) {
			t.Errorf("gate %d is %+v", i, g)
		}
	}
	kept.Why, kept.Approval.Why, kept.Gates, kept.Point.Settings = o.Why, o.Approval.Why, o.Gates, o.Point.Settings
	want(t, "the rest of the order", kept, o)
}

func restoreLife(t *testing.T, s recovery.Store) {
	point := filledPoint(1, "point.apimbackup")
	pointed := job.RestoreOrder{Point: point, Gates: []job.Gate{{Name: "gate", Outcome: "passed", Sentence: "Passed."}}}
	waiting := create(t, s, restoration("apim-neu", pointed))
	model := summary(t.Context(), t, s, "apim-neu")
	starting := waiting.Job
	starting.State, starting.Revision = job.Starting, 2
	starting.Attempt = job.Attempt{Phase: job.Overwrite, Number: 1, Owner: "owner", Blob: point.Blob, StartedAt: begin}
	order := *starting.Restore
	order.Attempted = begin
	starting.Restore = &order
	done := starting
	done.State, done.EndedAt = job.Succeeded, begin.Add(1e12)

	from := waiting
	for _, to := range []job.Job{starting, done} {
		m := job.Move{From: from, To: to}
		check(t, s.Save(t.Context(), m))
		from = read(t, s, to)
		model = m.Summary().Apply(model)
		want(t, "summary at "+string(to.State), summary(t.Context(), t, s, "apim-neu"), model)
		_, err := s.Lease(t.Context(), "apim-neu")
		if held := err == nil; held != to.State.HoldsLease() {
			t.Errorf("lease in %s: %v", to.State, err)
		}
	}
	if model.ServingFor != "apim-weu" || model.Holds != point.Blob || !model.FailedOver.Equal(begin) {
		t.Errorf("summary after a failover is %+v", model)
	}
	if points := collect(t, s.Points(t.Context(), "apim-neu")); len(points) > 0 {
		t.Errorf("the target has points: %+v", points)
	}
}
