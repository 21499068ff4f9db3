package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
			"a webhook's URL is logged", "cmd/lifeboat/serve.go",
			`	log.InfoContext(ctx, "ready",`, `	log.InfoContext(ctx, "ready", "hook", getenv("LAB_WEBHOOK_URL"),`,
			[]string{"a secret stands in the handler's log"}, 60,
		},
		{
			"a job's page shows what its operation is followed by", "internal/web/detail.go",
			`Reason: j.Reason,`, `Reason: j.Reason + j.Attempt.ResumeToken,`,
			[]string{"a secret stands in the status page?", "a secret stands in the API's state?"}, 30,
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
