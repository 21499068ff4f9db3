// The action group that hands alerts about the services to AlertHook.

param name string
param hookUri string
@description('The client id of the app registration; empty without one.')
param clientId string
@description('The object id of the app registration.')
param objectId string
param tenantId string
@description('A function key, where AlertHook asks for one; empty where it does not.')
@secure()
param hookKey string

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: name
  location: 'global'
  properties: {
    enabled: true
    groupShortName: 'lb-failover'
    webhookReceivers: [
      {
        name: 'alert-hook'
        serviceUri: empty(hookKey) ? hookUri : '${hookUri}?code=${uriComponent(hookKey)}'
        useCommonAlertSchema: true
        useAadAuth: !empty(clientId)
        objectId: empty(clientId) ? null : objectId
        identifierUri: empty(clientId) ? null : 'api://${clientId}'
        tenantId: empty(clientId) ? null : tenantId
      }
    ]
  }
}

output id string = group.id
