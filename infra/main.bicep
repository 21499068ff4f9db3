// Lifeboat, first pass: everything but what needs the code to be there, which
// is after.bicep. What is protected, and where backups go, is read from the
// plan that the app reads.

targetScope = 'subscription'

@description('Names everything.')
@minLength(1)
@maxLength(20)
param environmentName string
@description('Where everything goes: not the region of a service that is protected, normally the standby\'s.')
param location string
@description('Deploys into the region of a protected service all the same: for trying things out.')
param allowSourceRegion bool = false

@description('public, or private: a network, private endpoints and closed firewalls. Private makes Service Bus Premium.')
@allowed(['public', 'private'])
param network string = 'public'
@description('The tier of Service Bus with network public.')
@allowed(['Basic', 'Standard', 'Premium'])
param serviceBusSku string = 'Basic'
@description('The redundancy of the state table.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param stateSku string = 'Standard_ZRS'
@description('A storage account that is there already, for the state table: after a rebuild, the one with the rows. Empty makes one.')
param stateAccount string = ''
@description('The resource group of stateAccount.')
param stateResourceGroup string = ''

@description('Makes the storage accounts and containers of the plan. Otherwise they are there already, in backupResourceGroup.')
param createBackupStorage bool = true
@description('The resource group of the plan\'s storage accounts, where they are there already.')
param backupResourceGroup string = ''
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_GZRS', 'Standard_RAGZRS'])
param backupSku string = 'Standard_ZRS'
@description('Days in which deleted backups can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 14
@description('Days in which backups can be neither changed nor deleted; 0 is none.')
@minValue(0)
@maxValue(365)
param immutableDays int = 0
@description('A second account, to which the plan\'s first account is copied; empty is none.')
param secondAccount string = ''
@description('The region of the second account.')
param secondLocation string = ''

@description('The stack of the function app.')
param runtimeName string = 'custom'
param runtimeVersion string = '1.0'
@description('Memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemory int = 512
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40
@description('Instances of JobStep that are always there. See docs/deploy.md for what one costs.')
@minValue(0)
@maxValue(5)
param alwaysReady int = 1
@allowed(['debug', 'info', 'warn', 'error'])
param logLevel string = 'info'
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('The client id of the app registration that infra/app-registration.sh made. Empty: no App Service authentication, function keys only.')
param authClientId string = ''
@description('The id of a role with the actions of infra/roleactions.json, where one is there already. Empty makes one.')
param roleDefinitionId string = ''
@description('Who is mailed about Lifeboat itself.')
param alertEmails array = []

var plan = any(loadYamlContent('../lifeboat.yaml'))
var defaults = plan.?defaults ?? {}
var private = network == 'private'
var token = uniqueString(subscription().id, environmentName, location)
var tags = {
  'azd-env-name': environmentName
}

// Every service of the plan, and every standby, with what it falls back on.
var sources = map(items(plan.services), s => {
  name: s.key
  id: toLower(s.value.resourceId)
  account: s.value.?storageAccount ?? defaults.?storageAccount ?? ''
  container: s.value.?container ?? defaults.?container ?? ''
  access: s.value.?access ?? defaults.?access ?? 'SystemAssignedManagedIdentity'
  clientId: s.value.?clientId ?? defaults.?clientId ?? ''
  standbys: s.value.?standbys ?? {}
  settings: [
    s.value.?heartbeatSetting ?? ''
    s.value.?accessKeySetting ?? defaults.?accessKeySetting ?? ''
  ]
})
var standbys = flatten(map(sources, s => map(items(s.standbys), b => {
  id: toLower(b.value.resourceId)
  account: s.account
  container: s.container
  access: b.value.?access ?? s.access
  clientId: b.value.?clientId ?? s.clientId
  settings: [
    b.value.?accessKeySetting ?? ''
  ]
})))

// The same resource may be here as a service and as a standby of several.
var serviceIds = union(map(sources, s => s.id), map(standbys, b => b.id))
var sourceIds = union(map(sources, s => s.id), [])
var paths = union(map(sources, s => '${s.account}/${s.container}'), [])
var accounts = map(union(map(sources, s => s.account), []), a => {
  name: a
  containers: map(filter(paths, p => startsWith(p, '${a}/')), p => split(p, '/')[1])
})
var byKey = filter(concat(map(sources, s => s.access), map(standbys, b => b.access)), a => a == 'AccessKey')

// Who writes into which container: id, account, container, client id.
var planGrants = union(
  map(filter(sources, s => s.access != 'AccessKey'), s => '${s.id}|${s.account}|${s.container}|${s.access == 'UserAssignedManagedIdentity' ? s.clientId : ''}'),
  map(filter(standbys, b => b.access != 'AccessKey'), b => '${b.id}|${b.account}|${b.container}|${b.access == 'UserAssignedManagedIdentity' ? b.clientId : ''}')
)

// Who reads the copies, and writes beside them, on the day when the first
// account is gone: those of the plan.
var replicated = createBackupStorage && !empty(secondAccount)
var copied = replicated ? accounts[0].name : ''
var allPaths = union(paths, map(filter(paths, p => replicated && startsWith(p, '${copied}/')), p => '${secondAccount}/${split(p, '/')[1]}'))
var grants = union(planGrants, map(filter(planGrants, g => replicated && split(g, '|')[1] == copied), g => join([split(g, '|')[0], secondAccount, split(g, '|')[2], split(g, '|')[3]], '|')))

// The app settings whose names the plan has, and whose values are secrets.
var hooks = map(items(plan.?webhooks ?? {}), w => [
  w.value.urlSetting
  w.value.?keySetting ?? ''
])
var planSettings = filter(union(flatten(hooks), flatten(map(sources, s => s.settings)), flatten(map(standbys, b => b.settings))), n => !empty(n))
var hasSecrets = !empty(planSettings)

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-lifeboat-${environmentName}'
  location: location
  tags: tags
}

var makesState = empty(stateAccount)
var stateName = makesState ? 'stlbstate${token}' : stateAccount
var stateGroup = makesState ? group.name : stateResourceGroup
var backupGroup = createBackupStorage ? group.name : backupResourceGroup

module seen 'modules/apim.bicep' = [for id in sourceIds: {
  name: 'lifeboat-seen-${uniqueString(id)}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  params: {
    serviceName: split(id, '/')[8]
  }
}]

module region 'modules/region.bicep' = [for (id, i) in sourceIds: {
  name: 'lifeboat-region-${uniqueString(id)}'
  scope: group
  params: {
    mistake: !allowSourceRegion && seen[i].outputs.location == toLower(replace(location, ' ', '')) ? 'Choose another region: ${split(id, '/')[8]} is in ${location} and falls with it' : ''
  }
}]

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  dependsOn: [region]
  params: {
    name: 'id-lifeboat-${token}'
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  dependsOn: [region]
  params: {
    hostName: 'stlbhost${token}'
    location: location
    tags: tags
    private: private
  }
}

module state 'modules/state.bicep' = {
  name: 'lifeboat-state-${token}'
  scope: resourceGroup(stateGroup)
  dependsOn: [region]
  params: {
    name: stateName
    make: makesState
    tableName: 'lifeboat'
    location: location
    tags: tags
    sku: stateSku
    private: private
  }
}

module servicebus 'modules/servicebus.bicep' = {
  name: 'servicebus'
  scope: group
  dependsOn: [region]
  params: {
    name: 'sb-lifeboat-${token}'
    location: location
    tags: tags
    sku: private ? 'Premium' : serviceBusSku
    private: private
  }
}

module backup 'modules/backup.bicep' = [for account in accounts: if (createBackupStorage) {
  name: 'backup-${account.name}'
  scope: group
  dependsOn: [region]
  params: {
    name: account.name
    containers: account.containers
    location: location
    tags: tags
    sku: backupSku
    keys: !empty(byKey)
    softDeleteDays: softDeleteDays
    immutableDays: immutableDays
    private: private
    services: private ? serviceIds : []
  }
}]

module second 'modules/backup.bicep' = if (replicated) {
  name: 'backup-second'
  scope: group
  dependsOn: [region]
  params: {
    name: secondAccount
    containers: accounts[0].containers
    location: secondLocation
    tags: tags
    sku: backupSku
    keys: false
    softDeleteDays: softDeleteDays
    immutableDays: 0
    private: private
    services: private ? serviceIds : []
  }
}

module replicationTarget 'modules/replication-target.bicep' = if (replicated) {
  name: 'replication-target'
  scope: group
  dependsOn: [backup, second]
  params: {
    sourceId: resourceId(subscription().subscriptionId, group.name, 'Microsoft.Storage/storageAccounts', accounts[0].name)
    targetName: secondAccount
    containers: accounts[0].containers
  }
}

module replicationSource 'modules/replication-source.bicep' = if (replicated) {
  name: 'replication-source'
  scope: group
  dependsOn: [backup]
  params: {
    sourceName: accounts[0].name
    targetId: resourceId(subscription().subscriptionId, group.name, 'Microsoft.Storage/storageAccounts', secondAccount)
    policyId: replicated ? replicationTarget.outputs.policyId : ''
    rules: replicated ? replicationTarget.outputs.rules : []
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  dependsOn: [region]
  params: {
    workspaceName: 'log-lifeboat-${token}'
    insightsName: 'appi-lifeboat-${token}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
  }
}

module secrets 'modules/secrets.bicep' = if (hasSecrets) {
  name: 'secrets'
  scope: group
  dependsOn: [region]
  params: {
    name: 'kv-lb-${token}'
    location: location
    tags: tags
    private: private
  }
}

module privateNetwork 'modules/network.bicep' = if (private) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-lifeboat-${token}'
    location: location
    tags: tags
    hostId: storage.outputs.hostId
    stateId: state.outputs.id
    serviceBusId: servicebus.outputs.id
    backupIds: map(accounts, a => resourceId(subscription().subscriptionId, backupGroup, 'Microsoft.Storage/storageAccounts', a.name))
    hasVault: hasSecrets
    vaultId: hasSecrets ? secrets.outputs.id : ''
  }
  dependsOn: [backup]
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    principalId: identity.outputs.principalId
    hostAccount: storage.outputs.hostName
    serviceBus: servicebus.outputs.name
    insights: monitoring.outputs.insightsName
    vault: hasSecrets ? secrets.outputs.name : ''
  }
}

module stateRole 'modules/role-table.bicep' = {
  name: 'lifeboat-table-role-${token}'
  scope: resourceGroup(stateGroup)
  params: {
    accountName: state.outputs.name
    tableName: state.outputs.tableName
    principalId: identity.outputs.principalId
  }
}

module roleDefinition 'modules/role-definition.bicep' = if (empty(roleDefinitionId)) {
  name: 'lifeboat-role-definition'
  params: {
    environmentName: environmentName
    assignableScopes: union(map(serviceIds, id => join(take(split(id, '/'), 5), '/')), [])
  }
}

module serviceRoles 'modules/role-service.bicep' = [for id in serviceIds: {
  name: 'lifeboat-role-${uniqueString(id)}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  params: {
    serviceName: split(id, '/')[8]
    principalId: identity.outputs.principalId
    roleDefinitionId: empty(roleDefinitionId) ? roleDefinition.outputs.id : roleDefinitionId
  }
}]

module appOnContainer 'modules/role-container.bicep' = [for path in allPaths: {
  name: 'lifeboat-app-on-${uniqueString(path)}'
  scope: resourceGroup(backupGroup)
  dependsOn: [backup, second]
  params: {
    accountName: split(path, '/')[0]
    containerName: split(path, '/')[1]
    principalId: identity.outputs.principalId
  }
}]

module granted 'modules/apim-identity.bicep' = [for grant in grants: {
  name: 'lifeboat-identity-${uniqueString(grant)}'
  scope: resourceGroup(split(grant, '/')[2], split(grant, '/')[4])
  params: {
    serviceName: split(split(grant, '|')[0], '/')[8]
    clientId: split(grant, '|')[3]
  }
}]

module serviceOnContainer 'modules/role-container.bicep' = [for (grant, i) in grants: {
  name: 'lifeboat-on-${uniqueString(grant)}'
  scope: resourceGroup(backupGroup)
  dependsOn: [backup, second]
  params: {
    accountName: split(grant, '|')[1]
    containerName: split(grant, '|')[2]
    principalId: granted[i].outputs.principalId
  }
}]

module functionapp 'modules/functionapp.bicep' = {
  name: 'functionapp'
  scope: group
  // The host does not start without its roles.
  dependsOn: [roles, stateRole]
  params: {
    name: 'func-lifeboat-${token}'
    planName: 'plan-lifeboat-${token}'
    location: location
    tags: tags
    runtimeName: runtimeName
    runtimeVersion: runtimeVersion
    instanceMemory: instanceMemory
    maximumInstances: maximumInstances
    alwaysReady: alwaysReady
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hostAccount: storage.outputs.hostName
    packageUri: storage.outputs.packageUri
    tableUri: state.outputs.tableUri
    tableName: state.outputs.tableName
    serviceBusHost: servicebus.outputs.hostName
    logLevel: logLevel
    insightsConnection: monitoring.outputs.connectionString
    planSettings: planSettings
    vaultUri: hasSecrets ? secrets.outputs.uri : ''
    subnetId: private ? privateNetwork.outputs.subnetId : ''
    authenticated: !empty(authClientId)
  }
}

module auth 'modules/auth.bicep' = if (!empty(authClientId)) {
  name: 'auth'
  scope: group
  params: {
    appName: functionapp.outputs.name
    clientId: authClientId
    tenantId: tenant().tenantId
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    name: 'lifeboat-${environmentName}'
    location: location
    tags: tags
    emails: alertEmails
    // The watchdog's lines are logged at info.
    watched: contains(['debug', 'info'], logLevel)
    serviceBusId: servicebus.outputs.id
    insightsId: monitoring.outputs.insightsId
  }
}

// azd keeps these for the hooks.
output AZURE_RESOURCE_GROUP string = group.name
output LIFEBOAT_APP string = functionapp.outputs.name
output LIFEBOAT_APP_URL string = 'https://${functionapp.outputs.hostName}'
output LIFEBOAT_INSIGHTS string = monitoring.outputs.insightsName
output LIFEBOAT_IDENTITY_PRINCIPAL string = identity.outputs.principalId
output LIFEBOAT_BACKUP_GROUP string = backupGroup
output LIFEBOAT_SECRETS array = planSettings
output LIFEBOAT_VAULT string = hasSecrets ? secrets.outputs.name : ''
output LIFEBOAT_SETTINGS object = {
  ServiceBusConnection__fullyQualifiedNamespace: servicebus.outputs.hostName
  StateStorage__tableServiceUri: state.outputs.tableUri
  LIFEBOAT_TABLE: state.outputs.tableName
}
