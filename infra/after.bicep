// Lifeboat, second pass, when the code is there: Event Grid refuses to
// subscribe a function that is not, and alerts should find somebody at home.

targetScope = 'subscription'

param location string
@description('The resource group that the first pass made.')
param resourceGroupName string
@description('The resource group of the plan\'s storage accounts.')
param backupResourceGroup string
param appName string
param appUrl string
param insightsName string
@description('The client id of the app registration; empty without one.')
param authClientId string = ''
@description('The object id of the app registration; empty without one.')
param authObjectId string = ''
@description('A function key of AlertHook, where it asks for one.')
@secure()
param alertHookKey string = ''
@description('System topics that are there already: a source\'s resource id in lower case, and the topic\'s name.')
param existingTopics object = {}

var plan = any(loadYamlContent('../lifeboat.yaml'))
var defaults = plan.?defaults ?? {}

var sources = map(items(plan.services), s => {
  name: s.key
  id: toLower(s.value.resourceId)
  account: s.value.?storageAccount ?? defaults.?storageAccount ?? ''
  container: s.value.?container ?? defaults.?container ?? ''
  rules: s.value.?failover.?rules ?? defaults.?failover.?rules ?? []
})

// One topic for each resource group, one subscription in it for each service.
var groups = map(union(map(sources, s => join(take(split(s.id, '/'), 5), '/')), []), g => {
  id: g
  subscriptions: map(filter(sources, s => startsWith(s.id, '${g}/')), s => {
    name: 'lifeboat-${s.name}'
    subjectBeginsWith: s.id
  })
})
var paths = union(map(sources, s => '${s.account}/${s.container}'), [])
var accounts = map(union(map(sources, s => s.account), []), a => {
  name: a
  id: toLower('${subscription().id}/resourceGroups/${backupResourceGroup}/providers/Microsoft.Storage/storageAccounts/${a}')
  subscriptions: map(filter(paths, p => startsWith(p, '${a}/')), p => {
    name: 'lifeboat-${uniqueString(p)}'
    subjectBeginsWith: '/blobServices/default/containers/${split(p, '/')[1]}/blobs/'
  })
})

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' existing = {
  name: resourceGroupName
}

resource backupGroup 'Microsoft.Resources/resourceGroups@2024-03-01' existing = {
  name: backupResourceGroup
}

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: appName
  scope: group
}

module seen 'modules/apim.bicep' = [for s in sources: {
  name: 'lifeboat-seen-${s.name}'
  scope: resourceGroup(split(s.id, '/')[2], split(s.id, '/')[4])
  params: {
    serviceName: split(s.id, '/')[8]
  }
}]

module accountSeen 'modules/account.bicep' = [for a in accounts: {
  name: 'lifeboat-seen-${a.name}'
  scope: backupGroup
  params: {
    name: a.name
  }
}]

module serviceEvents 'modules/eventgrid-topic.bicep' = [for (s, i) in sources: {
  name: 'lifeboat-events-${uniqueString(s.id)}'
  scope: resourceGroup(split(s.id, '/')[2], split(s.id, '/')[4])
  params: {
    existingTopic: existingTopics[?s.id] ?? ''
    name: 'lifeboat-${uniqueString(s.id)}'
    location: seen[i].outputs.location
    sourceId: s.id
    topicType: 'Microsoft.ApiManagement.Service'
    appId: app.id
    eventTypes: []
    subscriptions: [
      {
        name: 'lifeboat'
        subjectBeginsWith: ''
      }
    ]
  }
}]

// Policies, named values and backends are told nowhere else.
module groupEvents 'modules/eventgrid-topic.bicep' = [for g in groups: {
  name: 'lifeboat-events-${uniqueString(g.id)}'
  scope: resourceGroup(split(g.id, '/')[2], split(g.id, '/')[4])
  params: {
    existingTopic: existingTopics[?g.id] ?? ''
    name: 'lifeboat-${uniqueString(g.id)}'
    location: 'global'
    sourceId: g.id
    topicType: 'Microsoft.Resources.ResourceGroups'
    appId: app.id
    eventTypes: [
      'Microsoft.Resources.ResourceWriteSuccess'
      'Microsoft.Resources.ResourceDeleteSuccess'
      'Microsoft.Resources.ResourceActionSuccess'
    ]
    subscriptions: g.subscriptions
  }
}]

module backupEvents 'modules/eventgrid-topic.bicep' = [for (a, i) in accounts: {
  name: 'lifeboat-events-${uniqueString(a.id)}'
  scope: backupGroup
  params: {
    existingTopic: existingTopics[?a.id] ?? ''
    name: 'lifeboat-${uniqueString(a.id)}'
    location: accountSeen[i].outputs.location
    sourceId: a.id
    topicType: 'Microsoft.Storage.StorageAccounts'
    appId: app.id
    eventTypes: [
      'Microsoft.Storage.BlobDeleted'
    ]
    subscriptions: a.subscriptions
  }
}]

module failoverGroup 'modules/failover-group.bicep' = {
  name: 'failover-group'
  scope: group
  params: {
    name: 'lifeboat-failover'
    hookUri: '${appUrl}/api/alert'
    clientId: authClientId
    objectId: authObjectId
    tenantId: tenant().tenantId
    hookKey: alertHookKey
  }
}

// The plan's rules have the say: <service>-gateway-down and <service>-health
// are made where it names them. Other rules are yours to make, on this group.
module gatewayAlerts 'modules/gateway-alert.bicep' = [for (s, i) in sources: if (contains(s.rules, '${s.name}-gateway-down')) {
  name: 'gateway-alert-${s.name}'
  scope: group
  params: {
    alertName: '${s.name}-gateway-down'
    location: location
    gatewayUrl: seen[i].outputs.gatewayUrl
    insightsName: insightsName
    actionGroupId: failoverGroup.outputs.id
  }
}]

module healthAlerts 'modules/health-alert.bicep' = [for s in sources: if (contains(s.rules, '${s.name}-health')) {
  name: 'health-alert-${s.name}'
  scope: resourceGroup(split(s.id, '/')[2], split(s.id, '/')[4])
  params: {
    alertName: '${s.name}-health'
    serviceId: s.id
    actionGroupId: failoverGroup.outputs.id
  }
}]
