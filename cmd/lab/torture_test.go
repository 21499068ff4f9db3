package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// brokenBinary builds the deployed binary with a piece of its source replaced.
func brokenBinary(t *testing.T, file, from, to string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and kills the binary")
	}
	dir := t.TempDir()
	whole, err := filepath.Abs(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), from); n != 1 {
		t.Fatalf("%s has the piece %d times, want once:\n%s", file, n, from)
	}
	broken, overlay, binary := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "lifeboat")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {whole: broken}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{broken: []byte(strings.Replace(string(source), from, to, 1)), overlay: text} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-overlay", overlay, "-o", binary, "lifeboat/cmd/lifeboat")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// Each of these binaries behaves well until it is killed at the wrong moment.
func TestTortureFindsWhatIsBroken(t *testing.T) {
	tests := []struct {
		name, file, from, to string
		says                 []string // one of them
		kills                int
	}{
		{
			"the request is sent before its intent is saved", "internal/recovery/start.go",
			"	err = e.Store.Save(ctx, move)\n	switch {", "	early := e.request(ctx, intent, at)\n	err = e.Store.Save(ctx, move)\n	defer func() { _ = e.answer(ctx, intent, at.Rules, early) }()\n	if err == nil {\n		return nil\n	}\n	switch {",
			[]string{"for the second time", "ARM answered 409 ServiceLocked", "has overwritten"}, 60,
		},
		{
			"a request is answered before its row is saved", "internal/recovery/request.go",
			"		return e.requestRestore(ctx, r)\n", "		go func() { time.Sleep(2 * time.Second); _ = e.requestRestore(context.WithoutCancel(ctx), r) }()\n		return nil\n",
			[]string{"was taken and has 0 jobs, want 1"}, 60,
		},
		{
			"a webhook's URL is logged", "cmd/lifeboat/serve.go",
			`	log.InfoContext(ctx, "ready",`, `	log.InfoContext(ctx, "ready", "hook", getenv("LAB_WEBHOOK_URL"),`,
			[]string{"a secret stands in the handler's log"}, 60,
		},
		{
			"a job's page shows what its operation is followed by", "internal/web/detail.go",
			`Reason: j.Reason,`, `Reason: j.Reason + j.Attempt.ResumeToken,`,
			[]string{"a secret stands in the status page?", "a secret stands in the API's state?"}, 30,
		},
		{
			"every job is over when it should begin", "internal/job/event.go",
			"	if now.Add(rules.Settling).After(j.Deadline) {\n", "	if !j.CreatedAt.After(now) {\n		return j.expire(now), nil\n	}\n	if now.Add(rules.Settling).After(j.Deadline) {\n",
			[]string{"is Failed, want Succeeded: DeadlineExceeded"}, 30,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := tortureOptions{app: "../..", kills: tt.kills, seed: 1, quick: true, binary: brokenBinary(t, tt.file, tt.from, tt.to)}
			var progress strings.Builder
			r, err := tortured(t.Context(), o, &progress)
			if err != nil {
				t.Fatalf("%v\n%s", err, progress.String())
			}
			wrong := strings.Join(r.Wrong, "\n")
			said := func(words string) bool { return strings.Contains(wrong, words) }
			if r.OK || !slices.ContainsFunc(tt.says, said) {
				t.Errorf("wrong = %q, want one of %q", wrong, tt.says)
			}
		})
	}
}

func TestJobsMustEndWell(t *testing.T) {
	at := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	row := func(kind, source, state, code string) jobRow {
		return jobRow{id: kind, kind: kind, state: state, code: code, ended: at, order: order{Source: source}}
	}
	done := []jobRow{row(backupKind, "", "Succeeded", ""), row(restoreKind, asked, "Succeeded", "")}
	done[0].service = "weu"
	waited := func(service string) jobRow {
		j := row(backupKind, "", "Failed", "DeadlineExceeded")
		j.service, j.created, j.message = service, at.Add(-time.Minute), "not done by its deadline, while Pending: another job operates on the service"
		return j
	}
	tests := []struct {
		name  string
		jobs  []jobRow
		kills int
		want  []string // pieces of what is said
	}{
		{"everything succeeded", done, 1000, nil},
		{"an alert resolved", append(done, row(restoreKind, alarms, "Canceled", "Resolved")), 1000, nil},
		{"a person called a restore off", append(done, row(restoreKind, asked, "Canceled", "Canceled")), 1000, nil},
		{"a gateway was healed before its restore began", append(done, row(restoreKind, alarms, "Failed", "GateRefused")), 1000, nil},
		{"a gate refuses a person", append(done, row(restoreKind, asked, "Failed", "GateRefused")), 1000, []string{"GateRefused"}},
		{"an approval was rejected", append(done, row(restoreKind, asked, "Canceled", "Rejected")), 1000, []string{"Rejected"}},
		{"a restore can't be decided", append(done, row(restoreKind, asked, "Failed", "OutcomeUnknown")), 1, []string{"OutcomeUnknown"}},
		{"a backup was canceled", append(done, row(backupKind, "", "Canceled", "Canceled")), 1, []string{"Canceled"}},
		{"a backup took too long", append(done, row(backupKind, "", "Failed", "DeadlineExceeded")), 1, []string{"DeadlineExceeded"}},
		{"a backup waited behind another", append(done, waited("weu")), 1, nil},
		{"a backup waited behind nobody", append(done, waited("neu")), 1, []string{"another job operates"}},
		{"nothing was done", nil, enoughForJobs, []string{"no Backup succeeded in 60 kills", "no Restore succeeded in 60 kills"}},
		{"there was no time for anything", nil, enoughForJobs - 1, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := outcome{jobs: tt.jobs}.endedWell(tt.kills)
			if len(got) != len(tt.want) {
				t.Fatalf("wrong = %q, want %q", got, tt.want)
			}
			for i, piece := range tt.want {
				if !strings.Contains(got[i], piece) {
					t.Errorf("wrong = %q, want %q", got, tt.want)
				}
			}
		})
	}
}

func TestAKindThatIsSparedIsToldOf(t *testing.T) {
	k := newStrikes(1)
	k.total = enoughForKinds
	k.met = map[string]int{"webhook": oftenMet, "heartbeat": oftenMet, "arm GET roles": oftenMet - 1}
	k.hit["heartbeat"] = map[moment]int{after: 1}
	k.over()
	k.met["end of Metrics"] = oftenMet // when all was over
	if got, want := k.spared(), []string{"webhook came 500 times and was struck by none of 1000 kills"}; !slices.Equal(got, want) {
		t.Errorf("spared() = %q, want %q", got, want)
	}
	k.total--
	if got := k.spared(); got != nil {
		t.Errorf("spared() = %q after few kills, want none", got)
	}
}
