package infra_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// stub stands for every command that a hook calls: it writes down how it was
// called, and answers by what is asked.
const stub = `#!/bin/sh
echo "$(basename "$0") $*" >>"$CALLS"
case "$(basename "$0") $*" in
*alertHookKey*) ;;
"go run"*) printf 'apim-weu\t/weu\napim-neu\t/neu\n'; exit "${GO_CODE:-0}" ;;
*"resource show --ids /weu"*) echo "West Europe" ;;
*"resource show --ids /neu"*) echo northeurope ;;
*"resource show --ids /app/functions/ConfigChange"*) echo there ;;
*"functionapp show"*) echo /app ;;
*"function keys list"*) echo the-key ;;
*"federated-credential list"*) echo "${SUBJECT:-}" ;;
*"account show"*) echo tenant ;;
*"deployment sub create"*) for a in "$@"; do case "$a" in @*) cp "${a#@}" "$SECURE" ;; esac; done ;;
unzip*) mkdir -p "$4/AlertHook"; cp "$ROOT/AlertHook/function.json" "$4/AlertHook/" ;;
"make package") mkdir -p dist; echo old >dist/lifeboat-1-linux-amd64.zip; touch -d '1 hour ago' dist/lifeboat-1-linux-amd64.zip; echo new >dist/lifeboat-2-linux-amd64.zip ;;
esac
`

// stage is a tree in which a hook can run without Azure.
type stage struct {
	root, calls, secure string
}

func newStage(t *testing.T, level string) stage {
	t.Helper()
	s := stage{root: t.TempDir()}
	s.calls, s.secure = filepath.Join(s.root, "calls"), filepath.Join(s.root, "secure")
	write := func(name, text string, mode os.FileMode) {
		file := filepath.Join(s.root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, hook := range []string{"preprovision", "postprovision", "postdeploy", "secrets"} {
		text, err := os.ReadFile("hooks/" + hook + ".sh")
		if err != nil {
			t.Fatal(err)
		}
		write("infra/hooks/"+hook+".sh", string(text), 0o700)
	}
	for _, command := range []string{"az", "go", "func", "make", "unzip"} {
		write("bin/"+command, stub, 0o700)
	}
	write("lifeboat.yaml", "version: 1\n", 0o600)
	write("calls", "", 0o600)
	write("AlertHook/function.json", `{"bindings": [{"authLevel": "`+level+`"}]}`, 0o600)
	return s
}

// realFunctions puts the functions' folders as they are in the repository.
func (s stage) realFunctions(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("../*/function.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("functions %q: %v", files, err)
	}
	for _, file := range files {
		to := filepath.Join(s.root, filepath.Base(filepath.Dir(file)))
		if err := os.MkdirAll(to, 0o700); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, "function.json"), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a hook with settings, and returns what it said, how it called
// others, and whether it ended well.
func (s stage) run(t *testing.T, hook string, settings ...string) (said, called string, ok bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(s.root, "infra/hooks", hook+".sh"))
	cmd.Env = append([]string{
		"PATH=" + filepath.Join(s.root, "bin") + ":/usr/bin:/bin", "CALLS=" + s.calls, "SECURE=" + s.secure, "ROOT=" + s.root,
		"AZURE_LOCATION=uksouth", "AZURE_ENV_NAME=prod", "AZURE_SUBSCRIPTION_ID=sub-1", "AZURE_RESOURCE_GROUP=rg", "LIFEBOAT_APP=func-x", "LIFEBOAT_APP_URL=https://x.example",
		"LIFEBOAT_INSIGHTS=appi", "LIFEBOAT_BACKUP_GROUP=rg", "LIFEBOAT_IDENTITY_PRINCIPAL=principal",
	}, settings...)
	out, err := cmd.CombinedOutput()
	calls, readErr := os.ReadFile(s.calls)
	if readErr != nil {
		t.Fatal(readErr)
	}
	for call := range strings.Lines(string(calls)) {
		// Ids hold their subscription, and the directory has none.
		if command, found := strings.CutPrefix(call, "az "); found && !strings.HasPrefix(command, "ad ") && !strings.Contains(command, "--ids /") && !strings.Contains(command, "--subscription sub-1 ") {
			t.Errorf("%s asks whatever subscription az has: %s", hook, call)
		}
	}
	return string(out), string(calls), err == nil
}

func TestPreprovisionRefuses(t *testing.T) {
	for title, c := range map[string]struct {
		level    string
		settings []string
		says     string // "" is: goes on
	}{
		"another region":                    {"function", nil, ""},
		"a source's region":                 {"function", []string{"AZURE_LOCATION=westeurope"}, "apim-weu is in westeurope too"},
		"a source's region, written so":     {"function", []string{"AZURE_LOCATION=North Europe"}, "apim-neu is in North Europe too"},
		"a source's region, on purpose":     {"function", []string{"AZURE_LOCATION=westeurope", "LIFEBOAT_ALLOW_SOURCE_REGION=true"}, ""},
		"a plan with mistakes":              {"function", []string{"GO_CODE=1"}, "correct the plan first"},
		"an open function and no sign-in":   {"anonymous", nil, "rely on App Service authentication"},
		"an open function behind a sign-in": {"anonymous", []string{"LIFEBOAT_AUTH_CLIENT_ID=c"}, ""},
	} {
		t.Run(title, func(t *testing.T) {
			said, _, ok := newStage(t, c.level).run(t, "preprovision", c.settings...)
			if ok != (c.says == "") || !strings.Contains(said, c.says) {
				t.Errorf("ended well: %t, said %q, want %q", ok, said, c.says)
			}
		})
	}
	s := newStage(t, "function")
	s.realFunctions(t)
	if said, _, ok := s.run(t, "preprovision"); !ok {
		t.Errorf("the functions as they are, without a sign-in: %q", said)
	}
	if err := os.Remove(filepath.Join(s.root, "lifeboat.yaml")); err != nil {
		t.Fatal(err)
	}
	if said, _, ok := s.run(t, "preprovision"); ok || !strings.Contains(said, "copy lifeboat.sample.yaml") {
		t.Errorf("without a plan it went on: %q", said)
	}
}

func TestPostprovisionVouchesOnce(t *testing.T) {
	const create = "federated-credential create"
	for title, c := range map[string]struct {
		settings []string
		creates  bool
		deletes  bool
	}{
		"no sign-in":               {nil, false, false},
		"the first time":           {[]string{"LIFEBOAT_AUTH_CLIENT_ID=c"}, true, false},
		"again":                    {[]string{"LIFEBOAT_AUTH_CLIENT_ID=c", "SUBJECT=principal"}, false, false},
		"after the identity's end": {[]string{"LIFEBOAT_AUTH_CLIENT_ID=c", "SUBJECT=gone"}, true, true},
		"in a pipeline":            {[]string{"LIFEBOAT_AUTH_CLIENT_ID=c", "LIFEBOAT_SKIP_REGISTRATION=true"}, false, false},
	} {
		t.Run(title, func(t *testing.T) {
			said, called, ok := newStage(t, "function").run(t, "postprovision", c.settings...)
			if !ok || strings.Contains(called, create) != c.creates || strings.Contains(called, "federated-credential delete") != c.deletes {
				t.Errorf("ended well: %t, said %q, called:\n%s", ok, said, called)
			}
		})
	}
}

func TestSecretsAreToldFirstAndLast(t *testing.T) {
	for _, hook := range []string{"postprovision", "postdeploy"} {
		said, _, ok := newStage(t, "function").run(t, hook, "LIFEBOAT_VAULT=kv-x", `LIFEBOAT_SECRETS=["OPS_URL"]`)
		if last := strings.TrimSpace(said); !ok || !strings.Contains(said, "OPS_URL") || !strings.HasSuffix(last, "does not start before each is there.") {
			t.Errorf("%s ends with %q, want the secrets", hook, said)
		}
		if said, _, _ := newStage(t, "function").run(t, hook); strings.Contains(said, "vault") {
			t.Errorf("%s, without secrets: %q", hook, said)
		}
	}
}

func TestPostdeployPublishesThenConnects(t *testing.T) {
	for level, key := range map[string]string{"function": "the-key", "anonymous": ""} {
		t.Run(level, func(t *testing.T) {
			s := newStage(t, level)
			said, called, ok := s.run(t, "postdeploy")
			if !ok {
				t.Fatalf("said %q, called:\n%s", said, called)
			}
			at := -1
			for _, want := range []string{"make package", "unzip -q dist/lifeboat-2-linux-amd64.zip", "func azure functionapp publish func-x --custom", "resource show --ids /app/functions/ConfigChange", "--template-file infra/after.bicep"} {
				i := strings.Index(called, want)
				if i <= at {
					t.Errorf("%q is not called, or too early:\n%s", want, called)
				}
				at = i
			}
			secure, err := os.ReadFile(s.secure)
			if err != nil || !strings.Contains(string(secure), `"alertHookKey": {"value": "`+key+`"}`) {
				t.Errorf("the secure parameters are %s (%v), want the key %q", secure, err, key)
			}
			if !strings.Contains(called, "existingTopics={}") || strings.Contains(said+called, "the-key") {
				t.Errorf("topics are not given, or the key is shown: %s\n%s", said, called)
			}
		})
	}
	t.Run("a package that was made elsewhere", func(t *testing.T) {
		s := newStage(t, "function")
		file := filepath.Join(s.root, "mine.zip")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_, called, ok := s.run(t, "postdeploy", "LIFEBOAT_PACKAGE="+file, `LIFEBOAT_EXISTING_TOPICS={"/rg": "t"}`)
		if !ok || strings.Contains(called, "make package") || !strings.Contains(called, "unzip -q "+file) || !strings.Contains(called, `existingTopics={"/rg": "t"}`) {
			t.Errorf("ended well: %t, called:\n%s", ok, called)
		}
	})
}
