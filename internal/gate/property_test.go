package gate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// mostly draws good three times out of four, so that decisions pass often
// enough to be worth checking, and one of others otherwise.
func mostly[T any](t *rapid.T, label string, good T, others ...T) T {
	if rapid.IntRange(0, 3*len(others)).Draw(t, label+"?") > 0 {
		return good
	}
	return rapid.SampledFrom(others).Draw(t, label)
}

var moments = []time.Time{
	{}, now, now.Add(-time.Second), now.Add(time.Second), now.Add(-5 * time.Minute), now.Add(5 * time.Minute), now.Add(-time.Hour),
	now.Add(time.Hour), now.Add(-40 * 24 * time.Hour), time.Unix(0, 0), time.Unix(1<<62, 0), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
}

var spans = []time.Duration{0, time.Second, time.Hour, 48 * time.Hour, -time.Hour, 1<<63 - 1, -1 << 63}

func drawWorld(t *rapid.T) world {
	w := rapid.SampledFrom([]func() world{alerted, asked, refreshed}).Draw(t, "from")()
	for range rapid.IntRange(0, 4).Draw(t, "changes") {
		g := rapid.SampledFrom(scenes).Draw(t, "gate")
		rapid.SampledFrom(g.scenes).Draw(t, "scene").change(&w)
	}
	w.p.Mode = mostly(t, "mode", w.p.Mode, "", Off, Approve, Auto)
	w.p.MinFor = mostly(t, "minFor", w.p.MinFor, spans...)
	w.p.Cooldown = mostly(t, "cooldown", w.p.Cooldown, spans...)
	w.p.MaxPointAge = mostly(t, "maxPointAge", w.p.MaxPointAge, spans...)
	w.r.Automatic = mostly(t, "automatic", w.r.Automatic, true, false)
	w.r.Requester = mostly(t, "requester", w.r.Requester, "", w.f.Approval.By, strings.ToUpper(w.f.Approval.By))
	for label, at := range map[string]*time.Time{
		"firedAt": &w.r.FiredAt, "probed": &w.f.Probe.At, "maintained": &w.f.Maintenance.Until, "source": &w.f.SourceFailover.At,
		"target": &w.f.TargetFailover.At, "started": &w.f.Point.Started, "until": &w.f.Point.RestorableUntil,
		"approved": &w.f.Approval.At, "expires": &w.f.Approval.Expires,
	} {
		*at = mostly(t, label, *at, moments...)
	}
	return w
}

// The properties that matter, said a second time and differently.
func TestNothingPassesThatInvariantsForbid(t *testing.T) {
	passes := 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		d := w.evaluate()
		wellFormed(t, d, failover)
		if d.Outcome == Passed {
			passes++
			held(t, w)
			answered(t, w)
		}
	})
	if passes == 0 {
		t.Error("no decision passed: the property says nothing")
	}
}

func TestNoRefreshPassesThatInvariantsForbid(t *testing.T) {
	passes := 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		d := w.warm()
		wellFormed(t, d, warm)
		if d.Outcome == Passed {
			passes++
			w.r.Automatic = true
			held(t, w)
			if w.f.Incident.State == IncidentOpen || w.f.Target.Wanted != No {
				t.Fatalf("does not yield: %+v", w.f)
			}
		}
	})
	if passes == 0 {
		t.Error("no refresh passed: the property says nothing")
	}
}

func wellFormed(t *rapid.T, d Decision, gates []gate) {
	if len(d.Verdicts) != len(gates) {
		t.Fatalf("%d verdicts of %d gates", len(d.Verdicts), len(gates))
	}
	worst := Passed
	for i, v := range d.Verdicts {
		if v.Gate != gates[i].name || v.Sentence == "" || strings.Contains(v.Sentence, "%!") || strings.ContainsAny(v.Sentence, "\n\r") {
			t.Fatalf("verdict %d = %+v", i, v)
		}
		if v.Outcome == Waits && v.Until.IsZero() {
			t.Fatalf("%s waits for nothing", v.Gate)
		}
		if v.Outcome.rank() > worst.rank() {
			worst = v.Outcome
		}
	}
	if d.Outcome != worst || d.Outcome == Waits && d.Until.IsZero() {
		t.Fatalf("decision = %s until %s, worst verdict = %s", d.Outcome, d.Until, worst)
	}
}

// held are the conditions on the target and the backup.
func held(t *rapid.T, w world) {
	target, point := w.f.Target, w.f.Point
	for what, ok := range map[string]bool{
		"not serving":    target.Serving == No,
		"not the source": w.r.Source != w.r.Target && target.ResourceID != w.f.Source.ResourceID,
		"a standby":      slices.Contains(w.p.Standbys, w.r.Target),
		"ready":          target.Exists == Yes && target.ProvisioningState == "Succeeded",
		"free":           target.Leased == No || target.LeasedBy == w.r.Job && w.r.Job != "",
		"same tier":      point.Tier == target.Tier && slices.Contains(classic, point.Tier),
		"a backup":       point.Found == Yes && point.Service == w.r.Source && point.RestorableUntil.After(now),
	} {
		if !ok {
			t.Fatalf("passes, but not %s: %+v", what, w)
		}
	}
}

// answered are the conditions on who asks, why and when.
func answered(t *rapid.T, w world) {
	a, m := w.f.Approval, w.f.Maintenance
	same := strings.EqualFold(strings.TrimSpace(a.By), strings.TrimSpace(w.r.Requester))
	within := func(f Failover) bool {
		return f.Happened == No || f.Acknowledged || !f.At.IsZero() && !f.At.Add(w.p.Cooldown).After(now)
	}
	for what, ok := range map[string]bool{
		"approved":     w.p.Mode == Auto || a.Given == Yes && a.Expires.After(now) && a.By != "" && !same && a.Job == w.r.Job,
		"cooled down":  within(w.f.SourceFailover) && within(w.f.TargetFailover),
		"one attempt":  w.f.Incident.Attempt == "" || w.f.Incident.Attempt == w.r.Job,
		"by an alert":  !w.r.Automatic || w.p.Mode != Off && slices.Contains(w.p.Rules, w.r.Rule) && w.f.Incident.State == IncidentOpen,
		"down":         !w.r.Automatic || w.f.Probe.Health == Unhealthy || w.f.Probe.Health == Unreachable,
		"expected up":  !w.r.Automatic || m.On == No || m.On == Yes && !m.Until.IsZero() && !m.Until.After(now),
		"asked":        w.f.Probe.Health != "" && now.Sub(w.f.Probe.At) <= ProbeFresh,
		"lasting":      !w.r.Automatic || !now.Before(w.r.FiredAt.Add(w.p.MinFor)),
		"recent":       !w.r.Automatic || w.p.MaxPointAge <= 0 || now.Sub(w.f.Point.Started) <= w.p.MaxPointAge,
		"with a name":  w.r.Automatic || strings.TrimSpace(w.r.Requester) != "",
		"not too soon": !w.f.Point.Started.After(now.Add(skew)),
	} {
		if !ok {
			t.Fatalf("passes, but not %s: %+v", what, w)
		}
	}
}

// Whatever fact changes from good to bad, nothing passes.
func TestOneBadFactIsEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.SampledFrom(scenes).Draw(t, "gate")
		s := rapid.SampledFrom(g.scenes).Draw(t, "scene")
		w := s.from()
		s.change(&w)
		if d := w.evaluate(); s.want != Passed && s.want != warning && d.Outcome == Passed {
			t.Fatalf("%s, %s: passes", g.gate, s.name)
		}
	})
}
