// The queues. The Basic tier is enough: no sessions, no topics, no duplicate
// detection. Private endpoints need Premium.

param name string
param location string
param tags object
@allowed(['Basic', 'Standard', 'Premium'])
param sku string
@description('Whether only private endpoints come in. Needs sku Premium.')
param private bool

// Messages outlive any outage of the app that is shorter than this; Basic
// allows no more. What expires all the same lands in the dead-letter queue.
var timeToLive = 'P14D'

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: sku
    tier: sku
    capacity: sku == 'Premium' ? 1 : null
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
  }
}

resource jobSteps 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: namespace
  name: 'job-steps'
  properties: {
    lockDuration: 'PT1M'
    maxDeliveryCount: 10
    requiresSession: false
    defaultMessageTimeToLive: timeToLive
    deadLetteringOnMessageExpiration: true
  }
}

resource requests 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: namespace
  name: 'recovery-requests'
  properties: {
    lockDuration: 'PT1M'
    maxDeliveryCount: 10
    requiresSession: false
    defaultMessageTimeToLive: timeToLive
    deadLetteringOnMessageExpiration: true
  }
}

resource approvals 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: namespace
  name: 'approvals'
  properties: {
    lockDuration: 'PT1M'
    maxDeliveryCount: 10
    requiresSession: false
    defaultMessageTimeToLive: timeToLive
    deadLetteringOnMessageExpiration: true
  }
}

resource notices 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: namespace
  name: 'notices'
  properties: {
    lockDuration: 'PT1M'
    maxDeliveryCount: 10
    requiresSession: false
    defaultMessageTimeToLive: timeToLive
    deadLetteringOnMessageExpiration: true
  }
}

output id string = namespace.id
output name string = namespace.name
output hostName string = replace(replace(namespace.properties.serviceBusEndpoint, 'https://', ''), ':443/', '')
