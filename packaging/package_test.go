package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
)

// released is what the test's packages say they are.
var released = identity{version: "1.2.0", revision: strings.Repeat("0123456789", 4)}

// sources copies what a package is made of into a folder of its own.
func sources(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	folders, err := filepath.Glob("../*/function.json")
	if err != nil || len(folders) == 0 {
		t.Fatalf("function folders: %v, %v", folders, err)
	}
	for i, file := range folders {
		folders[i] = filepath.Base(filepath.Dir(file))
	}
	for _, folder := range append(folders, "cmd", "internal", "handlers", "infra") {
		if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join("..", folder))); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"go.mod", "go.sum", "host.json", "LICENSE", sampleName} {
		copyFile(t, filepath.Join("..", file), filepath.Join(dir, file))
	}
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// packed makes a package for this machine's processor from the sources in
// root, and returns the folder with it and what was said.
func packed(t *testing.T, root string) (dir, warnings string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "dist")
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), options{root: root, out: dir, archs: []string{runtime.GOARCH}, build: released}, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	return dir, stderr.String()
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var (
	stem    = "lifeboat-1.2.0-linux-" + runtime.GOARCH
	outputs = []string{stem + ".cdx.json", stem + ".zip"}
)

// One package is made twice, in two folders, and then looked at from all sides.
func TestPackage(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binaries")
	}
	first, warnings := packed(t, sources(t))
	if warnings != withoutPlan+"\n" {
		t.Errorf("without a plan it says %q", warnings)
	}
	t.Run("a second folder gives the same bytes", func(t *testing.T) {
		second, _ := packed(t, sources(t))
		for _, name := range append(outputs, "SHA256SUMS") {
			if a, b := read(t, first, name), read(t, second, name); !bytes.Equal(a, b) {
				t.Errorf("%s: %x and %x", name, sha256.Sum256(a), sha256.Sum256(b))
			}
		}
	})
	t.Run("the zip", func(t *testing.T) { checkEntries(t, first) })
	t.Run("the SBOM", func(t *testing.T) { checkSBOM(t, first) })
	t.Run("the sums", func(t *testing.T) {
		want := ""
		for _, name := range outputs {
			want += fmt.Sprintf("%x  %s\n", sha256.Sum256(read(t, first, name)), name)
		}
		if got := string(read(t, first, "SHA256SUMS")); got != want {
			t.Errorf("SHA256SUMS:\n%swant\n%s", got, want)
		}
	})
	t.Run("the lab plays a night from it", func(t *testing.T) { playFrom(t, first) })
}

func openZip(t *testing.T, dir string) *zip.ReadCloser {
	t.Helper()
	z, err := zip.OpenReader(filepath.Join(dir, stem+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = z.Close() })
	return z
}

func checkEntries(t *testing.T, dir string) {
	var names []string
	for _, f := range openZip(t, dir).File {
		names = append(names, f.Name)
		want := fs.FileMode(0o644)
		if f.Name == "bin/lifeboat" {
			want = 0o755
		}
		if f.Mode() != want || !f.Modified.Equal(epoch) {
			t.Errorf("%s: mode %v, time %v, want %v and %v", f.Name, f.Mode(), f.Modified, want, epoch)
		}
	}
	want := []string{"bin/lifeboat", "host.json", "LICENSE", "THIRD-PARTY-NOTICES.txt", "lifeboat.sample.yaml"}
	functions, _ := filepath.Glob("../*/function.json") // the pattern is good
	for _, file := range functions {
		want = append(want, filepath.ToSlash(strings.TrimPrefix(file, ".."+string(filepath.Separator))))
	}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("the zip holds\n%s\nwant\n%s", names, want)
	}
}

func checkSBOM(t *testing.T, dir string) {
	text := read(t, dir, stem+".cdx.json")
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(text), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	if bom.SerialNumber != "" || bom.Metadata.Timestamp != "" {
		t.Errorf("serial number %q and time %q can't be reproduced", bom.SerialNumber, bom.Metadata.Timestamp)
	}
	app := unpack(t, dir)
	b, err := readBinary(filepath.Join(app, binaryName))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := (*bom.Metadata.Component.Hashes)[0].Value, fmt.Sprintf("%x", sha256.Sum256(b.content)); got != want {
		t.Errorf("the SBOM is of %s, the binary is %s", got, want)
	}
	var got, want []string
	for _, c := range *bom.Components {
		got = append(got, c.PackageURL)
	}
	want = append(want, "pkg:golang/stdlib@"+strings.TrimPrefix(runtime.Version(), "go"))
	for _, m := range b.modules() {
		want = append(want, "pkg:golang/"+m.Path+"@"+m.Version)
	}
	if len(want) < 20 || !slices.Equal(got, want) {
		t.Errorf("the SBOM lists\n%s\nwant\n%s", got, want)
	}
	if refs := (*bom.Dependencies)[0]; refs.Ref != ref || !slices.Equal(*refs.Dependencies, got) {
		t.Errorf("dependencies = %v", refs)
	}
	notices := read(t, app, noticesName)
	for _, m := range b.modules() {
		if !bytes.Contains(notices, []byte("==== "+m.Path+" "+m.Version+" ====\n")) {
			t.Errorf("there is no licence of %s", m.Path)
		}
	}
}

// unpack puts the package into an empty folder, as the host does.
func unpack(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	z := openZip(t, dir)
	for _, f := range z.File {
		text, err := fs.ReadFile(z, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(to, f.Name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, f.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func playFrom(t *testing.T, dir string) {
	if runtime.GOOS != "linux" {
		t.Skip("the package's binary is for Linux")
	}
	app := unpack(t, dir)
	version, err := exec.Command(filepath.Join(app, "bin", "lifeboat"), "version", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var is struct {
		Version, Revision, Go, Platform string
		Modified                        bool
	}
	if err := json.Unmarshal(version, &is); err != nil || is.Version != released.version || is.Revision != released.revision || is.Modified || is.Go != runtime.Version() || is.Platform != "linux/"+runtime.GOARCH {
		t.Errorf("lifeboat version says %s, %v", version, err)
	}
	lab := filepath.Join(t.TempDir(), "lab")
	if out, err := goCommand(t.Context(), "..", nil, "build", "-o", lab, "./cmd/lab").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	play := exec.Command(lab, "play", "nightly", "--app", app)
	play.Dir = t.TempDir()
	if out, err := play.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("everything is as it must be")) {
		t.Errorf("lab play nightly --app: %v\n%s", err, out)
	}
}
