package simulation_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/recovery/simulation"
)

var join = flag.String("join", "", "files that -figures has written, as a pattern: judge them together")

// TestJoin is one verdict on histories that were run in parts, by the code as
// it is now:
//
//	go test -v -run TestJoin ./internal/recovery/simulation -join "$PWD/bin/histories-*.json" -complete
func TestJoin(t *testing.T) {
	if *join == "" {
		t.Skip("name the files: -join")
	}
	files, err := filepath.Glob(*join)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]*simulation.Figures{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parts[file] = simulation.NewFigures()
		if err := json.Unmarshal(body, parts[file]); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	total, others, err := simulation.Join(code(t), parts)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range others {
		t.Logf("left out, because it is of other code: %s", file)
	}
	if total.Histories == 0 {
		t.Fatalf("%s: no histories of this code", *join)
	}
	for _, v := range total.Violations {
		t.Error(v)
	}
	report(t, total, total.Took)
}

// code is a hash of all that histories are made of: the engine, the stand-ins
// and the oracle.
func code(t *testing.T) string {
	t.Helper()
	const mine = `{{with .Module}}{{if .Main}}{{range $.GoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}{{end}}{{end}}`
	list, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", mine, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	for _, file := range strings.Fields(string(list)) {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		hash.Write(body)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

// part is one, as it is read from its file.
func part(t *testing.T, first uint64, n int) *simulation.Figures {
	t.Helper()
	f, total := simulation.NewFigures(), simulation.NewFigures()
	synctest.Test(t, func(*testing.T) {
		for i := range n {
			simulation.Run(first+uint64(i), f, nil)
		}
	})
	total.Add(f)
	total.Seeds, total.Code = []simulation.Seeds{simulation.SeedsFrom(first, n)}, "this"
	total.Finish(1, nil)
	body, err := json.Marshal(total)
	read := simulation.NewFigures()
	if err == nil {
		err = json.Unmarshal(body, read)
	}
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// What parts have in their files is what one run would have.
func TestPartsAreAsOneRun(t *testing.T) {
	want := part(t, 1, 6)
	got, others, err := simulation.Join("this", map[string]*simulation.Figures{"b": part(t, 1, 2), "a": part(t, 3, 4), "old": {Code: "that"}})
	if err != nil || !slices.Equal(others, []string{"old"}) {
		t.Fatalf("left out %v: %v", others, err)
	}
	got.Finish(want.Took, nil)
	for _, f := range []*simulation.Figures{got, want} {
		f.Years = float64(int(f.Years * 1e6))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-one +parts:\n%s", diff)
	}
	if want.Years == 0 || want.Effects == 0 || len(want.Faults) == 0 || len(want.Transitions) == 0 {
		t.Errorf("too little to compare: %+v", want)
	}
}

func TestPartsThatCanNotBeJoined(t *testing.T) {
	part := func(first uint64, asked, ran int, violations ...string) *simulation.Figures {
		f := simulation.NewFigures()
		f.Seeds, f.Histories, f.Violations = []simulation.Seeds{simulation.SeedsFrom(first, asked)}, ran, violations
		return f
	}
	type files = map[string]*simulation.Figures
	for what, c := range map[string]struct {
		parts files
		want  string // the seeds, or of the error
	}{
		"a part twice":                 {files{"a": part(1, 50, 50), "b": part(1, 50, 50)}, "a has seeds 1-50, and b has 1-50"},
		"one in another":               {files{"a": part(1, 50, 50), "b": part(20, 5, 5)}, "a has seeds 1-50, and b has 20-24"},
		"the last seed twice":          {files{"a": part(50, 50, 50), "b": part(1, 50, 50)}, "b has seeds 1-50, and a has 50-99"},
		"a part that broke off":        {files{"a": part(1, 50, 40)}, "a has 40 histories of 50 seeds"},
		"a part that was ended":        {files{"a": part(1, 50, 40, "I1"), "b": part(51, 9, 9, "I2")}, "1-59"},
		"parts with a hole in between": {files{"a": part(1, 50, 50), "b": part(52, 9, 9)}, "1-50 52-60"},
	} {
		total, _, err := simulation.Join("", c.parts)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			var table bytes.Buffer
			total.Write(&table)
			got = table.String()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
		violations := 0
		for f := range maps.Values(c.parts) {
			violations += len(f.Violations)
		}
		if err == nil && len(total.Violations) != violations {
			t.Errorf("%s: violations %v", what, total.Violations)
		}
	}
}
