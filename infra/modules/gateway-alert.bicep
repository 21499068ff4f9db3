// Asks a service's gateway from five places, and says when most get no answer.

param alertName string
param location string
param gatewayUrl string
param insightsName string
param actionGroupId string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource test 'Microsoft.Insights/webtests@2022-06-15' = {
  name: alertName
  location: location
  tags: {
    'hidden-link:${insights.id}': 'Resource'
  }
  kind: 'standard'
  properties: {
    SyntheticMonitorId: alertName
    Name: alertName
    Enabled: true
    Frequency: 300
    Timeout: 30
    Kind: 'standard'
    RetryEnabled: true
    Locations: [
      { Id: 'emea-nl-ams-azr' }
      { Id: 'emea-gb-db3-azr' }
      { Id: 'emea-fr-pra-edge' }
      { Id: 'us-va-ash-azr' }
      { Id: 'apac-sg-sin-azr' }
    ]
    Request: {
      // What API Management answers itself, without any API.
      RequestUrl: '${gatewayUrl}/status-0123456789abcdef'
      HttpVerb: 'GET'
      ParseDependentRequests: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
    }
  }
}

resource alert 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: alertName
  location: 'global'
  properties: {
    description: 'The gateway does not answer in most places.'
    severity: 0
    enabled: true
    autoMitigate: true
    scopes: [
      test.id
      insights.id
    ]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: test.id
      componentId: insights.id
      failedLocationCount: 3
    }
    actions: [
      {
        actionGroupId: actionGroupId
      }
    ]
  }
}
