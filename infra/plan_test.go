package infra_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// planned is what both templates and the code read in a plan.
type planned struct {
	Services []string // ids
	Sources  []string // name, id, account, container, access, client id
	Grants   []string // id|account|container|client id of who writes there
	Paths    []string // account/container
	Secrets  []string // app settings
	Rules    []string // service: alert rules
	Groups   []string // resource groups with the services in them
}

// tangled is a plan with everything that a template could get wrong.
const tangled = `version: 1
webhooks:
  ops: {urlSetting: OPS_URL, keySetting: OPS_KEY}
  chat: {form: slack, urlSetting: CHAT_URL}
defaults: {storageAccount: stone, container: c-one, accessKeySetting: STORE_KEY, clientId: 00000000-0000-0000-0000-00000000000d}
services:
  weu:
    resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/RG-One/providers/Microsoft.ApiManagement/service/Weu
    standbys:
      sec: {resourceId: /subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-two/providers/Microsoft.ApiManagement/service/sec}
      neu: {resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-one/providers/Microsoft.ApiManagement/service/neu, access: UserAssignedManagedIdentity}
    failover: {rules: [weu-gateway-down, weu-health]}
    heartbeatSetting: HB_WEU
  neu:
    resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-one/providers/Microsoft.ApiManagement/service/neu
    access: UserAssignedManagedIdentity
    clientId: 00000000-0000-0000-0000-00000000000a
    storageAccount: sttwo
    container: c-three
    standbys:
      sec:
        resourceId: /subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-two/providers/Microsoft.ApiManagement/service/sec
        access: AccessKey
        accessKeySetting: SEC_KEY
  keyed:
    resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-three/providers/Microsoft.ApiManagement/service/keyed
    access: AccessKey
    container: c-two
    standbys:
      idle: {resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-three/providers/Microsoft.ApiManagement/service/idle, access: SystemAssignedManagedIdentity}
`

// keyed is a plan whose defaults say how.
const keyed = `version: 1
defaults: {storageAccount: stone, container: c-one, access: AccessKey, accessKeySetting: STORE_KEY}
services:
  weu:
    resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/weu
  neu:
    resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/neu
    access: SystemAssignedManagedIdentity
`

func plans(t *testing.T) map[string][]byte {
	t.Helper()
	sample, err := os.ReadFile("../lifeboat.sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"lifeboat.sample.yaml": sample, "a tangled plan": []byte(tangled), "a plan with keys": []byte(keyed)}
}

// inCode is what the code reads.
func inCode(t *testing.T, name string, text []byte) (all planned) {
	t.Helper()
	p, err := plan.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	grant := func(id string, s job.Service) {
		client := ""
		if s.Access.Mode == job.AccessUserIdentity {
			client = s.Access.ClientID
		}
		if id = strings.ToLower(id); s.Access.Mode != job.AccessKey {
			all.Grants = append(all.Grants, strings.Join([]string{id, s.Account, s.Container, client}, "|"))
		}
		all.Services = append(all.Services, id)
	}
	groups := map[string][]string{}
	for _, s := range p.Services {
		id := strings.ToLower(s.ResourceID())
		group := strings.Join(strings.Split(id, "/")[:5], "/")
		groups[group] = append(groups[group], s.Name)
		all.Sources = append(all.Sources, strings.Join([]string{s.Name, id, s.Account, s.Container, string(s.Access.Mode), s.Access.ClientID}, " "))
		all.Paths = append(all.Paths, s.Account+"/"+s.Container)
		all.Rules = append(all.Rules, s.Name+": "+strings.Join(s.Failover.Rules, " "))
		grant(id, s.Service)
		for _, b := range s.Standbys {
			grant("/subscriptions/"+b.Subscription+"/resourceGroups/"+b.ResourceGroup+"/providers/Microsoft.ApiManagement/service/"+b.Resource, b.Service)
		}
	}
	for group, names := range groups {
		slices.Sort(names)
		all.Groups = append(all.Groups, group+": "+strings.Join(names, " "))
	}
	all.Secrets = p.Settings()
	return all.sorted()
}

// inBicep is what a template reads; what it does not read is left out.
func inBicep(t *testing.T, file string, text []byte) (all planned) {
	t.Helper()
	var got struct{ Values planValues }
	evaluate(t, file, text, nil, &got)
	return got.Values.planned()
}

// evaluate computes the variables of a template for a plan and parameters.
func evaluate(t *testing.T, file string, text []byte, parameters map[string]any, into any) {
	t.Helper()
	var content any
	if err := yaml.Unmarshal(text, &content); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs(filepath.Join(reader, "evaluate.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	given, err := json.Marshal(parameters)
	if err != nil {
		t.Fatal(err)
	}
	if parameters == nil {
		given = []byte("{}")
	}
	cmd := exec.CommandContext(t.Context(), needGrammar(t), script, file, string(given))
	cmd.Stdin, cmd.Stderr = bytes.NewReader(data), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("compute %s: %v", file, err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatal(err)
	}
}

// planValues are the variables of a template that say what it reads in a plan.
type planValues struct {
	Sources []struct {
		Name, ID, Account, Container, Access, ClientID string
		Rules                                          []string
	}
	ServiceIDs, Grants, Paths, PlanSettings []string
	Groups                                  []struct {
		ID            string
		Subscriptions []struct{ Name string }
	}
}

func (v planValues) planned() (all planned) {
	for _, s := range v.Sources {
		all.Sources = append(all.Sources, strings.Join([]string{s.Name, s.ID, s.Account, s.Container, s.Access, s.ClientID}, " "))
		all.Rules = append(all.Rules, s.Name+": "+strings.Join(s.Rules, " "))
	}
	for _, g := range v.Groups {
		var names []string
		for _, s := range g.Subscriptions {
			names = append(names, strings.TrimPrefix(s.Name, "lifeboat-"))
		}
		slices.Sort(names)
		all.Groups = append(all.Groups, g.ID+": "+strings.Join(names, " "))
	}
	all.Services, all.Grants, all.Paths, all.Secrets = v.ServiceIDs, v.Grants, v.Paths, v.PlanSettings
	return all.sorted()
}

func (p planned) sorted() planned {
	for _, list := range []*[]string{&p.Services, &p.Sources, &p.Grants, &p.Paths, &p.Secrets, &p.Rules, &p.Groups} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return p
}

// misread compares what the template in file reads in every plan with what the
// code reads. The first pass needs no rules and groups, the second only them
// and the paths.
func misread(t *testing.T, name, file string) (diffs []string) {
	t.Helper()
	for title, text := range plans(t) {
		got, want := inBicep(t, file, text), inCode(t, title, text)
		if name == mainFile {
			got.Rules, got.Groups, want.Rules, want.Groups = nil, nil, nil, nil
		} else {
			got, want = planned{Rules: got.Rules, Groups: got.Groups, Paths: got.Paths}, planned{Rules: want.Rules, Groups: want.Groups, Paths: want.Paths}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			diffs = append(diffs, name+" reads "+title+" otherwise than the code (-code +template):\n"+diff)
		}
	}
	return diffs
}

func TestTemplatesReadThePlanAsTheAppDoes(t *testing.T) {
	needGrammar(t)
	for _, name := range []string{mainFile, afterFile} {
		for _, diff := range misread(t, name, name) {
			t.Error(diff)
		}
	}
}
