// Two accounts, both without keys: one for the Functions host and the package,
// one for Lifeboat's table, so that the host's wide role does not reach it.

param hostName string
param stateName string
param tableName string
param location string
param tags object
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param stateSku string
@description('Whether only private endpoints and trusted services come in.')
param private bool

var packageContainer = 'package'

resource host 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: hostName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
    }
  }
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: host
  name: 'default'
}

resource package 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: hostBlobs
  name: packageContainer
  properties: {
    publicAccess: 'None'
  }
}

resource state 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: stateName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: stateSku
  }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
    }
  }
}

resource stateTables 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' = {
  parent: state
  name: 'default'
}

resource stateTable 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' = {
  parent: stateTables
  name: tableName
}

output hostId string = host.id
output hostName string = host.name
output packageUri string = '${host.properties.primaryEndpoints.blob}${package.name}'
output stateId string = state.id
output stateName string = state.name
output tableUri string = state.properties.primaryEndpoints.table
output tableName string = stateTable.name
