// The custom role on one API Management service, and on nothing else.

param serviceName string
param principalId string
param roleDefinitionId string

resource service 'Microsoft.ApiManagement/service@2022-08-01' existing = {
  name: serviceName
}

resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(service.id, principalId, roleDefinitionId)
  scope: service
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: roleDefinitionId
  }
}
