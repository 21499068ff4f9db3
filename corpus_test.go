package lifeboat_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// What fuzzing has found to be worth a try is tried by every test run, so each
// target keeps some of it, and keeps it small.
func TestEveryFuzzTargetKeepsACorpus(t *testing.T) {
	targets := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, match := range fuzzTarget.FindAllSubmatch(source, -1) {
			targets++
			corpus(t, filepath.Join(filepath.Dir(path), "testdata", "fuzz", string(match[1])))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if targets == 0 {
		t.Error("no fuzz target found")
	}
}

func corpus(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Errorf("%s keeps no input: fuzz, and copy some from $(go env GOCACHE)/fuzz", dir)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Size() > 4<<10 {
			t.Errorf("%s: %v, want at most 4 KiB", filepath.Join(dir, file.Name()), err)
		}
	}
}
