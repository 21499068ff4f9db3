package infra_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// The users' workflow may do no more than it must, by actions that are pinned.
func TestWorkflowHasFewRights(t *testing.T) {
	data, err := os.ReadFile("ci/deploy.yml")
	if err != nil {
		t.Fatal(err)
	}
	var flow struct {
		Permissions map[string]string
		Jobs        map[string]struct {
			Needs       string
			Permissions map[string]string
			Steps       []struct {
				Uses, Run string
				With      map[string]any
			}
		}
	}
	if err := yaml.Unmarshal(data, &flow); err != nil {
		t.Fatal(err)
	}
	if flow.Permissions == nil || len(flow.Permissions) > 0 {
		t.Errorf("the workflow's own permissions are %v, want none", flow.Permissions)
	}
	pinned := regexp.MustCompile(`^[\w-]+/[\w-]+@v\d+\.\d+\.\d+$`)
	needs := map[string]string{}
	for name, job := range flow.Jobs {
		needs[name] = job.Needs
		want := map[string]string{"contents": "read"}
		if name == "deploy" {
			want["id-token"] = "write"
		}
		if diff := cmp.Diff(want, job.Permissions); diff != "" {
			t.Errorf("job %s (-want +got):\n%s", name, diff)
		}
		for _, s := range job.Steps {
			if s.Uses != "" && !pinned.MatchString(s.Uses) {
				t.Errorf("job %s uses %s, want a full version", name, s.Uses)
			}
			if strings.HasPrefix(s.Uses, "actions/checkout") && s.With["persist-credentials"] != false {
				t.Errorf("job %s leaves its credentials in the checkout", name)
			}
			for key := range s.With {
				if slices.Contains([]string{"creds", "client-secret", "password"}, key) {
					t.Errorf("job %s signs in by %s, want OIDC", name, key)
				}
			}
		}
	}
	if diff := cmp.Diff(map[string]string{"test": "", "package": "test", "deploy": "package"}, needs); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	if strings.Contains(string(data), "secrets.") {
		t.Error("the workflow reads a secret, want none")
	}
}

// What a user sets for azd on a machine has to reach azd in the pipeline.
func TestWorkflowPassesOnWhatUsersSet(t *testing.T) {
	data, err := os.ReadFile("ci/deploy.yml")
	if err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, steps, _ := strings.Cut(string(docs), "\n## In a pipeline\n")
	steps, _, _ = strings.Cut(steps, "\n## ")
	for _, name := range outside {
		switch name {
		case "LIFEBOAT_SKIP_REGISTRATION", "LIFEBOAT_PACKAGE":
			if !strings.Contains(string(data), name) {
				t.Errorf("the workflow does not set %s", name)
			}
			continue
		}
		if !strings.Contains(string(data), "\n      "+name+": ${{ vars."+name+" }}\n") {
			t.Errorf("the workflow does not pass on %s", name)
		}
		if !strings.Contains(steps, "`"+name+"`") {
			t.Errorf("docs/deploy.md does not say that the pipeline takes %s", name)
		}
	}
}

// Shell scripts are looked at where shellcheck is installed; CI installs it.
func TestScriptsAreClean(t *testing.T) {
	files, err := filepath.Glob("*/*.sh")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "app-registration.sh", "../.ci/run")
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s can't be run: %v", file, err)
		}
	}
	if _, err := exec.LookPath("shellcheck"); err != nil || os.Getenv("LIFEBOAT_SHELLCHECK") == "none" {
		if os.Getenv("CI") != "" && os.Getenv("LIFEBOAT_SHELLCHECK") != "none" {
			t.Fatal("shellcheck is not installed")
		}
		t.Skip("THE SCRIPTS WERE NOT LINTED: apt-get install shellcheck")
	}
	if out, err := exec.CommandContext(t.Context(), "shellcheck", files...).CombinedOutput(); err != nil {
		t.Errorf("shellcheck: %v\n%s", err, out)
	}
}
