package infra_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
)

// mutation is one deliberate mistake: the first old in a file becomes new.
type mutation struct{ title, file, old, new string }

var mutations = []mutation{
	// Queues
	{"a queue is called otherwise", busFile, "name: 'job-steps'", "name: 'job-step'"},
	{"a queue is missing", busFile, "resource notices 'Microsoft.ServiceBus/namespaces/queues@", "resource notices 'Microsoft.ServiceBus/namespaces/topics@"},
	{"a queue is made twice", busFile, "name: 'notices'", "name: 'approvals'"},
	{"a lock is too short", busFile, "lockDuration: 'PT1M'", "lockDuration: 'PT5S'"},
	{"a lock is longer than Azure has", busFile, "lockDuration: 'PT1M'", "lockDuration: 'PT10M'"},
	{"a duration is none", busFile, "lockDuration: 'PT1M'", "lockDuration: '1m'"},
	{"few deliveries", busFile, "maxDeliveryCount: 10", "maxDeliveryCount: 3"},
	{"a queue with sessions", busFile, "requiresSession: false", "requiresSession: true"},
	{"messages live for minutes", busFile, "'P14D'", "'PT5M'"},
	{"messages live longer than Basic has", busFile, "'P14D'", "'P30D'"},
	{"a lock is another than in the development Azure", busFile, "lockDuration: 'PT1M'", "lockDuration: 'PT2M'"},
	{"what expires is lost", busFile, "deadLetteringOnMessageExpiration: true", "deadLetteringOnMessageExpiration: false"},
	{"a queue forwards", busFile, "requiresSession: false", "requiresSession: false\n    forwardTo: 'elsewhere'"},
	// Local authentication, encryption, networks
	{"Service Bus takes keys", busFile, "disableLocalAuth: true", "disableLocalAuth: false"},
	{"the state account takes keys", "modules/state.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"},
	{"the host's account takes keys", "modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"},
	{"the backup account always takes keys", "modules/backup.bicep", "allowSharedKeyAccess: keys", "allowSharedKeyAccess: true"},
	{"the second account takes keys", mainFile, "keys: false", "keys: true"},
	{"logs take keys", "modules/monitoring.bicep", "DisableLocalAuth: true", "DisableLocalAuth: false"},
	{"the vault has access policies", "modules/secrets.bicep", "enableRbacAuthorization: true", "enableRbacAuthorization: false"},
	{"publishing with a password", appFile, "allow: false", "allow: true"},
	{"https is off", appFile, "httpsOnly: true", "httpsOnly: false"},
	{"storage without https", "modules/storage.bicep", "supportsHttpsTrafficOnly: true", "supportsHttpsTrafficOnly: false"},
	{"old TLS", "modules/backup.bicep", "'TLS1_2'", "'TLS1_0'"},
	{"backups are public", "modules/backup.bicep", "publicAccess: 'None'", "publicAccess: 'Blob'"},
	{"the firewall is open when private", "modules/backup.bicep", "private ? 'Deny' : 'Allow'", "'Allow'"},
	{"trusted services are kept out", "modules/backup.bicep", "bypass: 'AzureServices'", "bypass: 'None'"},
	{"Basic with a private network", mainFile, "private ? 'Premium' : serviceBusSku", "serviceBusSku"},
	// Backups
	{"no versions", "modules/backup.bicep", "isVersioningEnabled: true", "isVersioningEnabled: false"},
	{"no soft delete", "modules/backup.bicep", "deleteRetentionPolicy: {\n      enabled: true", "deleteRetentionPolicy: {\n      enabled: false"},
	{"a CORS rule", "modules/backup.bicep", "corsRules: []", "corsRules: ['*']"},
	{"backups in another region than chosen", mainFile, "    containers: account.containers\n    location: location", "    containers: account.containers\n    location: 'westeurope'"},
	// State
	{"the account that is there is not used", mainFile, "'stlbstate${token}' : stateAccount", "'stlbstate${token}' : 'stlbstate${token}'"},
	{"the state is looked for elsewhere", mainFile, "group.name : stateResourceGroup", "group.name : backupResourceGroup"},
	{"an account that is there is made again", "modules/state.bicep", "= if (make) {", "= {"},
	{"the app has another table", mainFile, "tableUri: state.outputs.tableUri\n    tableName", "tableUri: storage.outputs.packageUri\n    tableName"},
	// Settings
	{"a setting too many", appFile, "LIFEBOAT_PLAN:", "LIFEBOAT_EXTRA: 'x'\n  LIFEBOAT_PLAN:"},
	{"a setting is missing", appFile, "  LIFEBOAT_CLOUD: clouds[environment().name]\n", ""},
	{"a setting is spelt otherwise", appFile, "StateStorage__tableServiceUri", "StateStorage__tableUri"},
	{"a development setting", appFile, "LIFEBOAT_PLAN:", "ARM_ENDPOINT: ''\n  LIFEBOAT_PLAN:"},
	{"the default of every connection", appFile, "LIFEBOAT_PLAN:", "AZURE_CLIENT_ID: identityClientId\n  LIFEBOAT_PLAN:"},
	{"an empty host storage", appFile, "LIFEBOAT_PLAN:", "AzureWebJobsStorage: ''\n  LIFEBOAT_PLAN:"},
	{"a cloud that the app does not know", appFile, "'usgovernment'", "'usgov'"},
	{"another plan", appFile, "'lifeboat.yaml'", "'plan.yaml'"},
	{"another table", mainFile, "tableName: 'lifeboat'", "tableName: 'jobs'"},
	{"a wrong credential", appFile, "ServiceBusConnection__credential: 'managedidentity'", "ServiceBusConnection__credential: 'key'"},
	// Functions
	{"always ready is no function", appFile, "'function:JobStep'", "'function:JobSteps'"},
	{"events go to no function", "modules/eventgrid-topic.bicep", "/functions/ConfigChange'", "/functions/Config'"},
	{"events go to another function", "modules/eventgrid-topic.bicep", "/functions/ConfigChange'", "/functions/JobStep'"},
	{"alerts go to no route", afterFile, "/api/alert'", "/api/AlertHook'"},
	{"the stack is another", mainFile, "param runtimeName string = 'custom'", "param runtimeName string = 'go'"},
	// Sign-in
	{"the hook is left out of the sign-in", authFile, "'/api/metrics'", "'/api/metrics'\n        '/api/alert'"},
	{"programs can't read the state", authFile, "        '/api/state'\n", ""},
	{"Event Grid is locked out", authFile, "        '/runtime/webhooks/eventgrid'\n", ""},
	{"no sign-in is asked for", authFile, "requireAuthentication: true", "requireAuthentication: false"},
	{"alerts without a token", "modules/failover-group.bicep", "useAadAuth: !empty(clientId)", "useAadAuth: false"},
	{"alerts in another schema", "modules/failover-group.bicep", "useCommonAlertSchema: true", "useCommonAlertSchema: false"},
	// Roles
	{"the app owns the approvals", roleFile, "  'notices'\n]", "  'notices'\n  'approvals'\n]"},
	{"the app may send approvals", roleFile, "'4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'", "'090c5cfd-751d-490a-894a-3ce6f1109419'"},
	{"a queue whose length can't be seen", roleFile, "  'recovery-requests'\n", ""},
	{"the queues' role on the namespace", roleFile, "scope: owned[i]", "scope: namespace"},
	{"the table's role on the account", "modules/role-table.bicep", "scope: table", "scope: account"},
	{"the table's role in another group", mainFile, "scope: resourceGroup(stateGroup)\n  params: {\n    accountName", "scope: group\n  params: {\n    accountName"},
	{"nobody may write the copies", mainFile, "var grants = union(planGrants, map(filter(planGrants, g => replicated &&", "var grants = union(planGrants, map(filter(planGrants, g => false &&"},
	{"the app can't reach the copies", mainFile, "[for path in allPaths:", "[for path in paths:"},
	{"copies of another account's containers", mainFile, "replicated && startsWith(p, '${copied}/')", "replicated"},
	{"blobs on the whole account", "modules/role-container.bicep", "scope: container", "scope: account"},
	{"owner of the blobs", "modules/role-container.bicep", "'ba92f5b4-2d11-453d-a403-e96b0029c9fe'", "'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'"},
	{"the custom role on the resource group", "modules/role-service.bicep", "  scope: service\n", ""},
	{"the custom role may do everything", "modules/role-definition.bicep", "actions: actions", "actions: ['Microsoft.ApiManagement/service/*']"},
	{"the custom role lacks an action", "modules/role-definition.bicep", "var actions = loadJsonContent('../roleactions.json')", "var actions = filter(loadJsonContent('../roleactions.json'), a => !endsWith(a, 'restore/action'))"},
	{"data actions", "modules/role-definition.bicep", "dataActions: []", "dataActions: ['*']"},
	{"a role for somebody else", mainFile, "    principalId: granted[i].outputs.principalId", "    principalId: identity.outputs.principalId"},
	{"the role on the sources only", mainFile, "[for id in serviceIds: {\n  name: 'lifeboat-role-", "[for id in sourceIds: {\n  name: 'lifeboat-role-"},
	{"a given role is not used", mainFile, "= if (empty(roleDefinitionId)) {", "= {"},
	// Alerts
	{"dead letters of another metric", alertFile, "'DeadletteredMessages'", "'DeadLetters'"},
	{"the query asks for another line", alertFile, `has "fleet watched"`, `has "fleet was watched"`},
	{"the query asks for another key", alertFile, "tostring(d.health)", "tostring(d.state)"},
	{"well is another word", alertFile, `health != "well"`, `health != "ok"`},
	{"silence is the wrong way round", alertFile, "'LessThan'", "'GreaterThan'"},
	{"nobody is told of silence", alertFile, "actionGroups: [people.id]\n    }\n  }\n}\n\n// Watchdog", "actionGroups: []\n    }\n  }\n}\n\n// Watchdog"},
	{"a log alert without a log", alertFile, "enabled: watched", "enabled: true"},
	{"silence at a level without lines", mainFile, "contains(['debug', 'info'], logLevel)", "contains(['debug', 'info', 'warn'], logLevel)"},
	{"an alert that the plan does not name", afterFile, "'${s.name}-gateway-down')) {", "'${s.name}-down')) {"},
	{"an alert that never resolves", "modules/health-alert.bicep", "equals: 'Available'", "equals: 'Degraded'"},
	{"the failover group hears nothing", afterFile, "gatewayUrl: seen[i].outputs.gatewayUrl\n    insightsName: insightsName\n    actionGroupId: failoverGroup.outputs.id", "gatewayUrl: seen[i].outputs.gatewayUrl\n    insightsName: insightsName\n    actionGroupId: ''"},
	// Events
	{"an event type is missing", afterFile, "      'Microsoft.Resources.ResourceDeleteSuccess'\n", ""},
	{"an event that is ignored", afterFile, "'Microsoft.Storage.BlobDeleted'", "'Microsoft.Storage.BlobCreated'"},
	{"a topic that is there is not used", afterFile, "existingTopic: existingTopics[?g.id] ?? ''", "existingTopic: ''"},
	{"a schema that is not read", "modules/eventgrid-topic.bicep", "'CloudEventSchemaV1_0'", "'CustomInputSchema'"},
	// The plan
	{"another key of the plan", mainFile, "s.value.?storageAccount", "s.value.?account"},
	{"defaults are forgotten", mainFile, "s.value.?access ?? defaults.?access ??", "s.value.?access ??"},
	{"a standby does not inherit", mainFile, "b.value.?clientId ?? s.clientId", "b.value.?clientId ?? ''"},
	{"standbys may not read the backups", mainFile, "  map(filter(standbys, b => b.access != 'AccessKey'), b =>", "  map(filter(standbys, b => b.access == 'AccessKey'), b =>"},
	{"ids by their letters' case", mainFile, "  id: toLower(s.value.resourceId)", "  id: s.value.resourceId"},
	{"a secret of the plan is forgotten", mainFile, "    s.value.?heartbeatSetting ?? ''\n", ""},
	{"alert rules elsewhere", afterFile, "s.value.?failover.?rules ??", "s.value.?rules ??"},
	{"another plan file", mainFile, "loadYamlContent('../lifeboat.yaml')", "loadYamlContent('../lifeboat.sample.yaml')"},
	// Regions
	{"the region is not looked at", mainFile, "!allowSourceRegion && seen[i].outputs.location == toLower(replace(location, ' ', ''))", "allowSourceRegion && false"},
	{"the region's mistake stops nothing", "modules/region.bicep", "@maxLength(0)", "@maxLength(200)"},
	{"the region is looked at too late", mainFile, "module storage 'modules/storage.bicep' = {\n  name: 'storage'\n  scope: group\n  dependsOn: [region]\n", "module storage 'modules/storage.bicep' = {\n  name: 'storage'\n  scope: group\n"},
	// Secrets
	{"a key in an output", "modules/storage.bicep", "output hostId", "output key string = host.listKeys().keys[0].value\noutput hostId"},
	{"the secret in an output", "modules/failover-group.bicep", "output id", "output hook string = hookKey\noutput id"},
	{"a secret that is shown", "modules/failover-group.bicep", "@secure()\n", ""},
	{"a secret with a value", afterFile, "param alertHookKey string = ''", "param alertHookKey string = 'abc'"},
	{"a SAS", "modules/backup.bicep", "output id string = account.id", "output id string = account.listAccountSas('2023-05-01', {}).accountSasToken"},
	// Bicep
	{"a brace is missing", "modules/identity.bicep", "  tags: tags\n}", "  tags: tags\n"},
	{"a name that nobody declared", "modules/identity.bicep", "location: location", "location: region"},
	{"a parameter is not given", mainFile, "    packageUri: storage.outputs.packageUri\n", ""},
	{"a parameter that is none", mainFile, "    packageUri: storage", "    packageUrl: storage"},
	{"an output that is none", mainFile, "state.outputs.tableUri", "state.outputs.tableUrl"},
	{"a module that is not there", mainFile, "'modules/auth.bicep'", "'modules/authentication.bicep'"},
	{"a parameter that nothing reads", "modules/identity.bicep", "param tags object", "param tags object\nparam sku string"},
	{"a preview version", "modules/identity.bicep", "@2023-01-31'", "@2023-07-31-preview'"},
	{"a module from elsewhere", mainFile, "'modules/identity.bicep'", "'br/public:avm/res/managed-identity:0.1.0'"},
	{"an import", "modules/identity.bicep", "param name string", "import {x} from 'x.bicep'\nparam name string"},
	{"a default beside docs/deploy.md", mainFile, "param maximumInstances int = 40", "param maximumInstances int = 100"},
	{"costs of another default", mainFile, "param instanceMemory int = 512", "param instanceMemory int = 2048"},
	{"a value that is not allowed", mainFile, "@allowed(['public', 'private'])", "@allowed(['open', 'private'])"},
	{"a value beyond the most", mainFile, "@maxValue(5)", "@maxValue(0)"},
	{"a name that is too long", afterFile, "'lifeboat-events-${uniqueString(s.id)}'", "'lifeboat-events-${s.name}'"},
	{"an output that the hooks need", mainFile, "output LIFEBOAT_APP_URL", "output LIFEBOAT_URL"},
	{"a parameter that the hook does not give", afterFile, "param appUrl string", "param appUrl string\nparam more string"},
}

// TestTheChecksCatchMistakes makes each mistake in a copy, and wants a finding.
func TestTheChecksCatchMistakes(t *testing.T) {
	whole := readTree(t)
	dir := t.TempDir()
	var files []string
	for i, m := range mutations {
		text := whole[m.file].Text
		if !strings.Contains(text, m.old) {
			t.Fatalf("%s: %s no longer has %q", m.title, m.file, m.old)
		}
		file := filepath.Join(dir, fmt.Sprint(i, ".bicep"))
		if err := os.WriteFile(file, []byte(strings.Replace(text, m.old, m.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	caught := 0
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for i, wrong := range read(t, dir, files) {
		m := mutations[i]
		wrong.Name = m.file
		mutant := maps.Clone(whole)
		mutant[m.file] = wrong
		found := findings(mutant)
		if len(found) == 0 && (m.file == mainFile || m.file == afterFile) {
			found = misread(t, m.file, files[i])
			if len(found) == 0 && m.file == mainFile {
				found = miscopied(t, files[i])
			}
		}
		by := "NOT CAUGHT"
		if len(found) > 0 {
			caught++
			by, _, _ = strings.Cut(found[0], "\n")
		} else {
			t.Errorf("%s: nobody notices that %q in %s is %q", m.title, m.old, m.file, m.new)
		}
		if len(by) > 130 {
			by = by[:130] + "..."
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", m.title, m.file, by)
	}
	_ = w.Flush() // into memory
	t.Logf("%d of %d mistakes caught\n%s", caught, len(mutations), table.String())
}
