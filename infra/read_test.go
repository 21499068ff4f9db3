package infra_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// tree is every Bicep file, by its name.
type tree map[string]source

func (t tree) names() []string { return slices.Sorted(maps.Keys(t)) }

// bicepFiles are the names of those in this folder.
func bicepFiles(t *testing.T) []string {
	t.Helper()
	top, err := filepath.Glob("*.bicep")
	if err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Glob("modules/*.bicep")
	if err != nil {
		t.Fatal(err)
	}
	return append(top, modules...)
}

// readTree reads every Bicep file.
func readTree(t *testing.T) tree {
	t.Helper()
	all := tree{}
	for i, s := range read(t, ".", bicepFiles(t)) {
		all[bicepFiles(t)[i]] = s
	}
	return all
}

const reader = "../conformance/bicep"

// read has the files parsed. Without node or the grammar the test is skipped,
// and in CI it fails.
func read(t *testing.T, dir string, files []string) []source {
	t.Helper()
	node := needGrammar(t)
	script, err := filepath.Abs(filepath.Join(reader, "syntax.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, append([]string{script}, files...)...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("read the Bicep files: %v", err)
	}
	var all []source
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatalf("read the Bicep files: %v", err)
	}
	for i := range all {
		all[i].banned = bannedIn(all[i].Text)
	}
	return all
}

func needGrammar(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join(reader, "node_modules", "tree-sitter-bicep", "package.json"))
	}
	switch {
	case err == nil:
		return node
	case os.Getenv("CI") != "":
		t.Fatalf("the Bicep files were not read: %v", err)
	}
	t.Skipf("THE BICEP FILES WERE NOT READ: %v. Install node 20 or later, then: npm ci --prefix conformance/bicep", err)
	return ""
}
