package metrics

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
)

func TestAnyFleetMakesSoundMetrics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFleet(t)
		var out, again bytes.Buffer
		if err := errors.Join(Write(&out, f), Write(&again, f)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), again.Bytes()) {
			t.Fatal("the same fleet is another text")
		}
		all := append(services(f.Services), append(standbys(f.Standbys), notices(f)...)...)
		for _, m := range append(all, counters(nil)...) {
			if m.GetHelp() == "" || strings.ContainsAny(m.GetHelp(), "\n\\") {
				t.Fatalf("%s: help %q", m.GetName(), m.GetHelp())
			}
			if strings.HasSuffix(m.GetName(), "_seconds") != (m.GetUnit() == "seconds") {
				t.Fatalf("%s: unit %q", m.GetName(), m.GetUnit())
			}
			for _, sample := range m.Metric {
				if v := sample.GetGauge().GetValue(); math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
					t.Fatalf("%s = %v", m.GetName(), v)
				}
			}
		}
	})
}

// Whatever text is in a counter's row, a parser reads it back, and no counter
// is lost. There are few at a time, because the parser takes its time.
func TestAnyCounterCanBeRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := drawCounters(t)
		var out bytes.Buffer
		if err := write(&out, counters(drawn)); err != nil {
			t.Fatal(err)
		}
		text := out.Bytes()
		got := samples(t, parsed(t, text))
		for _, c := range drawn {
			value, ok := got["lifeboat_other_total name="+c.Name+" label="+c.Label]
			if c.Name == "dead_letters" {
				value, ok = got["lifeboat_dead_letters_total queue="+c.Label]
			}
			if source, gate, two := strings.Cut(c.Label, "/"); two && c.Name == "failovers_blocked" {
				value, ok = got["lifeboat_failovers_blocked_total source="+source+" gate="+gate]
			}
			if !ok || value != float64(c.Value) {
				t.Fatalf("%+v is %v (there: %v) in\n%s", c, value, ok, text)
			}
		}
		if len(got) != len(drawn) {
			t.Fatalf("%d samples of %d counters in\n%s", len(got), len(drawn), text)
		}
	})
}

func drawCounters(t *rapid.T) []job.Counter {
	type key struct{ name, label string }
	text := rapid.OneOf(rapid.StringN(0, 8, -1), rapid.StringMatching(`[a-z/"\\\n{},= #]{0,8}`))
	keys := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) key {
		return key{rapid.SampledFrom([]string{"dead_letters", "failovers_blocked", "else"}).Draw(t, "name"), text.Draw(t, "label")}
	}), 1, 2, rapid.ID)
	var drawn []job.Counter
	for _, k := range keys.Draw(t, "counters") {
		drawn = append(drawn, job.Counter{Name: k.name, Label: k.label, Value: rapid.Int64Min(0).Draw(t, "value")})
	}
	return drawn
}

func drawFleet(t *rapid.T) fleet.Fleet {
	span := func(what string) time.Duration { return time.Duration(rapid.Int64Min(0).Draw(t, what)) }
	moment := func(what string) time.Time {
		return rapid.SampledFrom([]time.Time{{}, now, time.Unix(1, 999999999), now.Add(span(what))}).Draw(t, what)
	}
	var f fleet.Fleet
	for _, name := range rapid.SliceOfDistinct(rapid.String(), rapid.ID).Draw(t, "services") {
		f.Services = append(f.Services, fleet.Service{
			Name: name, Interval: span("interval"), LastSuccess: moment("success"), RestorableUntil: moment("until"),
			Restorable: rapid.Bool().Draw(t, "restorable"), RPO: span("rpo"),
			Health:     rapid.SampledFrom([]job.Health{"", job.Late, job.Down, "?"}).Draw(t, "health"),
			LastStatus: rapid.SampledFrom(append(job.States(), "")).Draw(t, "status"),
			Load:       fleet.Load{JobsInFlight: rapid.IntMin(0).Draw(t, "jobs"), OldestJobAge: span("age"), PollLag: span("lag")},
		})
		f.Standbys = append(f.Standbys, fleet.Standby{Name: rapid.String().Draw(t, "standby"), Source: name, Readiness: job.Ready})
	}
	return f
}
