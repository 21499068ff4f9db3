// The near end of object replication, with the ids that the far end gave.

param sourceName string
param targetId string
param policyId string
param rules array

resource source 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: sourceName
}

resource policy 'Microsoft.Storage/storageAccounts/objectReplicationPolicies@2023-05-01' = {
  parent: source
  name: policyId
  properties: {
    sourceAccount: source.id
    destinationAccount: targetId
    rules: rules
  }
}
