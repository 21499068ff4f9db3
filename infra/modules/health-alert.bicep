// What Azure itself says of a service. Event Grid tells the health of virtual
// machines only; the activity log tells this one's. Available ends the alert.

param alertName string
param serviceId string
param actionGroupId string

resource alert 'Microsoft.Insights/activityLogAlerts@2020-10-01' = {
  name: alertName
  location: 'global'
  properties: {
    description: 'Resource Health: the service is unavailable, or available again.'
    enabled: true
    scopes: [serviceId]
    condition: {
      allOf: [
        {
          field: 'category'
          equals: 'ResourceHealth'
        }
        {
          anyOf: [
            {
              field: 'properties.currentHealthStatus'
              equals: 'Unavailable'
            }
            {
              field: 'properties.currentHealthStatus'
              equals: 'Available'
            }
          ]
        }
      ]
    }
    actions: {
      actionGroups: [
        {
          actionGroupId: actionGroupId
        }
      ]
    }
  }
}
