package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const output = `goos: linux
goarch: amd64
pkg: lifeboat/bench
cpu: AMD EPYC
BenchmarkInvocation-2   	     200	         2.500 p50-ratio	         5.100 p99-ms
BenchmarkNight/memory/n=10-2         	       1	1022748652 ns/op	        16.00 arm/job
BenchmarkNight/memory-jitter=3h/n=10000-2       	       1	89364809591 ns/op	        17.00 arm/job
PASS
`

func TestAGoalIsMetMissedOrNotMeasured(t *testing.T) {
	r, err := read(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]verdict{}
	for _, v := range judge(r.Results) {
		got[v.Goal] = v
	}
	for what, want := range map[string]string{
		"handler: p50 within 3x of a bare echo":               "met",
		"handler: p99, ms":                                    "missed",
		"arm/job of 10,000 services in 3 h against 10, share": "missed",
		"start to ready: p50, ms":                             "not measured",
	} {
		if got[what].State != want {
			t.Errorf("%s: %+v, want %s", what, got[what], want)
		}
	}
	if share := got["arm/job of 10,000 services in 3 h against 10, share"].Got; share != 0.0625 {
		t.Errorf("share is %g, want 1/16", share)
	}
}

// Where learned polling saves too little is a goal like where it saves enough,
// for all durations that real operations have.
func TestEveryShapeIsAGoal(t *testing.T) {
	source, err := os.ReadFile("../polling_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, g := range goals() {
		names = append(names, g.name)
	}
	shapes := regexp.MustCompile(`\{name: "([^"]+)", draw:`).FindAllStringSubmatch(string(source), -1)
	for _, s := range shapes {
		if s[1] != "quick-4m" && !slices.Contains(names, s[1]+"/learned") {
			t.Errorf("%s is no goal", s[1])
		}
	}
	if len(shapes) < 10 {
		t.Errorf("%d shapes were found", len(shapes))
	}
}

func TestATableHasEveryFigure(t *testing.T) {
	dir := t.TempDir()
	markdown, data := filepath.Join(dir, "r.md"), filepath.Join(dir, "r.json")
	var out strings.Builder
	if err := run(strings.NewReader(output), &out, markdown, data, "make bench"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), output) {
		t.Error("the output was not passed on")
	}
	text, err := os.ReadFile(markdown)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"`make bench`", "AMD EPYC", "| memory/n=10             | 1022748652  | 16      |", "| memory-jitter=3h/n=10000 | 89364809591 | 17      |"} {
		if !strings.Contains(strings.Join(strings.Fields(string(text)), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	encoded, err := os.ReadFile(data)
	var r report
	if err == nil {
		err = json.Unmarshal(encoded, &r)
	}
	if err != nil || len(r.Results) != 3 || r.Results[2].Figures["arm/job"] != 17 || r.Results[2].Case != "memory-jitter=3h/n=10000" {
		t.Errorf("%v, %+v", err, r.Results)
	}
}

func TestHalfARunMakesNoTable(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":           "PASS\n",
		"a failure":         output + "--- FAIL: BenchmarkReady\n",
		"a package's":       output + "FAIL\tlifeboat/bench\t0.1s\n",
		"a figure, no unit": "BenchmarkX-2 \t 1 \t 5 ns/op \t 7\n",
	} {
		file := filepath.Join(t.TempDir(), "r.md")
		if err := run(strings.NewReader(in), new(strings.Builder), file, "", ""); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s: there is a table", name)
		}
	}
}
