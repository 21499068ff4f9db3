package infra_test

import (
	"fmt"
	"slices"
	"strings"
)

// The roles that are assigned, by their ids.
const (
	ownRole             = "the custom role"
	blobDataOwner       = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
	blobDataContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
	tableContributor    = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
	busOwner            = "090c5cfd-751d-490a-894a-3ce6f1109419"
	busReceiver         = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"
	metricsPublisher    = "3913510d-42f4-4e42-8a64-420c390055eb"
	secretsUser         = "4633458b-17de-408a-874e-0445c86b69e6"
)

// assigned is every role assignment: role, type of its scope, and which one.
var assigned = []string{
	blobDataOwner + " on Microsoft.Storage/storageAccounts hostAccount",
	tableContributor + " on Microsoft.Storage/storageAccounts hostAccount",
	tableContributor + " on Microsoft.Storage/storageAccounts/tableServices/tables tableName",
	busOwner + " on Microsoft.ServiceBus/namespaces/queues queue",
	busReceiver + " on Microsoft.ServiceBus/namespaces/queues approvals",
	metricsPublisher + " on Microsoft.Insights/components insights",
	secretsUser + " on Microsoft.KeyVault/vaults empty(vault) ? 'none' : vault",
	blobDataContributor + " on Microsoft.Storage/storageAccounts/blobServices/containers containerName",
	ownRole + " on Microsoft.ApiManagement/service serviceName",
}

// checkRoles wants exactly these assignments, and the custom role to hold
// exactly the shared list of actions.
func checkRoles(t tree, m *mistakes) {
	var got []string
	for _, name := range t.names() {
		f := t[name]
		for _, s := range f.all("resource") {
			switch s.typeOf() {
			case "Microsoft.Authorization/roleAssignments":
				got = append(got, assignment(f, s))
				if p := s.body().at("properties"); p.at("principalId").String() != "principalId" || p.at("principalType").String() != "ServicePrincipal" {
					m.add(name, s.Line, "%s: want the principal that the module is given, an identity", s.Name)
				}
			case "Microsoft.Authorization/roleDefinitions":
				checkDefinition(f, s, m)
			}
		}
	}
	sameSet(m, roleFile, "role assignments", got, assigned)
	checkHolders(t, m)
}

// assignment says which role a resource assigns on what.
func assignment(f source, s statement) string {
	role := s.body().at("properties/roleDefinitionId").String()
	if name, ok := strings.CutPrefix(role, "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', "); ok {
		if id := f.one("variable", strings.TrimSuffix(name, ")")); id.Parts != nil {
			role = id.last().String()
		}
	} else if role == "roleDefinitionId" {
		role = ownRole
	}
	symbol, _, _ := strings.Cut(s.body().at("scope").String(), "[")
	scope := f.one("resource", symbol)
	return fmt.Sprintf("%s on %s %s", role, scope.typeOf(), scope.body().at("name"))
}

func checkDefinition(f source, s statement, m *mistakes) {
	permissions := s.body().at("properties/permissions")
	if len(permissions.Items) != 1 || permissions.Items[0].at("actions").String() != "actions" ||
		f.one("variable", "actions").last().String() != "loadJsonContent('../roleactions.json')" {
		m.add(f.Name, s.Line, "the role's actions are not those of roleactions.json")
		return
	}
	for _, more := range []string{"notActions", "dataActions", "notDataActions"} {
		if permissions.Items[0].at(more).String() != "[]" {
			m.add(f.Name, s.Line, "%s: want none", more)
		}
	}
	if s.body().at("properties/assignableScopes").String() != "assignableScopes" {
		m.add(f.Name, s.Line, "the role is assignable elsewhere than on the services' groups")
	}
}

// checkHolders wants each assignment to be made for who needs it, where that is.
func checkHolders(t tree, m *mistakes) {
	f := t[mainFile]
	inGroup := func(id string) string {
		return fmt.Sprintf("resourceGroup(split(%s, '/')[2], split(%s, '/')[4])", id, id)
	}
	for module, want := range map[string][3]string{ // its loop, its scope, its principal
		"roles":              {"", "group", "identity.outputs.principalId"},
		"stateRole":          {"", "resourceGroup(stateGroup)", "identity.outputs.principalId"},
		"serviceRoles":       {"for id in serviceIds", inGroup("id"), "identity.outputs.principalId"},
		"appOnContainer":     {"for path in allPaths", "resourceGroup(backupGroup)", "identity.outputs.principalId"},
		"serviceOnContainer": {"for (grant, i) in grants", "resourceGroup(backupGroup)", "granted[i].outputs.principalId"},
	} {
		s := f.one("module", module)
		_, loop, _ := strings.Cut(s.Text, "= [")
		loop, _, _ = strings.Cut(loop, ":")
		if want[0] == "" {
			loop = ""
		}
		got := [3]string{loop, s.body().at("scope").String(), s.body().at("params/principalId").String()}
		if got != want {
			m.add(mainFile, s.Line, "module %s: %v, want %v", module, got, want)
		}
	}
	for module, files := range map[string]string{"stateRole": "modules/role-table.bicep", "serviceRoles": "modules/role-service.bicep", "appOnContainer": "modules/role-container.bicep", "serviceOnContainer": "modules/role-container.bicep"} {
		if got := f.one("module", module).typeOf(); got != files {
			m.add(mainFile, 1, "module %s is %s, want %s", module, got, files)
		}
	}
	granted := f.one("module", "granted").body()
	if granted.at("scope").String() != inGroup("grant") || granted.at("params/clientId").String() != "split(grant, '|')[3]" {
		m.add(mainFile, 1, "the services' identities are looked up elsewhere")
	}
	if !slices.Contains(f.one("module", "roleDefinition").Uses, "roleDefinitionId") {
		m.add(mainFile, 1, "a role that is there already is not used")
	}
}
