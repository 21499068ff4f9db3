// One source of events: a system topic, and subscriptions of ConfigChange to
// it. Azure has one system topic for a source; one that is there already is
// named, and used as it is.

@description('The topic that is there already; empty makes one.')
param existingTopic string
param name string
@description('The source\'s region; global for a resource group.')
param location string
param sourceId string
@allowed(['Microsoft.ApiManagement.Service', 'Microsoft.Resources.ResourceGroups', 'Microsoft.Storage.StorageAccounts'])
param topicType string
param appId string
@description('Event types; empty is all that the topic has.')
param eventTypes array
@description('One for each subscription: its name, and what the events\' subjects begin with.')
param subscriptions array

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (empty(existingTopic)) {
  name: name
  location: location
  properties: {
    source: sourceId
    topicType: topicType
  }
}

resource used 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: empty(existingTopic) ? name : existingTopic
}

resource toConfigChange 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = [for s in subscriptions: {
  parent: used
  name: s.name
  dependsOn: [topic]
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${appId}/functions/ConfigChange'
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
      }
    }
    filter: {
      includedEventTypes: empty(eventTypes) ? null : eventTypes
      subjectBeginsWith: s.subjectBeginsWith
      isSubjectCaseSensitive: false
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
  }
}]
