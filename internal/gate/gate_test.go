package gate

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata")

// outcome is what the tables call v.
func outcome(v Verdict) Outcome {
	if v.Warning {
		return warning
	}
	return v.Outcome
}

func verdictOf(t *testing.T, d Decision, gate Name) Verdict {
	t.Helper()
	i := slices.IndexFunc(d.Verdicts, func(v Verdict) bool { return v.Gate == gate })
	if i < 0 {
		t.Fatalf("gate %s was not judged", gate)
	}
	return d.Verdicts[i]
}

// check judges a scene and holds the decision to be no better than its gate.
func check(t *testing.T, gate Name, s scene, judge func(world) Decision) Verdict {
	t.Helper()
	w := s.from()
	if d := judge(w); d.Outcome != Passed {
		t.Fatalf("unchanged: %s, %+v", d.Outcome, d.Deciding())
	}
	s.change(&w)
	d := judge(w)
	v := verdictOf(t, d, gate)
	if got := outcome(v); got != s.want {
		t.Errorf("%s = %s, want %s: %s", gate, got, s.want, v.Sentence)
	}
	if d.Outcome.rank() < v.Outcome.rank() {
		t.Errorf("decision = %s, better than %s of %s", d.Outcome, v.Outcome, gate)
	}
	return v
}

func TestEveryGate(t *testing.T) {
	for _, g := range scenes {
		for _, s := range g.scenes {
			t.Run(string(g.gate)+"/"+s.name, func(t *testing.T) { check(t, g.gate, s, world.evaluate) })
		}
	}
}

func TestWarmRefreshYields(t *testing.T) {
	for _, s := range yields {
		t.Run(s.name, func(t *testing.T) { check(t, NoIncident, s, world.warm) })
	}
}

// What a refresh shares with a failover, it is judged by; the rest not.
func TestWarmRefreshObeysTheTargetsGates(t *testing.T) {
	for _, g := range scenes {
		shared := slices.ContainsFunc(warm, func(w gate) bool { return w.name == g.gate })
		for _, s := range g.scenes {
			w := refreshed()
			s.change(&w)
			w.f.Incident = refreshed().f.Incident
			d := w.warm()
			if shared && s.want != Passed && s.want != warning && d.Outcome == Passed {
				t.Errorf("%s, %s: a refresh passes", g.gate, s.name)
			}
			cooled := g.gate == SourceCooledDown || g.gate == TargetCooledDown
			if cooled && d.Outcome != Passed {
				t.Errorf("%s, %s: a refresh obeys the cool-down", g.gate, s.name)
			}
		}
	}
}

func TestEveryGateHasScenes(t *testing.T) {
	var want, got []Name
	for _, g := range failover {
		want = append(want, g.name)
	}
	for _, g := range scenes {
		got = append(got, g.gate)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gates with scenes (-want +got):\n%s", diff)
	}
}

// The file is for a reader to judge the wording.
func TestSentences(t *testing.T) {
	var b strings.Builder
	write := func(gate Name, scenes []scene, judge func(world) Decision) {
		fmt.Fprintf(&b, "%s\n", gate)
		for _, s := range scenes {
			w := s.from()
			s.change(&w)
			v := verdictOf(t, judge(w), gate)
			fmt.Fprintf(&b, "  %s: %s%s\n    %s\n", s.name, outcome(v), until(v.Until), v.Sentence)
		}
		b.WriteString("\n")
	}
	for _, g := range scenes {
		write(g.gate, g.scenes, world.evaluate)
	}
	write(NoIncident, yields, world.warm)

	const file = "testdata/sentences.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, diff)
	}
}

func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " until " + clock(t)
}

func TestDecisionIsTheWorstOfItsVerdicts(t *testing.T) {
	w := alerted()
	w.f.Approval = Approval{}
	if d := w.evaluate(); d.Outcome != NeedsApproval || !d.Until.IsZero() {
		t.Errorf("without approval: %s until %s, want NeedsApproval", d.Outcome, d.Until)
	}
	w.f.Target.Leased, w.f.Target.LeasedBy = Yes, "other"
	w.r.FiredAt = now.Add(-time.Minute)
	if d := w.evaluate(); d.Outcome != Waits || !d.Until.Equal(now.Add(9*time.Minute)) {
		t.Errorf("leased and too early: %s until %s, want Waits for the alert, which takes longer", d.Outcome, d.Until)
	}
	w.f.Target.Serving = Yes
	d := w.evaluate()
	if d.Outcome != Refused || !d.Until.IsZero() || len(d.Verdicts) != len(failover) {
		t.Errorf("serving: %s until %s with %d verdicts, want Refused with %d", d.Outcome, d.Until, len(d.Verdicts), len(failover))
	}
	if got := d.Deciding(); len(got) != 1 || got[0].Gate != NotServing {
		t.Errorf("deciding = %+v, want notServing", got)
	}
}

func TestWarningsAreSaid(t *testing.T) {
	w := asked()
	w.f.Probe.Health = Healthy
	w.f.Maintenance = Maintenance{On: Yes}
	d := w.evaluate()
	if got := d.Warnings(); d.Outcome != Passed || len(got) != 2 || got[0].Gate != GatewayDown || got[1].Gate != NoMaintenance {
		t.Errorf("%s with warnings %+v, want Passed with two", d.Outcome, got)
	}
}

func TestATargetThatHoldsThePointNeedsNoRestore(t *testing.T) {
	w := alerted()
	w.f.Target.Holds = Yes
	if d := w.evaluate(); !d.Holds || d.Outcome != Passed {
		t.Errorf("holds %v, %s; want true, Passed", d.Holds, d.Outcome)
	}
	w.f.Point.Found = Unknown
	if d := w.evaluate(); d.Holds {
		t.Error("holds a point that nobody knows")
	}
}

// optional are the facts whose zero value is as good as any: they only say
// more about another one.
var optional = []string{
	"Maintenance.Until", "Incident.Attempt", "SourceFailover.Acknowledged", "TargetFailover.Acknowledged",
	"Target.LeasedBy", "Target.Wanted", "Target.WantedBy", "Target.Holds",
	"Point.Missing", "Point.Where",
}

// A fact that is added later must be looked at by a gate, or be named above.
func TestNoFactMayBeMissing(t *testing.T) {
	forEachLeaf("", reflect.TypeFor[Facts](), nil, func(path string, index []int) {
		w := alerted()
		reflect.ValueOf(&w.f).Elem().FieldByIndex(index).SetZero()
		d := w.evaluate()
		if d.Outcome == Passed && !slices.Contains(optional, path) {
			t.Errorf("passes without %s", path)
		}
		if d.Outcome != Passed && slices.Contains(optional, path) {
			t.Errorf("%s is not optional: %+v", path, d.Deciding())
		}
	})
}

func forEachLeaf(path string, of reflect.Type, index []int, do func(path string, index []int)) {
	for i := range of.NumField() {
		field := of.Field(i)
		where := strings.TrimPrefix(path+"."+field.Name, ".")
		at := append(slices.Clone(index), i)
		if field.Type.Kind() == reflect.Struct && field.Type != reflect.TypeFor[time.Time]() {
			forEachLeaf(where, field.Type, at, do)
			continue
		}
		do(where, at)
	}
}

func TestNothingPassesOnNothing(t *testing.T) {
	for _, w := range []world{{}, {r: alerted().r, p: alerted().p}, {r: asked().r, p: asked().p}, {f: alerted().f}} {
		for _, mode := range []Mode{"", Off, Approve, Auto} {
			w.p.Mode = mode
			if d := w.evaluate(); d.Outcome == Passed {
				t.Errorf("%+v in mode %q passes", w, mode)
			}
			if d := w.warm(); d.Outcome == Passed {
				t.Errorf("a refresh of %+v passes", w)
			}
		}
	}
	if (Decision{}).Outcome == Passed || Outcome("").rank() != Refused.rank() {
		t.Error("the zero decision is not a refusal")
	}
}
