package infra_test

import (
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

var variable = regexp.MustCompile(`\$\{?((?:AZURE|LIFEBOAT)_[A-Z_]+)`)

// outside are the variables that azd or the user sets.
var outside = []string{
	"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_SUBSCRIPTION_ID",
	"LIFEBOAT_AUTH_CLIENT_ID", "LIFEBOAT_AUTH_OBJECT_ID", "LIFEBOAT_ROLE_ID", "LIFEBOAT_EXISTING_TOPICS", "LIFEBOAT_ALLOW_SOURCE_REGION", "LIFEBOAT_PACKAGE", "LIFEBOAT_SKIP_REGISTRATION",
}

// checkHooks wants azure.yaml to name hooks that are there, and the hooks to
// use what the templates put out.
func checkHooks(t tree, m *mistakes) {
	var azd struct {
		Name     string
		Services any
		Infra    struct{ Provider, Path, Module string }
		Hooks    map[string]struct{ Shell, Run string }
	}
	data, err := os.ReadFile("../azure.yaml")
	if err == nil {
		err = yaml.Unmarshal(data, &azd)
	}
	if err != nil {
		m.add("azure.yaml", 1, "%v", err)
		return
	}
	if azd.Services != nil || azd.Infra.Path != "infra" || azd.Infra.Module != "main" || azd.Infra.Provider != "bicep" {
		m.add("azure.yaml", 1, "want no services, and infra/main by Bicep")
	}
	var known []string
	for _, o := range t[mainFile].all("output") {
		known = append(known, o.Name)
	}
	for _, hook := range []string{"preprovision", "postprovision", "postdeploy"} {
		run := azd.Hooks[hook].Run
		info, err := os.Stat("../" + run)
		if run == "" || err != nil || info.Mode()&0o111 == 0 {
			m.add("azure.yaml", 1, "hook %s: no script that can be run: %q", hook, run)
			continue
		}
		text, err := os.ReadFile("../" + run)
		if err != nil {
			m.add(run, 1, "%v", err)
		}
		for _, found := range variable.FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains(known, found[1]) && !slices.Contains(outside, found[1]) {
				m.add(run, 1, "%s is no output of main.bicep", found[1])
			}
		}
	}
	after, _ := os.ReadFile("hooks/postdeploy.sh")
	for _, p := range t[afterFile].all("parameter") {
		if !strings.Contains(string(after), p.Name+"=") {
			m.add("hooks/postdeploy.sh", 1, "after.bicep is not given %s", p.Name)
		}
	}
	for _, g := range regexp.MustCompile(`(?m)^\s+"?([a-z]\w+)=`).FindAllStringSubmatch(string(after), -1) {
		if t[afterFile].one("parameter", g[1]).Name == "" && !strings.Contains(string(after), "$"+g[1]) {
			m.add("hooks/postdeploy.sh", 1, "after.bicep has no %s", g[1])
		}
	}
}
