// The function app on Flex Consumption. Its settings are those that Lifeboat
// knows, those that the host needs, and the secrets that the plan names.

param name string
param planName string
param location string
param tags object
param runtimeName string
param runtimeVersion string
@allowed([512, 2048, 4096])
param instanceMemory int
@minValue(40)
@maxValue(1000)
param maximumInstances int
@description('Instances of JobStep that are always there; 0 is none.')
@minValue(0)
@maxValue(5)
param alwaysReady int
param identityId string
param identityClientId string
param hostAccount string
param packageUri string
param tableUri string
param tableName string
param serviceBusHost string
@allowed(['debug', 'info', 'warn', 'error'])
param logLevel string
param insightsConnection string
@description('The app settings that the plan names. Their values are secrets of the same name in the vault, with - for _.')
param planSettings array
param vaultUri string
@description('The subnet for what goes out; empty without a network.')
param subnetId string
@description('Whether App Service authentication uses the identity in place of a client secret.')
param authenticated bool

var clouds = {
  AzureCloud: 'public'
  AzureChinaCloud: 'china'
  AzureUSGovernment: 'usgovernment'
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageUri
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: runtimeName
        version: runtimeVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReady == 0 ? [] : [
          {
            name: 'function:JobStep'
            instanceCount: alwaysReady
          }
        ]
      }
    }
  }
}

// No plain AzureWebJobsStorage, not even an empty one; no AZURE_CLIENT_ID,
// which would become every connection's default; no FUNCTIONS_WORKER_RUNTIME
// on Flex Consumption.
var settings = {
  AzureWebJobsStorage__accountName: hostAccount
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  ServiceBusConnection__fullyQualifiedNamespace: serviceBusHost
  ServiceBusConnection__credential: 'managedidentity'
  ServiceBusConnection__clientId: identityClientId
  StateStorage__tableServiceUri: tableUri
  LIFEBOAT_PLAN: 'lifeboat.yaml'
  LIFEBOAT_TABLE: tableName
  LIFEBOAT_LOG_LEVEL: logLevel
  LIFEBOAT_CLOUD: clouds[environment().name]
}

var authSettings = {
  OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identityClientId
}

var secretSettings = toObject(planSettings, s => s, s => '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${replace(s, '_', '-')})')

resource appSettings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: union(settings, authenticated ? authSettings : {}, secretSettings)
}

// Nobody publishes with a password.
resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

output id string = app.id
output name string = app.name
output hostName string = app.properties.defaultHostName
