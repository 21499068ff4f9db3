// A network of its own: a subnet for what the app sends, private endpoints for
// what it reaches, and the names that lead there.

param name string
param location string
param tags object
param hostId string
param stateId string
param serviceBusId string
@description('Resource ids of the backup accounts.')
param backupIds array
param hasVault bool
param vaultId string

var storageSuffix = environment().suffixes.storage
var zoneNames = [
  'privatelink.blob.${storageSuffix}'
  'privatelink.table.${storageSuffix}'
  'privatelink.servicebus.windows.net'
  'privatelink.vaultcore.azure.net'
]

resource network 'Microsoft.Network/virtualNetworks@2024-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: ['10.91.0.0/24']
    }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: '10.91.0.0/26'
          delegations: [
            {
              name: 'flex'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: '10.91.0.64/26'
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2020-06-01' = [for zone in zoneNames: {
  name: zone
  location: 'global'
  tags: tags
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01' = [for (zone, i) in zoneNames: {
  parent: zones[i]
  name: 'lifeboat'
  location: 'global'
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: network.id
    }
  }
}]

var own = [
  { name: 'host-blob', group: 'blob', zone: 0 }
  { name: 'host-table', group: 'table', zone: 1 }
  { name: 'state-table', group: 'table', zone: 1 }
  { name: 'servicebus', group: 'namespace', zone: 2 }
]
// The ids are known only when the deployment runs, and a loop must be known
// before.
var ownIds = [
  hostId
  hostId
  stateId
  serviceBusId
]

module ownEndpoints 'endpoint.bicep' = [for (e, i) in own: {
  name: 'endpoint-${e.name}'
  params: {
    name: '${name}-${e.name}'
    location: location
    tags: tags
    subnetId: '${network.id}/subnets/endpoints'
    targetId: ownIds[i]
    group: e.group
    zoneId: zones[e.zone].id
  }
}]

module vaultEndpoint 'endpoint.bicep' = if (hasVault) {
  name: 'endpoint-vault'
  params: {
    name: '${name}-vault'
    location: location
    tags: tags
    subnetId: '${network.id}/subnets/endpoints'
    targetId: vaultId
    group: 'vault'
    zoneId: zones[3].id
  }
}

module backupEndpoints 'endpoint.bicep' = [for (id, i) in backupIds: {
  name: 'endpoint-backup-${i}'
  params: {
    name: '${name}-backup-${i}'
    location: location
    tags: tags
    subnetId: '${network.id}/subnets/endpoints'
    targetId: id
    group: 'blob'
    zoneId: zones[0].id
  }
}]

output subnetId string = '${network.id}/subnets/app'
