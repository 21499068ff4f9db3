package main

import (
	"strings"
	"testing"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// pairPlan protects the standby, too.
var pairPlan = worldPlan + `  apim-neu:
    resourceId: ` + sampleID + `apim-neu
`

// A word about a service that serves for another is not sent: it would change
// nothing of that. Nor is a failback promised that nothing can bring.
func TestAckOfTheWrongName(t *testing.T) {
	inWorld(t, pairPlan, true, func(w *world) {
		source, since, none := "apim-weu", time.Now(), ""
		w.must(w.store().Note(t.Context(), "apim-neu", job.SummaryMove{ServingFor: &source, ServingSince: &since}))
		for _, tt := range []struct {
			flags []string
			want  string
		}{
			{[]string{"--outcome", "failback"}, "apim-neu serves for apim-weu: lifeboat ack apim-weu --outcome failback\n"},
			{[]string{"--outcome", "promote", "--direct"}, "apim-neu serves for apim-weu: lifeboat ack apim-weu --outcome promote\n"},
			{nil, "apim-neu serves for apim-weu: lifeboat ack apim-weu\n"},
		} {
			a := w.did(exitError, append([]string{"ack", "apim-neu"}, tt.flags...)...)
			if !strings.Contains(a.stderr, tt.want) || a.stdout != "" {
				t.Errorf("%q:\n%s%s", tt.flags, a.stdout, a.stderr)
			}
		}
		if active, _, _ := w.azure.Broker.Counts(emulator.RequestQueue); active != 0 {
			t.Errorf("%d messages were sent", active)
		}

		// Its own incident can be acknowledged all the same.
		incident := "apim-neu-incx"
		w.must(w.store().Note(t.Context(), "apim-neu", job.SummaryMove{Incident: &incident}))
		if a := w.did(exitDone, "ack", "apim-neu"); !strings.Contains(a.stdout, "It goes on serving for apim-weu.") {
			t.Errorf("stdout:\n%s", a.stdout)
		}
		w.must(w.store().Note(t.Context(), "apim-neu", job.SummaryMove{Incident: &none}))

		if a := w.did(exitDone, "ack", "apim-weu", "--direct", "--outcome", "failback"); !strings.Contains(a.stdout, "its standby becomes one again") {
			t.Errorf("of what serves:\n%s", a.stdout)
		}
		for _, outcome := range []string{"failback", "promote"} {
			if a := w.did(exitDone, "ack", "apim-weu", "--direct", "--outcome", outcome); !strings.Contains(a.stdout, noneServes) {
				t.Errorf("%s of what does not serve:\n%s", outcome, a.stdout)
			}
		}
		defer w.azure.Tap.Inject(wire.Fault{Service: emulator.ServiceTable, Kind: wire.Instead})()
		if a := w.did(exitDone, "ack", "apim-weu", "--outcome", "failback"); !strings.Contains(a.stdout, "Its standby, if one serves, becomes one again") {
			t.Errorf("without the table:\n%s", a.stdout)
		}
	})
}

// Whoever looks at what serves is told, and told once where all are looked at.
func TestStatusOfWhatServes(t *testing.T) {
	inWorld(t, pairPlan, true, func(w *world) {
		source, since := "apim-weu", time.Now()
		w.must(w.store().Note(t.Context(), "apim-neu", job.SummaryMove{ServingFor: &source, ServingSince: &since}))
		a := w.did(exitError, "status", "apim-neu")
		if want := "apim-neu: serves for apim-weu since 2000-01-01 00:00 UTC; when that is over: lifeboat ack apim-weu --outcome failback, or promote"; !strings.Contains(a.stdout, want) {
			t.Errorf("stdout:\n%s", a.stdout)
		}
		if s := decoded[statusReport](w, exitError, "status", "apim-neu").Services[0]; s.Serving != source || s.Since == nil {
			t.Errorf("status = %+v", s)
		}
		if a := w.did(exitError, "status"); strings.Count(a.stdout, "serves for apim-weu since") != 1 {
			t.Errorf("of all:\n%s", a.stdout)
		}
	})
}

// One that was promoted keeps its mark, and is a service of its own once the
// plan says so.
func TestAckOfWhatWasPromoted(t *testing.T) {
	promoted := strings.Replace(pairPlan, "    standbys: {apim-neu: {resourceId: "+sampleID+"apim-neu}}\n    failover: {mode: approve, rules: [apim-weu-down], approvers: the platform team}\n", "", 1)
	inWorld(t, promoted, true, func(w *world) {
		source, since := "apim-weu", time.Now()
		w.must(w.store().Note(t.Context(), "apim-neu", job.SummaryMove{ServingFor: &source, ServingSince: &since}))
		if a := w.did(exitDone, "ack", "apim-neu", "--direct", "--outcome", "failback"); !strings.Contains(a.stdout, noneServes) {
			t.Errorf("stdout:\n%s", a.stdout)
		}
		if a := w.did(exitError, "status", "apim-neu"); strings.Contains(a.stdout, "serves for") {
			t.Errorf("stdout:\n%s", a.stdout)
		}
	})
}
