// The region of a storage account that exists.

param name string

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: name
}

output location string = account.location
