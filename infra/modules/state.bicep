// Lifeboat's table, in an account of its own without keys, or in one that is
// there already: after the loss of a region it may hold the rows.

param name string
@description('Whether the account is made here, or is there already.')
param make bool
param tableName string
param location string
param tags object
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param sku string
@description('Whether only private endpoints and trusted services come in.')
param private bool

resource made 'Microsoft.Storage/storageAccounts@2023-05-01' = if (make) {
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
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
    }
  }
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: name
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' existing = {
  parent: account
  name: 'default'
}

// A table that is there stays as it is.
resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' = {
  parent: tables
  name: tableName
  dependsOn: [made]
}

output id string = account.id
output name string = account.name
output tableUri string = 'https://${account.name}.table.${environment().suffixes.storage}/'
output tableName string = table.name
