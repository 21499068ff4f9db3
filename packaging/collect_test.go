package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// app is a small function app; a package of it needs no build.
func app(t *testing.T, more map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"host.json": "{}", "LICENSE": "free", sampleName: "sample", "JobStep/function.json": "{}", "docs/operate.md": "no"}
	maps.Copy(files, more)
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCollectTakesWhatTheHostNeeds(t *testing.T) {
	c, err := collect(t.Context(), options{root: app(t, map[string]string{"JobStep/more/data.txt": "data", "host.json": "{1}"})})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"JobStep/function.json", "JobStep/more/data.txt", "LICENSE", "host.json", sampleName}
	if got := slices.Sorted(maps.Keys(c.files)); !slices.Equal(got, want) || c.planned || string(c.files["host.json"]) != "{1}" {
		t.Errorf("collect = %v, plan %v, want %v", got, c.planned, want)
	}
}

func TestCollectSaysWhatIsWrong(t *testing.T) {
	linked := app(t, nil)
	if err := os.Symlink("/etc/passwd", filepath.Join(linked, "JobStep", "data")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		o    options
		says string
	}{
		"another folder":        {options{root: t.TempDir()}, "there is no function folder"},
		"a link":                {options{root: linked}, "not a plain file"},
		"a plan that is gone":   {options{root: app(t, nil), plan: "/nowhere/lifeboat.yaml"}, "no such file"},
		"a plan with a mistake": {options{root: "..", plan: filepath.Join(app(t, map[string]string{"bad.yaml": "version: 1\nservice: {}\n"}), "bad.yaml")}, "bad.yaml:2:1"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := collect(t.Context(), c.o); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("collect: %v, want %q", err, c.says)
			}
		})
	}
}

func TestAPlanIsPackedInsteadOfTheSample(t *testing.T) {
	c, err := collect(t.Context(), options{root: "..", plan: "../" + sampleName})
	if err != nil {
		t.Fatal(err)
	}
	sample, err := os.ReadFile("../" + sampleName)
	if err != nil {
		t.Fatal(err)
	}
	if _, both := c.files[sampleName]; both || !c.planned || !bytes.Equal(c.files[planName], sample) {
		t.Errorf("planned %v, sample as well: %v, %d bytes of plan", c.planned, both, len(c.files[planName]))
	}
}

func TestIdentify(t *testing.T) {
	dir := t.TempDir()
	if _, err := identify(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "-version 1.2.0 -revision COMMIT") {
		t.Errorf("without git: %v", err)
	}
	do := func(args ...string) string {
		t.Helper()
		c := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"}, args...)...)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	do("init", "-q")
	do("commit", "-q", "--allow-empty", "-m", "one")
	one := do("rev-parse", "HEAD")
	expect := func(name string, want identity) {
		t.Helper()
		if got, err := identify(t.Context(), dir); err != nil || got != want || got.check() != nil {
			t.Errorf("%s: %+v, %v, %v, want %+v", name, got, err, got.check(), want)
		}
	}
	expect("no tag", identity{"0.0.0-g" + one[:12], one, false})
	do("tag", "v1.2.0")
	expect("a tag", identity{"1.2.0", one, false})
	do("commit", "-q", "--allow-empty", "-m", "two")
	two := do("rev-parse", "HEAD")
	do("tag", "nightly")
	expect("after a tag", identity{"1.2.0-1-g" + two[:12], two, false})
	if err := os.WriteFile(filepath.Join(dir, "new.go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	expect("a file that is in no commit", identity{"1.2.0-1-g" + two[:12] + "-modified", two, true})
}

func TestAnIdentityGoesIntoNamesAndCommandLines(t *testing.T) {
	for _, b := range []identity{
		{}, {version: "1.2.0"}, {version: "v1.2.0", revision: released.revision}, {version: "1.2.0/..", revision: released.revision},
		{version: "1.2.0 -X x=y", revision: released.revision}, {version: "1.2.0", revision: "main"},
	} {
		if b.check() == nil {
			t.Errorf("%+v is taken", b)
		}
	}
}

func TestOtherProcessorsAreRefused(t *testing.T) {
	if _, err := compile(t.Context(), options{root: ".."}, "riscv64", t.TempDir()); err == nil || !strings.Contains(err.Error(), "want amd64 or arm64") {
		t.Errorf("compile: %v", err)
	}
}
