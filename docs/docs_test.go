// Package docs_test holds the documentation to the code: every name that an
// operator may meet is explained, and nothing is explained that there is not.
package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lifeboat/internal/job"
)

const root = ".."

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// firstCell is a name in the first column of a table.
var firstCell = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// explained are the names in the first column under a heading of operate.md.
func explained(t *testing.T, heading string) []string {
	t.Helper()
	_, text, found := strings.Cut(read(t, "operate.md"), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("operate.md has no heading %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	var names []string
	for _, m := range firstCell.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

// parse reads the Go files of a package, without its tests.
func parse(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// constants are the values of a package's constants that want chooses by name
// and declared type.
func constants(t *testing.T, dir string, want func(name, kind string) bool) []string {
	t.Helper()
	var values []string
	for _, f := range parse(t, dir) {
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			kind := ""
			if id, ok := v.Type.(*ast.Ident); ok {
				kind = id.Name
			}
			if l, ok := v.Values[0].(*ast.BasicLit); ok && want(v.Names[0].Name, kind) {
				values = append(values, literal(l))
			}
			return true
		})
	}
	return values
}

// literal is a constant's value as text.
func literal(l *ast.BasicLit) string {
	if text, err := strconv.Unquote(l.Value); err == nil {
		return text
	}
	return l.Value
}

// checkNames are the names that preflight gives to its verdicts.
func checkNames(t *testing.T) []string {
	names := constants(t, "internal/preflight", func(name, _ string) bool { return name == "check" })
	at := map[string]int{"ok": 0, "verdict": 1, "unseen": 0}
	for _, f := range parse(t, "internal/preflight") {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if id, ok := call.Fun.(*ast.Ident); ok {
				if i, known := at[id.Name]; known && i < len(call.Args) {
					if l, ok := call.Args[i].(*ast.BasicLit); ok {
						names = append(names, literal(l))
					}
				}
			}
			return true
		})
	}
	return names
}

func noticeTypes() (names []string) {
	for _, n := range job.NoticeTypes() {
		names = append(names, string(n))
	}
	return names
}

// Both ways: what the code has is explained, and what is explained is there.
func TestOperateExplainsEveryName(t *testing.T) {
	for heading, want := range map[string][]string{
		"Notices":    noticeTypes(),
		"Codes":      constants(t, "internal/job", func(name, _ string) bool { return strings.HasPrefix(name, "Code") }),
		"Gates":      constants(t, "internal/gate", func(_, kind string) bool { return kind == "Name" }),
		"Checks":     checkNames(t),
		"Exit codes": constants(t, "cmd/lifeboat", func(name, _ string) bool { return exitName.MatchString(name) }),
		"Commands":   commandNames(t),
	} {
		t.Run(heading, func(t *testing.T) {
			got := explained(t, heading)
			if len(want) < 5 {
				t.Fatalf("only %q found in the code", want)
			}
			for _, name := range want {
				if !slices.Contains(got, name) {
					t.Errorf("operate.md does not explain %q", name)
				}
			}
			for i, name := range got {
				if !slices.Contains(want, name) {
					t.Errorf("operate.md explains %q, and the code has no such thing", name)
				}
				if slices.Contains(got[:i], name) {
					t.Errorf("operate.md explains %q twice", name)
				}
			}
		})
	}
}

var exitName = regexp.MustCompile(`^exit[A-Z]`)

// pages are README and everything in docs.
func pages(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.md")
	if err != nil || len(files) < 5 {
		t.Fatalf("pages: %v, %v", files, err)
	}
	all := map[string]string{}
	for _, file := range append(files, filepath.Join(root, "README.md")) {
		all[file] = read(t, file)
	}
	return all
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	links := 0
	for file, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			path, anchor, _ := strings.Cut(m[1], "#")
			target := file
			if path != "" {
				target = filepath.Join(filepath.Dir(file), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			} else if anchor != "" && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s links to %s, which has no such heading", file, m[1])
			}
		}
	}
	if links < 10 {
		t.Errorf("only %d links were found", links)
	}
}

var (
	headingLine = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInAnchor = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// anchors are the headings as a link names them.
func anchors(text string) (names []string) {
	for _, m := range headingLine.FindAllStringSubmatch(text, -1) {
		names = append(names, strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return names
}

// Every setting, action or file that is named as a path of the repository is
// there.
func TestPathsInCodeAreThere(t *testing.T) {
	path := regexp.MustCompile("`((?:infra|internal|cmd|docs|handlers|bench|conformance|packaging)/[A-Za-z0-9_./-]*)`")
	for file, text := range pages(t) {
		for _, m := range path.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s names %s: %v", file, m[1], err)
			}
		}
	}
}

// bin holds the two programs.
var bin string

func TestMain(m *testing.M) {
	code, err := withBinaries(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withBinaries(run func() int) (code int, err error) {
	if bin, err = os.MkdirTemp("", "lifeboat-docs-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(bin)
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./cmd/lifeboat", "./cmd/lab")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return run(), nil
}

// commandNames are those that lifeboat's own completion offers, and its help
// topics.
func commandNames(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command(filepath.Join(bin, "lifeboat"), "__complete", "").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{"exit-codes": true}
	for line := range strings.Lines(string(out)) {
		if name, _, found := strings.Cut(line, "\t"); found && name != "help" && name != "completion" {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
