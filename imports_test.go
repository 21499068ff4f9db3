// Package lifeboat_test holds the whole tree to its architecture.
package lifeboat_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// packages lists every package of the module with what it imports.
func packages(t *testing.T) map[string]goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]goPackage{}
	d := json.NewDecoder(strings.NewReader(string(out)))
	for d.More() {
		var p goPackage
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
	return all
}

func standard(path string) bool {
	return !strings.Contains(strings.Split(path, "/")[0], ".") && !own(path)
}
func own(path string) bool { return path == "lifeboat" || strings.HasPrefix(path, "lifeboat/") }
func under(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

// adapters are the packages that speak with Azure.
var adapters = []string{"lifeboat/internal/apim", "lifeboat/internal/tablestore", "lifeboat/internal/blobstore", "lifeboat/internal/servicebus"}

func TestImportsPointInwards(t *testing.T) {
	all := packages(t)
	rules := []struct {
		pkg   string
		why   string
		allow func(path string) bool
	}{
		{"lifeboat/internal/job", "the pure core imports the standard library only, without I/O", func(p string) bool {
			return standard(p) && !under(p, "net") && p != "context" && p != "log/slog" && p != "os"
		}},
		{"lifeboat/internal/gate", "gates are pure: the standard library only, without I/O", func(p string) bool {
			return standard(p) && !under(p, "net") && p != "context" && p != "log/slog" && p != "os"
		}},
		{"lifeboat/internal/retention", "retention is pure: the core, without I/O", func(p string) bool {
			return standard(p) && !under(p, "net") && p != "context" && p != "log/slog" && p != "os" || p == "lifeboat/internal/job"
		}},
		{"lifeboat/internal/telemetry", "tracing wraps the ports and the envelope", func(p string) bool {
			return standard(p) || slices.Contains([]string{"lifeboat/internal/job", "lifeboat/internal/plan", "lifeboat/internal/recovery", "lifeboat/internal/functions"}, p) ||
				strings.HasPrefix(p, "go.opentelemetry.io/") || p == "google.golang.org/protobuf/proto"
		}},
		{"lifeboat/internal/preflight", "verdicts are pure: the core and the plan, without I/O", func(p string) bool {
			return standard(p) && !under(p, "net") && p != "context" && p != "log/slog" && p != "os" || p == "lifeboat/internal/job" || p == "lifeboat/internal/plan"
		}},
		{"lifeboat/internal/web", "pages are pure: drawn from what is passed in, without I/O", func(p string) bool {
			return standard(p) && (!under(p, "net") || p == "net/url") && p != "context" && p != "log/slog" && p != "os" ||
				slices.Contains([]string{"lifeboat/internal/fleet", "lifeboat/internal/job", "lifeboat/internal/plan"}, p) || under(p, "maragu.dev/gomponents")
		}},
		{"lifeboat/internal/event", "events are decoded by the standard library only, without I/O", func(p string) bool {
			return standard(p) && !under(p, "net") && p != "context" && p != "log/slog" && p != "os"
		}},
		{"lifeboat/internal/notice", "notices are pure: the core and the plan, without I/O", func(p string) bool {
			return standard(p) && (!under(p, "net") || p == "net/url") && p != "context" && p != "log/slog" && p != "os" || p == "lifeboat/internal/job" || p == "lifeboat/internal/plan"
		}},
		{"lifeboat/internal/fleet", "the fleet's view is pure: the core and the plan, without I/O", func(p string) bool {
			return standard(p) && !under(p, "net") && p != "context" && p != "log/slog" && p != "os" || p == "lifeboat/internal/job" || p == "lifeboat/internal/plan"
		}},
		{"lifeboat/internal/metrics", "metrics write the fleet's view", func(p string) bool {
			return standard(p) && !under(p, "net") || p == "lifeboat/internal/fleet" || p == "lifeboat/internal/job" || strings.HasPrefix(p, "github.com/prometheus/")
		}},
		{"lifeboat/internal/webhook", "webhooks are told by the standard library, of the core and the plan", func(p string) bool {
			return standard(p) || p == "lifeboat/internal/job" || p == "lifeboat/internal/plan"
		}},
		{"lifeboat/internal/azureerror", "errors are made safe by the standard library only", standard},
		{"lifeboat/internal/request", "the messages' decoders import the standard library only", standard},
		{"lifeboat/internal/functions", "the host's envelope imports the standard library only", standard},
		{"lifeboat/internal/plan", "the plan imports the pure core and its parsers", func(p string) bool {
			return standard(p) || p == "lifeboat/internal/job" || p == "lifeboat/internal/retention" || !own(p)
		}},
		{"lifeboat/internal/recovery", "the shell imports the pure core and the plan", func(p string) bool {
			return standard(p) || slices.Contains([]string{
				"lifeboat/internal/job", "lifeboat/internal/gate", "lifeboat/internal/plan", "lifeboat/internal/request", "lifeboat/internal/event",
				"lifeboat/internal/fleet", "lifeboat/internal/notice", "lifeboat/internal/retention", "golang.org/x/sync/errgroup",
			}, p)
		}},
		{"lifeboat/handlers", "handlers decode and call recovery", func(p string) bool {
			return standard(p) || slices.Contains([]string{
				"lifeboat/internal/functions", "lifeboat/internal/job", "lifeboat/internal/recovery", "lifeboat/internal/request", "lifeboat/internal/event",
				"lifeboat/internal/fleet", "lifeboat/internal/metrics", "lifeboat/internal/plan", "lifeboat/internal/web", "github.com/google/uuid",
			}, p)
		}},
	}
	for _, adapter := range adapters {
		rules = append(rules, struct {
			pkg   string
			why   string
			allow func(path string) bool
		}{adapter, "an adapter imports the pure core and the Azure SDK", func(p string) bool {
			return standard(p) || p == "lifeboat/internal/job" || p == "lifeboat/internal/azureerror" || strings.HasPrefix(p, "github.com/Azure/azure-sdk-for-go/")
		}})
	}
	for _, r := range rules {
		p, ok := all[r.pkg]
		if !ok {
			t.Errorf("package %s is not there", r.pkg)
			continue
		}
		for _, path := range p.Imports {
			if !r.allow(path) {
				t.Errorf("%s imports %s: %s", r.pkg, path, r.why)
			}
		}
	}
}

func TestNothingDeployedImportsTheEmulator(t *testing.T) {
	for _, path := range packages(t)["lifeboat/cmd/lifeboat"].Deps {
		if under(path, "lifeboat/internal/emulator") || under(path, "lifeboat/internal/recovery/recoverytest") || path == "testing" {
			t.Errorf("cmd/lifeboat depends on %s", path)
		}
	}
}

// One wrong field name must not cancel out on both sides.
func TestTheEmulatorImportsNothingDeployed(t *testing.T) {
	for path, p := range packages(t) {
		if !under(path, "lifeboat/internal/emulator") {
			continue
		}
		for _, imported := range p.Imports {
			if own(imported) && !under(imported, "lifeboat/internal/emulator") && imported != "lifeboat/infra" {
				t.Errorf("%s imports %s", path, imported)
			}
		}
	}
}

// Templates find methods by name while they run, so the linker would keep every
// method of the Azure SDK: the binary would be more than half as large again.
func TestNothingDrawsByReflection(t *testing.T) {
	for path, p := range packages(t) {
		if slices.Contains(p.Imports, "html/template") || slices.Contains(p.Imports, "text/template") {
			t.Errorf("%s imports a template package: draw with maragu.dev/gomponents", path)
		}
	}
}

func TestNoPackageIsADrawer(t *testing.T) {
	for path := range packages(t) {
		name := path[strings.LastIndex(path, "/")+1:]
		if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "manager", "types"}, name) {
			t.Errorf("package %s says nothing", path)
		}
	}
}
