package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// offers are what Tab offers after words, without descriptions.
func (w *world) offers(words ...string) (all []string) {
	w.t.Helper()
	a := w.did(exitDone, append([]string{"__complete"}, words...)...)
	for line := range strings.Lines(a.stdout) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, ":") {
			name, _, _ := strings.Cut(line, "\t")
			all = append(all, name)
		}
	}
	if !strings.Contains(a.stdout, "\n:4\n") && !strings.HasPrefix(a.stdout, ":4\n") { // no files
		w.t.Errorf("%q: files are offered:\n%s", words, a.stdout)
	}
	return all
}

func TestCompletion(t *testing.T) {
	afterBackups(t, 2, func(w *world) {
		now := time.Now()
		waits := job.NewRestore("apim-neu", "waits", job.RestoreOrder{Source: "apim-weu", By: "bob"}, job.Rules{}, now)
		waits.State = job.AwaitingApproval
		runs := job.NewRestore("apim-neu", "runs", job.RestoreOrder{Source: "apim-weu", By: "bob"}, job.Rules{}, now)
		runs.State = job.InProgress
		for _, j := range []job.Job{waits, runs} {
			w.must(w.store().Create(w.t.Context(), j, job.SummaryMove{}))
		}
		points := w.points()
		w.did(exitDone, "hold", "apim-weu", points[1], "--reason", "audit")
		jobs := []string{runs.ID, waits.ID}
		for _, p := range points {
			jobs = append(jobs, strings.TrimSuffix(p, "-a1.apimbackup"))
		}
		for _, tt := range []struct {
			words string
			want  []string
		}{
			{"backup ", []string{"apim-weu"}}, {"status ", []string{"apim-weu"}}, {"check ", []string{"apim-weu"}}, {"backup apim-weu ", nil},
			{"restore apim-weu --to ", []string{"apim-neu"}}, {"restore apim-weu --point ", points}, {"restore --to ", nil},
			{"maintenance apim-weu ", []string{"on", "off"}},
			{"hold apim-weu ", points}, {"release apim-weu ", points[1:]}, {"hold apim-xyz ", nil},
			{"approve ", []string{waits.ID}}, {"cancel ", []string{waits.ID}}, {"resume ", []string{runs.ID, waits.ID}}, {"job ", jobs},
		} {
			got := w.offers(strings.Split(tt.words, " ")...)
			slices.Sort(got)
			want := slices.Sorted(slices.Values(tt.want))
			if !slices.Equal(got, want) {
				t.Errorf("after %q: %q, want %q", tt.words, got, want)
			}
		}

		// The plan is a file here; the table may be away, for long.
		w.azure.Tap.Inject(wire.Fault{Service: emulator.ServiceTable, Kind: wire.Slow, Delay: time.Hour})
		began := time.Now()
		if got := append(w.offers("job", ""), w.offers("hold", "apim-weu", "")...); len(got) != 0 {
			t.Errorf("without a table: %q", got)
		}
		if took := time.Since(began); took > 2*completeWithin {
			t.Errorf("Tab took %s", took)
		}
		delete(w.env, "StateStorage")
		if got := w.offers("backup", ""); !slices.Equal(got, []string{"apim-weu"}) {
			t.Errorf("without settings: %q", got)
		}
		w.env["LIFEBOAT_PLAN"] = "/nowhere.yaml"
		if got := append(w.offers("backup", ""), w.offers("job", "")...); len(got) != 0 {
			t.Errorf("without a plan: %q", got)
		}
	})
}
