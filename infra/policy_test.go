package infra_test

import (
	"strings"
)

// policy is what every resource of a type must have, wherever it is made.
var policy = map[string]map[string]string{
	"Microsoft.Storage/storageAccounts": {
		"kind": "StorageV2", "properties/minimumTlsVersion": "TLS1_2", "properties/supportsHttpsTrafficOnly": "true",
		"properties/allowBlobPublicAccess": "false", "properties/allowSharedKeyAccess": "false", "properties/allowCrossTenantReplication": "false",
		"properties/networkAcls/bypass": "AzureServices", "properties/networkAcls/defaultAction": "private ? 'Deny' : 'Allow'",
	},
	"Microsoft.Storage/storageAccounts/blobServices/containers":                      {"properties/publicAccess": "None"},
	"Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies": {"properties/immutabilityPeriodSinceCreationInDays": "immutableDays"},
	"Microsoft.ServiceBus/namespaces": {
		"properties/disableLocalAuth": "true", "properties/minimumTlsVersion": "1.2", "properties/publicNetworkAccess": "private ? 'Disabled' : 'Enabled'",
	},
	"Microsoft.Insights/components":                          {"properties/DisableLocalAuth": "true"},
	"Microsoft.OperationalInsights/workspaces":               {"properties/features/disableLocalAuth": "true"},
	"Microsoft.KeyVault/vaults":                              {"properties/enableRbacAuthorization": "true", "properties/networkAcls/defaultAction": "private ? 'Deny' : 'Allow'"},
	"Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"properties/allow": "false"},
	"Microsoft.Web/serverfarms":                              {"sku/name": "FC1", "sku/tier": "FlexConsumption", "properties/reserved": "true", "kind": "functionapp"},
	"Microsoft.Web/sites": {
		"kind": "functionapp,linux", "identity/type": "UserAssigned", "properties/httpsOnly": "true", "properties/siteConfig/minTlsVersion": "1.2",
		"properties/keyVaultReferenceIdentity":                                                          "identityId",
		"properties/functionAppConfig/deployment/storage/type":                                          "blobContainer",
		"properties/functionAppConfig/deployment/storage/authentication/type":                           "UserAssignedIdentity",
		"properties/functionAppConfig/deployment/storage/authentication/userAssignedIdentityResourceId": "identityId",
		"properties/functionAppConfig/runtime/name":                                                     "runtimeName", "properties/functionAppConfig/runtime/version": "runtimeVersion",
	},
	"Microsoft.EventGrid/systemTopics/eventSubscriptions": {
		"properties/destination/endpointType": "AzureFunction", "properties/destination/properties/resourceId": "'${appId}/functions/ConfigChange'",
	},
	"Microsoft.Insights/actionGroups": {"properties/enabled": "true"},
}

// exceptions are what one file does otherwise, and why is said there.
var exceptions = map[string]map[string]string{
	"modules/backup.bicep": {"properties/allowSharedKeyAccess": "keys"},
}

// backupRules are what only the backups' account needs.
var backupRules = map[string]string{
	"properties/isVersioningEnabled": "true", "properties/changeFeed/enabled": "true",
	"properties/deleteRetentionPolicy/enabled": "true", "properties/deleteRetentionPolicy/days": "softDeleteDays",
	"properties/containerDeleteRetentionPolicy/enabled": "true", "properties/cors/corsRules": "[]",
}

// checkPolicy holds every resource to the policy of its type.
func checkPolicy(t tree, m *mistakes) {
	seen := map[string]bool{}
	for _, name := range t.names() {
		for _, s := range t[name].all("resource") {
			if s.existing() {
				continue
			}
			seen[s.typeOf()] = true
			want := policy[s.typeOf()]
			if name == "modules/backup.bicep" && s.typeOf() == "Microsoft.Storage/storageAccounts/blobServices" {
				want = backupRules
			}
			for path, value := range want {
				if other, ok := exceptions[name][path]; ok {
					value = other
				}
				if got := s.body().at(path).String(); got != value {
					m.add(name, s.Line, "%s: %s is %s, want %s", s.Name, path, got, value)
				}
			}
		}
	}
	for kind := range policy {
		if !seen[kind] {
			m.add(mainFile, 1, "nothing of %s is made", kind)
		}
	}
	made(t, m)
}

// made are the modules that the two passes are made of, and where each is.
func made(t tree, m *mistakes) {
	for _, file := range []string{mainFile, afterFile} {
		for _, s := range t[file].all("module") {
			if scope := s.body().at("scope").String(); s.Name != "roleDefinition" && !strings.HasPrefix(scope, "resourceGroup(") && scope != "group" && scope != "backupGroup" {
				m.add(file, s.Line, "module %s is deployed to %s", s.Name, scope)
			}
		}
	}
	params := func(name string) value { return t[mainFile].one("module", name).body().at("params") }
	for path, want := range map[string]string{
		"servicebus/sku": "private ? 'Premium' : serviceBusSku", "servicebus/private": "private", "storage/private": "private",
		"state/private": "private", "state/location": "location", "state/name": "stateName", "state/make": "makesState",
		"functionapp/tableUri": "state.outputs.tableUri", "functionapp/tableName": "state.outputs.tableName",
		"backup/private": "private", "second/private": "private", "second/location": "secondLocation", "backup/keys": "!empty(byKey)", "second/keys": "false",
		"backup/location": "location", "functionapp/location": "location", "servicebus/location": "location", "storage/location": "location",
		"alerts/emails": "alertEmails", "functionapp/alwaysReady": "alwaysReady",
		"functionapp/runtimeName": "runtimeName", "functionapp/subnetId": "private ? privateNetwork.outputs.subnetId : ''",
	} {
		module, param, _ := strings.Cut(path, "/")
		if got := params(module).at(param).String(); got != want {
			m.add(mainFile, 1, "module %s is given %s for %s, want %s", module, got, param, want)
		}
	}
	if p := t[mainFile].one("parameter", "runtimeName"); p.Parts == nil || p.last().String() != "custom" || t[mainFile].one("parameter", "runtimeVersion").last().String() != "1.0" {
		m.add(mainFile, 1, "the stack is custom 1.0")
	}
}
