// The far end of object replication: Azure makes the policy's id here, and the
// near end must use it.

param sourceId string
param targetName string
param containers array

resource target 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: targetName
}

resource policy 'Microsoft.Storage/storageAccounts/objectReplicationPolicies@2023-05-01' = {
  parent: target
  name: 'default'
  properties: {
    sourceAccount: sourceId
    destinationAccount: target.id
    rules: [for c in containers: {
      sourceContainer: c
      destinationContainer: c
    }]
  }
}

output policyId string = policy.properties.policyId
output rules array = policy.properties.rules
