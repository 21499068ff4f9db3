// The identity by which a service that exists writes its backups. Without one
// the deployment stops here: switch it on, and deploy again.

param serviceName string
@description('The client id of its user-assigned identity; empty for the system-assigned one.')
param clientId string

resource service 'Microsoft.ApiManagement/service@2022-08-01' existing = {
  name: serviceName
}

var matching = filter(items(service.identity.?userAssignedIdentities ?? {}), i => toLower(i.value.clientId) == toLower(clientId))

output principalId string = empty(clientId) ? service.identity.principalId : matching[0].value.principalId
