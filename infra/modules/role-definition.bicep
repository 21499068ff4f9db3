// The custom role: exactly the ARM actions that the code calls. The emulator
// reads the same file, and refuses what is not in it.

targetScope = 'subscription'

param environmentName string
@description('Where the role may be assigned: the subscriptions and resource groups of the services.')
param assignableScopes array

var actions = loadJsonContent('../roleactions.json')

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'lifeboat', environmentName)
  properties: {
    roleName: 'Lifeboat ${environmentName} (${uniqueString(subscription().id)})'
    description: 'Backs up and restores API Management services, and reads what that needs.'
    type: 'CustomRole'
    permissions: [
      {
        actions: actions
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
    assignableScopes: assignableScopes
  }
}

output id string = role.id
