// One storage account that the plan names, with its containers. Old versions
// and deleted blobs are kept for a while: whoever may write may also destroy.

param name string
param containers array
param location string
param tags object
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_GZRS', 'Standard_RAGZRS'])
param sku string
@description('Whether a service of the plan uses a storage key (access: AccessKey). Keys are off otherwise.')
param keys bool
@description('Days in which a deleted blob, version or container can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int
@description('Days in which nobody can change or delete a backup; 0 is none. See docs/deploy.md before.')
@minValue(0)
@maxValue(365)
param immutableDays int
@description('Whether only private endpoints, trusted services and the plan\'s services come in.')
param private bool
@description('Resource ids of the services that put their backups here.')
param services array

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    allowSharedKeyAccess: keys
    allowCrossTenantReplication: false
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
      resourceAccessRules: [for id in services: {
        resourceId: id
        tenantId: tenant().tenantId
      }]
    }
  }
}

// Microsoft says that CORS must be off on the blob service for backups.
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    changeFeed: {
      enabled: true
      retentionInDays: 30
    }
    deleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
    cors: {
      corsRules: []
    }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = [for c in containers: {
  parent: blobs
  name: c
  properties: {
    publicAccess: 'None'
  }
}]

resource immutable 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2023-05-01' = [for (c, i) in containers: if (immutableDays > 0) {
  parent: container[i]
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: immutableDays
    allowProtectedAppendWrites: false
  }
}]

// Old versions would pile up for ever otherwise.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01' = {
  parent: account
  name: 'default'
  dependsOn: [blobs]
  properties: {
    policy: {
      rules: [
        {
          name: 'old-versions'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
            }
            actions: {
              version: {
                delete: {
                  daysAfterCreationGreaterThan: softDeleteDays
                }
              }
            }
          }
        }
      ]
    }
  }
}

output id string = account.id
output name string = account.name
