// Lifeboat's own troubles, told to people by another action group than the one
// that asks for failovers. Notices go to the plan's webhooks as well; these
// alerts also speak when the app does not.

param name string
param location string
param tags object
@description('Mail addresses; with none the alerts are seen in the portal only.')
param emails array
@description('Whether the watchdog logs what it sees: the two log alerts ask for its lines, and without them one never fires and the other always does.')
param watched bool
param serviceBusId string
param insightsId string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${name}-people'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'lb-people'
    emailReceivers: [for (email, i) in emails: {
      name: 'mail-${i}'
      emailAddress: email
      useCommonAlertSchema: true
    }]
  }
}

// The Dead... functions empty these queues within minutes.
resource deadLetters 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${name}-dead-letters'
  location: 'global'
  tags: tags
  properties: {
    description: 'Messages stay in a dead-letter queue: the Dead... functions do not run, or can do nothing with them.'
    severity: 2
    enabled: true
    autoMitigate: true
    scopes: [serviceBusId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT30M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'dead'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'DeadletteredMessages'
          dimensions: [
            {
              name: 'EntityName'
              operator: 'Include'
              values: ['*']
            }
          ]
          timeAggregation: 'Minimum'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: [
      {
        actionGroupId: people.id
      }
    ]
  }
}

resource behind 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: '${name}-backups-behind'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Lifeboat: backups are behind'
    description: 'A service has had no good backup within its interval and grace, or none that can be restored.'
    severity: 1
    enabled: watched
    autoMitigate: true
    scopes: [insightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      allOf: [
        {
          query: 'traces | where message has "service watched" | extend d = parse_json(message) | extend service = tostring(d.service), health = tostring(d.health) | summarize arg_max(timestamp, health) by service | where health != "well"'
          timeAggregation: 'Count'
          dimensions: [
            {
              name: 'service'
              operator: 'Include'
              values: ['*']
            }
          ]
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [people.id]
    }
  }
}

// Watchdog runs every five minutes, and looks at the whole fleet each time.
resource silent 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: '${name}-watchdog-silent'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Lifeboat: the watchdog is silent'
    description: 'Nobody has looked at the fleet for half an hour: the app is down, or its table can not be read.'
    severity: 1
    enabled: watched
    autoMitigate: true
    scopes: [insightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT30M'
    criteria: {
      allOf: [
        {
          query: 'traces | where message has "fleet watched"'
          timeAggregation: 'Count'
          operator: 'LessThan'
          threshold: 1
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [people.id]
    }
  }
}
