metadata description = 'Who hears of failures, slowness, a database at its limit and a storage that is away.'

@description('Required. What the names begin with.')
param name string

@description('Required. Azure region.')
param location string

@description('Optional. Tags of the resources. Defaults to none.')
param tags object = {}

@description('Required. Mail addresses that hear of it.')
param emails string[]

@description('Required. Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Required. Resource id of the storage account.')
param storageId string

@description('Required. Resource id of the database\'s account or cluster.')
param databaseId string

@description('Required. Database: ru or vcore.')
@allowed(['ru', 'vcore'])
param database string

@description('Required. Seconds that 95 of 100 requests should be answered in.')
param slowSeconds int

// A few failures are news only where they are many of all: one retry's 503 is none.
// The app's own spans tell of the same requests once more; rows may stand for several (sampling).
var failing = 'AppRequests | where Properties !has "genesis.request_id" | summarize failed = sumif(ItemCount, toint(ResultCode) >= 500), total = sum(ItemCount) | where failed >= 5 and failed * 100 > total'
var slow = 'AppRequests | where Properties !has "genesis.request_id" | summarize p95 = percentilew(DurationMs, ItemCount, 95), total = sum(ItemCount) | where total >= 20 and p95 > ${slowSeconds * 1000}'
var queries = [
  { key: 'failing', severity: 1, query: failing, says: 'More than 1 of 100 requests ended with a 5xx.' }
  { key: 'slow', severity: 2, query: slow, says: '1 of 20 requests took more than ${slowSeconds} seconds.' }
]

var ruNamespace = 'Microsoft.DocumentDB/databaseAccounts'
var clusterNamespace = 'Microsoft.DocumentDB/mongoClusters'
var refused = [{ name: 'ErrorCode', operator: 'Include', values: ['16500'] }]
var ofRu = [{ key: 'throttled', scope: databaseId, namespace: ruNamespace, metric: 'MongoRequests', by: 'Count', operator: 'GreaterThan', threshold: 20, dimensions: refused, says: 'The database refused requests: its throughput is used up.' }]
var ofCluster = [
  { key: 'throttled', scope: databaseId, namespace: clusterNamespace, metric: 'CpuPercent', by: 'Average', operator: 'GreaterThan', threshold: 85, dimensions: [], says: 'The database cluster has hardly any processor time left.' }
  { key: 'full', scope: databaseId, namespace: clusterNamespace, metric: 'StoragePercent', by: 'Maximum', operator: 'GreaterThan', threshold: 85, dimensions: [], says: 'The disk of the database cluster is nearly full.' }
]
var ofStorage = [{ key: 'storage', scope: storageId, namespace: 'Microsoft.Storage/storageAccounts', metric: 'Availability', by: 'Average', operator: 'LessThan', threshold: 99, dimensions: [], says: 'The storage account did not answer 1 of 100 requests.' }]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'genesis'
    emailReceivers: [for email in emails: { name: uniqueString(email), emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for alert in queries: {
  name: '${name}-${alert.key}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: '${name}: ${alert.key}'
    description: alert.says
    severity: alert.severity
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT15M'
    // A workspace that no request has written to yet has no such table.
    skipQueryValidation: true
    criteria: { allOf: [{ query: alert.query, timeAggregation: 'Count', operator: 'GreaterThan', threshold: 0, failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 } }] }
    autoMitigate: true
    actions: { actionGroups: [group.id] }
  }
}]

resource metricAlerts 'Microsoft.Insights/metricAlerts@2018-03-01' = [for alert in concat(ofStorage, database == 'ru' ? ofRu : ofCluster): {
  name: '${name}-${alert.key}'
  location: 'global'
  tags: tags
  properties: {
    description: alert.says
    severity: 2
    enabled: true
    scopes: [alert.scope]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [{ criterionType: 'StaticThresholdCriterion', name: alert.key, metricNamespace: alert.namespace, metricName: alert.metric, timeAggregation: alert.by, operator: alert.operator, threshold: alert.threshold, dimensions: alert.dimensions }]
    }
    autoMitigate: true
    actions: [{ actionGroupId: group.id }]
  }
}]
