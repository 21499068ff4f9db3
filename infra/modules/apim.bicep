// What is asked of a service that exists: its region and its gateway. Nothing
// is changed.

param serviceName string

resource service 'Microsoft.ApiManagement/service@2022-08-01' existing = {
  name: serviceName
}

output location string = toLower(replace(service.location, ' ', ''))
output gatewayUrl string = service.properties.gatewayUrl
