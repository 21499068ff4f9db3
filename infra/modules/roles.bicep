// What the app's identity may do in the app's own resource group, each at the
// narrowest scope that Azure has.

param principalId string
param hostAccount string
param serviceBus string
param insights string
@description('The vault with the secrets that the plan names; empty if it names none.')
param vault string

var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var tableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
var serviceBusDataOwner = '090c5cfd-751d-490a-894a-3ce6f1109419'
var serviceBusDataReceiver = '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'
var secretsUser = '4633458b-17de-408a-874e-0445c86b69e6'

resource host 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: hostAccount
}

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: serviceBus
}

// The queues whose length the scaler asks for, which takes Manage: the Owner
// role, on each of them.
var ownedQueues = [
  'job-steps'
  'recovery-requests'
  'notices'
]

resource owned 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' existing = [for queue in ownedQueues: {
  parent: namespace
  name: queue
}]

// Only people approve: the app may receive here, and never send.
resource approvals 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' existing = {
  parent: namespace
  name: 'approvals'
}

resource logs 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insights
}

resource secrets 'Microsoft.KeyVault/vaults@2023-07-01' existing = if (!empty(vault)) {
  name: empty(vault) ? 'none' : vault
}

// The host keeps leases, timers and the package here, and nothing else lies in
// this account.
resource hostBlobsRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(host.id, principalId, blobDataOwner)
  scope: host
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwner)
  }
}

// The host's diagnostic events.
resource hostTablesRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(host.id, principalId, tableDataContributor)
  scope: host
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableDataContributor)
  }
}

resource ownedRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (queue, i) in ownedQueues: {
  name: guid(namespace.id, queue, principalId, serviceBusDataOwner)
  scope: owned[i]
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataOwner)
  }
}]

resource approvalsRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(approvals.id, principalId, serviceBusDataReceiver)
  scope: approvals
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataReceiver)
  }
}

resource logsRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(logs.id, principalId, metricsPublisher)
  scope: logs
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
  }
}

resource secretsRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(vault)) {
  name: guid(secrets.id, principalId, secretsUser)
  scope: secrets
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}
