metadata description = 'The workbook: traffic, errors, latency, request units and throttling on one page.'

@description('Required. Name that people see.')
param title string

@description('Required. Azure region.')
param location string

@description('Optional. Tags of the resource. Defaults to none.')
param tags object = {}

@description('Required. Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Required. Resource id of the storage account.')
param storageId string

@description('Required. Resource id of the database\'s account or cluster.')
param databaseId string

@description('Required. Database: ru or vcore.')
@allowed(['ru', 'vcore'])
param database string

// The file is a workbook as its editor exports it, with names where ids stand.
var file = loadTextContent('../workbook.json')
var filled = reduce(
  items({ '{workspace}': workspaceId, '{storage}': storageId, '{database}': databaseId, '{kind}': database }),
  file,
  (text, id) => replace(text, id.key, id.value)
)

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, title)
  location: location
  tags: tags
  kind: 'shared'
  properties: { displayName: title, category: 'workbook', sourceId: workspaceId, version: '1.0', serializedData: filled }
}
